"""Every action of the dashboard, one row each; key bindings, hints and the help screen are generated from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from supervisor.api.letters import ChannelActionName
from supervisor.api.messages import ActionName
from tui import situation as seen
from tui.keymap import chosen_keys, key_name, keymap_generation
from tui.situation import GIVEN, Access, Need, Pane, Place, Predicate, ScreenName, Situation


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do."""

    id: str
    own_keys: tuple[str, ...]
    """As Textual names them; the first is shown. `keys` are what a person may have chosen instead."""
    label: str
    """For the hint bar: one word."""
    help: str
    """One sentence."""
    group: str
    danger: Literal["none", "confirm"] = "none"
    applies: Predicate = lambda _: True
    hint_rank: int = 0
    """Order in the hint bar, from 1; 0 stays out of it."""
    hinted_in: tuple[Pane, ...] = ("workers", "channels", "pools", "errors", "log", "detail")
    """The panes in which the hint bar shows it."""
    wish: ActionName | None = None
    """What it asks of the engine."""
    channel_wish: ChannelActionName | None = None
    """What it asks of the engine for a queue's items."""
    leaves_screen: bool = False
    """It asks something else of the engine, or is a way out."""
    opens: ScreenName | None = None
    """The screen that it shows over the first one, about what is under the cursor."""
    verb: str = ""
    """As "cannot" goes before it, where that is not the label."""
    needs: Need = "nothing"
    """Without it the action is offered nowhere; what is a wish to the engine needs control."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it has now; none where a person wants none."""
        return chosen_keys(self.group, self.id, self.own_keys)

    @property
    def key_name(self) -> str:
        """Its first key as a person reads it; empty where it has none."""
        keys = self.keys
        return key_name(keys[0]) if keys else ""

    @property
    def is_for_the_app(self) -> bool:
        """It leaves the screen: a wish to the engine, or a way out."""
        goes_up = self.wish is not None or self.channel_wish is not None
        return goes_up or self.leaves_screen or self.opens is not None

    def is_offered(self, access: Access) -> bool:
        """Whether it can be done at all where a person has that much access."""
        is_wish = self.wish is not None or self.channel_wish is not None
        return ("control" if is_wish else self.needs) in GIVEN[access]

    def can_be_done(self, situation: Situation) -> bool:
        """Whether it is offered, and can be done now."""
        return self.is_offered(situation.access) and self.applies(situation)

    @property
    def acts_on_marks(self) -> bool:
        """It is done to all marked workers at once, where there are any."""
        return self.group == WORKER and self.wish is not None

    @property
    def place(self) -> Place | None:
        """Where its key means it; None: everywhere."""
        places: dict[str, Place] = {WORKER: "workers", CHANNEL: "channels", POOL: "pools"}
        return places.get(self.group)


ALWAYS = 90
"""The rank in the hint bar from which on an action is always there."""

WORKER, FLEET, LOOK, PROGRAM = "Worker under the cursor", "All workers", "Looking", "procdeck"
CHANNEL = "Channel under the cursor"
POOL = "Pool under the cursor"
LOG = "The log"

