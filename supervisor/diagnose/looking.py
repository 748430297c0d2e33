"""One look at processes from outside: what each thread of some trees does, in the kernel's words.

It stops nobody, asks nobody and keeps nothing. Who ends, is stopped or may not be read in the middle of it is a fact,
not an error. A thread that has not run since the look before costs one small file::

    roots ─► trees ─► each process: schedstat of its threads ── as before ─► as it was
                                                 └───── else: stat, status, syscall, wchan
                                                        with descriptors: fd, maps, sockets, what a poll waits on
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from supervisor import proctable
from supervisor.diagnose import proc_files, sockets
from supervisor.diagnose.evidence import Descriptor, Look, ProcessFacts, SemaphoreMapping, Syscall, ThreadFacts
from supervisor.diagnose.kernel_words import awaited_descriptors, polled_in_memory
from supervisor.proctable import ProcessEntry, Table

SLICE_S: Final = 0.005
"""How long `alook` works before it lets the loop do other things."""
BUDGET_S: Final = 0.5
"""How long `alook` works in all; whom there was no time for is in `Look.left_out`, and comes first the next time."""
THREADS_LIMIT: Final = 512
"""Threads of one process that are looked at, the main thread first."""
DESCRIPTORS_LIMIT: Final = 4096
"""Descriptors of one process that are looked at."""
_PAUSE_EVERY: Final = 64
"""Descriptors between two places to pause."""


def look(
    roots: Mapping[int, str], *, has_descriptors: bool = False, table: Table | None = None, before: Look | None = None
) -> Look:
    """Look at the trees below `roots`, in one piece.

    Args:
        roots: the leader's pid of each replica, with its name.
        has_descriptors: also what is open, which semaphores are mapped, and each process's command.
        table: a look at the process table that is fresh enough; else the trees are walked.
        before: the last look. Who has not run since is taken from it, with all that was asked for then: what it has
            open and mapped cannot have changed either.
    """
    began = _Pass(roots, has_descriptors, table, before)
    for _ in began.steps():
        pass
    return began.result()


async def alook(
    roots: Mapping[int, str],
    *,
    has_descriptors: bool = False,
    table: Table | None = None,
    before: Look | None = None,
    budget_s: float = BUDGET_S,
) -> Look:
    """The same, letting the loop run every 5 ms, and stopping after `budget_s` of work, at the end of a process.

    What it has seen by then is whole; `Look.left_out` names the rest.
    """
    began = _Pass(roots, has_descriptors, table, before)
    worked_s, cost_s = 0.0, 0.0
    slice_began_s, slice_began_cpu_s = time.perf_counter(), time.thread_time()
    for may_be_given_up in began.steps():
        spent_s = time.perf_counter() - slice_began_s
        if may_be_given_up and worked_s + spent_s >= budget_s:
            break
        if spent_s >= SLICE_S:
            worked_s += spent_s
            cost_s += time.thread_time() - slice_began_cpu_s
            await asyncio.sleep(0)
            slice_began_s, slice_began_cpu_s = time.perf_counter(), time.thread_time()
    return replace(began.result(), cost_s=cost_s + time.thread_time() - slice_began_cpu_s)


class _Pass:
    """One look while it is taken."""

    def __init__(self, roots: Mapping[int, str], has_descriptors: bool, table: Table | None, before: Look | None):
        self._roots = roots
        self._is_full = has_descriptors
        self._table = table
        self._before: Mapping[int, ProcessFacts] = before.processes if before is not None else {}
        self._at_s = time.monotonic()
        self._waiting: list[ProcessEntry] = []
        self._processes: dict[int, ProcessFacts] = {}
        self._owners: dict[int, str] = {}
        self._sockets = sockets.Names()

    def steps(self) -> Iterator[bool]:
        """Find who there is, then look at each: whoever the last look had no time for comes first.

        Yields wherever the work may be interrupted: True where it may be given up, which is after each process.
        """
        for _ in self._find():
            yield False
        self._waiting.sort(key=lambda entry: entry.pid in self._before, reverse=True)
        while self._waiting:
            for _ in self._look_at(self._waiting[-1]):
                yield False
            self._waiting.pop()
            yield True

    def result(self) -> Look:
        left_out = {entry.pid for entry in self._waiting}
        return Look(
            at_s=self._at_s,
            processes=self._processes,
            owners={pid: name for pid, name in self._owners.items() if pid in self._processes or pid in left_out},
            took_s=time.monotonic() - self._at_s,
            left_out=tuple(sorted(left_out)),
        )

    def _find(self) -> Iterator[None]:
        """All living descendants, zombies included, each with the replica that is nearest above it.

        Who has not run is done with here; the others wait to be looked at.
        """
        if self._table is None and not proc_files.lists_children():
            self._table = proctable.look()
        below = None if self._table is None else proctable.children_of(self._table)
        unvisited = [(pid, name, 0) for pid, name in self._roots.items()]
        while unvisited:
            pid, name, parent_pid = unvisited.pop()
            if pid in self._owners:
                continue
            tids = self._take_from_before(pid, parent_pid)
            if not tids:
                entry = proctable.read_entry(pid) if self._table is None else self._table.get(pid)
                if entry is None:
                    self._note_absent(pid, name)
                    continue
                self._waiting.append(entry)
            self._owners[pid] = name
            children = proc_files.children(pid, tids) if below is None else below.get(pid, ())
            unvisited.extend((child, name, pid) for child in children if child not in self._roots)
            yield

    def _take_from_before(self, pid: int, parent_pid: int) -> list[int]:
        """Keep what the look before saw of a process, if that is still so; its threads then, else nothing."""
        before = self._before.get(pid)
        if before is None or not before.threads or (self._is_full and not before.command):
            return []
        if not all(_has_not_run(pid, one) for one in before.threads):
            return []
        is_adopted = parent_pid not in (0, before.parent_pid)
        self._processes[pid] = replace(before, parent_pid=parent_pid) if is_adopted else before
        return [one.tid for one in before.threads]

    def _note_absent(self, pid: int, name: str) -> None:
        """A leader that is not in the table: it has ended, unless it is only hidden."""
        if proc_files.is_hidden(pid):
            self._owners[pid] = name
            self._processes[pid] = ProcessFacts(
                pid=pid, start_ticks=0, parent_pid=0, name="", state="", trouble=proc_files.why_not(pid, None)
            )

    def _look_at(self, entry: ProcessEntry) -> Iterator[None]:
        taken = _Process(entry, None if self._is_full else self._before.get(entry.pid))
        try:
            yield from taken.read_threads()
            if self._is_full:
                yield from taken.read_possessions(self._sockets)
        except (FileNotFoundError, ProcessLookupError):
            return  # it has ended meanwhile
        except PermissionError:
            taken.note_denial()
        except OSError as error:
            taken.trouble = taken.trouble or f"could not be looked into: {error.strerror or error}"
        self._processes[entry.pid] = taken.facts()


def _has_not_run(pid: int, thread: ThreadFacts) -> bool:
    """Whether everything that was seen of a thread is still so: it has not had a processor since.

    What it has run and its turns were read before everything else of it, so a move in the middle of a look shows.
    """
    if thread.turns < 0 or thread.state == "R":
        return False
    try:
        return proc_files.schedule(pid, thread.tid) == (thread.ran_ns, thread.turns)
    except OSError:
        return False


class _Process:
    """What is being found out about one process."""

    def __init__(self, entry: ProcessEntry, before: ProcessFacts | None) -> None:
        self._entry = entry
        self._before = {one.tid: one for one in before.threads} if before is not None else {}
        self._threads: list[ThreadFacts] = []
        self._main: proc_files.Stat | None = None
        self._descriptors: tuple[Descriptor, ...] = ()
        self._semaphores: tuple[SemaphoreMapping, ...] = ()
        self._command = ""
        self._caught_signals = before.caught_signals if before is not None else 0
        self._uid: int | None = None
        self.trouble = ""
        self._limits: list[str] = []

    def read_threads(self) -> Iterator[None]:
        """Each thread's facts; one that ends meanwhile is left out."""
        pid = self._entry.pid
        tids = proc_files.threads(pid)
        if len(tids) > THREADS_LIMIT:
            self._limits.append(f"only {THREADS_LIMIT} of its {len(tids)} threads were looked at")
        for tid in tids[:THREADS_LIMIT]:
            known = self._before.get(tid)
            if known is not None and tid != pid and _has_not_run(pid, known):
                self._threads.append(known)
                continue
            try:
                self._threads.append(self._read_thread(tid))
            except (FileNotFoundError, ProcessLookupError):
                if tid == pid:
                    raise
            yield

    def _read_thread(self, tid: int) -> ThreadFacts:
        pid = self._entry.pid
        ran_ns, turns = proc_files.schedule(pid, tid)
        stat = proc_files.stat(pid, tid)
        if tid == pid:
            if stat.start_ticks != self._entry.start_ticks:
                raise ProcessLookupError(pid)  # another process has the number now
            self._main = stat
        status = proc_files.status(pid, tid)
        if tid == pid:
            self._caught_signals, self._uid = status.caught_signals, status.uid
        syscall, wchan = self._waits(tid, stat.state)
        return ThreadFacts(
            tid=tid,
            name=stat.name,
            state=stat.state,
            cpu_ticks=stat.cpu_ticks,
            voluntary=status.voluntary,
            involuntary=status.involuntary,
            syscall=syscall,
            wchan=wchan,
            ran_ns=ran_ns,
            turns=turns,
        )

    def _waits(self, tid: int, state: str) -> tuple[Syscall | None, str]:
        """What a thread is in, and where the kernel lets it sleep."""
        if state in "RZX":
            return None, ""
        pid = self._entry.pid
        try:
            return proc_files.syscall(pid, tid), proc_files.wchan(pid, tid)
        except PermissionError:
            self.note_denial()
        except FileNotFoundError:
            if not proc_files.is_there(pid, tid):
                raise
            self.trouble = self.trouble or "this kernel does not tell which system call a thread is in"
        except ProcessLookupError:
            raise
        except OSError as error:
            self.trouble = self.trouble or f"its system calls could not be read: {error.strerror or error}"
        try:
            return None, proc_files.wchan(pid, tid)
        except OSError:
            return None, ""

    def note_denial(self) -> None:
        """Say why it may not be looked into, once; of one that has just ended, nobody may read anything any more."""
        entry = proctable.read_entry(self._entry.pid)
        if entry is not None and entry.state not in "ZX":
            self.trouble = self.trouble or proc_files.why_not(self._entry.pid, self._uid)

    def read_possessions(self, names: sockets.Names) -> Iterator[None]:
        """What it has open and mapped, and what its threads wait on."""
        pid = self._entry.pid
        if self._main is not None and self._main.state in "ZX":
            return
        self._command = proctable.command_line(pid)
        found: list[Descriptor] = []
        for number, descriptor in enumerate(proc_files.descriptors(pid)):
            if number == DESCRIPTORS_LIMIT:
                self._limits.append(f"only {DESCRIPTORS_LIMIT} of its descriptors were looked at")
                break
            found.append(descriptor)
            if number % _PAUSE_EVERY == _PAUSE_EVERY - 1:
                yield
        found.sort(key=lambda descriptor: descriptor.number)
        self._descriptors = tuple(found)
        yield
        mapped: list[SemaphoreMapping] = []
        for mapping in proc_files.semaphores(pid):
            if mapping is None:
                yield
            else:
                mapped.append(mapping)
        self._semaphores = tuple(mapped)
        self._threads = [_with_polled(pid, thread) for thread in self._threads]
        self._descriptors = tuple(_named(pid, self._descriptors, self._awaited(), names))
        yield

    def _awaited(self) -> frozenset[int]:
        return frozenset(number for thread in self._threads for number in awaited_descriptors(thread))

    def facts(self) -> ProcessFacts:
        main = self._main
        return ProcessFacts(
            pid=self._entry.pid,
            start_ticks=self._entry.start_ticks,
            parent_pid=main.parent_pid if main is not None else self._entry.parent_pid,
            name=main.name if main is not None else self._entry.name,
            state=main.state if main is not None else self._entry.state,
            threads=tuple(self._threads),
            descriptors=self._descriptors,
            semaphores=self._semaphores,
            caught_signals=self._caught_signals,
            command=self._command,
            trouble="; ".join(filter(None, (self.trouble, *self._limits))),
        )


def _with_polled(pid: int, thread: ThreadFacts) -> ThreadFacts:
    """The thread, with what its poll or epoll waits on as far as its memory tells."""
    try:
        polled = polled_in_memory(pid, thread)
    except (OSError, ValueError, IndexError):
        return thread  # it has moved on, or its memory may not be read
    return replace(thread, polled=polled) if polled else thread


def _named(
    pid: int, descriptors: Iterable[Descriptor], awaited: frozenset[int], names: sockets.Names
) -> Iterator[Descriptor]:
    """The descriptors; of those that a thread waits on, what sockets they are and where their other end is."""
    for descriptor in descriptors:
        if descriptor.number in awaited and descriptor.link.startswith("socket:["):
            found = names.of(pid, descriptor.link)
            yield replace(descriptor, what=found.what, peer=found.peer)
        else:
            yield descriptor
