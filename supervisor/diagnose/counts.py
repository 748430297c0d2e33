"""Who holds a semaphore between processes, by the counts that each process keeps for itself.

::

    value 0   count 1 in pid 12, 0 elsewhere   ─► pid 12 holds it
    value 0   count 0 everywhere               ─► its holder is dead
    value > 0                                  ─► nobody holds it; whoever waits is about to go on

A lock that was taken in one process and let go of in another leaves 1 here and -1 there: then nothing is sure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from supervisor.diagnose.ends import DEAD_STATES, kin_of
from supervisor.diagnose.evidence import Confidence, Dump, Holder, Look, ProcessFacts
from supervisor.diagnose.shared_things import Owned, SharedThings, inode_at, number


class CountReader(Protocol):
    """Reads the books of a process that need not answer: `supervisor.diagnose.semaphores`."""

    def read_count(self, pid: int, object_address: int, *, handle: int | None = None) -> tuple[int, int] | None:
        """How often the process holds the semaphore, and the thread that took it last; None: unreadable.

        With `handle` only where the object is that of the semaphore at this address.
        """


@dataclass(frozen=True, slots=True)
class Books:
    """What all processes that have a semaphore mapped say of it.

    Attributes:
        value: the semaphore's; None where nobody said.
        counts: by pid, how often it holds it by its own books.
        tids: by pid, the thread that took it last, where that is known.
        silent: the pids that have it mapped, or may have, and did not say.
    """

    value: int | None
    counts: Mapping[int, int]
    tids: Mapping[int, int]
    silent: tuple[int, ...]

    def holders(self) -> tuple[Holder, ...] | None:
        """Who holds it, the likely first; None where that is not known."""
        if self.value:
            return None
        holding = {pid: count for pid, count in self.counts.items() if count > 0}
        is_sure = len(holding) == 1 and not any(count < 0 for count in self.counts.values())
        confidence: Confidence = "likely" if is_sure else "possible"
        found = [
            Holder(pid, self.tids.get(pid), True, confidence, f"its count of it is {count}")
            for pid, count in holding.items()
        ]
        if not is_sure:
            why = "it did not say whether it holds it"
            found += [Holder(pid, None, True, "possible", why) for pid in self.silent]
        if found:
            return tuple(found)
        return () if self.counts else None


def read_books(inode: int, look: Look, dumps: Mapping[int, Dump], things: SharedThings, reader: CountReader) -> Books:
    """Ask everybody who has a semaphore mapped: the dump first, then the process's memory."""
    told = things.semaphores.get(inode, [])
    values = [value for owned in told if (value := number(owned.thing, "value")) is not None]
    counts: dict[int, int] = {}
    tids: dict[int, int] = {}
    silent = []
    for pid in things.users.get(inode, ()):
        process = look.processes[pid]
        if process.state in DEAD_STATES:
            continue
        own = [owned for owned in told if owned.pid == pid]
        dump = dumps.get(pid)
        if own:
            counts[pid] = sum(number(owned.thing, "count") or 0 for owned in own)
            tid = _last_thread(process, dump, own, reader) if counts[pid] > 0 else None
        else:
            read = _read_like_kin(inode, process, told, reader)
            if read is None:
                silent.append(pid)
                continue
            counts[pid] = read[0]
            tid = _tid_of(process, dump, read[1])
        if tid is not None:
            tids[pid] = tid
    silent += [pid for pid in kin_of(look, counts) if _is_hidden(look.processes.get(pid))]
    return Books(max(values, default=None), counts, tids, tuple(silent))


def _is_hidden(process: ProcessFacts | None) -> bool:
    """Whether nobody knows what the process has mapped: there was no time to look, or no permission."""
    return process is None or (process.state not in DEAD_STATES and bool(process.trouble) and not process.semaphores)


def _last_thread(process: ProcessFacts, dump: Dump | None, own: list[Owned], reader: CountReader) -> int | None:
    """The thread of a process that holds the semaphore."""
    for owned in own:
        if (number(owned.thing, "count") or 0) <= 0:
            continue
        if owned.thing.facts.get("is_mine"):  # the one that answered: the main thread runs the handlers of signals
            return process.pid
        address = number(owned.thing, "object_address")
        read = reader.read_count(process.pid, address) if address and len(process.threads) > 1 else None
        if read is not None:
            return _tid_of(process, dump, read[1])
    return process.pid if len(process.threads) == 1 else None


def _read_like_kin(inode: int, process: ProcessFacts, told: list[Owned], reader: CountReader) -> tuple[int, int] | None:
    """The books of a process that said nothing, where a relative by fork says: at the same address in both."""
    for owned in told:
        handle, address = number(owned.thing, "handle"), number(owned.thing, "object_address")
        if not address or inode_at(process, handle) != inode:
            continue
        read = reader.read_count(process.pid, address, handle=handle)
        most = number(owned.thing, "maxvalue")
        if read is not None and (most is None or owned.thing.kind == "mp.RLock" or read[0] <= most):
            return read
    return None


def _tid_of(process: ProcessFacts, dump: Dump | None, ident: int) -> int | None:
    """The kernel's number of a thread that Python knows by `ident`; None where nobody told."""
    if process.thread(ident) is not None:
        return ident
    threads = dump.threads if dump is not None else ()
    found = next((thread.native_id for thread in threads if thread.ident == ident), None)
    if found:
        return found
    return process.pid if len(process.threads) == 1 else None
