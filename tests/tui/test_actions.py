"""One registry: every key means one thing, and what is hinted can be done."""

from __future__ import annotations

from collections import Counter

import pytest

from supervisor.api.messages import ReplicaRow
from supervisor.lifecycle.states import State
from tests.tui.fakes import channels, replica
from tui.actions import ACTIONS, BY_ID, HINT_LIMIT, MOVES, WIDE_HINT_LIMIT, Situation, hints, meant_by, why_not
from tui.hang_actions import HANG_ACTIONS, WHY
from tui.screens.asking import AskingScreen
from tui.screens.fleet import FleetScreen
from tui.screens.logs import LogPane
from tui.screens.reading import help_lines
from tui.screens.stacks import FlameScreen, StacksScreen
from tui.screens.why import HangsScreen, WhyScreen


def every_situation() -> list[Situation]:
    """The person looks at a row of each state, or at a queue with and without dead letters; with an engine or not."""
    rows = [Situation(row=replica("x.1", state), replicas=number, pane=pane, is_live=is_live, is_wide=is_wide)
            for state in State for number in (1, 2) for pane in ("workers", "log", "detail")
            for is_live in (True, False) for is_wide in (True, False)]  # fmt: skip
    queues = [Situation(place="channels", pane="detail", channel=channel, letter=letter)
              for channel in channels() for letter in (None, "7")]  # fmt: skip
    return [*rows, *queues, Situation(), Situation(place="channels", pane="channels")]


def test_every_key_has_one_meaning() -> None:
    """No key is bound twice, moves included, but where at any time only one of the two can be done."""
    keys = [key for action in ACTIONS for key in action.keys]
    keys += [key for names, _, _ in MOVES for key in names.split(",")]
    shared = [key for key, times in Counter(keys).items() if times > 1]
    assert shared == ["p"]
    for situation in every_situation():
        able = [action.id for action in ACTIONS if "p" in action.keys and action.applies(situation)]
        assert len([name for name in able if BY_ID[name].place == situation.place]) <= 1


def test_a_shared_key_means_what_can_be_done() -> None:
    """p pauses a worker that runs, resumes one that is paused, and requeues a dead letter; else it explains itself."""

    def meaning(situation: Situation) -> str:
        return meant_by("p", situation).id

    assert meaning(Situation(row=replica("x", State.RUNNING))) == "pause"
    assert meaning(Situation(row=replica("x", State.UNREADY))) == "pause"
    assert meaning(Situation(row=replica("x", State.PAUSED))) == "resume"
    assert meaning(Situation(row=replica("x", State.FAILED))) == "pause"
    assert meaning(Situation(place="channels", channel=channels()[0], letter="7")) == "requeue"
    assert meaning(Situation(place="channels", channel=channels()[0])) == "requeue"
    assert meant_by("q", Situation()).id == "quit"


def test_every_action_can_be_done() -> None:
    """The screen has a handler for each action that asks nothing of the engine."""
    names = [action.id for action in ACTIONS if not action.is_for_the_app]
    assert [name for name in names if not any(hasattr(each, f"do_{name}") for each in (FleetScreen, LogPane))] == []


@pytest.mark.parametrize("screen", [WhyScreen, HangsScreen, StacksScreen, FlameScreen])
def test_every_key_of_a_screen_about_hangs_has_one_meaning(screen: type[AskingScreen[object]]) -> None:
    """No key is bound twice, moves included, and each action can be done; help and the way back come last."""
    keys = [key for action in screen.ROWS for key in action.keys]
    keys += [key for names, _, _ in MOVES for key in names.split(",")]
    assert [key for key, times in Counter(keys).items() if times > 1] == []
    assert [row.id for row in screen.ROWS if not hasattr(screen, f"do_{row.id.replace('-', '_')}")] == []
    assert [row.id for row in screen.ROWS[-2:]] == ["help", "close"]


