"""What can be done where events are shown, and on the page of a worker, one row each, as in `tui.hang_actions`."""

from __future__ import annotations

from typing import Final

from tui.actions import Action

EVENTS: Final = "Events (V)"
WORKER_PAGE: Final = "The page of a worker (I)"

EVENTS_ACTIONS: Final[tuple[Action, ...]] = (
    Action("worker", ("enter",), "Its worker", "Go to the worker of the event under the cursor, in its place.", EVENTS),
    Action("copy", ("y",), "Copy command", "Copy the command line that asks for the same again, as far as the terminal "
           "lets.", EVENTS),
    Action("log", ("L",), "Its log", "Go to the time of the event in the log.", EVENTS),
    Action("filter", ("slash",), "Filter", "Show only what has the letters in it, as you type; ! inverts, ~ takes them "
           "in their order with others between, re: is a regex.", EVENTS),
    Action("problems", ("exclamation_mark",), "Problems", "Show only what went wrong, or all again.", EVENTS),
    Action("follow", ("f",), "Follow", "Follow the newest events, or stay here.", EVENTS),
    Action("page", ("I",), "Page", "Show all about the worker on a page of its own.", EVENTS),
    Action("longer", ("plus",), "Longer", "Show a longer time in the lanes, up to 12 hours.", EVENTS),
    Action("shorter", ("minus",), "Shorter", "Show a shorter time in the lanes.", EVENTS),
    Action("help", ("question_mark",), "Help", "All keys.", EVENTS),
    Action("close", ("escape", "q", "V"), "Back", "Clear the filter, then go back; nothing is changed by it.", EVENTS),
)  # fmt: skip

WORKER_PAGE_ACTIONS: Final[tuple[Action, ...]] = (
    Action("next", ("tab", "right"), "Next", "Show the next section.", WORKER_PAGE),
    Action("previous", ("shift+tab", "left"), "Previous", "Show the section before.", WORKER_PAGE),
    Action("longer", ("plus",), "Longer", "Look further back at its figures, up to 12 hours.", WORKER_PAGE),
    Action("shorter", ("minus",), "Shorter", "Look less far back at its figures.", WORKER_PAGE),
    Action("whole", ("v",), "Whole", "Show all of it: whole commands, every variable, and the calls too by which a "
           "process began.", WORKER_PAGE, needs="engine"),
    Action("start", ("a",), "Start", "Start it; one that waits in backoff or for its schedule starts now.",
           WORKER_PAGE, needs="control"),
    Action("stop", ("s",), "Stop", "Stop it: ask, then SIGTERM, then SIGKILL to its whole process tree.", WORKER_PAGE,
           needs="control"),
    Action("restart", ("r",), "Restart", "Stop it gracefully, then start it again.", WORKER_PAGE, needs="control"),
    Action("kill", ("K",), "Kill", "SIGKILL its whole process tree at once, without asking it.", WORKER_PAGE,
           danger="confirm", needs="control"),
    Action("why", ("w",), "Why", "Say why it does not move.", WORKER_PAGE, needs="engine", verb="say why"),
    Action("events", ("V",), "Events", "Show what has happened to it.", WORKER_PAGE),
    Action("help", ("question_mark",), "Help", "All keys.", WORKER_PAGE),
    Action("close", ("escape", "q", "I"), "Back", "Go back; nothing is changed by it.", WORKER_PAGE),
)  # fmt: skip
