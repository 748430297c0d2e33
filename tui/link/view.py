"""The one immutable picture of the fleet that the whole screen draws from, and how the engine's messages change it.

::

    StreamMessage ──> heard(view, message) ──> FleetView ──> every widget
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

import msgspec

from supervisor.api.messages import ChannelRow, Fleet, FleetChange, ReplicaRow
from supervisor.api.pools import PoolRow
from tui.render.figures import TENTHS_BELOW_S

_Named = TypeVar("_Named", bound=ChannelRow | PoolRow)


class LinkState(StrEnum):
    """Whether what the screen shows is what is."""

    CONNECTING = "connecting"
    """Nothing was heard yet."""
    LIVE = "live"
    LOST = "lost"
    """It was live; what is shown is what the engine said last."""


@dataclass(frozen=True, eq=False)
class FleetView:
    """What the engine said last, and how old that is. Each is equal to itself only: so it is soon compared."""

    fleet: Fleet | None = None
    state: LinkState = LinkState.CONNECTING
    is_project_free: bool = False
    """Nobody holds the project's lock: engine and guardian are gone, and every process with them."""
    trouble: str = ""
    """Why the engine cannot be heard, in words."""
    heard_s: float | None = None
    """When it was heard last (monotonic)."""
    retry_s: float = 0.0
    """When the next attempt to connect is due (monotonic)."""

    @property
    def rows(self) -> tuple[ReplicaRow, ...]:
        return self.fleet.rows if self.fleet else ()

    @cached_property
    def channels(self) -> dict[str, ChannelRow]:
        """By name."""
        return {channel.name: channel for channel in self.fleet.channels} if self.fleet else {}

    @cached_property
    def pools(self) -> dict[str, PoolRow]:
        """By name."""
        return {pool.name: pool for pool in self.fleet.pools} if self.fleet else {}

    @cached_property
    def pools_of(self) -> dict[str, PoolRow]:
        """By replica, the first of each."""
        return {pool.replica: pool for pool in reversed(self.fleet.pools)} if self.fleet else {}

    def is_counting(self, now_s: float) -> bool:
        """Whether a wait is told in tenths of a second at `now_s` (monotonic): for a step of a life, or the engine."""
        if self.state is not LinkState.LIVE:
            return True
        return any(-1.0 < deadline_s - now_s < TENTHS_BELOW_S + 1.0 for deadline_s in self._deadlines_s)

    @cached_property
    def _deadlines_s(self) -> tuple[float, ...]:
        """When something is to happen to a replica (monotonic)."""
        steps = (step_s for row in self.rows for step_s in (row.next_step_s, row.kill_s))
        return tuple(step_s for step_s in steps if step_s is not None)

    def row(self, name: str | None) -> ReplicaRow | None:
        """The replica called `name`."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str | None, ReplicaRow]:
        return {row.name: row for row in self.rows}


def heard_fleet(view: FleetView, fleet: Fleet, now_s: float) -> FleetView:
    """The view after a whole snapshot."""
    return replace(view, fleet=fleet, state=LinkState.LIVE, trouble="", heard_s=now_s)


def heard_change(view: FleetView, change: FleetChange, now_s: float) -> FleetView:
    """The view after a change; rows that did not change stay the very same objects."""
    fleet = view.fleet
    if fleet is None:
        return view
    after = msgspec.structs.replace(
        fleet,
        now_s=change.now_s,
        phase=change.phase,
        outcome=change.outcome,
        exit_code=change.exit_code,
        rows=_changed_rows(fleet.rows, change),
        channels=_newest(fleet.channels, change.channels),
        pools=_newest(fleet.pools, change.pools),
        log=change.log if change.log.directory else fleet.log,
        engine=change.engine if change.engine.pid else fleet.engine,
    )
    return replace(view, fleet=after, state=LinkState.LIVE, trouble="", heard_s=now_s)


def _newest(before: tuple[_Named, ...], changed: tuple[_Named, ...]) -> tuple[_Named, ...]:
    """`before` with those that have changed, then those that are new."""
    if not changed:
        return before
    newer: dict[str, _Named] = {each.name: each for each in changed}
    return (*(newer.pop(each.name, each) for each in before), *newer.values())


def _changed_rows(rows: tuple[ReplicaRow, ...], change: FleetChange) -> tuple[ReplicaRow, ...]:
    """`rows` with those that have changed; other replicas come with a whole fleet."""
    if not change.rows:
        return rows
    fresh = {row.name: row for row in change.rows}
    return tuple(fresh.get(row.name, row) for row in rows)


def lost(view: FleetView, trouble: str, retry_s: float, *, is_project_free: bool = False) -> FleetView:
    """The view when the engine cannot be heard; the next attempt is at `retry_s` (monotonic)."""
    state = LinkState.CONNECTING if view.fleet is None else LinkState.LOST
    return replace(view, state=state, trouble=trouble, retry_s=retry_s, is_project_free=is_project_free)
