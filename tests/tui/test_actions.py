"""One registry: every key means one thing, and what is hinted can be done."""

from __future__ import annotations

from collections import Counter

from supervisor.lifecycle.states import State
from tests.tui.fakes import replica
from tui.actions import ACTIONS, HINT_LIMIT, MOVES, Situation, hints, why_not
from tui.screens.fleet import FleetScreen
from tui.screens.reading import help_lines


def test_every_key_has_one_meaning() -> None:
    """No key is bound twice, moves included."""
    keys = [key for action in ACTIONS for key in action.keys]
    keys += [key for names, _, _ in MOVES for key in names.split(",")]
    assert [key for key, times in Counter(keys).items() if times > 1] == []


def test_every_action_can_be_done() -> None:
    """The screen has a handler for each action that asks nothing of the engine."""
    missing = [action.id for action in ACTIONS if not action.is_for_the_app]
    assert [name for name in missing if not hasattr(FleetScreen, f"do_{name}")] == []


def test_help_is_generated_from_the_registry() -> None:
    """No action is forgotten in the help, and every sentence is whole."""
    text = " ".join(" ".join(piece.strip() for piece, _ in line) for line in help_lines(400))
    assert [action.id for action in ACTIONS if action.help not in text] == []
    assert [action.id for action in ACTIONS if not action.help.endswith(".")] == []


def test_hints_are_few_valid_and_always_hold_help_and_quit() -> None:
    """At most eight keys; none that does nothing; the way out is always among them."""
    for state in State:
        for pane in ("workers", "log", "detail"):
            for is_live in (True, False):
                situation = Situation(row=replica("x", state), pane=pane, is_live=is_live)
                shown = hints(situation)
                assert len(shown) <= HINT_LIMIT
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


def test_a_refusal_says_what_to_press_instead() -> None:
    """A key that cannot be done now explains itself."""
    by_id = {action.id: action for action in ACTIONS}
    assert why_not(by_id["stop"], Situation(row=replica("x", State.FAILED))) == "x is failed: press a to start it."
    assert why_not(by_id["stop"], Situation()) == "Cannot stop: no worker is under the cursor."
    assert why_not(by_id["kill"], Situation(is_live=False)) == "Cannot kill: the engine does not answer."
