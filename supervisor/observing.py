"""What clients see of a run: looks at processes and boards in their time, and keeps the rows of all replicas.

::

    every second: process table, queues ──┐
    4 times a second, if somebody looks: boards ──► rows ──► fleet()
    each change of a life ────────────────┘
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from supervisor import __version__, proctable
from supervisor.api import view
from supervisor.api.messages import EngineVitals, Fleet, LogState, ReplicaRow
from supervisor.channel_desk import ChannelDesk
from supervisor.clock import Clock
from supervisor.diagnose.metrics import Sampler
from supervisor.driving import Driver
from supervisor.history_desk import HistoryDesk, Look
from supervisor.logs.intake import Intake
from supervisor.logs.segments import SegmentWriter
from supervisor.paths import RunPlace
from supervisor.pool_desk import PoolDesk
from supervisor.processes.preparing import Surroundings, fill
from supervisor.profile.model import Profile
from supervisor.profile.simulating import is_simulated
from supervisor.replica import Replica

SAMPLE_EVERY_S: Final = 1.0
BOARD_EVERY_S: Final = 0.25
FRESH_S: Final = 0.1
"""How old what a client asks for may be."""

MOST_LANES_TOLD: Final = 20
"""Of lanes that have lost records, those who lost most."""
FULL_SHARE: Final = 0.9
"""A lane this full holds up whoever writes to it."""

Phase = Literal["running", "completed", "stopping"]


class Observatory:
    """Rows and vitals of one run. `each_second` is called after each look at the process table."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        profile: Profile,
        place: RunPlace,
        driver: Driver,
        desk: ChannelDesk,
        pools: PoolDesk,
        intake: Intake,
        writer: SegmentWriter,
        clock: Clock,
    ) -> None:
        self._loop = loop
        self._profile = profile
        self._place = place
        self._driver = driver
        self._desk = desk
        self._pools = pools
        self._intake = intake
        self._writer = writer
        self._clock = clock
        self._pid = os.getpid()
        self._started_s, self._started_at = clock.monotonic_s(), clock.wall_s()
        self._sampler, self._own_sampler = Sampler(), Sampler()
        self._vitals = EngineVitals(pid=self._pid)
        self._refreshed_s = 0.0
        self._rows: dict[str, ReplicaRow] = {}
        self.history = HistoryDesk()

    def change(self, profile: Profile) -> None:
        """Go by `profile` from now on."""
        self._profile = profile
        self._refreshed_s = 0.0

    def start(
        self, when_seen: Callable[[], None], each_second: Callable[[], None], is_watched: Callable[[], bool]
    ) -> None:
        """Begin the ticks."""
        self._when_seen, self._each_second, self._is_watched = when_seen, each_second, is_watched
        self._tick_metrics(self._loop.time())
        self._tick_boards()

    def _tick_metrics(self, due_s: float) -> None:
        """One look at the process table for all workers."""
        lag_ms = max(0.0, 1000 * (self._loop.time() - due_s))
        now_s = self._clock.monotonic_s()
        table = proctable.look()
        samples = self._sampler.sample(self._driver.pids().values(), table, now_s)
        for replica in self._driver.replicas.values():
            pid = replica.life.pid
            replica.observe(samples.get(pid) if pid is not None else None)
        own = self._own_sampler.sample([self._pid], {self._pid: table[self._pid]} if self._pid in table else {}, now_s)
        if self._pid in own:
            mine = own[self._pid]
            self._vitals = EngineVitals(
                pid=self._pid,
                cpu_percent=round(mine.cpu_percent, 1),
                rss_bytes=mine.rss_bytes,
                loop_lag_ms=round(lag_ms, 1),
            )
        self._each_second()
        self._desk.measure(now_s)
        self._refresh()
        self._remember()
        self._when_seen()
        due_s = self._loop.time() + SAMPLE_EVERY_S
        self._loop.call_at(due_s, self._tick_metrics, due_s)

    def _remember(self) -> None:
        """Note the second's figures."""
        rows = tuple(self._rows.values())
        self.history.note(
            self._clock.monotonic_s(), Look(rows, self._desk.rows, self._pools.rows(), self._intake.taken_bytes)
        )

    def _tick_boards(self) -> None:
        """Read what the workers say they are doing, while somebody watches."""
        if self._is_watched():
            self._refresh()
            self._when_seen()
        self._loop.call_later(BOARD_EVERY_S, self._tick_boards)

    def _refresh(self) -> None:
        now_s = self._clock.monotonic_s()
        backlogs = self._intake.backlogs()
        for replica in self._driver.replicas.values():
            replica.read_board()
            waiting_bytes = backlogs.get(replica.name, 0)
            replica.note_backlog(waiting_bytes, is_full=waiting_bytes >= FULL_SHARE * self._driver.lane_bytes)
            self._rows[replica.name] = replica.row(now_s)
        self._desk.refresh(now_s)
        self._refreshed_s = now_s

    def changed(self, replica: Replica) -> None:
        """A replica's life went on."""
        self._rows[replica.name] = replica.row(self._clock.monotonic_s())
        self._refreshed_s = 0.0

    def forget(self, name: str) -> None:
        """There is no such replica any more."""
        self._rows.pop(name, None)
        self.history.forget(name)
        self._intake.taken_bytes.pop(name, None)
        self._refreshed_s = 0.0

    def stale(self) -> None:
        """What is shown is not true any more: look again for the next client that asks."""
        self._refreshed_s = 0.0

    def fleet(self, phase: Phase, exit_code: int | None, ending: str) -> Fleet:
        """Everything that a dashboard's first screen needs; `ending` says what has ended the run, if anything did."""
        if self._clock.monotonic_s() - self._refreshed_s > FRESH_S:
            self._refresh()
        return Fleet(
            project=self._place.project,
            profile_path=str(self._profile.path),
            run_id=self._place.run_id,
            version=__version__,
            started_at=self._started_at,
            started_s=self._started_s,
            now_s=self._clock.monotonic_s(),
            phase=phase,
            outcome=ending or (self._outcome() if phase == "completed" else ""),
            exit_code=exit_code,
            rows=tuple(self._row(replica) for replica in self._driver.replicas.values()),
            channels=self._desk.rows,
            pools=self._pools.rows(),
            log=self._log_state(),
            engine=self._vitals,
            simulation="threads" if is_simulated(self._profile) else "",
        )

    def _row(self, replica: Replica) -> ReplicaRow:
        if replica.name not in self._rows:
            self._rows[replica.name] = replica.row(self._clock.monotonic_s())
        return self._rows[replica.name]

    def _outcome(self) -> str:
        workers = [r.life for r in self._driver.replicas.values() if r.name != self._driver.manager_name]
        return view.outcome_text(workers, self._result())

    def _result(self) -> str | None:
        if self._profile.result is None:
            return None
        around = Surroundings(self._profile.directory, self._place.output_directory, 0, {})
        path = Path(fill(self._profile.result, around))
        path = path if path.is_absolute() else self._profile.directory / path
        return str(path) if path.exists() else f"{path} (not written)"

    def _log_state(self) -> LogState:
        self._intake.flush()
        writer = self._writer
        return LogState(
            directory=str(self._place.log_directory),
            records=writer.records,
            bytes=writer.bytes,
            warnings=writer.warnings,
            errors=writer.errors,
            lost=writer.lost,
            lost_of=dict(writer.lost_of.most_common(MOST_LANES_TOLD)) if writer.lost else {},
            trouble=writer.last_trouble,
            removed_bytes=writer.removed_bytes,
        )
