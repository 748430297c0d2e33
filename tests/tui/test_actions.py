"""One registry: every key means one thing, and what is hinted can be done."""

from __future__ import annotations

import itertools
from collections import Counter
from functools import partial

import pytest

from supervisor.api.messages import ReplicaRow
from supervisor.lifecycle.states import State
from tests.tui.fakes import channels, replica
from tests.tui.pool_fakes import pools
from tui.actions import ACTIONS, BY_ID, MOVES, meant_by
from tui.hang_actions import HANG_ACTIONS, WHY
from tui.hints import HINT_LIMIT, WIDE_HINT_LIMIT, hints
from tui.refusals import why_not
from tui.screens.asking import AskingScreen
from tui.screens.fleet import FleetScreen
from tui.screens.logs import LogPane
from tui.screens.plots import PlotsScreen
from tui.screens.reading import help_lines
from tui.screens.stacks import FlameScreen, StacksScreen
from tui.screens.why import HangsScreen, WhyScreen
from tui.situation import Situation


def every_situation() -> list[Situation]:
    """The person looks at a row of each state, or at a queue with and without dead letters; with an engine or not."""
    rows = [Situation(row=replica("x.1", state), replicas=number, pane=pane, is_live=is_live, is_wide=is_wide)
            for state in State for number in (1, 2) for pane in ("workers", "log", "detail")
            for is_live in (True, False) for is_wide in (True, False)]  # fmt: skip
    queues = [Situation(place="channels", pane="detail", channel=channel, letter=letter)
              for channel in channels() for letter in (None, "7")]  # fmt: skip
    of_pools = [Situation(place="pools", pane=pane, pool=pool, row=replica(pool.replica), failure=failure,
                          is_live=is_live, is_wide=is_wide)
                for pool in pools() for pane in ("pools", "log", "detail") for failure in (None, 17)
                for is_live in (True, False) for is_wide in (True, False)]  # fmt: skip
    others = [Situation(), Situation(place="channels", pane="channels"), Situation(place="pools", pane="pools")]
    return [*rows, *queues, *of_pools, *others, Situation(row=replica("thumbs"), pool=pools()[0])]


def test_every_key_has_one_meaning() -> None:
    """No key is bound twice, moves included, but where at any time only one of the two can be done."""
    keys = [key for action in ACTIONS for key in action.keys]
    keys += [key for names, _, _ in MOVES for key in names.split(",")]
    shared = [key for key, times in Counter(keys).items() if times > 1]
    assert sorted(shared) == ["K", "minus", "p", "plus", "r", "space"]
    for situation, key in itertools.product(every_situation(), shared):
        able = [action.id for action in ACTIONS if key in action.keys and action.applies(situation)]
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


@pytest.mark.parametrize(
    ("key", "worker", "pool"),
    [
        ("r", "restart", "pool_retry"),
        ("K", "kill", "pool_kill"),
        ("plus", "more", "pool_more"),
        ("minus", "fewer", "pool_fewer"),
        ("p", "pause", "pool_pause"),
    ],
)
def test_a_key_of_pools_means_its_pool_there_and_the_worker_elsewhere(key: str, worker: str, pool: str) -> None:
    """Where pools are shown no such key touches the worker, even where the pool has nothing to do it to."""
    assert meant_by(key, Situation(row=replica("thumbs"), pool=pools()[0])).id == worker
    for row in (*pools(), None):
        for is_live in (True, False):
            situation = Situation(row=replica("x"), place="pools", pane="pools", pool=row, is_live=is_live)
            assert meant_by(key, situation).place == "pools"
    assert meant_by(key, Situation(row=replica("x"), place="pools", pool=pools()[0])).id == pool


def test_hints_of_pools_are_about_the_pool() -> None:
    """Six keys beside help and quit; nothing of the worker's, and what failed under the cursor can be read."""

    def told(situation: Situation) -> list[str]:
        return [f"{action.keys[0]} {action.label}" for action in hints(situation)][:-2]

    running, paused, _, _, bad, _ = pools()
    at = partial(Situation, place="pools", pane="pools", row=replica("thumbs"))
    assert told(at(pool=running)) == ["p Pause", "r Retry", "C Cancel", "K Kill", "enter Detail", "b Workers"]
    assert told(at(pool=paused))[:3] == ["p Resume", "C Cancel", "K Kill"]
    assert told(at(pool=bad))[:2] == ["enter Detail", "b Workers"]
    assert told(at(pool=running, pane="detail", failure=17))[:3] == ["p Pause", "enter Traceback", "r Retry"]
    assert told(Situation(row=replica("thumbs"), pool=running))[0] == "b Its pool"
    assert "b Pools" in told(Situation(row=replica("thumbs"), is_wide=True))


@pytest.mark.parametrize(
    ("action", "number", "told"),
    [
        ("pool_retry", 3, "Cannot retry: nothing of warm has failed."),
        ("pool_cancel", 3, "Cannot cancel a task: no member of warm has an item in hand."),
        ("pool_kill", 3, "Cannot kill a member: warm has no member yet."),
        ("pool_pause", 2, "Cannot pause: hash has ended; press a to start its worker again."),
        ("pool_resize", None, "Cannot resize: no pool is under the cursor."),
    ],
)
def test_a_refusal_fits_the_pool(action: str, number: int | None, told: str) -> None:
    """What is not possible says why, and what is."""
    situation = Situation(place="pools", pane="pools", pool=None if number is None else pools()[number])
    assert not BY_ID[action].applies(situation)
    assert why_not(BY_ID[action], situation) == told


def test_every_action_can_be_done() -> None:
    """The screen has a handler for each action that asks nothing of the engine."""
    names = [action.id for action in ACTIONS if not action.is_for_the_app]
    assert [name for name in names if not any(hasattr(each, f"do_{name}") for each in (FleetScreen, LogPane))] == []


@pytest.mark.parametrize("screen", [WhyScreen, HangsScreen, StacksScreen, FlameScreen, PlotsScreen])
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
    """At most eight keys, fifteen where it is wide; none that does nothing; the way out is always among them."""
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