ACTIONS: tuple[Action, ...] = (
    Action("stop", ("s",), "Stop", "Stop it: ask, then SIGTERM, then SIGKILL to its whole process tree.", WORKER,
           applies=seen.stoppable, hint_rank=2, hinted_in=("workers", "detail"), wish="stop"),
    Action("start", ("a",), "Start", "Start it; one that waits in backoff or for its schedule starts now.", WORKER,
           applies=seen.startable, hint_rank=2, hinted_in=("workers", "detail"), wish="start"),
    Action("restart", ("r",), "Restart", "Stop it gracefully, then start it again.", WORKER,
           applies=seen.restartable, hint_rank=3, hinted_in=("workers", "detail"), wish="restart"),
    Action("kill", ("K",), "Kill", "SIGKILL its whole process tree at once, without asking it.", WORKER,
           danger="confirm", applies=seen.killable, hint_rank=4, hinted_in=("workers", "detail"), wish="kill"),
    Action("pause", ("p",), "Pause", "Let its whole process tree stand still (SIGSTOP).", WORKER,
           applies=seen.pausable, hint_rank=9, hinted_in=("workers", "detail"), wish="pause"),
    Action("resume", ("p",), "Resume", "Let one that stands still go on (SIGCONT).", WORKER,
           applies=seen.resumable, hint_rank=1, hinted_in=("workers", "detail"), wish="resume"),
    Action("mark_row", ("space",), "Mark", "Mark it, or unmark it: stop, start, restart, kill, pause and "
           "resume are then for all that are marked. esc takes all marks away.", WORKER,
           applies=seen.can_be_marked, hint_rank=14, hinted_in=("workers",), needs="control"),
    Action("more", ("plus",), "More", "One replica more of its worker; of a pool, one member.", WORKER,
           applies=seen.has_live_row, hint_rank=10, hinted_in=("workers", "detail"), leaves_screen=True,
           needs="control", verb="have one replica more"),
    Action("fewer", ("minus",), "Fewer", "One replica fewer of its worker: the last one; of a pool, a member.", WORKER,
           applies=seen.reducible, hint_rank=11, hinted_in=("workers", "detail"), leaves_screen=True,
           needs="control", verb="have one replica fewer"),
    Action("signal", ("S",), "Signal", "Send a signal of your choice to its process.", WORKER,
           danger="confirm", applies=seen.signallable, leaves_screen=True, needs="control"),
    Action("open", ("enter",), "Detail", "Show what is under the cursor in full; of an error, its line in the log; of "
           "what failed in a pool, its traceback.", WORKER,
           applies=seen.has_any, hint_rank=5, hinted_in=("workers", "channels", "pools", "errors", "log", "detail")),
    Action("why", ("w",), "Why", "Say why it does not move: the cause, who waits for whom, and the ways out.", WORKER,
           applies=seen.has_live_row, hint_rank=5, hinted_in=("workers", "detail"), opens="why", verb="say why",
           needs="engine"),
    Action("stacks", ("t",), "Stacks", "Show the stacks of its processes and threads, and where it spends its time; at "
           "rest, what it was doing when it ended.", WORKER,
           applies=seen.has_live_row, hint_rank=8, hinted_in=("workers", "detail"), opens="stacks",
           verb="show stacks", needs="engine"),
    Action("worker_page", ("I",), "Page", "Show all about it on a page of its own: state, figures, processes, "
           "environment, exits, stacks, log.", WORKER, applies=seen.has_live_row, hint_rank=12,
           hinted_in=("workers", "detail"), opens="worker", verb="show its page"),
    Action("worker_level", ("v",), "Log level", "Choose the least level of what its loggers write, while it runs.",
           WORKER, danger="confirm", applies=seen.has_loggers, leaves_screen=True, verb="choose a log level",
           needs="control"),
    Action("own_log", ("l",), "Its log", "Show only its log; again: the log of all workers.", WORKER,
           applies=seen.has_row, hint_rank=8),
    Action("requeue", ("p",), "Requeue", "Put the dead letter under the cursor into its queue again.", CHANNEL,
           applies=seen.has_letter, hint_rank=1, hinted_in=("detail",), channel_wish="requeue"),
    Action("discard", ("delete", "backspace"), "Discard", "Throw the dead letter under the cursor away.", CHANNEL,
           danger="confirm", applies=seen.has_letter, hint_rank=2, hinted_in=("detail",), channel_wish="discard"),
    Action("requeue_all", ("P",), "Requeue all", "Put all dead letters of the queue into it again.", CHANNEL,
           applies=seen.has_letters, hint_rank=3, hinted_in=("channels", "detail"), channel_wish="requeue"),
    Action("discard_all", ("X",), "Discard all", "Throw all dead letters of the queue away.", CHANNEL,
           danger="confirm", applies=seen.has_letters, hint_rank=3, hinted_in=("channels", "detail"),
           channel_wish="discard"),
    Action("drain", ("D",), "Drain", "Throw away what waits in the queue.", CHANNEL,
           danger="confirm", applies=seen.drainable, hint_rank=3, hinted_in=("channels",), channel_wish="drain"),
    Action("pool_pause", ("p",), "Pause", "Give out no more items; what members have in hand is finished.", POOL,
           applies=seen.pool_can_pause, hint_rank=1, hinted_in=("pools", "detail"), leaves_screen=True,
           needs="control"),
    Action("pool_resume", ("p",), "Resume", "Give out items again.", POOL,
           applies=seen.pool_is_paused, hint_rank=1, hinted_in=("pools", "detail"), leaves_screen=True,
           needs="control"),
    Action("pool_retry", ("r",), "Retry", "Try again what has failed: all of it, or the failure under the cursor.",
           POOL, danger="confirm", applies=seen.pool_has_failures, hint_rank=2, hinted_in=("pools", "detail"),
           leaves_screen=True, needs="control"),
    Action("pool_cancel", ("C",), "Cancel", "Cancel the task of the member under the cursor; elsewhere it asks which.",
           POOL, danger="confirm", applies=seen.pool_has_tasks, hint_rank=3, hinted_in=("pools", "detail"),
           leaves_screen=True, verb="cancel a task", needs="control"),
    Action("pool_kill", ("K",), "Kill", "SIGKILL the member under the cursor; elsewhere it asks which. Another one "
           "takes its place.", POOL, danger="confirm", applies=seen.pool_has_members, hint_rank=4,
           hinted_in=("pools", "detail"), leaves_screen=True, verb="kill a member", needs="control"),
    Action("pool_more", ("plus",), "More", "One member more.", POOL,
           applies=seen.at_live_pool, hint_rank=8, hinted_in=("pools", "detail"), leaves_screen=True,
           verb="have one member more", needs="control"),
    Action("pool_fewer", ("minus",), "Fewer", "One member fewer: one finishes what it has in hand, and leaves.", POOL,
           applies=seen.pool_can_shrink, hint_rank=8, hinted_in=("pools", "detail"), leaves_screen=True,
           verb="have one member fewer", needs="control"),
    Action("pool_resize", ("equals_sign",), "Size", "Have as many members as you say.", POOL,
           applies=seen.at_live_pool, hint_rank=8, hinted_in=("pools", "detail"), leaves_screen=True, verb="resize",
           needs="control"),
    Action("restart_all", ("R",), "Restart all", "Restart every worker.", FLEET, danger="confirm",
           applies=seen.is_live, wish="restart"),
    Action("reload", ("ctrl+r",), "Reload", "Read the profile again: shows what would change, then asks.", FLEET,
           danger="confirm", applies=seen.is_live, leaves_screen=True, needs="control"),
    Action("workers", ("1",), "Workers", "Show the workers.", LOOK),
    Action("channels", ("c", "2"), "Channels", "Show the channels between the workers; again: the workers.", LOOK,
           hint_rank=6),
    Action("errors", ("x", "4"), "Errors", "Show what has failed, by type and place; again: the workers.", LOOK,
           hint_rank=6, hinted_in=("workers", "channels", "pools", "errors", "detail")),
    Action("pools", ("b", "3"), "Pools", "Show the pools; from a worker that has one, that pool; again: the workers.",
           LOOK, hint_rank=6, hinted_in=("workers", "channels", "pools", "errors", "detail")),
    Action("plots", ("i",), "Plots", "Show figures over time: processor and memory of a worker, depth and rates of a "
           "queue, the pace of a pool.", LOOK, applies=seen.has_figures,
           hint_rank=13, hinted_in=("workers", "channels", "pools", "detail"), opens="plots", verb="plot"),
    Action("hangs", ("h", "5"), "Hangs", "Show the verdicts on all workers, who is stuck first, and who waits for "
           "whom.", LOOK, applies=seen.is_live, hint_rank=12,
           hinted_in=("workers", "channels", "pools", "errors", "detail"),
           opens="hangs", verb="look for hangs", needs="engine"),
    Action("events", ("V", "6"), "Events", "Show what has happened, who asked for it, what came of it, and by which "
           "command line.", LOOK, hint_rank=12, hinted_in=("workers", "channels", "pools", "errors", "detail"),
           opens="events"),
    Action("pipeline", ("A", "9"), "Pipeline", "Show workers and queues as they are joined, how full each queue is, "
           "and which worker holds the others up.", LOOK, hint_rank=6, hinted_in=("channels",), opens="pipeline"),
    Action("sort_next", ("right_square_bracket",), "Sort", "Sort the table by the next column; after the last: as the "
           "profile has it. A click on a heading sorts by it, again turns it round.", LOOK, applies=seen.at_rows,
           hint_rank=14, hinted_in=("workers", "channels", "pools")),
    Action("sort_previous", ("left_square_bracket",), "Sort back", "Sort the table by the column before.", LOOK,
           applies=seen.at_rows),
    Action("order", ("O",), "Order", "Turn the sorted table round; sort the errors by when they were last seen, or by "
           "how often.", LOOK, applies=seen.has_order, hint_rank=2, hinted_in=("errors",)),
    Action("problems", ("exclamation_mark",), "Problems", "Show only rows with something wrong, or all again: failed, "
           "stuck, in backoff, not ready, warned of; channels that are full, locked or have dead letters; pools with "
           "failures.", LOOK, applies=seen.at_rows, hint_rank=13, hinted_in=("workers", "channels", "pools")),
    Action("group", ("B",), "Group", "Let the workers stand by group, by kind or by state, each below a heading with "
           "its sums, or as the profile has them. What is done on a heading is done to all below it.", LOOK,
           applies=seen.at_workers),
    Action("fold", ("left",), "Fold", "Fold the group under the cursor: its heading stays; enter does it there too.",
           LOOK, applies=seen.is_in_group),
    Action("unfold", ("right",), "Unfold", "Unfold the group whose heading is under the cursor.", LOOK,
           applies=seen.is_in_group),
    Action("filter", ("slash",), "Filter", "Filter the focused pane as you type; ! inverts, ~ finds letters close "
           "together in their order, re: is a regex.", LOOK, hint_rank=7),
    Action("back", ("escape",), "Back",
           "Clear the filter, leave the zoom, the detail or the place. Never quits, never destroys.", LOOK,
           hint_rank=1),
    Action("follow", ("f",), "Follow", "Follow the log's newest records, or pause.", LOG,
           hint_rank=1, hinted_in=("log",)),
    Action("search", ("F",), "Search", "Search the log without hiding lines.", LOG, hint_rank=3, hinted_in=("log",)),
    Action("next_match", ("n",), "Next match", "Go to the next match of the search.", LOG),
    Action("previous_match", ("N",), "Previous match", "Go to the match before.", LOG),
    Action("next_error", ("e",), "Error", "Go to the next error; while the log is followed, to the newest one.", LOG,
           hint_rank=2, hinted_in=("log",)),
    Action("previous_error", ("E",), "Previous error", "Go to the error before.", LOG),
    Action("next_warning", ("full_stop",), "Warning", "Go to the next warning or error.", LOG),
    Action("previous_warning", ("comma",), "Previous warning", "Go to the warning or error before.", LOG),
    Action("time", ("T",), "Time", "Go to a time: 14:02, or 5m ago.", LOG, hint_rank=4, hinted_in=("log",)),
    Action("level", ("L",), "Level", "Show warnings and worse only, then errors, then all but debug, then all.", LOG,
           hint_rank=6, hinted_in=("log",)),
    Action("mark", ("m",), "Mark", "Mark the line, or take its mark away.", LOG, applies=seen.in_log,
           hint_rank=8, hinted_in=("log",)),
    Action("next_mark", ("apostrophe",), "Next mark", "Go to the next marked line.", LOG),
    Action("previous_mark", ("quotation_mark",), "Previous mark", "Go to the marked line before.", LOG),
    Action("unmark", ("M",), "Unmark", "Take all marks away.", LOG),
    Action("copy", ("y",), "Copy", "Copy the marked lines, or the one under the cursor, as far as the terminal lets.",
           LOG, applies=seen.in_log, hint_rank=10, hinted_in=("log",)),
    Action("write", ("greater_than_sign",), "Write", "Write what the log shows to a file.", LOG,
           hint_rank=11, hinted_in=("log",), needs="machine"),
    Action("line_worker", ("o",), "Its worker", "Go to the worker that logged the line, had the error, or has the "
           "pool under the cursor.", LOG, applies=seen.tells_worker, hint_rank=9, hinted_in=("pools", "errors", "log")),
    Action("wrap", ("W",), "Wrap", "Fold long lines, or cut them.", LOG, hint_rank=12, hinted_in=("log",)),
    Action("histogram", ("H",), "Histogram", "Show or hide how much was logged when; a click there goes there.", LOG),
    Action("split", ("Z",), "Split", "Show a second log below the first, with a worker, filter and place of its own; "
           "tab goes from one to the other.", LOG),
    Action("unsplit", ("Q",), "One log", "Close the second log.", LOG),
    Action("zoom", ("z",), "Zoom", "Give the focused pane the whole screen, or take it back.", LOOK, hint_rank=12),
    Action("detail", ("d",), "Detail", "Show or hide the detail pane.", LOOK),
    Action("border_down", ("ctrl+down",), "Taller", "Make the table one line higher, or the log above the "
           "second log where that has the focus; the edge can be dragged too.", LOOK),
    Action("border_up", ("ctrl+up",), "Lower", "Make the table one line lower, or the log above the second "
           "log.", LOOK),
    Action("border_left", ("ctrl+left",), "Wider", "Make the detail wider beside the log; its left edge can be dragged "
           "too.", LOOK, applies=seen.is_beside),
    Action("border_right", ("ctrl+right",), "Narrower", "Make the detail narrower beside the log.", LOOK,
           applies=seen.is_beside),
    Action("jump", ("J",), "Jump", "Put a label on every pane, place, row and line in sight; typing it goes there.",
           LOOK, leaves_screen=True),
    Action("logs", ("8",), "Logs", "Give the log the whole screen; esc goes back to where you were.", LOOK),
    Action("next_pane", ("tab",), "Next pane", "Go to the next pane; shift+tab goes back.", LOOK),
    Action("profile", ("Y", "7"), "Profile", "Show the profile: what has changed since the engine read it, what is "
           "wrong, and what a reload would do; edit it.", LOOK, opens="profile"),
    Action("picker", ("ctrl+o",), "Profiles", "Choose among the profiles found here, opened lately and shipped: what "
           "each contains, whether it is valid; open one, switch to it.", PROGRAM, opens="picker", verb="choose",
           needs="control"),
    Action("undo", ("u",), "Undo", "Take back what was done last, as far as that can be: a stop, a pause, a scale, a "
           "log level, marks and filters. What a process held in memory is gone with it.", PROGRAM, leaves_screen=True),
    Action("palette", ("colon", "ctrl+p"), "Commands", "Find by name what to do, or a worker, channel, pool or "
           "error to go to.", PROGRAM, hint_rank=14, leaves_screen=True),
    Action("screenshot", ("ctrl+s",), "Screenshot", "Write what is on the screen as a picture (SVG) into the current "
           "directory.", PROGRAM, leaves_screen=True, needs="machine", verb="take a picture"),
    Action("suspend", ("ctrl+z",), "Suspend", "Go back to the shell for a while; fg comes back. The workers go on.",
           PROGRAM, leaves_screen=True, needs="machine"),
    Action("themes", ("U",), "Theme", "Choose the colours: light, dark, high contrast, for the colour-blind, or "
           "your own.", PROGRAM, leaves_screen=True),
    Action("help", ("question_mark",), "Help", "All keys.", PROGRAM, hint_rank=ALWAYS),
    Action("quit", ("q",), "Quit", "Quit: stop all, or detach and leave the workers running. ctrl+c asks too; while "
           "all are being stopped, it kills them.", PROGRAM, hint_rank=ALWAYS, leaves_screen=True),
)  # fmt: skip

