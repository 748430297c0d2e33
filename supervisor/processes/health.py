"""The checks of one incarnation as they really are: its probes, its notification socket, its lines, its board.

It decides nothing: what they say goes to `supervisor.lifecycle.health`, and what follows goes to the listener.

::

    probes (tcp, http, exec) ──────────┐
    notification socket, s6 pipe ──────┤
    ctx.ready(), lines of output ──────┼──► lifecycle.health.step ──► listener
    board: heartbeats, waits ──────────┤
    ticks: time in which we looked ────┘
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from supervisor import proctable
from supervisor.lifecycle import health as policy
from supervisor.lifecycle.events import BecameReady, BecameUnready, TimeExtended, Unhealthy
from supervisor.lifecycle.health import Health, HealthEvent, Nature, Role
from supervisor.processes.checks import PROBED, check_of, declared, question_of, timing_of
from supervisor.processes.line_search import LineSearch, Stream
from supervisor.processes.notifying import NotifySocket, ReadyPipe
from supervisor.processes.overhearing import one_line
from supervisor.processes.probe_programs import ExecProbe, Surroundings
from supervisor.processes.probing import Prober
from supervisor.processes.service_messages import ServiceMessages

if TYPE_CHECKING:
    from supervisor.channels.pages import BoardPage
    from supervisor.profile.model import WorkerSpec

TICK_MIN_S: Final = 0.02
TICK_MAX_S: Final = 1.0
"""How often silence is counted: eight times a period, within these."""

FIRST_BEAT_LOOK_S: Final = 0.25
"""How often the board is read, at the least, while the first heartbeat is awaited."""

Verdict = BecameReady | BecameUnready | Unhealthy | TimeExtended
"""What is to be handed to the replica's life."""


