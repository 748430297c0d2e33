"""Which rows a person should look at: the only ones that a table shows while it shows problems only."""

from __future__ import annotations

from typing import Final

from supervisor.api.messages import ChannelRow, ReplicaRow
from supervisor.api.pools import PoolRow
from supervisor.lifecycle.states import State
from tui.render.channel_words import is_full
from tui.render.pool_words import ENDED, shown_state

_STATES: Final = frozenset({State.FAILED, State.STUCK, State.BACKOFF, State.UNREADY})

_TAKEN: Final = frozenset({"lock", "rlock", "semaphore", "bounded-semaphore"})
"""Kinds in which one waits for somebody else to give back; in others waiting is how things go."""

WAITED_S: Final = 3.0
"""Who has waited for less for a lock will most likely have it before anybody looks."""


def is_worker_in_trouble(row: ReplicaRow) -> bool:
    """It has failed, waits in backoff, cannot be ended, is not ready, or has a warning."""
    return row.state in _STATES or bool(row.warnings)


def is_channel_in_trouble(channel: ChannelRow, now_s: float) -> bool:
    """It is full, has dead letters, or is a lock for which somebody has waited a while."""
    waited = any(user.since_s is not None and now_s - user.since_s >= WAITED_S for user in channel.waiting)
    return is_full(channel) or channel.dead_letters > 0 or (channel.kind in _TAKEN and waited)


def is_pool_in_trouble(row: PoolRow) -> bool:
    """Something in it has failed, it says that something is wrong, or its process is gone before all was done."""
    word = shown_state(row)
    return row.report.failed > 0 or bool(row.report.error) or word in ("failed", ENDED)
