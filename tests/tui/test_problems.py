"""What counts as a problem: all that a person should look at, and nothing that goes its way."""

from __future__ import annotations

import pytest

from supervisor.api.messages import ChannelRow, ChannelUser
from supervisor.lifecycle.states import State
from tests.tui.fakes import NOW_S, replica
from tests.tui.pool_fakes import pools
from tui.problems import is_channel_in_trouble, is_pool_in_trouble, is_worker_in_trouble


@pytest.mark.parametrize("state", list(State))
def test_a_worker_in_a_bad_state_is_a_problem(state: State) -> None:
    """Failed, stuck, in backoff, not ready; a pause or a stop is what somebody wished."""
    bad = state in (State.FAILED, State.STUCK, State.BACKOFF, State.UNREADY)
    assert is_worker_in_trouble(replica("x", state, warnings=())) is bad


def test_a_worker_with_a_warning_is_a_problem() -> None:
    """Whatever its state."""
    assert is_worker_in_trouble(replica("x", warnings=("no heartbeat for 12 s",)))


def waited(wait_s: float) -> tuple[ChannelUser, ...]:
    """Somebody has waited for so long."""
    return (ChannelUser(replica="parse.1", since_s=NOW_S - wait_s),)


@pytest.mark.parametrize(
    ("channel", "is_bad"),
    [
        (ChannelRow(name="paths", kind="queue", depth=3, maxsize=5), False),
        (ChannelRow(name="paths", kind="queue", depth=5, maxsize=5), True),
        (ChannelRow(name="paths", kind="queue", depth=0, dead_letters=1), True),
        (ChannelRow(name="paths", kind="queue", depth=0, waiting=waited(60.0)), False),
        (ChannelRow(name="guard", kind="lock", waiting=waited(60.0)), True),
        (ChannelRow(name="guard", kind="lock", waiting=waited(0.5)), False),
        (ChannelRow(name="done", kind="event", waiting=waited(60.0)), False),
    ],
)
def test_a_channel_is_a_problem_when_somebody_has_to_wait(channel: ChannelRow, is_bad: bool) -> None:
    """Full, with dead letters, or a lock that is waited for; who waits for items in an empty queue is at rest."""
    assert is_channel_in_trouble(channel, NOW_S) is is_bad


def test_a_pool_with_failures_is_a_problem() -> None:
    """Failed items, an error, or an end before all was done."""
    assert [row.name for row in pools() if is_pool_in_trouble(row)] == ["thumbs", "hash", "bad", "gone"]