class HealthListener(Protocol):
    """Who is told how an incarnation is."""

    def on_verdict(self, watch: HealthWatch, event: Verdict) -> None:
        """Its life goes on: hand `event` to it."""

    def on_status(self, watch: HealthWatch, text: str) -> None:
        """It says what it is doing (``STATUS``), as one harmless line; it may say so often, so journal nothing."""

    def on_stopping(self, watch: HealthWatch) -> None:
        """It says that it is ending by itself (``STOPPING=1``)."""

    def on_remark(self, watch: HealthWatch, text: str) -> None:
        """It has said something worth a line in the log, once in its life."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """One check as it stands; the fields of `supervisor.api.messages.CheckState`."""

    role: Role
    what: str
    is_passing: bool | None
    text: str


class HealthWatch:
    """All checks of one incarnation, from before its launch until it is reaped.

    A worker without startup and ready checks is ready when it runs: nobody is told BecameReady about it, and without
    any check at all none of this is needed. `supervisor.processes.checks.needs_watch` tells.

    Args:
        environment: what the worker has beside the engine's environment; its exec checks get it too.
        cwd: where exec checks run.
        runtime_directory: 0700 and short; the notification socket is made there.
        identity: the user that the worker becomes, as `supervisor.agent.limiting` takes it; None is the engine's own.

    Attributes:
        environment: what is to be added to the launch: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC``.
        incarnation: its number.
        name: the replica's.
        look: reads the status board, which is made after the watch; for heartbeat checks, and never after `close`.

    Raises:
        OSError: there is no descriptor left for a socket.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        worker: WorkerSpec,
        replica_name: str,
        incarnation: int,
        listener: HealthListener,
        *,
        environment: Mapping[str, str],
        cwd: str,
        runtime_directory: Path,
        identity: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = replica_name
        self.incarnation = incarnation
        self.environment: dict[str, str] = {}
        self.look: Callable[[], BoardPage] | None = None
        self._loop = loop
        self._listener = listener
        self._specs = declared(worker)
        checks = tuple(check_of(role, spec, worker.heartbeat_s) for role, spec in self._specs)
        self._health: Health = policy.health_of(incarnation, checks)
        self._around = Surroundings(cwd, environment, identity)
        self._programs: dict[int, ExecProbe] = {}
        self._probers = {index: self._prober(index) for index in self._of_kind(*PROBED)}
        self._searches = {
            index: LineSearch(self._specs[index][1].pattern, partial(self._on_line_found, index))
            for index in self._of_kind("log")
        }
        self._begun_s = 0.0
        self._pid: int | None = None
        self._is_closed = False
        self._tick_timer: asyncio.TimerHandle | None = None
        self._looks = 0
        self._last_sign_s = 0.0
        self._notify: NotifySocket | None = None
        self._pipe: ReadyPipe | None = None
        self._messages = ServiceMessages(self)
        try:
            self._open_ways(runtime_directory, identity)
        except OSError:
            self.close()
            raise

    # --- before the launch ---

    def _of_kind(self, *kinds: str) -> list[int]:
        return [index for index, (_, spec) in enumerate(self._specs) if spec.kind in kinds]

    def _prober(self, index: int) -> Prober:
        role, spec = self._specs[index]
        if spec.kind == "exec":
            self._programs[index] = ExecProbe(spec.argv, self._around)
        ask = self._programs[index].ask if spec.kind == "exec" else question_of(spec)
        return Prober(self._loop, ask, timing_of(role, spec), partial(self._answered, index))

    def _open_ways(self, directory: Path, identity: Mapping[str, Any] | None) -> None:
        watchdogs = self._of_kind("watchdog")
        if self._of_kind("notify") or watchdogs:
            uid = identity.get("uid") if identity else None
            self._notify = NotifySocket(self._loop, directory, self._messages.take, uid)
            self.environment["NOTIFY_SOCKET"] = self._notify.address
        periods_s = [self._specs[index][1].period_s or 0.0 for index in watchdogs]
        if periods_s:
            self.environment["WATCHDOG_USEC"] = str(round(min(periods_s) * 1e6))
        if self._of_kind("fd"):
            self._pipe = ReadyPipe(self._loop, self._on_newline, self._on_pipe_ended)

    @property
    def notify_fd(self) -> int | None:
        """Our copy of what the child gets as `notify_fd_number`; closed by `on_started` and `close`."""
        return self._pipe.write_end if self._pipe is not None and self._pipe.write_end >= 0 else None

    @property
    def notify_fd_number(self) -> int | None:
        """The number under which the child expects it."""
        return next((self._specs[index][1].fd for index in self._of_kind("fd")), None)

    # --- what happens to the incarnation ---

    def on_started(self, pid: int) -> None:
        """The target runs (a command: it is executed): its checks begin."""
        if self._is_closed or self._pid is not None:
            return
        self._pid = pid
        self._begun_s = self._loop.time()
        if self._pipe is not None:
            self._pipe.launched()
        self._feed(policy.Begun(self._begun_s))
        self._arm_tick()

    def on_ctx_ready(self) -> None:
        """The target has called ``ctx.ready()``."""
        for index in self._of_kind("ctx"):
            self._pass(index, "")

    def pause(self) -> None:
        """Its tree stands still by wish: it is not judged until `resume`."""
        self._feed(policy.Held(self._loop.time()))
        self._arm_tick()

    def resume(self) -> None:
        """It goes on: every deadline begins anew."""
        self._feed(policy.Rearmed(self._loop.time()))
        self._arm_tick()

    def stopping(self) -> None:
        """Its stop has begun: what fails from now on is no fault. It may still ask for time, and say its status."""
        self._feed(policy.Ending(self._loop.time()))
        self._arm_tick()

    def close(self) -> None:
        """It is reaped, or was not launched: let go of everything. No verdict comes any more."""
        self._is_closed = True
        self._disarm_tick()
        for prober in self._probers.values():
            prober.stop()
        for program in self._programs.values():
            program.end()
        for search in self._searches.values():
            search.close()
        if self._notify is not None:
            self._notify.close()
        if self._pipe is not None:
            self._pipe.close()

    # --- what it shows ---

    @property
    def gates_readiness(self) -> bool:
        """Whether a BecameReady will tell when it is ready; otherwise it is ready when it runs."""
        return self._health.gates_readiness

    @property
    def missing(self) -> str:
        """What it waits for: ``ready: tcp 127.0.0.1:6390 (connection refused)``; "" when nothing is missing."""
        return self._health.missing

    @property
    def states(self) -> tuple[CheckReport, ...]:
        """Its checks: startup, ready, alive, each in the order of the profile."""
        return tuple(
            CheckReport(life.check.role, life.check.what, life.is_passing, life.text or life.check.before)
            for life in self._health.checks
        )

    def pids(self) -> frozenset[int]:
        """The exec checks' programs that are not reaped yet: children of the engine that are no strays."""
        return frozenset().union(*(program.pids for program in self._programs.values()))

    # --- lines of output ---

    @property
    def wants_lines(self) -> bool:
        """Whether a line of output is still looked for."""
        return any(not search.is_over for search in self._searches.values())

    def taps(self, stream: Stream) -> list[Callable[[bytes], bool]]:
        """What is to see the chunks of one stream (`supervisor.logs.intake.LaneReader.taps`)."""
        return [search.tap(stream) for search in self._searches.values()]

    def _on_line_found(self, index: int, line: str) -> None:
        # What follows may take long, and the lanes are being read: it has to wait for its turn.
        self._loop.call_soon(self._pass, index, one_line(line))

    # --- what the checks say ---

    def read_board(self, page: BoardPage) -> None:
        """Take what the worker says of itself. Waiting in a channel operation is no silence."""
        now_s = self._loop.time()
        sign_s = max(page.heartbeat_s or 0.0, page.activity_since_s)
        is_new = sign_s > self._last_sign_s
        self._last_sign_s = max(sign_s, self._last_sign_s)
        for index in self._of_kind("heartbeat"):
            is_silence = self._health.checks[index].check.nature is Nature.SILENCE
            if is_new:
                self._feed(policy.Heard(now_s, index, now_s - sign_s))
            if is_silence and page.operation_since_s is not None:
                self._feed(policy.Heard(now_s, index))

    def _answered(self, index: int, is_good: bool, text: str) -> None:
        now_s = self._loop.time()
        self._feed(policy.Passed(now_s, index, text) if is_good else policy.Failed(now_s, index, text))

    def _pass(self, index: int, text: str) -> None:
        self._feed(policy.Passed(self._loop.time(), index, text))

    def _on_newline(self) -> None:
        for index in self._of_kind("fd"):
            self._pass(index, "")

    def _on_pipe_ended(self) -> None:
        for index in self._of_kind("fd"):
            self._answered(index, False, "closed without a newline, so it will never be ready")

    def on_service_ready(self) -> None:
        for index in self._of_kind("notify"):
            self._pass(index, "")

    def on_service_ping(self) -> None:
        for index in self._of_kind("watchdog"):
            self._feed(policy.Heard(self._loop.time(), index))

    def on_service_period(self, period_s: float | None) -> None:
        for index in self._of_kind("watchdog"):
            self._feed(policy.PeriodChanged(self._loop.time(), index, period_s))
        self._arm_tick()

    def on_service_trigger(self) -> None:
        self._feed(policy.Tripped(self._loop.time(), "it says itself that it hangs (WATCHDOG=trigger)"))

    def on_service_stopping(self) -> None:
        self._feed(policy.Ending(self._loop.time(), "it says that it is stopping (STOPPING=1)"))
        self._listener.on_stopping(self)

    def on_service_status(self, text: str) -> None:
        if not self._is_closed:
            self._listener.on_status(self, text)

    def on_service_remark(self, text: str) -> None:
        self._listener.on_remark(self, text)

    def on_service_extension(self, by_s: float) -> None:
        self._listener.on_verdict(self, TimeExtended(self._loop.time(), self.incarnation, by_s))

    # --- time ---

    def _arm_tick(self) -> None:
        self._disarm_tick()
        after_s = self._tick_after_s()
        if after_s is not None:
            self._tick_timer = self._loop.call_later(after_s, self._tick, after_s)

    def _disarm_tick(self) -> None:
        if self._tick_timer is not None:
            self._tick_timer.cancel()
            self._tick_timer = None

    def _tick_after_s(self) -> float | None:
        """How soon to look again; None where nothing depends on time."""
        health = self._health
        if self._is_closed or self._pid is None or health.is_held or health.is_over:
            return None
        checks = [(life, life.check) for life in health.checks]
        afters_s = [
            min(TICK_MAX_S, max(TICK_MIN_S, check.period_s / 8))
            for _, check in checks
            if check.nature is Nature.SILENCE and check.period_s is not None
        ]
        if any(not life.is_passing and self._specs[i][1].kind == "heartbeat" for i, (life, _) in enumerate(checks)):
            afters_s.append(min(FIRST_BEAT_LOOK_S, TICK_MIN_S * 2 ** min(self._looks, 8)))
        return min(afters_s, default=None)

    def _tick(self, after_s: float) -> None:
        self._tick_timer = None
        self._looks += 1
        if self.look is not None and self._of_kind("heartbeat"):
            self.read_board(self.look())
        if self._notify is not None:
            self._notify.drain()
            if self._notify.heal():
                self._listener.on_remark(self, "its notification socket was removed by somebody; it is there again")
                self._feed(policy.Rearmed(self._loop.time()))
        self._feed(policy.Looked(self._loop.time(), after_s))
        self._arm_tick()

    # --- policy ---

    def _feed(self, event: HealthEvent) -> None:
        if self._is_closed:
            return
        health, verdicts = policy.step(self._health, event)
        if any(isinstance(verdict, Unhealthy) for verdict in verdicts) and self._stands_still():
            # Somebody has stopped it with a signal: it cannot answer, and that is no hang.
            health, verdicts = policy.step(self._health, policy.Rearmed(event.at_s, "stopped by a signal"))
        self._health = health
        self._see_to_probes()
        for verdict in verdicts:
            self._listener.on_verdict(self, verdict)

    def _see_to_probes(self) -> None:
        for index, prober in self._probers.items():
            if not self._health.asks(index):
                prober.stop()
            elif not prober.is_on:
                delay_s = self._specs[index][1].delay_s
                prober.start(max(0.0, self._begun_s + delay_s - self._loop.time()))

    def _stands_still(self) -> bool:
        entry = proctable.read_entry(self._pid) if self._pid is not None else None
        return entry is not None and entry.state in "Tt"
