"""What threads tell of each other: a report that is right for one thread alone, made right for all of them together.

A lock that is waited for and that nobody can have; a pool whose members are all idle while a result is waited for; who
has the interpreter lock; which queue keeps a process from its end.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from supervisor.diagnose import signatures
from supervisor.diagnose.evidence import NO_RESOURCE, Dump, Look, ThreadFacts, ThreadReport
from supervisor.diagnose.resources import HELPERS
from supervisor.diagnose.rulebook.frames import FEED, MEMBER
from supervisor.diagnose.rules import KINDS, rule

_READS_TASKS: Final = frozenset({"pool-member-idle"})
_WAITS_ITS_TURN: Final = frozenset({"pool-member-turn"})
_POOL_RESTS: Final = {"pool-sends-tasks-idle", "pool-takes-results"}
"""A pool's threads, when no task and no result is on its way, and no callback or generator of user code runs."""
_POOL_WAITS: Final = frozenset({"pool-wait", "pool-wait-imap"})
_HOLDS_GIL: Final = frozenset(
    {"sleep", "read", "write", "receive", "send", "connect", "running", "other", "poll", "child"}
)
_TIME_SLEEP: Final = (1, 1)
"""`time.sleep` sleeps until a time of the monotonic clock (clock_nanosleep(2)); sleep(3) and usleep(3) do not."""
_IDLE_SHARE: Final = 0.1
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_MANY: Final = 5
"""Members that were started for each that there is, when none of them is at work."""
_MEMBER_NAME: Final = re.compile(r"PoolWorker-(\d+)$")
_FEWEST_WAKES: Final = 140.0
_MOST_WAKES: Final = 215.0
"""A second; a thread that waits for the interpreter lock wakes every 5 ms (`sys.getswitchinterval`)."""


@dataclass(frozen=True, slots=True)
class _All:
    """Everything that was seen at once."""

    reports: Sequence[ThreadReport]
    by_pid: Mapping[int, Sequence[ThreadReport]]
    look: Look
    before: Look | None
    dumps: Mapping[int, Dump]


def cross(
    reports: tuple[ThreadReport, ...], look: Look, before: Look | None, dumps: Mapping[int, Dump]
) -> tuple[ThreadReport, ...]:
    """The reports, each with what the others tell of it."""
    by_pid: Mapping[int, list[ThreadReport]] = defaultdict(list)
    for report in reports:
        by_pid[report.pid].append(report)
    everything = _All(reports, by_pid, look, before, dumps)
    return tuple(_crossed(report, everything) for report in reports)


def _crossed(report: ThreadReport, everything: _All) -> ThreadReport:
    if report.kind == "SEM_WAIT" and report.resource.kind == "signal":
        return _as(report, "SIGNAL_WAIT", "semaphore-signal")
    if report.kind == "WLOCK_WAIT":
        return _writer(report, everything)
    if report.kind == "EXIT_FLUSH" or report.rule.startswith("queue-join-thread"):
        return _flusher(report, everything)
    if report.kind == "QUEUE_CORRUPT":
        return _reader_of_part(report, everything)
    if report.rule in _POOL_WAITS:
        return _pool_owner(report, everything)
    return _of_interpreter(report, everything)


def _as(report: ThreadReport, kind: str, rule: str, **details: str) -> ThreadReport:
    """The same thread with another diagnosis."""
    return replace(
        report,
        kind=kind,
        rule=rule,
        is_idle=KINDS[kind].grown == "idle",
        details={**report.details, **{name: text for name, text in details.items() if text}},
    )


# --- queues ---


def _writer(report: ThreadReport, everything: _All) -> ThreadReport:
    """Whoever waits to write is behind a writer that is full, or behind a dead one."""
    queue = report.details.get("queue", "")
    for other in everything.reports:
        is_same = other.details.get("queue", "") == queue
        if is_same and other.kind in ("FEEDER_FULL", "QUEUE_FULL") and other.kernel.kind == "write":
            return _as(report, "WLOCK_WAIT", report.rule, holder=f"pid {other.pid}")
    is_seen = all(pid in everything.dumps for pid in _users(report, everything))
    found = _as(report, "WLOCK_ORPHAN", "feeder-orphan")
    return replace(found, confidence="likely" if is_seen else "possible")


def _users(report: ThreadReport, everything: _All) -> list[int]:
    """The live processes that have the same lock mapped."""
    name = report.kernel.resource.removeprefix("sem:")
    return [
        process.pid
        for process in everything.look.processes.values()
        if process.state not in "ZX" and any(str(mapped.inode) == name for mapped in process.semaphores)
    ]