ASK_HINTS: tuple[Action, ...] = (
    Action("answer", ("enter",), "Go on", "Take what is typed.", LOOK),
    Action("back", ("escape",), "Cancel", "Go back to the log.", LOOK),
)
"""The same while the log asks for something."""

FILTER_HINTS: tuple[Action, ...] = (
    Action("keep_filter", ("enter",), "Keep the filter", "Go back to the pane; its filter stays.", LOOK),
    Action("back", ("escape",), "Clear it", "Clear the filter.", LOOK),
)
"""What the hint bar shows while a filter is typed: every other key is a letter then."""

BY_ID: dict[str, Action] = {action.id: action for action in (*ASK_HINTS, *FILTER_HINTS, *ACTIONS)}

PLACE_NUMBERS: dict[str, str] = {
    "workers": "1",
    "channels": "2",
    "pools": "3",
    "errors": "4",
    "hangs": "5",
    "logs": "8",
    "events": "6",
    "profile": "7",
    "pipeline": "9",
}
"""The keys that always go to a place; its letter goes back as well."""


def place_keys() -> tuple[tuple[str, str], ...]:
    """Each place with the keys of it that never go back: its number, or what a person has put in its stead."""
    return tuple((place, key) for place in PLACE_NUMBERS for key in BY_ID[place].keys if goes_only(key))


