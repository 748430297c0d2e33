"""The ledger of a queue: a shared mapping in which every process that uses the queue keeps its own counters.

    page 0   magic        from 4096 on   slots of 128 bytes, each written by one process only

A process owns a slot as long as it holds the record lock on the slot's bytes, which the kernel frees when it dies.
The counters of a dead process stay; the next owner of the slot counts on from them, so the sums stay right.

POSIX frees all record locks of a process on a file when the process closes *any* descriptor of it. So there is one
Ledger per file and process, and it closes its descriptors all together at the end.

Counters are stepped by `slot[WORD] += 1` without a lock: in one process the GIL makes that one step.
"""

from __future__ import annotations

import _thread
import os

from supervisor.channels import platform

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterator

PID = 0
CLAIMS = 1
"""How often the slot was claimed; 0 marks the end of the used slots."""
PUTS = 2
GETS = 3
BYTES_IN = 4
TOKENS = 6
"""Places in the queue that this process has taken and not yet filled."""
RETURNED = 7
"""Places given back after a get; less than GETS while one is owed."""
DONE = 8
"""Calls of task_done()."""
PUT_WAIT_NS = 9
"""Since when a put is blocked, time.monotonic_ns; 0 while none is."""
GET_WAIT_NS = 10
"""Since when a get is blocked; words 5 and 11 to 15 are reserved."""

SLOT_COUNT = 1024
_SLOT_BYTES = 128
_SLOT_WORDS = _SLOT_BYTES // 8
_FIRST_SLOT = 4096
_SIZE = _FIRST_SLOT + SLOT_COUNT * _SLOT_BYTES
_MAGIC = b"pdledgr1"


class _Attached:
    """The ledgers of this process, and the lock that guards them."""

    ledgers: dict[tuple[int, int], Ledger] = {}  # noqa: RUF012  # one per process is the point
    lock = _thread.RLock()