def _flusher(report: ThreadReport, everything: _All) -> ThreadReport:
    """Which queue: the one whose sender is still at work in the same process."""
    for other in everything.by_pid[report.pid]:
        is_sender = signatures.find(("...", FEED), other.frames) is not None
        if is_sender and other.kind in ("FEEDER_FULL", "WLOCK_WAIT", "WLOCK_ORPHAN"):
            resource = other.resource if other.resource.kind == "queue" else report.resource
            return replace(
                report,
                resource=resource if resource.id else other.resource,
                unchanged_s=min(report.unchanged_s, other.unchanged_s),
                details={**report.details, "queue": other.details.get("queue", ""), "sender": str(other.tid)},
            )
    return report


def _reader_of_part(report: ThreadReport, everything: _All) -> ThreadReport:
    """A long message that is still being sent is no broken one."""
    pipe = report.kernel.resource
    for other in everything.reports:
        if pipe and other.pid != report.pid and other.kernel.kind == "write" and other.kernel.resource == pipe:
            return replace(_as(report, "QUEUE_EMPTY", "queue-long-message"), confidence="likely")
    return report


# --- pools ---


def _pool_owner(report: ThreadReport, everything: _All) -> ThreadReport:
    """A pool that is waited for works, or has lost the task, or nobody can take one."""
    if _is_respawning(report.pid, everything):
        return replace(_as(report, "POOL_RESPAWNS", "pool-respawns"), confidence="likely")
    members = _members(report, everything)
    waiting = [member for member in members if member.rule in _WAITS_ITS_TURN]
    reading = [member for member in members if member.rule in _READS_TASKS]
    busy = [member for member in members if member not in waiting and member not in reading]
    helpers = [thread for thread in everything.by_pid[report.pid] if thread.rule in _POOL_RESTS]
    if not members or busy or {thread.rule for thread in helpers} != _POOL_RESTS:
        return _as(report, "POOL_WAIT", report.rule, members=_told(busy))
    still_s = min(one.unchanged_s for one in (report, *members, *helpers))
    if reading:
        return replace(_as(report, "POOL_TASK_LOST", "pool-task-lost"), confidence="likely", unchanged_s=still_s)
    lock = waiting[0].resource
    found = _as(report, "POOL_WEDGED", "pool-wedged", lock=lock.label)
    return replace(found, resource=lock if lock.id else report.resource, confidence="likely", unchanged_s=still_s)


def _members(owner: ThreadReport, everything: _All) -> list[ThreadReport]:
    """The main threads of the members of the pool that is waited for, once their initializer is done.

    A child that has not answered may be one, and at work.
    """
    dump = everything.dumps.get(owner.pid)
    pool = dump.thing(owner.resource.id.partition(":")[2].partition(":")[2]) if dump is not None else None
    own = pool.facts.get("members") if pool is not None else None
    return [
        report
        for report in everything.reports
        if report.is_main
        and (report.pid in own if isinstance(own, list) else _is_child(report.pid, owner.pid, everything))
        and (_is_at_work(report) or not (report.frames or report.is_idle or report.kind == "ZOMBIE"))
    ]


def _is_child(pid: int, parent: int, everything: _All) -> bool:
    """Also one that the fork server has made."""
    process = everything.look.processes[pid]
    dump = everything.dumps.get(parent)
    return process.parent_pid == parent or any(child.pid == pid for child in (dump.children if dump else ()))


def _is_at_work(report: ThreadReport) -> bool:
    frames = signatures.within(report.frames)
    at = signatures.find(("...", MEMBER), frames)
    return at is not None and "initializer(" not in signatures.text_of(frames[at[-1]])


def _told(busy: Sequence[ThreadReport]) -> str:
    return ", ".join(f"pid {member.pid} at {member.details.get('place', '?')}" for member in busy[:4])


def _is_respawning(pid: int, everything: _All) -> bool:
    """Whether its members never get to work: none of the look before is left, or many were started.

    A pool whose members live for one task each looks the same but for its results.
    """
    before = everything.before
    if before is None or _is_working(pid, everything) or not _has_no_results(pid, everything):
        return False
    helpers = {
        one.pid
        for one in everything.look.processes.values()
        if one.parent_pid == pid and any(name in one.command for name in HELPERS)
    }
    had, has = (_below({pid, *helpers}, look) - helpers for look in (before, everything.look))
    return bool(had and had.isdisjoint(has)) or _started(pid, everything) >= _MANY


def _is_working(pid: int, everything: _All) -> bool:
    """Whether a member has got as far as taking tasks."""
    return any(
        report.is_main and _is_child(report.pid, pid, everything) and _is_at_work(report)
        for report in everything.reports
    )


