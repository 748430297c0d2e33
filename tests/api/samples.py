"""Messages with figures that golden texts can hold: rows, a fleet, events, a plan, pools, dead letters, verdicts."""

from __future__ import annotations

import msgspec

from supervisor.api.hangs import ChainLink, StackFrame, Verdict, WayOut
from supervisor.api.letters import Letter
from supervisor.api.messages import ChannelRow, EngineVitals, Event, Fleet, LogState, ReplicaRow
from supervisor.api.pools import PoolFailure, PoolMember, PoolReport, PoolRow, SlowTask
from supervisor.api.requests import PlanStep
from supervisor.lifecycle.states import AT_REST, State


def a_row(name: str, state: State = State.RUNNING, **changes: object) -> ReplicaRow:
    """A replica with figures that golden texts can hold."""
    worker, _, number = name.partition(".")
    row = ReplicaRow(
        name=name, worker=worker, replica=int(number or 1), kind="target", state=state, since_s=100.0, incarnation=1
    )
    if state not in AT_REST:
        row = msgspec.structs.replace(
            row, pid=4711, started_s=100.0, cpu_percent=12.34, rss_bytes=48 * 1024 * 1024, processes=1
        )
    return msgspec.structs.replace(row, **changes)


def a_fleet(*rows: ReplicaRow, **changes: object) -> Fleet:
    """A fleet of `rows` with one queue."""
    fleet = Fleet(
        project="census",
        profile_path="/somewhere/census.toml",
        run_id="run-1",
        version="0.1.0",
        started_at=1_700_000_000.0,
        started_s=90.0,
        now_s=165.0,
        phase="running",
        rows=rows,
        channels=(
            ChannelRow(
                name="paths",
                kind="queue",
                depth=12,
                maxsize=200,
                put_total=1512,
                got_total=1500,
                writers=("walk",),
                readers=("parse.1", "parse.2"),
            ),
        ),
        log=LogState(directory="/somewhere/logs"),
        engine=EngineVitals(pid=4700),
    )
    return msgspec.structs.replace(fleet, **changes)


def an_event(cursor: int, what: str = "running, pid 4711", **changes: object) -> Event:
    """An event at a time that golden texts can hold."""
    event = Event(cursor=cursor, at=1_700_000_000.0 + cursor, subject="parse.1", what=what, kind="state")
    return msgspec.structs.replace(event, **changes)


def a_plan() -> tuple[PlanStep, ...]:
    """A plan with a step of two kinds."""
    return (
        PlanStep(subject="parse", change="scale", keys=("replicas",), text="2 -> 3 replicas"),
        PlanStep(subject="walk", change="restart", keys=("args",), text="its arguments differ"),
    )


def a_letter(letter_id: str, **changes: object) -> Letter:
    """A dead letter, of which nothing depends on the time."""
    letter = Letter(
        id=letter_id, attempts=3, bytes=1200, reason="its consumer died 3 times", preview=f"str 'bad-{letter_id}.py'"
    )
    return msgspec.structs.replace(letter, **changes)


def a_report(pool: str = "hash", **changes: object) -> PoolReport:
    """What a pool in the midst of its work says."""
    report = PoolReport(
        pool=pool,
        function="census:hash_file",
        method="imap_unordered",
        start_method="forkserver",
        processes=2,
        members=(
            PoolMember(pid=4801, state="busy", item="'ast.py'", index=41, since_s=163.0, done=21, start_s=0.048),
            PoolMember(pid=4802, state="idle", done=19, generation=2, start_s=0.052),
        ),
        total=100,
        submitted=42,
        done=38,
        failed=2,
        retried=1,
        in_flight=1,
        replaced=1,
        rate=12.3,
        eta_s=4.9,
        elapsed_s=4.0,
        slowest=(SlowTask(index=7, item="'typing.py'", took_s=1.25, pid=4801),),
    )
    return msgspec.structs.replace(report, **changes)


def a_pool(name: str = "hash", *, is_live: bool = True, **changes: object) -> PoolRow:
    """The row of a pool; `changes` are its report's."""
    pool, _, replica = name.partition("@")
    return PoolRow(name=name, replica=replica or pool, report=a_report(pool, **changes), is_live=is_live)


def a_failure(index: int, **changes: object) -> PoolFailure:
    """An item that has failed."""
    failure = PoolFailure(
        index=index,
        item=f"'bad-{index}.py'",
        kind="exception",
        error="ValueError: not Python",
        traceback="Traceback (most recent call last):\n  ...\nValueError: not Python\n",
        attempts=2,
        pid=4801,
        at=1_700_000_000.0,
    )
    return msgspec.structs.replace(failure, **changes)


def a_verdict(replica: str, **changes: object) -> Verdict:
    """Why `replica` does not move: it waits for an empty queue, and that is no concern."""
    verdict = Verdict(
        kind="QUEUE_EMPTY",
        severity="idle",
        replica=replica,
        pid=4711,
        tid=4711,
        thread="MainThread",
        sentence="waits for an item from the queue made at census.py:12; it is empty",
        evidence=("kernel: read of 4 bytes from pipe:[9], descriptor 5",),
        confidence="certain",
        since_s=90.0,
        stack=(StackFrame(file="/app/census.py", line=41, function="parse", source="path = paths.get()"),),
    )
    return msgspec.structs.replace(verdict, **changes)


def a_deadlock() -> Verdict:
    """Two replicas, each with the lock that the other one waits for."""
    held = "holds the lock made at etl.py:{} and waits for the lock made at etl.py:{}"
    here = StackFrame(file="/app/etl.py", line=31, function="move", source="with second:")
    there = StackFrame(file="/app/etl.py", line=38, function="back", source="with first:")
    return a_verdict(
        "left",
        kind="LOCK_WAIT",
        severity="stuck",
        warning="DEADLOCK",
        sentence="left and right wait for each other, each with a lock that the other one needs",
        chain=(
            ChainLink(replica="left", pid=4711, tid=4711, thread="MainThread", does=held.format(12, 13), frame=here),
            ChainLink(replica="right", pid=4712, tid=4712, thread="MainThread", does=held.format(13, 12), frame=there),
        ),
        is_cycle=True,
        evidence=("semaphore 77 has the value 0, and left has acquired it", "neither has moved for 4 s"),
        remedy="take the two locks in the same order everywhere",
        ways_out=(
            WayOut(action="restart", text="restart right: its lock is given back", replica="right"),
            WayOut(action="kill-process", text="kill process 4712", pid=4712, start_ticks=99),
        ),
        blocks=("third",),
        stack=(here,),
    )
