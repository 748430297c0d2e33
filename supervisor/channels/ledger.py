"""The ledger of a queue: a shared mapping in which every user of the queue counts, and holds the item it works on.

    page 0   magic, words of all     from 4096 on   1024 slots of 256 bytes     then   1024 holds of 68 KiB, and trays

A user is a thread. A process owns the slots and holds of its threads as long as it has the record locks on the slots'
bytes, which the kernel frees when it dies. Only the owner writes there. The counters of a dead user stay; the next
owner of the slot counts on from them, so the sums stay right. Only holds and trays that are used cost memory.

POSIX frees all record locks of a process on a file when the process closes *any* descriptor of it. So there is one
Ledger per file and process, and it closes its descriptors all together at the end.
"""

from __future__ import annotations

import _thread
import os
import sys
import time

from supervisor.channels import interrupt, platform
from supervisor.channels.desk import HOLD_BYTES, Desk
from supervisor.channels.envelope import message_bytes
from supervisor.channels.parcel import HEADER_BYTES
from supervisor.channels.words import (
    BYTES_IN,
    CLAIMED_NS,
    CLAIMS,
    ENGINE_JUDGES,
    GETS,
    LOST,
    MARKS,
    PID,
    PUTS,
    RETURNED,
    is_in_doubt,
    settle,
)

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterator

SLOT_COUNT = 1024
TRAYS_BYTES = 2 << 20
"""What the trays of one slot take."""
_SLOT_BYTES = 256
_SLOT_WORDS = _SLOT_BYTES // 8
_FIRST_SLOT = 4096
_FIRST_HOLD = _FIRST_SLOT + SLOT_COUNT * _SLOT_BYTES
_FIRST_TRAY = _FIRST_HOLD + SLOT_COUNT * HOLD_BYTES
_SIZE = _FIRST_TRAY + SLOT_COUNT * TRAYS_BYTES
_RECOVERY_LOCK = (64, 1)
_MAGIC = b"pdledgr4"


class _Attached:
    """The ledgers of this process, and the lock that guards them."""

    ledgers: dict[tuple[int, int], Ledger] = {}  # noqa: RUF012  # one per process is the point
    lock = _thread.RLock()


class _Tenancy:
    """Lives as long as its thread, in thread-local memory; its end makes the thread's desk vacant.

    A forked child drops the memory of its parent's other threads, who work on, and may hold any lock.
    """

    def __init__(self, ledger: Ledger, desk: Desk) -> None:
        self._ledger = ledger
        self._desk = desk
        self._pid = os.getpid()

    def __del__(self) -> None:
        if self._pid == os.getpid():
            self._ledger.vacate(self._desk)


