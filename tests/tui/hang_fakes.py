"""Made-up answers about what is stuck, in which everything occurs that the screens show; and a link that gives them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from supervisor.api.hangs import (
    ChainLink,
    ProcessStacks,
    SampledStack,
    SampleReply,
    StackFrame,
    StacksReply,
    ThreadStack,
    Verdict,
    WayOut,
    WayOutReply,
    WhyReply,
)
from supervisor.api.history import HistoryReply, Series, SubjectHistory
from supervisor.api.requests import LevelReply
from supervisor.errors import EngineUnreachable, RequestRefused

SEEN_S = 10_000.0
"""When everything was looked at: the time at which the clocks of the tests stand."""


def history_reply(name: str, seconds: int) -> HistoryReply:
    """A worker whose processor time comes and goes, whose memory grows, and that logs nothing."""
    cpu = tuple(float(second * 7 % 100) for second in range(seconds))
    series = (
        Series(figure="cpu", unit="% of a core", values=cpu),
        Series(figure="memory", unit="bytes", values=tuple(float(second << 20) for second in range(seconds))),
        Series(figure="log", unit="bytes a second", values=(0.0,) * seconds),
    )
    subject = SubjectHistory(name=name, kind="worker", series=series)
    return HistoryReply(now_at=0.0, step_s=1.0, subjects=(subject,))


def frame(file: str, line: int, function: str, source: str = "") -> StackFrame:
    return StackFrame(file=file, line=line, function=function, source=source)


LOCK_FRAME = frame("/usr/lib/python3.11/multiprocessing/synchronize.py", 95, "SemLock.__enter__",
                   "return self._semlock.__enter__()")  # fmt: skip
FIRST = frame("/srv/census/etl.py", 14, "load_all", "with SECOND:")
SECOND = frame("/srv/census/etl.py", 21, "store", "with FIRST:")


WAIT_FRAME = frame("/usr/lib/python3.11/threading.py", 324, "Condition.wait", "waiter.acquire()")


def link(replica: str, pid: int, does: str, at: StackFrame | None = None, thread: str = "MainThread") -> ChainLink:
    return ChainLink(replica=replica, pid=pid, tid=pid, thread=thread, does=does, frame=at)


LOADER = link("parse.1", 4007, "holds the lock made at etl.py:3 and waits for the lock made at etl.py:4", FIRST)
STORER = link("parse.2", 4008, "holds the lock made at etl.py:4 and waits for the lock made at etl.py:3", SECOND)


def deadlock(replica: str = "parse.1") -> Verdict:
    """Two workers that wait for each other, and a third that waits for them."""
    return Verdict(
        kind="DEADLOCK",
        severity="stuck",
        warning="DEADLOCK",
        replica=replica,
        pid=4007,
        tid=4007,
        thread="MainThread",
        sentence="parse.1 and parse.2 wait for each other: parse.1 holds the lock made at etl.py:3 and waits for the "
        "one made at etl.py:4, which parse.2 holds.",
        chain=(LOADER, STORER) if replica == "parse.1" else (STORER, LOADER),
        is_cycle=True,
        evidence=("semaphores sem:3070 and sem:3071 are at 0", "neither thread has moved for 14 s (CPU, switches)"),
        confidence="certain",
        remedy="Take both locks in the same order everywhere, or take them with a timeout.",
        ways_out=(
            WayOut(action="restart", text="restart parse.2: parse.1 goes on", replica="parse.2"),
            WayOut(action="kill-process", text="kill pid 4008, which blocks 2 workers", pid=4008, start_ticks=77),
            WayOut(action="dump", text="write all stacks to a file"),
        ),
        since_s=SEEN_S - 14,
        blocks=("tally",),
        stack=(LOCK_FRAME, FIRST, frame("/srv/census/etl.py", 40, "main", "load_all()")),
    )


def tail() -> Verdict:
    """One whose chain ends in a ring that it is no part of."""
    waiter = link("tally", 4009, "waits for process 4007 to end")
    return Verdict(
        kind="JOIN",
        severity="waiting",
        replica="tally",
        pid=4009,
        tid=4009,
        sentence="tally waits for parse.1 to end, which is in a deadlock.",
        chain=(waiter, LOADER, STORER, LOADER),
        confidence="certain",
    )


def orphaned() -> Verdict:
    """A lock whose holder is dead, which can be released."""
    return Verdict(
        kind="LOCK_ORPHAN",
        severity="stuck",
        warning="ORPHANED LOCK",
        replica="parse.2",
        pid=4008,
        tid=4008,
        thread="MainThread",
        sentence="parse.2 waits for the lock made at etl.py:3, whose holder, pid 4001, is dead.",
        chain=(
            link("parse.2", 4008, "waits for the lock made at etl.py:3", SECOND),
            link("", 4001, "held it when it was killed by SIGKILL"),
        ),
        evidence=("sem:3070 is at 0 with 1 waiter and no live holder",),
        confidence="likely",
        remedy="Let workers end by themselves, or use procdeck's locks, which are released by death.",
        ways_out=(
            WayOut(action="release", text="safe: nobody alive holds it", replica="parse.2", resource="sem:3070"),
            WayOut(action="restart", text="restart parse.2", replica="parse.2"),
        ),
        since_s=SEEN_S - 75,
    )


def behind() -> Verdict:
    """One that waits for those in the deadlock."""
    return Verdict(
        kind="LOCK_WAIT",
        severity="warning",
        warning="BLOCKED",
        replica="tally",
        pid=4009,
        tid=4009,
        thread="MainThread",
        sentence="tally has waited for the lock made at etl.py:3 for 12 s; parse.1 holds it.",
        chain=(link("tally", 4009, "waits for the lock made at etl.py:3"), LOADER, STORER),
        confidence="likely",
        since_s=SEEN_S - 12,
    )


def idle(replica: str = "disk", pid: int = 4010) -> Verdict:
    """One that is no concern."""
    return Verdict(
        kind="IDLE",
        severity="idle",
        replica=replica,
        pid=pid,
        tid=pid,
        sentence=f"{replica} sleeps and wakes by itself.",
        confidence="certain",
    )


def hostile() -> Verdict:
    """Worker text with everything that a terminal would obey, or that is wide."""
    text = "[b]bold[/b] \x1b[31mred\x1b[2J 日本語\n\tand more " * 4
    return Verdict(
        kind="LOCK_WAIT",
        severity="stuck",
        replica="日本語ワーカー名前とても長い",
        pid=4011,
        tid=4011,
        thread=text,
        sentence=text,
        chain=(link(text, 4011, text, frame(text, 1, text, text)), link("x", 4012, text)),
        evidence=(text,),
        confidence="possible",
        remedy=text,
        ways_out=(WayOut(action="restart", text=text, replica="x"),),
        blocks=(text,),
        stack=(frame(text, 1, text, text),),
    )


def why_reply(*verdicts: Verdict) -> WhyReply:
    return WhyReply(verdicts=verdicts, took_ms=41.0, at_s=SEEN_S)


def everybody() -> WhyReply:
    """All workers: a ring, one behind it, one idle, one that could not be seen."""
    reply = why_reply(idle(), behind(), deadlock("parse.2"), deadlock("parse.1"))
    return WhyReply(
        verdicts=reply.verdicts, troubles=("pid 12: may not be looked into: permission denied",), at_s=SEEN_S
    )


def stacks_reply(line: int = 14) -> StacksReply:
    """A process with two threads, and a child of whom only the kernel tells."""
    main = (LOCK_FRAME, frame("/srv/census/etl.py", line, "load_all", "with SECOND:"))
    return StacksReply(
        replica="parse.1",
        processes=(
            ProcessStacks(
                pid=4007,
                name="python etl.py",
                source="agent",
                threads=(
                    ThreadStack(tid=4007, name="MainThread", is_main=True, state="waits for a lock", frames=main),
                    ThreadStack(tid=4020, name="QueueFeederThread", state="sleeping"),
                ),
            ),
            ProcessStacks(
                pid=4021, name="git", source="kernel", trouble="git is no Python process: the kernel alone tells"
            ),
        ),
        took_ms=3.0,
    )


def at_rest() -> StacksReply:
    """A worker that has ended."""
    return StacksReply(
        replica="report",
        post_mortem=("It ended with exit code 3, 12 s ago.", "It was doing: parsing ast.py", "In its hands: 'a.py'"),
    )


def sample_reply() -> SampleReply:
    """A thread that parses and reads, and one that waits."""
    main = frame("/srv/census/etl.py", 40, "main", "run()")
    run = frame("/srv/census/etl.py", 30, "run", "parse(read())")
    return SampleReply(
        replica="parse.1",
        seconds=2.0,
        samples=100,
        stacks=(
            SampledStack(pid=4007, thread="MainThread", count=60,
                         frames=(main, run, frame("/srv/census/etl.py", 50, "parse", "ast.parse(text)"))),
            SampledStack(pid=4007, thread="MainThread", count=40,
                         frames=(main, run, frame("/srv/census/etl.py", 60, "read", "file.read()"))),
            SampledStack(pid=4007, thread="QueueFeederThread", count=100, is_waiting=True,
                         frames=(WAIT_FRAME,)),
        ),
        source="agent",
    )  # fmt: skip


class FakeHangLink:
    """A `HangLink` whose answers a test chooses; remembers what was asked and wished."""

    def __init__(self) -> None:
        self.verdicts: dict[str, WhyReply] = {"": everybody(), "parse.1": why_reply(deadlock(), idle("parse.1"))}
        self.stacks_of: dict[str, StacksReply] = {"parse.1": stacks_reply(), "report": at_rest()}
        self.asked: list[str] = []
        """``why parse.1``, ``stacks parse.1``, ``sample parse.1 2``."""
        self.ways: list[str] = []
        """``release parse.2 sem:3070``, ``kill 4008 77``, ``level parse.1 DEBUG``."""
        self.hang_trouble: RequestRefused | EngineUnreachable | None = None
        self.gate = asyncio.Event()
        """While it is not set, no question is answered."""
        self.gate.set()

    async def _wait(self, question: str) -> None:
        self.asked.append(question)
        await self.gate.wait()
        if self.hang_trouble is not None:
            raise self.hang_trouble

    async def why(self, name: str = "") -> WhyReply:
        await self._wait(f"why {name}".rstrip())
        return self.verdicts.get(name, why_reply())

    async def history(self, names: Sequence[str], seconds: int) -> HistoryReply:
        await self._wait(f"history {' '.join(names)} {seconds}")
        return history_reply(names[0] if names else "parse.1", seconds)

    async def stacks(self, name: str) -> StacksReply:
        await self._wait(f"stacks {name}")
        return self.stacks_of.get(name, StacksReply(replica=name))

    async def sample(self, name: str, seconds: float) -> SampleReply:
        await self._wait(f"sample {name} {seconds:g}")
        return sample_reply()

    async def release(self, name: str, resource: str) -> WayOutReply:
        self.ways.append(f"release {name} {resource}")
        return WayOutReply(text=f"[b]{resource}[/b] is free")

    async def kill_process(self, pid: int, start_ticks: int) -> WayOutReply:
        self.ways.append(f"kill {pid} {start_ticks}")
        return WayOutReply(text=f"killed [b]{pid}[/b]")

    async def set_level(self, name: str, level: str) -> LevelReply:
        self.ways.append(f"level {name} {level}")
        return LevelReply(told=(name,), text=f"{name} logs {level}")