def ways_by_key() -> list[tuple[str, str]]:
    """Each such key as a person reads it, with its place, in the order of the keyboard."""
    return sorted((key_name(key), place) for place, key in place_keys())


def goes_only(key: str) -> bool:
    """Whether the key of a place goes there and never back: a number or a function key, not a letter."""
    return key.isdigit() or (len(key) > 1 and key[0] == "f" and key[1:].isdigit())


MOVES: tuple[tuple[str, str, str], ...] = (
    ("up,k", "move(-1)", "one line up"),
    ("down,j", "move(1)", "one line down"),
    ("pageup,ctrl+b", "page(-1)", "one page up"),
    ("pagedown,ctrl+f,space", "page(1)", "one page down"),
    ("home,g", "first", "to the first line"),
    ("end,G", "last", "to the last line; the log follows again"),
)
"""Keys, widget action, meaning: the same in every pane."""


def key_of(action_id: str) -> str:
    """The key of an action as a sentence names it; where it has none, how else it can be done."""
    action = BY_ID[action_id]
    return action.key_name or f"{BY_ID['palette'].key_name} and {action.label.lower()}"


class _KeyNames(dict[str, str]):
    def __missing__(self, action_id: str) -> str:
        return key_of(action_id)


def with_keys(sentence: str) -> str:
    """`sentence` with the key of an action where its id stands in braces: ``press {start} to start it``."""
    return sentence.format_map(_KeyNames())


@lru_cache(maxsize=1)
def _by_key(generation: int) -> Mapping[str, tuple[Action, ...]]:
    """Who shares each key while the keymap is that of `generation`."""
    del generation
    sharing: dict[str, tuple[Action, ...]] = {}
    for action in ACTIONS:
        for key in action.keys:
            sharing[key] = (*sharing.get(key, ()), action)
    return sharing


def meant_by(key: str, situation: Situation) -> Action:
    """Of the actions that have `key`, the one that can be done now; where none can, the one of this place."""
    sharing = _by_key(keymap_generation())[key]
    there = [action for action in sharing if action.place in (None, situation.place)]
    return next((action for action in there if action.can_be_done(situation)), (*there, *sharing)[0])
