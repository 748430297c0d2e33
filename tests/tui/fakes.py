"""A line to an engine that is not there: scripted fleets, wishes remembered, and the loss of the engine on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from supervisor.api.letters import ChannelActionName, ChannelReply, Letter, LetterList
from supervisor.api.messages import (
    ActionName,
    ChannelRow,
    ChannelUser,
    CheckState,
    DownReply,
    EngineVitals,
    Event,
    ExitRecord,
    Fleet,
    Job,
    LogState,
    ReplicaRow,
    TreeProcess,
    WorkerDetail,
)
from supervisor.api.requests import EventList, PlanStep, ReloadReply, ScaleReply, SignalReply
from supervisor.errors import EngineUnreachable, RequestRefused
from supervisor.lifecycle.states import LIVE, State
from tests.tui.hang_fakes import FakeHangLink
from tests.tui.pool_fakes import FakePoolLink
from tui.link.engine_link import Listener
from tui.link.view import FleetView, heard_fleet, lost

NOW_S = 10_000.0
NOW_AT = 1_795_354_286.0


class FixedClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def monotonic_s(self) -> float:
        return self.now_s

    def wall_s(self) -> float:
        return NOW_AT + self.now_s - NOW_S


def replica(name: str, state: State = State.RUNNING, **fields: object) -> ReplicaRow:
    """A row that needs nothing but a name."""
    worker, _, number = name.partition(".")
    values: dict[str, object] = {
        "name": name,
        "worker": worker,
        "replica": int(number or 1),
        "kind": "target",
        "state": state,
        "since_s": NOW_S - 125,
    }
    if state in LIVE - {State.STUCK}:
        values |= {"pid": 4000 + len(name), "started_s": NOW_S - 125, "incarnation": 1}
        values |= {"cpu_percent": 34.2, "rss_bytes": 48 << 20, "processes": 1, "cpu_history": (0, 20, 50, 80, 34)}
    return msgspec.convert(values | fields, ReplicaRow)


def census(**fields: object) -> Fleet:
    """A fleet in which every kind of row occurs."""
    rows = (
        replica("walk", State.FINISHED, exit_cause="completed, exit code 0", writes=("paths",)),
        replica("parse.1", activity="parsing ast.py", reads=("paths",), writes=("facts",), progress=(312, 1690)),
        replica("parse.2", activity="get paths", activity_since_s=NOW_S - 9, reads=("paths",), writes=("facts",)),
        replica(
            "parse.3",
            State.BACKOFF,
            next_step="restart",
            next_step_s=NOW_S + 3.4,
            restarts=2,
            reads=("paths",),
            writes=("facts",),
            last_error="ValueError: source code cannot contain null bytes",
        ),
        replica("tally", activity="get facts", reads=("facts",), warnings=("no heartbeat for 12 s",)),
        replica("disk", kind="command", cpu_percent=0.4, rss_bytes=3 << 20, cpu_history=(1, 0, 0, 1), processes=2),
        replica(
            "report", State.FAILED, kind="script", last_error="exit code 3: no such table", exit_cause="exit code 3"
        ),
        replica("spare", State.STOPPED),
    )
    values: dict[str, object] = {
        "project": "census",
        "profile_path": "configs/census/census.toml",
        "run_id": "run-1",
        "version": "0.1.0",
        "started_at": NOW_AT - 125,
        "started_s": NOW_S - 125,
        "now_s": NOW_S,
        "phase": "running",
        "rows": rows,
        "channels": (
            ChannelRow(name="paths", kind="queue", depth=120, maxsize=200, put_total=1432, got_total=1312),
            ChannelRow(name="facts", kind="queue", depth=0, maxsize=0, put_total=1310, got_total=1310),
        ),
        "log": LogState(directory="", records=12345, bytes=1 << 20, warnings=31, errors=2),
        "engine": EngineVitals(pid=99, cpu_percent=0.4, rss_bytes=38 << 20),
    }
    return Fleet(**(values | fields))  # type: ignore[arg-type]


def lives() -> tuple[ReplicaRow, ...]:
    """Rows in which every state occurs, each with what it waits for and what comes next."""
    since_s = NOW_S - 72
    return (
        replica(
            "redis",
            State.UNREADY,
            pid=4711,
            started_s=NOW_S - 3,
            waits_for="ready: tcp 127.0.0.1:6390 (connection refused)",
            next_step="start timeout",
            next_step_s=NOW_S + 57,
        ),
        replica("web", State.WAITING, waits_for="redis to be ready"),
        replica(
            "backup", State.SCHEDULED, next_step="scheduled run", next_step_s=NOW_S + 200, exit_cause="exit code 0"
        ),
        replica("slow", State.STARTING, next_step="start timeout", next_step_s=NOW_S + 3.25),
        replica("api", next_step="max age", next_step_s=NOW_S + 3000, activity="get paths"),
        replica("still", State.PAUSED, pid=4712, since_s=since_s, warnings=("paused by a signal",)),
        replica("asked", State.STOPPING, next_step="SIGTERM", next_step_s=NOW_S + 0.75, kill_s=NOW_S + 4.75),
        replica("ends", State.STOPPING, next_step="SIGKILL", next_step_s=NOW_S + 3.75),
        replica("killed", State.STOPPING, next_step="stuck", next_step_s=NOW_S + 1.75),
        replica("again", State.BACKOFF, next_step="restart", next_step_s=NOW_S + 3, exit_cause="exit code 3"),
        replica("done", State.FINISHED, exit_cause="exit code 0"),
        replica("broken", State.FAILED, exit_cause="exit code 1", last_error="exit code 1"),
        replica("migrate", State.SKIPPED, exit_cause="broken failed: exit code 1"),
        replica("stuck", State.STUCK, pid=4713, exit_cause="pid 4713 did not die of SIGKILL"),
        replica("rest", State.STOPPED),
    )


def channels() -> tuple[ChannelRow, ...]:
    """Channels in which every kind of cell occurs."""
    return (
        ChannelRow(
            name="paths",
            kind="queue",
            depth=120,
            maxsize=200,
            put_total=1432,
            got_total=1312,
            put_rate=12.0,
            got_rate=1234.0,
            bytes_total=3 << 20,
            oldest_s=NOW_S - 9,
            depth_history=(0, 20, 60, 110, 180, 200, 190, 150, 120),
            waiting=(
                ChannelUser(replica="parse.2", operation="get", since_s=NOW_S - 9),
                ChannelUser(replica="parse.3", operation="get", since_s=NOW_S - 2),
            ),
            holding=(ChannelUser(replica="parse.1", pid=4007, operation="holds", since_s=NOW_S - 64),),
            delivery="at-least-once",
            redelivered=2,
            dead_letters=2,
            lacking=("wake-ups are not fair between consumers",),
            writers=("walk",),
            readers=("parse.1", "parse.2", "parse.3"),
        ),
        ChannelRow(
            name="facts",
            kind="queue",
            depth=8,
            maxsize=8,
            put_total=1310,
            got_total=1302,
            waiting=(ChannelUser(replica="parse.1", operation="put", since_s=NOW_S - 1),),
            writers=("parse.1",),
            readers=("tally",),
            is_ended=True,
        ),
        ChannelRow(name="back", kind="pipe", put_total=3, got_total=3, writers=("tally",), readers=("walk",)),
        ChannelRow(
            name="guard",
            kind="bounded-semaphore",
            state="2 of 5 free",
            waiting=(ChannelUser(replica="stranger", operation="acquire", since_s=NOW_S - 30),),
            holding=(ChannelUser(replica="parse.1", operation="holds"),),
            readers=("parse.1", "parse.2"),
        ),
        ChannelRow(name="total", kind="value", state="c_long"),
    )


def letters_of_paths() -> tuple[Letter, ...]:
    """The dead letters of `paths`."""
    return (
        Letter(id="7", attempts=3, bytes=1200, put_s=NOW_S - 75, reason="its consumer died 3 times", preview="'a.py'"),
        Letter(id="8", attempts=3, bytes=64, reason="its consumer died 3 times", preview="dict with 2 keys"),
    )


def detail_of(row: ReplicaRow) -> WorkerDetail:
    """A detail with something in every section."""
    return WorkerDetail(
        row=row,
        runs="census:parse",
        description="Reads files with ast and counts what is in them.",
        start_method="forkserver",
        start_method_meaning="A fresh process is forked from a small server that has imported nothing of yours.",
        start_method_reason="procdeck's default",
        python="/usr/bin/python3.11",
        cwd="/srv/census",
        environment={"LEVEL": "info"},
        restart_policy="on-failure, at most 5 times within 60 s, after 0.5 s to 30 s",
        stop_policy="asked, SIGTERM after 1 s, SIGKILL after 5 s",
        depends_on=("redis to be ready", "migrate to complete"),
        schedule="*/5 * * * *; a run that is due while the last one goes on is skipped",
        group="pipeline, one-for-all: walk, parse",
        limits=("nofile 1024", "nice 5", "user www-data"),
        exits=(
            ExitRecord(
                incarnation=1, pid=4001, started_at=NOW_AT - 60, ended_at=NOW_AT - 20, cause="exit code 1", ok=False
            ),
        ),
        tree=(
            TreeProcess(pid=4007, parent_pid=99, command="python census:parse", rss_bytes=48 << 20),
            TreeProcess(pid=4008, parent_pid=4007, command="git ls-files", rss_bytes=2 << 20),
        ),
        last_traceback='Traceback (most recent call last):\n  File "census.py", line 41, in parse\nValueError: bad',
    )


def checks() -> tuple[CheckState, ...]:
    """A check of each role, in each state."""
    return (
        CheckState(role="startup", what='log "listening"', is_passing=True),
        CheckState(role="ready", what="tcp 127.0.0.1:6390", is_passing=False, text="connection refused"),
        CheckState(role="alive", what="heartbeat 10s"),
    )


class FakeLink(FakeHangLink, FakePoolLink):
    """An `EngineLink` without an engine; a test says what it hears."""

    def __init__(self, fleet: Fleet | None = None, *, clock: FixedClock | None = None) -> None:
        FakeHangLink.__init__(self)
        FakePoolLink.__init__(self)
        self.clock = clock or FixedClock()
        self.wishes: list[tuple[ActionName, tuple[str, ...]]] = []
        self.downs: list[bool] = []
        self.replies: Callable[[ActionName, Sequence[str]], tuple[Job, ...]] = self._jobs
        self.is_closed = False
        self.past: list[Event] = []
        """What has happened."""
        self.missed = 0
        """Events that are no longer kept."""
        self._view = FleetView()
        self._first = fleet
        self._listener: Listener = lambda _: None
        self._jobs_made = 0
        self.dead: dict[str, tuple[Letter, ...]] = {"paths": letters_of_paths()}
        self.first = (Letter(id="9", attempts=0, bytes=40, put_s=NOW_S - 9, preview="'first.py'"),)
        self.channel_wishes: list[tuple[str, ChannelActionName, tuple[str, ...]]] = []
        self.looks: list[str] = []
        """What was asked for of channels' items."""
        self.signals: list[tuple[str, str]] = []
        self.scales: list[tuple[str, int]] = []
        self.reloads: list[bool] = []
        """Of each reload that was asked for, whether it was a dry run."""
        self.plan: tuple[PlanStep, ...] = ()
        self.refusal = ""
        """Why signals, scales and reloads are refused; empty: they are not."""
        self.down_reply = asyncio.Event()
        self.down_reply.set()

    async def run(self, listener: Listener) -> None:
        self._listener = listener
        if self._first is not None:
            self.hear(self._first)
        await asyncio.Event().wait()

    def hear(self, fleet: Fleet) -> None:
        """The engine says that this is the fleet now."""
        self._view = heard_fleet(self._view, fleet, self.clock.monotonic_s())
        self._listener(self._view)

    def lose(self, trouble: str) -> None:
        """The engine goes away."""
        self._view = lost(self._view, trouble, self.clock.monotonic_s() + 2.0)
        self._listener(self._view)

    def tell(self, job: Job) -> None:
        """The engine says how a job goes."""
        self._listener(job)

    def happen(self, *events: Event) -> None:
        """The engine says what has happened."""
        for event in events:
            self.past.append(event)
            self._listener(event)

    async def events(self, after: int) -> EventList:
        await self._wait(f"events {after}")
        told = tuple(event for event in self.past if event.cursor > after)
        return EventList(events=told, next_cursor=told[-1].cursor if told else after, missed=self.missed)

    def _jobs(self, action: ActionName, names: Sequence[str]) -> tuple[Job, ...]:
        targets = [row.name for row in self._view.rows] if list(names) == ["*"] else names
        jobs = []
        for target in targets:
            self._jobs_made += 1
            text = "stopping: SIGTERM in 1.0 s, SIGKILL in 5.0 s" if action == "stop" else f"{action} under way"
            jobs.append(
                Job(id=self._jobs_made, action=action, target=target, state="running", requested_s=NOW_S, text=text)
            )
        return tuple(jobs)

    async def act(self, action: ActionName, names: Sequence[str]) -> tuple[Job, ...]:
        self.wishes.append((action, tuple(names)))
        return self.replies(action, names)

    async def signal(self, name: str, signal_name: str) -> SignalReply:
        self._refuse()
        self.signals.append((name, signal_name))
        return SignalReply(signalled=(name,), text=f"sent SIG{signal_name} to [b]{name}[/b]")

    async def scale(self, worker: str, by: int) -> ScaleReply:
        self._refuse()
        self.scales.append((worker, by))
        before = sum(row.worker == worker for row in self._view.rows)
        text = f"{worker}: {before} -> {before + by} replicas"
        return ScaleReply(worker=worker, before=before, after=before + by, text=text)

    async def reload(self, *, is_dry_run: bool) -> ReloadReply:
        self._refuse()
        self.reloads.append(is_dry_run)
        text = f"{len(self.plan)} changes applied" if self.plan else "nothing differs"
        return ReloadReply(plan=self.plan, is_applied=not is_dry_run, text=text)

    def _refuse(self) -> None:
        if self.refusal:
            raise RequestRefused(self.refusal)

    async def detail(self, name: str) -> WorkerDetail | None:
        row = self._view.row(name)
        return detail_of(row) if row else None

    async def letters(self, channel: str) -> LetterList | None:
        self.looks.append(f"letters {channel}")
        return LetterList(channel=channel, letters=self.dead.get(channel, ()))

    async def peek(self, channel: str) -> LetterList | None:
        self.looks.append(f"peek {channel}")
        return LetterList(channel=channel, letters=self.first)

    async def channel_act(self, channel: str, action: ChannelActionName, ids: Sequence[str]) -> ChannelReply:
        self.channel_wishes.append((channel, action, tuple(ids)))
        if action != "drain":
            self.dead[channel] = tuple(each for each in self.dead[channel] if ids and each.id not in ids)
        return ChannelReply(count=1, text=f"{action} of [b]{channel}[/b] done")

    async def down(self, *, is_forced: bool) -> DownReply:
        self.downs.append(is_forced)
        await self.down_reply.wait()
        return DownReply()

    async def close(self) -> None:
        self.is_closed = True


def unreachable(_: ActionName, __: Sequence[str]) -> tuple[Job, ...]:
    """For `FakeLink.replies`: no engine answers."""
    raise EngineUnreachable("the engine does not answer: nothing listens")


def store(directory: Path, lines: Sequence[bytes]) -> None:
    """Append `lines` to the newest segment of a store."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "000001.ndjson").open("ab") as segment:
        segment.write(b"".join(line + b"\n" for line in lines))


def stored_line(
    message: str, *, worker: str = "parse.1", level: str = "INFO", second: int = 0, **fields: object
) -> bytes:
    """One line as the engine stores it."""
    record = {"time": f"2026-11-22T13:31:{second % 60:02d}.123456Z", "level": level, "message": message}
    return msgspec.json.encode(record | fields | {"stream": "log", "worker": worker, "incarnation": 1})