def test_help_is_generated_from_the_registry() -> None:
    """No action is forgotten in the help, and every sentence is whole."""
    text = " ".join(" ".join(piece.strip() for piece, _ in line) for line in help_lines(400))
    everything = (*ACTIONS, *HANG_ACTIONS)
    assert [action.id for action in everything if action.help not in text] == []
    assert [action.id for action in everything if not action.help.endswith(".")] == []
    assert help_lines(80, WHY)[0][0][0] == WHY
    assert len(help_lines(80, WHY)) == len(help_lines(80))


def test_hints_are_few_valid_and_always_hold_help_and_quit() -> None:
    """At most eight keys, fourteen where it is wide; none that does nothing; the way out is always among them."""
    for situation in every_situation():
        shown = hints(situation)
        assert len(shown) <= (WIDE_HINT_LIMIT if situation.is_wide else HINT_LIMIT)
        assert all(action.applies(situation) for action in shown)
        assert [action.id for action in shown[-2:]] == ["help", "quit"]


def test_hints_follow_the_state() -> None:
    """A running worker can be stopped, one at rest can be started, and nothing without an engine."""

    def ids(situation: Situation) -> set[str]:
        return {action.id for action in hints(situation)}

    assert {"stop", "restart", "kill"} <= ids(Situation(row=replica("x", State.RUNNING)))
    assert "start" in ids(Situation(row=replica("x", State.FAILED)))
    assert "stop" not in ids(Situation(row=replica("x", State.FAILED)))
    assert not {"stop", "start", "restart", "kill"} & ids(Situation(row=replica("x"), is_live=False))
    assert "stop" not in ids(Situation())
    assert [action.id for action in hints(Situation(row=replica("x", State.PAUSED)))[:3]] == [
        "resume",
        "stop",
        "restart",
    ]
    assert {"pause", "more"} <= ids(Situation(row=replica("x.1"), replicas=2, is_wide=True))
    assert "start" in ids(Situation(row=replica("x", State.SCHEDULED)))
    assert "start" not in ids(Situation(row=replica("x", State.WAITING)))


def test_a_refusal_says_what_to_press_instead() -> None:
    """A key that cannot be done now explains itself."""
    by_id = {action.id: action for action in ACTIONS}
    assert why_not(by_id["stop"], Situation(row=replica("x", State.FAILED))) == "x is failed: press a to start it."
    assert why_not(by_id["stop"], Situation()) == "Cannot stop: no worker is under the cursor."
    assert why_not(by_id["kill"], Situation(is_live=False)) == "Cannot kill: the engine does not answer."


@pytest.mark.parametrize(
    ("action", "row", "told"),
    [
        ("start", replica("x", State.WAITING, waits_for="redis to be ready"),
         "x starts by itself; it waits for redis to be ready."),
        ("start", replica("x", State.RUNNING), "x is running: press r to restart it."),
        ("stop", replica("x", State.STOPPING), "x is stopping: press K to kill it at once."),
        ("kill", replica("x", State.BACKOFF), "x is backoff: it has no process; press s so that it does not start."),
        ("pause", replica("x", State.STOPPED), "x is stopped: press a to start it."),
        ("pause", replica("x", State.STARTING), "x is starting: it has to run first."),
        ("signal", replica("x", State.SCHEDULED),
         "x is scheduled: it has no process; press s so that it does not start."),
        ("fewer", replica("x"), "x has one replica: press s to stop it."),
    ],
)  # fmt: skip
def test_a_refusal_fits_the_state(action: str, row: ReplicaRow, told: str) -> None:
    """What is not possible says why, and what is."""
    situation = Situation(row=row, replicas=1)
    assert not BY_ID[action].applies(situation)
    assert why_not(BY_ID[action], situation) == told


def test_no_refusal_is_empty() -> None:
    """Whatever cannot be done anywhere has a sentence for it."""
    for situation in every_situation():
        for action in ACTIONS:
            if action.is_for_the_app and not action.applies(situation):
                assert why_not(action, situation).endswith(".")
