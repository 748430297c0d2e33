"""Every action of the dashboard, one row each; key bindings, hints and the help screen are generated from this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from supervisor.api.messages import ActionName, ChannelActionName, ChannelRow, ReplicaRow
from supervisor.lifecycle.states import AT_REST, LIVE, State

Pane = Literal["workers", "channels", "log", "detail"]
Place = Literal["workers", "channels"]
"""What the table at the top is a table of, and the detail a detail of."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the person looks at, as far as an action's validity depends on it."""

    row: ReplicaRow | None = None
    """The replica under the cursor; None in the place of channels."""
    place: Place = "workers"
    channel: ChannelRow | None = None
    """The channel under the cursor; None in the place of workers."""
    letter: str | None = None
    """The dead letter under the cursor."""
    pane: Pane = "workers"
    is_live: bool = True
    """The engine can be heard."""
    is_filtered: bool = False
    """The focused pane has a filter."""
    is_wide: bool = False


Predicate = Callable[[Situation], bool]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do."""

    id: str
    keys: tuple[str, ...]
    """As Textual names them; the first is shown."""
    label: str
    """For the hint bar: one word."""
    help: str
    """One sentence."""
    group: str
    danger: Literal["none", "confirm"] = "none"
    applies: Predicate = lambda _: True
    hint_rank: int = 0
    """Order in the hint bar, from 1; 0 stays out of it."""
    hinted_in: tuple[Pane, ...] = ("workers", "channels", "log", "detail")
    """The panes in which the hint bar shows it."""
    wish: ActionName | None = None
    """What it asks of the engine."""
    channel_wish: ChannelActionName | None = None
    """What it asks of the engine for a queue's items."""

    @property
    def is_for_the_app(self) -> bool:
        """It leaves the screen: a wish to the engine, or a way out."""
        return self.wish is not None or self.channel_wish is not None or self.id == "quit"


def _stoppable(situation: Situation) -> bool:
    row = situation.row
    return situation.is_live and row is not None and row.state not in (*AT_REST, State.STOPPING)


def _startable(situation: Situation) -> bool:
    row = situation.row
    return situation.is_live and row is not None and (row.state in AT_REST or row.state is State.BACKOFF)


def _killable(situation: Situation) -> bool:
    return situation.is_live and situation.row is not None and situation.row.state in LIVE


def _has_row(situation: Situation) -> bool:
    return situation.row is not None


def _has_live_row(situation: Situation) -> bool:
    return situation.is_live and situation.row is not None


def _has_any(situation: Situation) -> bool:
    return situation.pane == "log" or situation.row is not None or situation.channel is not None


def _has_letter(situation: Situation) -> bool:
    return situation.is_live and situation.letter is not None


def _has_letters(situation: Situation) -> bool:
    return situation.is_live and situation.channel is not None and situation.channel.dead_letters > 0


def _drainable(situation: Situation) -> bool:
    channel = situation.channel
    return situation.is_live and channel is not None and channel.kind == "queue" and channel.depth != 0


WORKER, FLEET, LOOK, PROGRAM = "Worker under the cursor", "All workers", "Looking", "procdeck"
CHANNEL = "Channel under the cursor"

ACTIONS: tuple[Action, ...] = (
    Action("stop", ("s",), "Stop", "Stop it: ask, then SIGTERM, then SIGKILL to its whole process tree.", WORKER,
           applies=_stoppable, hint_rank=1, hinted_in=("workers", "detail"), wish="stop"),
    Action("start", ("a",), "Start", "Start it; one that waits in backoff starts now.", WORKER,
           applies=_startable, hint_rank=1, hinted_in=("workers", "detail"), wish="start"),
    Action("restart", ("r",), "Restart", "Stop it as above, then start it again.", WORKER,
           applies=_has_live_row, hint_rank=2, hinted_in=("workers", "detail"), wish="restart"),
    Action("kill", ("K",), "Kill", "SIGKILL its whole process tree at once, without asking it.", WORKER,
           danger="confirm", applies=_killable, hint_rank=3, hinted_in=("workers", "detail"), wish="kill"),
    Action("open", ("enter",), "Detail", "Show it, or the channel or log record under the cursor, in full.", WORKER,
           applies=_has_any, hint_rank=4, hinted_in=("workers", "channels", "log")),
    Action("own_log", ("l",), "Its log", "Show only its log; again: the log of all workers.", WORKER,
           applies=_has_row, hint_rank=7),
    Action("requeue", ("p",), "Requeue", "Put the dead letter under the cursor into its queue again.", CHANNEL,
           applies=_has_letter, hint_rank=1, hinted_in=("detail",), channel_wish="requeue"),
    Action("discard", ("delete", "backspace"), "Discard", "Throw the dead letter under the cursor away.", CHANNEL,
           danger="confirm", applies=_has_letter, hint_rank=2, hinted_in=("detail",), channel_wish="discard"),
    Action("requeue_all", ("P",), "Requeue all", "Put all dead letters of the queue into it again.", CHANNEL,
           applies=_has_letters, hint_rank=3, hinted_in=("channels", "detail"), channel_wish="requeue"),
    Action("discard_all", ("X",), "Discard all", "Throw all dead letters of the queue away.", CHANNEL,
           danger="confirm", applies=_has_letters, hint_rank=3, hinted_in=("channels", "detail"),
           channel_wish="discard"),
    Action("drain", ("D",), "Drain", "Throw away what waits in the queue.", CHANNEL,
           danger="confirm", applies=_drainable, hint_rank=3, hinted_in=("channels",), channel_wish="drain"),
    Action("restart_all", ("R",), "Restart all", "Restart every worker.", FLEET, danger="confirm",
           applies=lambda situation: situation.is_live, wish="restart"),
    Action("channels", ("c",), "Channels", "Show the channels between the workers; again: the workers.", LOOK,
           hint_rank=5),
    Action("filter", ("slash",), "Filter", "Filter the focused pane as you type; ! inverts, in the log re: is a regex.",
           LOOK, hint_rank=6),
    Action("back", ("escape",), "Back",
           "Clear the filter, leave the zoom, the detail or the channels. Never quits, never destroys.", LOOK),
    Action("follow", ("f",), "Follow", "Follow the log's newest records, or pause.", LOOK,
           hint_rank=1, hinted_in=("log",)),
    Action("zoom", ("z",), "Zoom", "Give the focused pane the whole screen, or take it back.", LOOK, hint_rank=8),
    Action("detail", ("d",), "Detail", "Show or hide the detail pane.", LOOK),
    Action("next_pane", ("tab",), "Next pane", "Go to the next pane; shift+tab goes back.", LOOK),
    Action("help", ("question_mark",), "Help", "All keys.", PROGRAM, hint_rank=9),
    Action("quit", ("q",), "Quit", "Quit: stop all, or detach and leave the workers running.",
           PROGRAM, hint_rank=10),
)  # fmt: skip

