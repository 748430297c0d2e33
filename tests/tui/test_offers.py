"""What a recording or a dashboard for looking only offers can be done there; the rest says why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from supervisor.lifecycle.states import State
from tests.tui.fakes import replica
from tests.tui.test_actions import every_situation
from tui.actions import ACTIONS, BY_ID, Action, meant_by
from tui.hang_actions import FLAME_ACTIONS, HANG_ACTIONS, HANGS_ACTIONS, PROFILE_ACTIONS, STACKS_ACTIONS, WHY_ACTIONS
from tui.hints import hints
from tui.offers import all_offered, also_offered, offered, places_offered
from tui.refusals import why_never, why_not
from tui.replay_actions import REPLAY_ACTIONS
from tui.situation import NOT_GIVEN, Access, Situation

LESS: Final[tuple[Access, ...]] = ("looking", "recording")
ACTING: Final = frozenset({"Stop", "Start", "Restart", "Kill", "Pause", "Resume", "More", "Fewer", "Drain", "Reload"})


def ids_of(actions: tuple[Action, ...]) -> set[str]:
    return {action.id for action in actions}


@pytest.mark.parametrize("access", LESS)
def test_no_hint_is_a_wish(access: Access) -> None:
    """Whatever a person looks at."""
    for situation in every_situation():
        for action in hints(replace(situation, access=access)):
            assert action.is_offered(access), f"{action.id} is hinted at"
            assert action.label not in ACTING


@pytest.mark.parametrize("access", LESS)
def test_every_wish_to_the_engine_is_left_out(access: Access) -> None:
    """Of the first screen and of all others."""
    shown = all_offered(access)
    assert [action.id for action in shown if action.wish is not None or action.channel_wish is not None] == []
    assert [action.id for action in shown if action.label in ACTING] == []
    assert len(all_offered("all")) > len(shown) > len(ACTIONS) // 2


def test_who_may_do_all_is_offered_all() -> None:
    """In the order of the registry, as it is told there."""
    assert offered(ACTIONS, "all") is ACTIONS
    assert also_offered("all") == also_offered("looking") == ()


def test_a_recording_offers_no_screen_that_asks_processes() -> None:
    """Neither the ways to it nor what can be done in it; whoever looks at an engine has them, without the ways out."""
    shown = all_offered("recording")
    for actions in (WHY_ACTIONS, HANGS_ACTIONS, STACKS_ACTIONS, FLAME_ACTIONS):
        assert [action.id for action in shown if action.group == actions[0].group] == []
    assert "hangs" not in {place for _, place in places_offered("recording")}
    assert "hangs" in {place for _, place in places_offered("looking")}
    looking = all_offered("looking")
    assert ids_of(offered(WHY_ACTIONS, "looking")) == {
        *("again", "stacks", "next", "previous", "hangs", "help", "close")
    }
    assert [action.id for action in looking if action.group == FLAME_ACTIONS[0].group] == []
    assert ids_of(REPLAY_ACTIONS) <= ids_of(shown)
    assert not ids_of(REPLAY_ACTIONS) & ids_of(looking)


def test_a_profile_can_be_read_but_not_edited() -> None:
    """What a reload would do is told by an engine, so a recording does not tell it."""
    assert ids_of(PROFILE_ACTIONS) - ids_of(offered(PROFILE_ACTIONS, "looking")) == {"edit", "reload"}
    assert ids_of(PROFILE_ACTIONS) - ids_of(offered(PROFILE_ACTIONS, "recording")) == {"edit", "reload", "plan"}


@pytest.mark.parametrize("access", LESS)
def test_the_way_out_is_told_as_it_is_there(access: Access) -> None:
    """It stops nothing, so its sentence does not speak of it."""
    left = next(action for action in offered(ACTIONS, access) if action.id == "quit")
    assert "detach" not in left.help
    assert "nothing is asked" in left.help


@pytest.mark.parametrize("access", LESS)
def test_a_refusal_says_what_cannot_be_done_and_why(access: Access) -> None:
    """In words that go on after "cannot", which the names of some screens do not."""
    withheld = [action for action in (*ACTIONS, *HANG_ACTIONS) if not action.is_offered(access)]
    told = {why_never(action, access).removesuffix(f": {NOT_GIVEN[access]}.") for action in withheld}
    assert {"Cannot stop", "Cannot look where it spends its time", "Cannot have one replica more"} <= told
    assert not told & {f"Cannot {word}" for word in ("why", "stacks", "hangs", "time", "more", "fewer", "plan", "dump")}


@pytest.mark.parametrize("access", LESS)
def test_the_key_says_why_whatever_the_state_is(access: Access) -> None:
    """No other key is named that would be refused as well."""
    for state in State:
        situation = Situation(row=replica("x", state), access=access)
        for action_id in ("stop", "start", "restart", "kill", "pause", "signal", "worker_level", "more", "fewer"):
            action = BY_ID[action_id]
            assert not action.can_be_done(situation)
            assert why_not(meant_by(action.keys[0], situation), situation).endswith(f": {NOT_GIVEN[access]}.")