def _below(parents: set[int], look: Look) -> set[int]:
    """The children of some processes: the fork server's are those of its owner."""
    return {process.pid for process in look.processes.values() if process.parent_pid in parents}


def _has_no_results(pid: int, everything: _All) -> bool:
    """Whether the thread that takes them has not moved since the look before."""
    taker = next((one for one in everything.by_pid[pid] if one.rule == "pool-takes-results"), None)
    earlier, now = _both(taker, everything) if taker is not None else (None, None)
    return earlier is not None and now is not None and earlier.pulse == now.pulse


def _started(pid: int, everything: _All) -> int:
    """How many members its pools have started for each that there is, by the numbers in their names."""
    dump = everything.dumps.get(pid)
    numbers = [int(found[1]) for child in (dump.children if dump else ()) if (found := _MEMBER_NAME.search(child.name))]
    return max(numbers, default=0) // max(len(numbers), 1)


# --- the interpreter lock ---


def _of_interpreter(report: ThreadReport, everything: _All) -> ThreadReport:
    """One thread has the interpreter lock in native code, and the others wait for it and get nothing of it."""
    threads = everything.by_pid[report.pid]
    starved = [other for other in threads if other.kernel.kind == "gil" and not _has_run(other, everything)]
    holder = _holder(threads, starved, everything) if starved else None
    if holder is None:
        return report
    if report.tid == holder.tid:
        waiters = ", ".join(other.thread_name or f"thread {other.tid}" for other in starved[:4])
        return replace(_as(report, "GIL_HELD", "gil-held", waiters=waiters), confidence="likely")
    if report.kernel.kind == "gil":
        return replace(_as(report, "GIL_WAIT", "gil-wait"), resource=NO_RESOURCE)
    return report


def _holder(threads: Sequence[ThreadReport], starved: Sequence[ThreadReport], everything: _All) -> ThreadReport | None:
    """The one thread that may have it: all others are in calls that give it back, or wait for it."""
    may_hold = [thread for thread in threads if _may_hold(thread, everything)]
    running = [thread for thread in may_hold if thread.kernel.kind == "running"]
    holder = may_hold[0] if len(may_hold) == 1 else running[0] if len(running) == 1 else None
    if holder is None:
        return None
    is_shared = len({other.kernel.address for other in starved}) < len(starved)
    return holder if is_shared or _is_silent(holder.pid, everything) or _wakes_alike(starved, everything) else None


def _is_silent(pid: int, everything: _All) -> bool:
    """Whether it was asked and could not answer in Python code, so that somebody else had to tell its stacks."""
    dump = everything.dumps.get(pid)
    return dump is not None and dump.source != "agent"


def _may_hold(report: ThreadReport, everything: _All) -> bool:
    """Whether it can be in native code with the lock. The library's waits give it back, and so does `time.sleep`."""
    found = rule(report.rule)
    if report.kernel.kind not in _HOLDS_GIL or (found is not None and found.stack and report.kernel.kind != "running"):
        return False
    thread = everything.look.processes[report.pid].thread(report.tid)
    call = thread.syscall if thread is not None else None
    return report.kernel.kind != "sleep" or call is None or call.arguments[:2] != _TIME_SLEEP


def _wakes_alike(starved: Sequence[ThreadReport], everything: _All) -> bool:
    """Whether they wake as often as who waits for the lock does: with each switch interval, 200 times a second.

    A thread that waits for an event with a short timeout, again and again, looks the same but for that.
    """
    before = everything.before
    if before is None:
        return False
    elapsed_s = everything.look.at_s - before.at_s
    return all(_FEWEST_WAKES * elapsed_s <= _wakes(report, everything) <= _MOST_WAKES * elapsed_s for report in starved)


def _wakes(report: ThreadReport, everything: _All) -> int:
    earlier, now = _both(report, everything)
    return now.voluntary - earlier.voluntary if earlier is not None and now is not None else 0


def _has_run(report: ThreadReport, everything: _All) -> bool:
    """Whether it got more of the processor since the look before than waking up takes."""
    earlier, now = _both(report, everything)
    elapsed_s = everything.look.at_s - everything.before.at_s if everything.before is not None else 0.0
    most = max(2.0, _IDLE_SHARE * elapsed_s * _TICKS_PER_S)
    return earlier is None or now is None or now.cpu_ticks - earlier.cpu_ticks > most


def _both(report: ThreadReport, everything: _All) -> tuple[ThreadFacts | None, ThreadFacts | None]:
    before = everything.before.processes.get(report.pid) if everything.before is not None else None
    now = everything.look.processes[report.pid]
    return (before.thread(report.tid) if before is not None else None), now.thread(report.tid)