FILTER_HINTS: tuple[Action, ...] = (
    Action("keep_filter", ("enter",), "Keep the filter", "Go back to the pane; its filter stays.", LOOK),
    Action("back", ("escape",), "Clear it", "Clear the filter.", LOOK),
)
"""What the hint bar shows while a filter is typed: every other key is a letter then."""

BY_ID: dict[str, Action] = {action.id: action for action in (*FILTER_HINTS, *ACTIONS)}

MOVES: tuple[tuple[str, str, str], ...] = (
    ("up,k", "move(-1)", "one line up"),
    ("down,j", "move(1)", "one line down"),
    ("pageup,ctrl+b", "page(-1)", "one page up"),
    ("pagedown,ctrl+f,space", "page(1)", "one page down"),
    ("home,g", "first", "to the first line"),
    ("end,G", "last", "to the last line; the log follows again"),
)
"""Keys, widget action, meaning: the same in every pane."""

HINT_LIMIT = 8

_KEY_NAMES = {
    "slash": "/",
    "question_mark": "?",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "delete": "del",
}


def key_name(key: str) -> str:
    """A key as a person reads it on the keyboard."""
    return _KEY_NAMES.get(key, key)


def hints(situation: Situation) -> tuple[Action, ...]:
    """What the hint bar shows: valid now, most wanted first, help and quit always."""
    shown = sorted((action for action in ACTIONS if action.hint_rank), key=lambda action: action.hint_rank)
    valid = [action for action in shown if situation.pane in action.hinted_in and action.applies(situation)]
    if situation.place == "channels":
        valid = [replace(action, label="Workers") if action.id == "channels" else action for action in valid]
    always = [action for action in valid if action.hint_rank >= 9]
    return (*[action for action in valid if action.hint_rank < 9][: HINT_LIMIT - len(always)], *always)


def why_not(action: Action, situation: Situation) -> str:
    """Why `action` cannot be done now, as a sentence with what to do instead."""
    row = situation.row
    if not situation.is_live:
        return f"Cannot {action.label.lower()}: the engine does not answer."
    what = action.label.lower()
    if action.group is CHANNEL:
        return f"Cannot {what}: {_why_not_channel(action, situation)}."
    if row is None and situation.place == "channels" and action.id != "open":
        return f"Cannot {what}: channels are shown; press c to go to the workers."
    if row is None:
        return f"Cannot {what}: no {situation.place[:-1]} is under the cursor."
    instead = {"stop": "press a to start it", "kill": "press a to start it", "start": "press r to restart it"}
    return f"{row.name} is {row.state.value}: {instead.get(action.id, 'nothing to do')}."


def _why_not_channel(action: Action, situation: Situation) -> str:
    channel = situation.channel
    if situation.place == "workers":
        return "workers are shown; press c to go to the channels"
    if channel is None:
        return "no channel is under the cursor"
    if channel.kind != "queue":
        return f"{channel.name} is a {channel.kind}, and only queues have items"
    if action.id == "drain":
        return f"{channel.name} is empty"
    if not channel.dead_letters:
        return f"{channel.name} has no dead letters"
    return "no dead letter is under the cursor; press enter, then up and down to go to one"
