"""Who could let go of what is waited for, or act on it; it reads nothing but through what it is given.

::

    semaphore ─► processes whose count of it is above 0, while its value is 0
    pipe      ─► threads of processes that have the other end and are not blocked on the same side
    child, thread, pool, manager, channel, file lock ─► themselves, members, server threads, users, owner

Nobody is named for certain by a count or a descriptor: a count is bookkeeping, and a fork inherits every end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from supervisor.diagnose.counts import CountReader, read_books
from supervisor.diagnose.ends import DEAD_STATES, Ends, Side
from supervisor.diagnose.evidence import Confidence, Dump, Holder, Look, Thing, ThreadReport
from supervisor.diagnose.shared_things import SharedThings, number, numbers
from supervisor.diagnose.waits import side_wanted, wanted

Found = tuple[Holder, ...] | None
"""None: not known."""

_MEMBERS: Final = frozenset({"worker", "_process_worker"})
_SIGNALS: Final = frozenset({"SIGNAL_WAIT", "BARRIER_WAIT"})


class FileLocks(Protocol):
    """Who holds the lock on a file: `supervisor.diagnose.pipes.file_lock_holder`."""

    def __call__(self, path: str, /) -> int | None: ...


def find_holders(
    reports: Sequence[ThreadReport],
    look: Look,
    dumps: Mapping[int, Dump],
    *,
    semaphores: CountReader,
    channels: Mapping[str, Sequence[int]],
    file_locks: FileLocks | None = None,
) -> Mapping[str, tuple[Holder, ...]]:
    """The holders of everything that a thread waits for, by `supervisor.diagnose.waits.wanted`.

    Args:
        reports: one for each thread.
        look: with descriptors and semaphores.
        dumps: by pid, of those that answered.
        semaphores: reads counts out of processes that did not answer.
        channels: by name, the pids that hold a lock or use a queue of ours; no entry where that is not known.
        file_locks: the pid that holds the lock on a file.

    Returns:
        No entry for what is not known; an empty tuple where it is known that there is nobody.
    """
    waiting: Mapping[str, list[ThreadReport]] = defaultdict(list)
    for report in reports:
        if want := wanted(report):
            waiting[want].append(report)
    things = SharedThings(look, dumps)
    ends = Ends(reports, look, dumps, things)
    search = _Search(reports, look, dumps, semaphores, channels, file_locks, things, ends)
    found = {want: search.holders(want, waiters) for want, waiters in waiting.items()}
    return {want: holders for want, holders in found.items() if holders is not None}


def who_else_to_ask(reports: Sequence[ThreadReport], look: Look, dumps: Mapping[int, Dump]) -> frozenset[int]:
    """The pids that share what somebody waits for and did not say anything yet: they could be its holders."""
    inodes, links = set(), set()
    for report in reports:
        want = wanted(report)
        if want.startswith("sem:"):
            inodes.add(int(want.removeprefix("sem:")))
        for name in (want.partition(" ")[0], report.resource.id):
            if name.startswith("pipe:"):
                links.add(name)
    return frozenset(
        pid
        for pid, process in look.processes.items()
        if pid not in dumps
        and process.state not in DEAD_STATES
        and (
            any(mapped.inode in inodes for mapped in process.semaphores)
            or any(descriptor.link in links for descriptor in process.descriptors)
        )
    )


def _functions(report: ThreadReport) -> set[str]:
    return {frame.function.rpartition(".")[2] for frame in report.frames}


class _Search:
    """One search for holders, over what one look saw."""

    def __init__(
        self,
        reports: Sequence[ThreadReport],
        look: Look,
        dumps: Mapping[int, Dump],
        semaphores: CountReader,
        channels: Mapping[str, Sequence[int]],
        file_locks: FileLocks | None,
        things: SharedThings,
        ends: Ends,
    ) -> None:
        self._reports = reports
        self._look = look
        self._dumps = dumps
        self._semaphores = semaphores
        self._channels = channels
        self._file_locks = file_locks
        self._things = things
        self._ends = ends

    def holders(self, want: str, waiters: Sequence[ThreadReport]) -> Found:
        """Who could help these waiters, who all want the same."""
        kind, _, rest = want.partition(":")
        if kind == "sem":
            return self._of_semaphore(int(rest), waiters) if rest.isdecimal() else None
        if kind == "channel":
            return self._of_channel(want, waiters)
        name, _, side = want.partition(" ")
        if side and all(waiter.kind == "QUEUE_CORRUPT" for waiter in waiters):
            return self._ends.senders(name)
        if side in ("readers", "writers") and kind in ("pipe", "socket"):
            return self._ends.holders(name, "readers" if side == "readers" else "writers")
        return self._of_one(kind, rest, want, waiters)

    def _of_one(self, kind: str, rest: str, want: str, waiters: Sequence[ThreadReport]) -> Found:
        """What one process or thread has by its nature."""
        first = waiters[0]
        if first.resource.kind == "manager" or kind == "manager":
            return self._of_manager(first)
        if kind == "pid" and rest.isdecimal():
            return (
                self._process(int(rest), "certain" if first.confidence == "certain" else "likely", "it has not ended"),
            )
        if kind == "thread":
            return self._of_thread(rest)
        if kind == "pool":
            return self._of_pool(rest)
        if kind == "gil":
            return self._of_interpreter(int(rest))
        if kind == "futex":
            return self._of_thread_lock(waiters)
        if first.resource.kind == "file" and self._file_locks is not None:
            pid = self._file_locks(want.removeprefix("file:"))
            return None if pid is None else (self._process(pid, "certain", "it holds the lock on the file"),)
        return None

    def _process(self, pid: int, confidence: Confidence, why: str) -> Holder:
        process = self._look.processes.get(pid)
        is_alive = process.state not in DEAD_STATES if process is not None else pid in self._look.left_out
        return Holder(pid, None, is_alive, confidence, why if is_alive else "it has ended")

    # --- what is shared ---

    def _of_semaphore(self, inode: int, waiters: Sequence[ThreadReport]) -> Found:
        """Its readers for a queue's count of free places, its users for a signal, else who has taken it."""
        part = self._things.parts.get(inode)
        of_queue = next((report for report in waiters if report.resource.kind == "queue"), None)
        is_lock = part is not None and part.part in ("rlock", "wlock")
        if of_queue is not None and not is_lock and side_wanted(of_queue) == "readers":
            return self._of_queue(of_queue.resource.id, part.pipe if part is not None else "", "readers")
        if any(report.resource.kind == "signal" or report.kind in _SIGNALS for report in waiters):
            return self._of_signal(inode, waiters)
        return read_books(inode, self._look, self._dumps, self._things, self._semaphores).holders()

    def _of_queue(self, name: str, pipe: str, side: Side) -> Found:
        link = name if name.startswith("pipe:") else pipe
        return self._ends.holders(link, side) if link else None

    def _of_signal(self, inode: int, waiters: Sequence[ThreadReport]) -> Found:
        """Whoever has it and does not wait for it could set it."""
        blocked = {report.node for report in waiters}
        found: list[Holder] = []
        is_seen = False
        for pid in self._things.users.get(inode, ()):
            if self._look.processes[pid].state in DEAD_STATES:
                continue
            is_seen = True
            threads = [thread for thread in self._ends.actors(pid) if thread.node not in blocked]
            found += [Holder(pid, thread.tid, True, "possible", "it has it and could set it") for thread in threads]
        return tuple(found) if found or (is_seen and not self._look.left_out) else None

    def _of_channel(self, want: str, waiters: Sequence[ThreadReport]) -> Found:
        """One of ours: the engine knows who holds it, or who uses it."""
        name = want.partition(" ")[0].removeprefix("channel:")
        pids = self._channels.get(name)
        if pids is None or waiters[0].resource.kind == "signal":
            return None
        if waiters[0].resource.kind == "lock":
            return tuple(self._process(pid, "certain", "the kernel names it") for pid in pids)
        blocked = {report.pid for report in self._reports if wanted(report) == want}
        return tuple(self._process(pid, "possible", "it uses it") for pid in pids if pid not in blocked)

    # --- what is one process's ---

    def _of_thread(self, rest: str) -> Found:
        pid, _, tid = rest.partition(":")
        if not (pid.isdecimal() and tid.isdecimal()):
            return None
        process = self._look.processes.get(int(pid))
        if process is None and int(pid) in self._look.left_out:
            return None
        is_alive = process is not None and process.thread(int(tid)) is not None and process.state not in DEAD_STATES
        return (Holder(int(pid), int(tid), is_alive, "certain", "it has not ended" if is_alive else "it has ended"),)

    def _of_pool(self, rest: str) -> Found:
        """Its members; those that have died are named as well."""
        pid, _, key = rest.partition(":")
        thing = self._thing(pid, key)
        members = numbers(thing, "members") if thing is not None else ()
        if not members:
            members = tuple(
                report.pid
                for report in self._reports
                if report.is_main and self._is_child(report.pid, pid) and _functions(report) & _MEMBERS
            )
        return tuple(self._process(member, "likely", "it is a member") for member in members) or None

    def _is_child(self, pid: int, parent: str) -> bool:
        process = self._look.processes.get(pid)
        return process is not None and str(process.parent_pid) == parent

    def _of_interpreter(self, pid: int) -> Found:
        """The one thread that keeps the interpreter lock, where that is known."""
        keepers = [report for report in self._reports if report.pid == pid and report.kind == "GIL_HELD"]
        return tuple(Holder(pid, each.tid, True, "likely", "it keeps the lock") for each in keepers) or None

    def _of_manager(self, waiter: ThreadReport) -> Found:
        """The threads of its server that are in a request; the server itself where none is seen."""
        pid = self._manager_pid(waiter)
        if pid is None:
            return None
        serving = [
            report
            for report in self._reports
            if report.pid == pid
            and (names := [frame.function.rpartition(".")[2] for frame in report.frames])
            and "serve_client" in names
            and names[names.index("serve_client") - 1] != "recv"
        ]
        process = self._process(pid, "likely", "it serves it")
        if not process.is_alive or not serving:
            return (process,)
        confidence: Confidence = "likely" if len(serving) == 1 else "possible"
        return tuple(Holder(pid, report.tid, True, confidence, "it is in a request") for report in serving)

    def _manager_pid(self, waiter: ThreadReport) -> int | None:
        kind, _, rest = waiter.resource.id.partition(":")
        if kind == "pid" and rest.isdecimal():
            return int(rest)
        dump = self._dumps.get(waiter.pid)
        for frame in waiter.frames:
            thing = dump.thing(frame.subject) if dump is not None and frame.subject else None
            if thing is not None and thing.kind == "mp.Manager":
                return number(thing, "pid")
        return None

    def _of_thread_lock(self, waiters: Sequence[ThreadReport]) -> Found:
        """A lock between threads: only some say who owns them."""
        for waiter in waiters:
            dump = self._dumps.get(waiter.pid)
            for frame in waiter.frames[:3] if dump is not None else ():
                thing = dump.thing(frame.subject) if dump is not None and frame.subject else None
                ident = number(thing, "owner_ident") if thing is not None else None
                thread = next((each for each in dump.threads if each.ident == ident), None) if dump and ident else None
                if thread is not None and thread.native_id:
                    return (Holder(waiter.pid, thread.native_id, True, "certain", "the lock names its owner"),)
        return None

    def _thing(self, pid: str, key: str) -> Thing | None:
        dump = self._dumps.get(int(pid)) if pid.isdecimal() else None
        return dump.thing(key) if dump is not None else None
