"""Every action of the dashboard, one row each; key bindings, hints and the help screen are generated from this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from supervisor.api.messages import ActionName, ReplicaRow
from supervisor.lifecycle.states import AT_REST, LIVE, State

Pane = Literal["workers", "log", "detail"]


@dataclass(frozen=True, slots=True)
class Situation:
    """What the person looks at, as far as an action's validity depends on it."""

    row: ReplicaRow | None = None
    """The replica under the cursor."""
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
    hinted_in: tuple[Pane, ...] = ("workers", "log", "detail")
    """The panes in which the hint bar shows it."""
    wish: ActionName | None = None
    """What it asks of the engine."""

    @property
    def is_for_the_app(self) -> bool:
        """It leaves the screen: a wish to the engine, or a way out."""
        return self.wish is not None or self.id == "quit"


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


WORKER, FLEET, LOOK, PROGRAM = "Worker under the cursor", "All workers", "Looking", "procdeck"

ACTIONS: tuple[Action, ...] = (
    Action("stop", ("s",), "Stop", "Stop it: ask, then SIGTERM, then SIGKILL to its whole process tree.", WORKER,
           applies=_stoppable, hint_rank=1, hinted_in=("workers", "detail"), wish="stop"),
    Action("start", ("a",), "Start", "Start it; one that waits in backoff starts now.", WORKER,
           applies=_startable, hint_rank=1, hinted_in=("workers", "detail"), wish="start"),
    Action("restart", ("r",), "Restart", "Stop it as above, then start it again.", WORKER,
           applies=_has_live_row, hint_rank=2, hinted_in=("workers", "detail"), wish="restart"),
    Action("kill", ("K",), "Kill", "SIGKILL its whole process tree at once, without asking it.", WORKER,
           danger="confirm", applies=_killable, hint_rank=3, hinted_in=("workers", "detail"), wish="kill"),
    Action("open", ("enter",), "Detail", "Show it, or the log record under the cursor, in full.", WORKER,
           applies=_has_row, hint_rank=4, hinted_in=("workers", "log")),
    Action("own_log", ("l",), "Its log", "Show only its log; again: the log of all workers.", WORKER,
           applies=_has_row, hint_rank=6),
    Action("restart_all", ("R",), "Restart all", "Restart every worker.", FLEET, danger="confirm",
           applies=lambda situation: situation.is_live, wish="restart"),
    Action("filter", ("slash",), "Filter", "Filter the focused pane as you type; ! inverts, in the log re: is a regex.",
           LOOK, hint_rank=5),
    Action("back", ("escape",), "Back", "Clear the filter, leave the zoom or the detail. Never quits, never destroys.",
           LOOK),
    Action("follow", ("f",), "Follow", "Follow the log's newest records, or pause.", LOOK,
           hint_rank=1, hinted_in=("log",)),
    Action("zoom", ("z",), "Zoom", "Give the focused pane the whole screen, or take it back.", LOOK, hint_rank=7),
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

_KEY_NAMES = {"slash": "/", "question_mark": "?", "escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}


def key_name(key: str) -> str:
    """A key as a person reads it on the keyboard."""
    return _KEY_NAMES.get(key, key)


def hints(situation: Situation) -> tuple[Action, ...]:
    """What the hint bar shows: valid now, most wanted first, help and quit always."""
    shown = sorted((action for action in ACTIONS if action.hint_rank), key=lambda action: action.hint_rank)
    valid = [action for action in shown if situation.pane in action.hinted_in and action.applies(situation)]
    always = [action for action in valid if action.hint_rank >= 9]
    return (*[action for action in valid if action.hint_rank < 9][: HINT_LIMIT - len(always)], *always)


def why_not(action: Action, situation: Situation) -> str:
    """Why `action` cannot be done now, as a sentence with what to do instead."""
    row = situation.row
    if not situation.is_live:
        return f"Cannot {action.label.lower()}: the engine does not answer."
    if row is None:
        return f"Cannot {action.label.lower()}: no worker is under the cursor."
    instead = {"stop": "press a to start it", "kill": "press a to start it", "start": "press r to restart it"}
    return f"{row.name} is {row.state.value}: {instead.get(action.id, 'nothing to do')}."
