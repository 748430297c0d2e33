"""Looks, reports and dumps that a test makes up: no process is needed to ask who waits for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from supervisor.diagnose.evidence import (
    NO_RESOURCE,
    Confidence,
    Descriptor,
    Dump,
    Frame,
    Holder,
    KernelKind,
    KernelWait,
    Look,
    ProcessFacts,
    Resource,
    SemaphoreMapping,
    StackThread,
    Thing,
    ThreadFacts,
    ThreadReport,
)
from supervisor.diagnose.verdict import Verdict
from supervisor.diagnose.verdicts import BoardNote, Limits, judge

SEMAPHORE_BYTES = 4096
NOW_S = 1000.0


def address_of(inode: int) -> int:
    """Where every process of these tests has mapped a semaphore."""
    return 0x7F00_0000_0000 + inode * SEMAPHORE_BYTES


def sem(inode: int, label: str = "") -> Resource:
    return Resource("lock", f"sem:{inode}", label)


def queue(number: int, label: str = "") -> Resource:
    return Resource("queue", f"pipe:[{number}]", label)


def child(pid: int, label: str = "") -> Resource:
    return Resource("process", f"pid:{pid}", label or f"pid {pid}")


def report(
    pid: int,
    kind: str = "UNKNOWN",
    resource: Resource = NO_RESOURCE,
    *,
    kernel: KernelKind | KernelWait = "unknown",
    tid: int | None = None,
    replica: str | None = None,
    name: str = "MainThread",
    at: str = "",
    frames: Sequence[Frame] = (),
    is_idle: bool = False,
    confidence: Confidence = "certain",
    unchanged_s: float = 60.0,
) -> ThreadReport:
    """One thread; `at` is the place of its own code, ``etl.py:12``."""
    file, _, line = at.partition(":")
    own = (Frame(f"/home/ada/{file}", int(line), "work"),) if at else ()
    if isinstance(kernel, str):
        on = resource.id if kernel in ("futex-shared", "futex-private", "read", "write") else ""
        kernel = KernelWait(kernel, on)
    return ThreadReport(
        pid=pid,
        tid=tid or pid,
        replica=f"w.{pid}" if replica is None else replica,
        thread_name=name,
        is_main=tid is None or tid == pid,
        kernel=kernel,
        kind=kind,
        resource=resource,
        is_idle=is_idle,
        confidence=confidence,
        frames=(*frames, *own),
        unchanged_s=unchanged_s,
    )


def lock_wait(pid: int, inode: int, label: str = "", **more: object) -> ThreadReport:
    """A thread in ``with lock``."""
    return report(pid, "LOCK_WAIT", sem(inode, label), kernel="futex-shared", **more)  # type: ignore[arg-type]


def reader(pid: int, number: int, label: str = "", **more: object) -> ThreadReport:
    """A thread in ``queue.get()``, idle."""
    return report(pid, "QUEUE_EMPTY", queue(number, label), kernel="read", is_idle=True, **more)  # type: ignore[arg-type]


def look_of(
    reports: Sequence[ThreadReport],
    *,
    ends: Mapping[int, Sequence[Descriptor]] | None = None,
    semaphores: Mapping[int, Sequence[int]] | None = None,
    parents: Mapping[int, int] | None = None,
    states: Mapping[int, str] | None = None,
    more: Sequence[int] = (),
) -> Look:
    """The look in which these reports were made; `more` are processes of which no thread was reported."""
    pids = sorted({report.pid for report in reports} | set(more))
    processes = {}
    for pid in pids:
        threads = [each for each in reports if each.pid == pid]
        processes[pid] = ProcessFacts(
            pid=pid,
            start_ticks=1000 + pid,
            parent_pid=(parents or {}).get(pid, 1),
            name="python",
            state=(states or {}).get(pid, "S"),
            threads=tuple(ThreadFacts(each.tid, "python", "S", 0, 0, 0) for each in threads),
            descriptors=tuple((ends or {}).get(pid, ())),
            semaphores=tuple(
                SemaphoreMapping(inode, address_of(inode), address_of(inode) + 32)
                for inode in (semaphores or {}).get(pid, ())
            ),
        )
    owners = {report.pid: report.replica for report in reports if report.replica}
    return Look(100.0, processes, owners)


def semaphore(
    inode: int, count: int, *, key: str = "", value: int = 0, kind: str = "mp.Lock", **more: int | bool
) -> Thing:
    """A semaphore as a process tells of it."""
    facts: dict[str, int | float | str | bool | list[int | str] | None] = {
        "handle": address_of(inode),
        "value": value,
        "count": count,
        "maxvalue": 1,
        **more,
    }
    return Thing(key or f"lock{inode}", kind, facts=facts)


def dump_of(pid: int, *things: Thing, threads: Mapping[int, int] | None = None, **more: object) -> Dump:
    """What a process says; `threads` are idents by the kernel's number."""
    told = tuple(
        StackThread(ident, tid, "thread", is_main=tid == pid) for tid, ident in (threads or {pid: pid}).items()
    )
    return Dump(pid, "3.11.7", 100.0, told, tuple(things), **more)  # type: ignore[arg-type]


def both_ends(number: int) -> tuple[Descriptor, Descriptor]:
    """What a fork inherits of a queue."""
    return Descriptor(5, f"pipe:[{number}]", "r"), Descriptor(6, f"pipe:[{number}]", "w")


def judged(
    reports: Sequence[ThreadReport],
    holders: Mapping[str, Sequence[Holder]] | None = None,
    *,
    look: Look | None = None,
    dumps: Mapping[int, Dump] | None = None,
    boards: Mapping[str, BoardNote] | None = None,
    limits: Mapping[str, Limits] | None = None,
) -> Mapping[str, Verdict]:
    """The first verdict of each replica, the worst replica first."""
    found: dict[str, Verdict] = {}
    look = look if look is not None else look_of(reports)
    for verdict in judge(
        reports, look, dumps or {}, holders or {}, now_s=NOW_S, boards=boards or {}, limits=limits or {}
    ):
        found.setdefault(verdict.replica, verdict)
    return found


def actions(verdict: Verdict) -> list[str]:
    """What can be done about it, best first."""
    return [way.action for way in verdict.ways_out]


def told(verdict: Verdict) -> tuple[str, str, str]:
    """Its kind, severity and warning."""
    return verdict.kind, verdict.severity, verdict.warning
