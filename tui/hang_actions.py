"""What can be done in the screens that ask the engine, one row each; key bindings, hints and help come from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui.actions import ACTIONS, Action, key_of
from tui.event_actions import EVENTS_ACTIONS, WORKER_PAGE_ACTIONS
from tui.keymap import key_name
from tui.replay_actions import REPLAY_ACTIONS

if TYPE_CHECKING:
    from textual.binding import Binding

WHY: Final = "Why a worker does not move (w)"
HANGS: Final = "All hangs (h)"
STACKS: Final = "Stacks of a worker (t)"
FLAME: Final = "Where a worker spends its time (s in its stacks)"
PLOTS: Final = "Figures over time (i)"
PIPELINE: Final = "The pipeline (A)"
PICKER: Final = "Profiles (ctrl+o)"
PROFILE: Final = "The profile (Y)"


def _ends(group: str) -> tuple[Action, ...]:
    """The last two hints of every screen."""
    return (
        Action("help", ("question_mark",), "Help", "All keys.", group),
        Action("close", ("escape", "q"), "Back", "Go back; nothing is changed by it.", group),
    )


WHY_ACTIONS: Final[tuple[Action, ...]] = (
    Action("release", ("u",), "Release", "Free a lock whose holder has died; only where that is safe. Says why, and "
           "asks.", WHY, danger="confirm", needs="control"),
    Action("kill-process", ("X",), "Kill blocker", "SIGKILL the one process that holds the others up (asks first).",
           WHY, danger="confirm", needs="control", verb="kill the blocker"),
    Action("resume", ("p",), "Resume", "Let a process go on that stands still (SIGCONT).", WHY, needs="control"),
    Action("restart", ("r",), "Restart", "Restart the worker whose restart is the best way out.", WHY, needs="control"),
    Action("kill", ("K",), "Kill", "SIGKILL its whole process tree (asks first).", WHY, danger="confirm",
           needs="control"),
    Action("again", ("w",), "Look again", "Look again, and judge anew.", WHY),
    Action("stacks", ("t",), "Stacks", "Show the stacks of its processes and threads.", WHY),
    Action("dump", ("d",), "Dump", "Write the stacks of all workers to a file in the run's directory.", WHY,
           needs="control", verb="write the stacks"),
    Action("report", ("e",), "Report", "Write a report that can be handed on: stacks, graph, logs, profile.", WHY,
           needs="control", verb="write a report"),
    Action("next", ("n", "right"), "Next", "Show the verdict on its next thread or process in full.", WHY),
    Action("previous", ("N", "left"), "Previous", "Show the verdict before.", WHY),
    Action("hangs", ("h",), "All", "Show the verdicts on all workers.", WHY),
    *_ends(WHY),
)  # fmt: skip

HANGS_ACTIONS: Final[tuple[Action, ...]] = (
    Action("why", ("w", "enter"), "Why", "Show the verdict under the cursor in full, with its ways out.", HANGS),
    Action("stacks", ("t",), "Stacks", "Show the stacks of its worker.", HANGS),
    Action("again", ("h",), "Look again", "Look at all workers again.", HANGS),
    Action(
        "dump",
        ("d",),
        "Dump",
        "Write the stacks of all workers to a file in the run's directory.",
        HANGS,
        needs="control",
        verb="write the stacks",
    ),
    Action(
        "report",
        ("e",),
        "Report",
        "Write a report that can be handed on: stacks, graph, logs, profile.",
        HANGS,
        needs="control",
        verb="write a report",
    ),
    *_ends(HANGS),
)

STACKS_ACTIONS: Final[tuple[Action, ...]] = (
    Action("hold", ("f",), "Hold", "Hold the stacks still to read them, or look on, twice a second.", STACKS),
    Action(
        "whole",
        ("v",),
        "Whole",
        "Show the calls too by which a process began, or only those above its own code.",
        STACKS,
    ),
    Action(
        "flame",
        ("s",),
        "Time",
        "Look for some seconds where it spends its time.",
        STACKS,
        needs="control",
        verb="look where it spends its time",
    ),
    Action("why", ("w",), "Why", "Say why it does not move.", STACKS),
    Action(
        "dump",
        ("d",),
        "Dump",
        "Write the stacks of all workers to a file in the run's directory.",
        STACKS,
        needs="control",
        verb="write the stacks",
    ),
    *_ends(STACKS),
)

FLAME_ACTIONS: Final[tuple[Action, ...]] = (
    Action("again", ("s",), "Look again", "Look where it spends its time for as long again.", FLAME),
    Action("longer", ("plus",), "Longer", "Look for longer, up to a minute.", FLAME),
    Action("shorter", ("minus",), "Shorter", "Look for a shorter time.", FLAME),
    Action("waiting", ("v",), "Waiting", "Show what waits too, or only what runs.", FLAME),
    *_ends(FLAME),
)

PLOTS_ACTIONS: Final[tuple[Action, ...]] = (
    Action("longer", ("plus",), "Longer", "Look further back, up to 12 hours.", PLOTS),
    Action("shorter", ("minus",), "Shorter", "Look less far back.", PLOTS),
    *_ends(PLOTS),
)

PIPELINE_ACTIONS: Final[tuple[Action, ...]] = (
    Action("go", ("enter",), "Go to it", "Go to the worker, channel or pool under the cursor in its own place. Arrows "
           "or h j k l move the cursor; so do tab and a click.", PIPELINE),
    Action("plots", ("i",), "Plots", "Show its figures over time.", PIPELINE),
    Action("why", ("w",), "Why", "Say why the worker under the cursor does not move.", PIPELINE,
           needs="engine", verb="say why"),
    Action("stacks", ("t",), "Stacks", "Show the stacks of the worker under the cursor.", PIPELINE,
           needs="engine", verb="show stacks"),
    Action("look", ("v",), "Other way", "Draw it left to right, top down, as a list, or as it fits.", PIPELINE),
    *_ends(PIPELINE),
)  # fmt: skip

PICKER_ACTIONS: Final[tuple[Action, ...]] = (
    Action("open", ("enter",), "Open", "Show the dashboard of the chosen profile; where no engine runs it, one is "
           "started. The workers of the one before go on, unless you say otherwise.", PICKER, danger="confirm"),
    Action("reload", ("ctrl+r",), "Reload", "Show what a reload of the profile that is looked at would change, then "
           "ask.", PICKER, danger="confirm"),
    Action("close", ("escape", "ctrl+o"), "Back", "Clear what is typed, then go back; nothing is changed by it.",
           PICKER),
)  # fmt: skip

PROFILE_ACTIONS: Final[tuple[Action, ...]] = (
    Action("edit", ("e",), "Edit", "Open the file in $VISUAL or $EDITOR, at the line under the cursor.", PROFILE,
           needs="control"),
    Action("reload", ("ctrl+r",), "Reload", "Apply what has changed: shows the plan, then asks.", PROFILE,
           danger="confirm", needs="control"),
    Action("next", ("n",), "Next", "Go to the next change or mistake.", PROFILE),
    Action("previous", ("N",), "Previous", "Go to the change or mistake before.", PROFILE),
    Action("go", ("enter",), "Go to it", "Go to the worker, pool or channel whose table the cursor is in.", PROFILE),
    Action("plan", ("c",), "Plan", "Show what a reload would do, or give the file the whole screen.", PROFILE,
           needs="engine", verb="plan a reload"),
    *_ends(PROFILE),
)  # fmt: skip

SCREEN_ACTIONS: Final[dict[str, tuple[Action, ...]]] = {
    "why": WHY_ACTIONS,
    "hangs": HANGS_ACTIONS,
    "stacks": STACKS_ACTIONS,
    "flame": FLAME_ACTIONS,
    "plots": PLOTS_ACTIONS,
    "events": EVENTS_ACTIONS,
    "worker": WORKER_PAGE_ACTIONS,
    "pipeline": PIPELINE_ACTIONS,
    "picker": PICKER_ACTIONS,
    "profile": PROFILE_ACTIONS,
    "replay": REPLAY_ACTIONS,
}
"""What can be done in each screen over the first one, and in a recording, by the name that the settings have for it:
``[keys.screens.why]``."""

HANG_ACTIONS: Final = tuple(action for actions in SCREEN_ACTIONS.values() for action in actions)


def title_of(group: str) -> str:
    """The heading of a group of actions, with the key that opens its screen now."""
    name = next((name for name, actions in SCREEN_ACTIONS.items() if actions[0].group == group), None)
    opening = next((action for action in ACTIONS if name is not None and action.opens == name), None)
    if opening is None or opening.keys == opening.own_keys:
        return group
    return group.replace(f"({key_name(opening.own_keys[0])})", f"({key_of(opening.id)})")


def bindings_of(actions: tuple[Action, ...]) -> list[Binding]:
    """The keys of a screen that has a ``do_ID`` for each of `actions`."""
    from textual.binding import Binding  # the command line lists the keys, and starts without Textual

    return [Binding(key, f"act('{action.id}')", action.label, show=False) for action in actions for key in action.keys]