class Ledger:
    """This process's one view of a queue's ledger. Get it with `create` or `attach`, end it with `release`.

    Attributes:
        local: its attribute `desk` is the calling thread's, once it has claimed one.
        desks: those of all threads of this process, by the number of their slot.
        map: the mapping of all but the holds and trays.
        page: the words of page 0.
        lock: guards claims and recoveries among the threads of this process.
        trays: this process's view of the trays.
        discard: what removes the file beside a message that is done with.
        tell_news: what wakes those who wait for a change among the users.
        is_judged_by_engine: whether the engine says how this process ended.
    """

    def __init__(self, fd: int, key: tuple[int, int]) -> None:
        self.fd = fd
        self.local = _thread._local()  # noqa: SLF001  # threading.local without the import of threading
        self.desks: dict[int, Desk] = {}
        self.lock = _thread.RLock()
        self.discard: Callable[[memoryview], None] | None = None
        self.tell_news: Callable[[], None] | None = None
        self.is_judged_by_engine = False
        self._vacant: list[Desk] = []
        self._is_over = False
        self._key = key
        self.map: mmap.mmap = platform.map_shared(fd, _FIRST_HOLD)
        self._words = memoryview(self.map).cast("Q")
        self.page = self._words[: _FIRST_SLOT // 8]
        self.trays: object = None
        self._spare_fds: list[int] = []
        self._users = 0

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

    def release(self, *, is_clean: bool) -> None:
        """Give up one use; the last one frees the slots and closes the descriptors.

        What is still held is done if `is_clean`, and goes back into the queue if not.
        """
        with _Attached.lock:
            self._users -= 1
            if self._users == 0:
                self._detach(is_clean=is_clean)

    def claim(self, give_back: Callable[[int], None]) -> Desk:
        """The desk of the calling thread, found on first use.

        Places that a dead owner of the slot had taken go to `give_back`. RuntimeError when 1024 live threads use the
        queue, or as many items of dead ones wait for their return.
        """
        with self.lock:
            desk = self._vacant.pop() if self._vacant else self._claim_new(give_back)
            self.local.desk = desk
            self.local.tenancy = _Tenancy(self, desk)
            return desk

    def _claim_new(self, give_back: Callable[[int], None]) -> Desk:
        for index in range(SLOT_COUNT):
            if index in self.desks or not self._try_lock(index):
                continue
            slot = self.slot(index)
            if is_in_doubt(slot) or (slot[PID] and self.hold_head(index)[0]):
                platform.unlock(self.fd, *_span(index))  # what a dead one had in hand is not settled yet
                continue
            settle(slot, give_back)
            slot[CLAIMS] += 1
            slot[CLAIMED_NS] = time.monotonic_ns()
            slot[MARKS] = ENGINE_JUDGES if self.is_judged_by_engine else 0
            slot[PID] = os.getpid()
            desk = self.desks[index] = Desk(index, slot)
            desk.puts, desk.gets, desk.bytes_in, desk.returned = slot[PUTS], slot[GETS], slot[BYTES_IN], slot[RETURNED]
            return desk
        raise RuntimeError(f"{SLOT_COUNT} live threads use this queue already; no more can join")

    def open_hold(self, desk: Desk) -> memoryview:
        """Map the hold of a desk of this process."""
        return desk.open_hold(self.fd, _FIRST_HOLD + desk.index * HOLD_BYTES)

    def vacate(self, desk: Desk) -> None:
        """Take back the desk of a thread that has ended; its item is done, since the process goes on without it."""
        if sys.is_finalizing():
            return  # who has the lock may be a thread that never goes on
        with self.lock:  # the queue may be closed just now, by another thread
            if self._is_over or self.desks.get(desk.index) is not desk or desk.is_interrupted():
                return
            desk.acknowledge(self.discard)
            self._vacant.append(desk)
            self._tell_news()

    def surrender(self, desk: Desk) -> None:
        """Leave a desk of this process as the dead leave theirs: the next recovery sends its item back."""
        with self.lock:
            del self.desks[desk.index]
            desk.slot[MARKS] = LOST
            desk.abandon()
            platform.unlock(self.fd, *_span(desk.index))
        self._tell_news()

    def leave(self, *, is_clean: bool) -> None:
        """The process is about to end: what it holds is done, or stays for others to send back."""
        self._is_over = True
        if is_clean and not self.is_judged_by_engine:
            for desk in self.desks.values():
                if not desk.is_interrupted():
                    desk.acknowledge(self.discard)
            self._tell_news()

    def _tell_news(self) -> None:
        if self.tell_news is not None:
            self.tell_news()

    def abandoned(self) -> Iterator[tuple[int, memoryview]]:
        """The slots of users that are gone, each kept from other processes while it is looked at. Take `lock` first."""
        for index, slot in self.used_slots():
            if index in self.desks or not slot[PID] or not self._try_lock(index):
                continue
            try:
                if slot[PID]:  # the lock may have been won after its owner left in order
                    yield index, slot
            finally:
                platform.unlock(self.fd, *_span(index))

    def try_recovery(self) -> bool:
        """Become the one process that recovers; False while another one is at it."""
        return platform.try_lock(self.fd, *_RECOVERY_LOCK)

    def end_recovery(self) -> None:
        """Let others recover."""
        platform.unlock(self.fd, *_RECOVERY_LOCK)

    def used_slots(self) -> Iterator[tuple[int, memoryview]]:
        """Every slot that ever had an owner, with its number."""
        for index in range(SLOT_COUNT):
            slot = self.slot(index)
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
        """Whether the owner of a slot lives and has not let go of the queue."""
        return index in self.desks or platform.lock_holder(self.fd, *_span(index)) is not None

    def hold_head(self, index: int) -> bytes:
        """The header of what is held there; its first byte is 0 when nothing is."""
        return os.pread(self.fd, HEADER_BYTES, _FIRST_HOLD + index * HOLD_BYTES)

    def hold_message(self, index: int, head: bytes) -> bytes:
        """The whole message that begins with this header."""
        return os.pread(self.fd, message_bytes(head), _FIRST_HOLD + index * HOLD_BYTES)

    def clear_hold(self, index: int) -> None:
        """Forget what is held there."""
        os.pwrite(self.fd, b"\0", _FIRST_HOLD + index * HOLD_BYTES)

    def forget_after_fork(self) -> None:
        """In a forked child: the desks are the parent's, and no other thread of it is here."""
        self._vacant.clear()
        for desk in self.desks.values():
            desk.abandon()
        self.desks = {}
        self.local.__dict__.clear()  # the one thread that is here; it claims a desk of its own
        self.lock = _thread.RLock()
        self.is_judged_by_engine = False
        self._is_over = False

    def trays_at(self, index: int) -> int:
        """Where in the file the trays of a slot begin."""
        return _FIRST_TRAY + index * TRAYS_BYTES

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

    def slot(self, index: int) -> memoryview:
        """The words of one slot."""
        at = _FIRST_SLOT // 8 + index * _SLOT_WORDS
        return self._words[at : at + _SLOT_WORDS]

    def _try_lock(self, index: int) -> bool:
        return index not in self.desks and platform.try_lock(self.fd, *_span(index))

    def _detach(self, *, is_clean: bool) -> None:
        del _Attached.ledgers[self._key]
        is_clean, self._is_over = is_clean and not self._is_over, True
        for desk in self.desks.values():
            if is_clean and not desk.is_interrupted():
                desk.acknowledge(self.discard)
            if not desk.is_holding():
                desk.slot[PID] = 0
            desk.abandon()
        self.desks = {}
        self.local = _thread._local()  # noqa: SLF001
        self.discard = self.tell_news = None
        self.trays = None
        # The mapping closes itself with its last view: a thread may still be about to step a counter.
        self._words = self.page = memoryview(b"").cast("Q")
        del self.map
        for fd in (self.fd, *self._spare_fds):
            os.close(fd)


def _span(index: int) -> tuple[int, int]:
    return _FIRST_SLOT + index * _SLOT_BYTES, _SLOT_BYTES


def leave_all(*, is_clean: bool) -> None:
    """The process is about to end: settle what it holds of every queue."""
    for ledger in attached():
        ledger.leave(is_clean=is_clean)


def attached() -> list[Ledger]:
    """The ledgers of this process."""
    return list(_Attached.ledgers.values())


def _mark_holds() -> None:
    for ledger in attached():
        own = ledger.local.__dict__.get("desk")
        for desk in [own] if interrupt.is_shared() else list(ledger.desks.values()):
            if desk is not None:
                desk.mark_interrupted()


def _forget_after_fork() -> None:
    _Attached.lock = _thread.RLock()
    for ledger in _Attached.ledgers.values():
        ledger.forget_after_fork()


interrupt.when_stopping(_mark_holds)
os.register_at_fork(after_in_child=_forget_after_fork)