class Ledger:
    """This process's one view of a queue's ledger. Get it with `create` or `attach`, end it with `release`.

    Attributes:
        mine: the slot of this process as 16 words, None before `claim` and in a forked child.
        my_index: the number of that slot.
    """

    def __init__(self, fd: int, key: tuple[int, int]) -> None:
        self.fd = fd
        self.mine: memoryview | None = None
        self.my_index = -1
        self._key = key
        self._map: mmap.mmap = platform.map_shared(fd, _SIZE)
        self._words = memoryview(self._map).cast("Q")
        self._spare_fds: list[int] = []
        self._users = 0
        self._claiming = _thread.RLock()

    @classmethod
    def create(cls) -> Ledger:
        """A new, empty ledger."""
        fd = platform.shared_page("procdeck-ledger", _SIZE)
        ledger = cls.attach(fd, is_new=True)
        os.pwrite(fd, _MAGIC, 0)
        return ledger

    @classmethod
    def attach(cls, fd: int, *, is_new: bool = False) -> Ledger:
        """The ledger behind `fd`, which it owns once this returns. ValueError when `fd` is something else."""
        status = os.fstat(fd)
        if status.st_size != _SIZE:
            raise ValueError(f"descriptor {fd} is not the ledger of a queue: it has {status.st_size} bytes")
        if not is_new and os.pread(fd, len(_MAGIC), 0) != _MAGIC:
            raise ValueError(f"descriptor {fd} is not the ledger of a queue of this version")
        key = (status.st_dev, status.st_ino)
        with _Attached.lock:
            ledger = _Attached.ledgers.get(key)
            if ledger is None:
                ledger = _Attached.ledgers[key] = cls(fd, key)
            elif fd != ledger.fd:
                ledger._adopt(fd)
            ledger._users += 1
        return ledger

    def release(self) -> None:
        """Give up one use; the last one frees the slot and closes the descriptors."""
        with _Attached.lock:
            self._users -= 1
            if self._users == 0:
                self._detach()

    def claim(self, give_back: Callable[[int], None]) -> memoryview:
        """The slot of this process, found on first use.

        Places that a dead owner of the slot had taken go to `give_back`. RuntimeError when 1024 live processes use
        the queue.
        """
        with self._claiming:
            if self.mine is not None:
                return self.mine
            for index in range(SLOT_COUNT):
                if self._try_lock(index):
                    slot = self._slot(index)
                    _settle(slot, give_back)
                    slot[CLAIMS] += 1
                    slot[PID] = os.getpid()
                    self.my_index = index
                    self.mine = slot
                    return slot
        raise RuntimeError(f"{SLOT_COUNT} live processes use this queue already; no more can join")

    def recover(self, give_back: Callable[[int], None]) -> int:
        """Settle the slots of dead processes; returns how many there were. Safe while others work."""
        found = 0
        with self._claiming:
            for index, slot in self.used_slots():
                if index == self.my_index or not slot[PID] or not self._try_lock(index):
                    continue
                if slot[PID]:  # the lock may have been won after its owner left in order
                    _settle(slot, give_back)
                    slot[PID] = 0
                    found += 1
                platform.unlock(self.fd, *_span(index))
        return found

    def used_slots(self) -> Iterator[tuple[int, memoryview]]:
        """Every slot that ever had an owner, with its number."""
        for index in range(SLOT_COUNT):
            slot = self._slot(index)
            if not slot[CLAIMS]:
                return
            yield index, slot

    def total(self, word: int) -> int:
        """The sum of one counter over all slots."""
        total = 0
        at = _FIRST_SLOT // 8
        words = self._words
        while at < len(words) and words[at + CLAIMS]:
            total += words[at + word]
            at += _SLOT_WORDS
        return total

    def is_alive(self, index: int) -> bool:
        """Whether the owner of a slot lives."""
        return index == self.my_index or platform.lock_holder(self.fd, *_span(index)) is not None

    def forget_after_fork(self) -> None:
        """In a forked child: the slot is the parent's, and no other thread of it is here."""
        self.mine = None
        self.my_index = -1
        self._claiming = _thread.RLock()

    def _adopt(self, fd: int) -> None:
        """Keep one more descriptor of the file; the first one may have been closed in a forked child."""
        try:
            status = os.fstat(self.fd)
            is_sound = (status.st_dev, status.st_ino) == self._key
        except OSError:
            is_sound = False
        if is_sound:
            self._spare_fds.append(fd)
        else:
            self.fd = fd

    def _slot(self, index: int) -> memoryview:
        at = _FIRST_SLOT // 8 + index * _SLOT_WORDS
        return self._words[at : at + _SLOT_WORDS]

    def _try_lock(self, index: int) -> bool:
        return index != self.my_index and platform.try_lock(self.fd, *_span(index))

    def _detach(self) -> None:
        del _Attached.ledgers[self._key]
        if self.mine is not None:
            self.mine[PID] = 0
            self.mine = None
        # The mapping closes itself with its last view: a thread may still be about to step a counter.
        self._words = memoryview(b"").cast("Q")
        del self._map
        for fd in (self.fd, *self._spare_fds):
            os.close(fd)


def _span(index: int) -> tuple[int, int]:
    return _FIRST_SLOT + index * _SLOT_BYTES, _SLOT_BYTES


def _settle(slot: memoryview, give_back: Callable[[int], None]) -> None:
    """Return what the dead owner of a slot had taken, and mark it as waiting for nothing."""
    places = slot[TOKENS] + slot[GETS] - slot[RETURNED]
    slot[TOKENS] = 0
    slot[RETURNED] = slot[GETS]
    slot[PUT_WAIT_NS] = slot[GET_WAIT_NS] = 0
    if places > 0:
        give_back(places)


def _forget_after_fork() -> None:
    _Attached.lock = _thread.RLock()
    for ledger in _Attached.ledgers.values():
        ledger.forget_after_fork()


os.register_at_fork(after_in_child=_forget_after_fork)
