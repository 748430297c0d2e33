"""What clients see of pools, and what they can have them do. It believes what a pool says, and runs none of its code.

::

    control pipe ── pool, pool-failure ──► hear ──► rows, detail (kept after the pool's process is gone)
                                             └───► tell: started, finished, failed, members that died
    clients ── resize, pause, ... ──► act ──► control pipe
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from supervisor.api.pool_frames import Garbage, failure_of, report_of
from supervisor.api.pool_wishes import sentence_of, why_not
from supervisor.api.pools import (
    PoolActionName,
    PoolDetail,
    PoolFailure,
    PoolReply,
    PoolReport,
    PoolRequest,
    PoolRow,
)
from supervisor.driving import Driver
from supervisor.errors import RequestRefused
from supervisor.pool_words import cost_of, ended, meaning_of, started
from supervisor.profile.pools import PoolSpec
from supervisor.replica import Replica

POOLS_LIMIT: Final = 32
"""Pools of one replica; what it says of more is not understood."""
FAILURES_KEPT: Final = 200

_ENDED: Final = frozenset({"finished", "failed"})


@dataclass(slots=True)
class _Kept:
    """What is known of one pool of one incarnation."""

    row: PoolRow
    incarnation: int
    failures: deque[PoolFailure] = field(default_factory=lambda: deque(maxlen=FAILURES_KEPT))
    untold_deaths: int = 0
    has_reported: bool = False


@dataclass(frozen=True, slots=True)
class _Size:
    """A number of members that somebody has wished for."""

    processes: int
    of_profile: int
    """What the pool had by itself then: where that changes, the wish is of no more use."""
    by: str


class PoolDesk:
    """The pools of all replicas. `tell` gets a level, a replica and a sentence of what has happened to its pool."""

    def __init__(self, driver: Driver, tell: Callable[[str, str, str], None]) -> None:
        self._driver = driver
        self._tell = tell
        self._kept: dict[str, dict[str, _Kept]] = {}
        """By replica, then by the pool's name in the profile."""
        self._sizes: dict[str, _Size] = {}
        """By the name of the row; they outlive the incarnation that was told."""
        self._own_sizes: dict[str, int] = {}
        """What each live pool has said first that it has."""
        driver.hear_pool = self.hear

    # --- what pools say ---

    def hear(self, replica: Replica, operation: str, message: dict[str, Any]) -> bool:
        """Take a frame of a replica; False where it could not be understood."""
        try:
            if operation == "pool":
                return self._hear_report(replica, report_of(message))
            pool, failure = failure_of(message)
        except Garbage:
            return False
        kept = self._of(replica, pool)
        if kept is not None:
            kept.failures.append(failure)
        return kept is not None

    def _hear_report(self, replica: Replica, report: PoolReport) -> bool:
        kept = self._of(replica, report.pool)
        if kept is None:
            return False
        before = kept.row.report
        is_another = before.state in _ENDED and report.state not in _ENDED  # code may make a pool twice
        is_first = is_another or not kept.has_reported
        if is_another:
            kept.failures.clear()
        kept.row = PoolRow(name=kept.row.name, replica=replica.name, report=report)
        kept.has_reported = True
        if kept.row.name == replica.name:
            replica.pool = report
        kept.untold_deaths += max(0, report.replaced - before.replaced)
        if is_first:
            self._tell("INFO", replica.name, self._of_pool(kept.row, started(report)))
            self._size_again(replica, kept.row)
        if report.state in _ENDED and (is_first or before.state != report.state):
            self._tell_deaths(kept)
            level = "ERROR" if report.state == "failed" else "WARNING" if report.failed else "INFO"
            self._tell(level, replica.name, self._of_pool(kept.row, ended(report)))
        return True

    def _of(self, replica: Replica, pool: str) -> _Kept | None:
        """What is kept of a pool of the replica's live incarnation; None where it has more pools than any has."""
        number = replica.life.incarnation
        pools = self._kept.setdefault(replica.name, {})
        kept = pools.get(pool)
        if kept is not None and kept.incarnation == number:
            return kept
        if sum(each.incarnation == number for each in pools.values()) >= POOLS_LIMIT:
            return None
        row = PoolRow(name=_row_name(replica, pool), replica=replica.name, report=PoolReport(pool=pool))
        pools[pool] = _Kept(row, number)
        while len(pools) > POOLS_LIMIT:
            del pools[next(name for name, each in pools.items() if each.incarnation != number)]
        return pools[pool]

    def each_second(self) -> None:
        """Tell of members that died meanwhile, and forget the pools of replicas that are no more."""
        for name in [name for name in self._kept if name not in self._driver.replicas]:
            for kept in self._kept.pop(name).values():
                self._sizes.pop(kept.row.name, None)
                self._own_sizes.pop(kept.row.name, None)
        for pools in self._kept.values():
            for kept in pools.values():
                self._tell_deaths(kept)

    def _tell_deaths(self, kept: _Kept) -> None:
        count, kept.untold_deaths = kept.untold_deaths, 0
        if count:
            so_far = kept.row.report.replaced
            died = (
                "a member has died and was replaced" if count == 1 else f"{count} members have died and were replaced"
            )
            more = f" ({so_far} so far)" if so_far != count else ""
            self._tell("WARNING", kept.row.replica, self._of_pool(kept.row, died + more))

    def _of_pool(self, row: PoolRow, text: str) -> str:
        """A sentence on a pool, in the events of its replica."""
        return f"pool: {text}" if row.name == row.replica else f"pool {row.report.pool}: {text}"

    # --- what clients see ---

    def rows(self) -> tuple[PoolRow, ...]:
        """All pools, in the order of their replicas; those of the profile that have said nothing yet as well."""
        return tuple(row for replica in self._driver.replicas.values() for row in self._rows_of(replica))

    def _rows_of(self, replica: Replica) -> Iterator[PoolRow]:
        pools = self._kept.get(replica.name, {})
        spec = replica.worker.pool
        if spec is not None and spec.name not in pools:
            yield _row_at_rest(replica, spec)
        for kept in pools.values():
            is_live = replica.incarnation is not None and replica.incarnation.number == kept.incarnation
            if kept.row.is_live != is_live:
                kept.row = PoolRow(
                    name=kept.row.name, replica=kept.row.replica, report=kept.row.report, is_live=is_live
                )
            yield kept.row

    def detail(self, name: str) -> PoolDetail | None:
        """One pool in full; None where there is none of this name.

        Raises:
            RequestRefused: several workers have a pool of this name.
        """
        row = self._find(name)
        if row is None:
            return None
        kept = self._kept.get(row.replica, {}).get(row.report.pool)
        return PoolDetail(
            row=row,
            failures=tuple(kept.failures) if kept is not None else (),
            start_method_meaning=meaning_of(row.report.start_method),
            start_method_cost=cost_of(row.report, self._held_bytes(row)),
        )

    def _held_bytes(self, row: PoolRow) -> tuple[int, ...]:
        """What the members of a live pool hold in memory, as of the last look at processes."""
        seen = self._driver.replicas[row.replica].seen.sample if row.is_live else None
        members = {member.pid for member in row.report.members}
        return tuple(entry.rss_bytes for entry in seen.processes if entry.pid in members) if seen is not None else ()

    def replica_of(self, name: str) -> str:
        """Whose pool it is."""
        row = self._find(name)
        return row.replica if row is not None else name

    def _find(self, name: str) -> PoolRow | None:
        rows = self.rows()
        found = [row for row in rows if row.name == name] or [row for row in rows if row.report.pool == name]
        if len(found) > 1:
            names = tuple(row.name for row in found)
            raise RequestRefused(f"several workers have a pool {name}; name one of {', '.join(names)}", names)
        return found[0] if found else None

    # --- what clients wish ---

    def act(self, name: str, action: PoolActionName, request: PoolRequest, by: str = "") -> PoolReply | None:
        """Ask something of a pool; None where there is none of this name.

        Raises:
            RequestRefused: it does not run, cannot do it, or does not listen.
        """
        row = self._find(name)
        if row is None:
            return None
        failures = self._kept[row.replica][row.report.pool].failures if row.is_live else deque[PoolFailure]()
        refusal = why_not(row, action, request, tuple(failures))
        if refusal:
            raise RequestRefused(refusal)
        incarnation = self._driver.replicas[row.replica].incarnation
        wished = {"processes": request.processes, "index": request.index, "pid": request.pid}
        given = {key: value for key, value in wished.items() if value is not None}
        if incarnation is None or not incarnation.ask_pool({"pool": row.report.pool, "do": action, **given}):
            raise RequestRefused(
                f"{row.name} does not read what is asked of it now; try again, or see: procdeck why {row.replica}"
            )
        if action == "resize" and request.processes is not None:
            own = self._own_sizes.get(row.name, row.report.processes)
            self._sizes[row.name] = _Size(request.processes, own, by)
        return PoolReply(text=sentence_of(row, action, request))

    def _size_again(self, replica: Replica, row: PoolRow) -> None:
        """Ask a pool that has been started again for the members that somebody wished for when it ran before."""
        own = self._own_sizes[row.name] = row.report.processes
        size = self._sizes.get(row.name)
        if size is None or row.report.state in _ENDED:
            return
        if size.of_profile != own or replica.incarnation is None:
            del self._sizes[row.name]
            return
        wish = {"pool": row.report.pool, "do": "resize", "processes": size.processes}
        if size.processes != own and replica.incarnation.ask_pool(wish):
            asker = f", as {size.by} has asked" if size.by else ""
            self._tell("INFO", replica.name, self._of_pool(row, f"{size.processes} processes again{asker}"))


def _row_name(replica: Replica, pool: str) -> str:
    """``hash`` for the pool that a replica is, ``hash@parse.2`` for one that its code has made."""
    spec = replica.worker.pool
    return replica.name if spec is not None and spec.name == pool else f"{pool}@{replica.name}"


def _row_at_rest(replica: Replica, spec: PoolSpec) -> PoolRow:
    """A pool of the profile whose process has said nothing yet."""
    report = PoolReport(
        pool=spec.name,
        function=spec.function or "",
        method=spec.method,
        state="starting",
        start_method=spec.start_method,
        processes=spec.processes if isinstance(spec.processes, int) else 0,
    )
    return PoolRow(name=replica.name, replica=replica.name, report=report, is_live=False)
