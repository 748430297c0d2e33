"""What processes share about a lock, a semaphore, a condition or a barrier: a page of words, a bell and seats.

    page 0   magic, words of the primitive      from 4096 on   seats of 16 words, each written by its owner
    bell     an eventfd that nobody reads: each ring wakes whoever listens

Whoever sits on a seat holds the record lock on its bytes, which the kernel frees at death: a seat tells whether its
owner lives, and what the owner had taken. `guarded` is a mutex for a few words of work that a kill cannot leave locked.

POSIX frees all record locks of a process on a file when the process closes *any* descriptor of it. So there is one
Roster per file and process, and it closes its descriptors all together at the end.
"""

from __future__ import annotations

import _thread
import errno
import fcntl
import os
import select
import sys

from supervisor.channels import platform

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from supervisor.channels.waiting import Blocking

MAGIC = 0
WAITED = 1
"""Header word: 1 while somebody may be listening to the bell."""
ATOMIC_BYTE = 64
"""Where in the page the atomic word of a latch is; it has 64 bytes."""
FIRST_FREE_WORD = 16
"""Header words from here on belong to the primitive."""

PID = 0
USED = 1
"""Seat word: not 0 when the seat ever had an owner; the first seat with 0 ends the scan."""
WAIT_NS = 2
"""Seat word: since when its owner is blocked, time.monotonic_ns; 0 while it is not. Words from 3 on are free."""

SEAT_COUNT = 1024
_SEAT_WORDS = 16
_SEAT_BYTES = _SEAT_WORDS * 8
_FIRST_SEAT = 4096
_FIRST_SEAT_WORD = _FIRST_SEAT // 8
_SIZE = _FIRST_SEAT + SEAT_COUNT * _SEAT_BYTES
_GUARD = (0, 8)
_MAGIC = int.from_bytes(b"pdseats1", "little")

SECOND_LOOK_S = 0.002
"""When a waiter looks once more before it sleeps: by then the stores of every other processor are to be seen."""


class _Attached:
    """The rosters of this process, and the lock that guards them."""

    rosters: dict[tuple[int, int], Roster] = {}  # noqa: RUF012  # one per process is the point
    lock = _thread.RLock()


class Roster:
    """This process's one view of a shared page. Get it with `create` or `attach`, end it with `release`.

    Attributes:
        header: the words of page 0.
        seat: the seat of this process, None before `sit` and in a forked child.
        may_reuse: asked, with the seat locked, whether a seat of the dead may be had as it is.
        on_fork: called in a forked child, for what the primitive keeps in this process.
        before_fork: called in the process that forks.
    """

    def __init__(self, page: int, bell: int, key: tuple[int, int]) -> None:
        self.page = page
        self.bell = bell
        self.seat: memoryview | None = None
        self.may_reuse: Callable[[Roster, memoryview], bool] = _may_always_reuse
        self.on_fork: Callable[[], None] | None = None
        self.before_fork: Callable[[], None] | None = None
        self.latch: object = None
        self._key = key
        self.map: mmap.mmap = platform.map_shared(page, _SIZE)
        self._words = memoryview(self.map).cast("q")
        self.header = self._words[:_FIRST_SEAT_WORD]
        self._spare_fds: list[int] = []
        self._users = 0
        self._used = 0
        self._mine: set[int] = set()
        self._idle: list[int] = []
        self.guarding = _thread.RLock()
        self.guard_depth = 0

    @classmethod
    def create(cls) -> Roster:
        """A new page with empty seats, and its bell."""
        roster = cls.attach(platform.shared_page("procdeck-seats", _SIZE), platform.counter(0), is_new=True)
        roster.header[MAGIC] = _MAGIC
        return roster

    @classmethod
    def attach(cls, page: int, bell: int, *, is_new: bool = False) -> Roster:
        """The roster behind two descriptors, which it owns once this returns. ValueError when it is none."""
        status = os.fstat(page)
        is_page = status.st_size == _SIZE and (is_new or os.pread(page, 8, 0) == _MAGIC.to_bytes(8, "little"))
        if not is_page:
            raise ValueError(f"descriptor {page} is not the page of a lock, semaphore, condition or barrier")
        key = (status.st_dev, status.st_ino)
        with _Attached.lock:
            roster = _Attached.rosters.get(key)
            if roster is None:
                roster = _Attached.rosters[key] = cls(page, bell, key)
            elif roster.page != page:
                roster._adopt(page, bell)
            roster._users += 1
        return roster

    def release(self) -> None:
        """Give up one use; the last one leaves the seats and closes the descriptors."""
        if sys.is_finalizing():
            return  # the kernel does it next, and who has the lock may be a thread that never goes on
        with _Attached.lock:
            self._users -= 1
            if self._users == 0:
                self._detach()

    # -- seats ---------------------------------------------------------------------------------------------------------

    def sit(self) -> memoryview:
        """The seat of this process, taken on first use. RuntimeError when 1024 live users have them all."""
        with self.guarding:
            if self.seat is None:
                self.seat = self.seat_at(self._claim())
            return self.seat

    def sit_apart(self) -> int:
        """The number of a seat for one thread's wait; give it back with `stand_up`."""
        with self.guarding:
            return self._idle.pop() if self._idle else self._claim()

    def stand_up(self, index: int) -> None:
        """The wait is over; the seat stays with this process for its next one."""
        self._idle.append(index)

    def seat_at(self, index: int) -> memoryview:
        """The words of one seat."""
        at = _FIRST_SEAT_WORD + index * _SEAT_WORDS
        return self._words[at : at + _SEAT_WORDS]

    def seats(self) -> Iterator[tuple[int, memoryview]]:
        """Every seat that ever had an owner, with its number."""
        for index in range(self.used_seats()):
            yield index, self.seat_at(index)

    def used_seats(self) -> int:
        """How many seats ever had an owner; they come first."""
        used = self._used
        while used < SEAT_COUNT and self._words[_FIRST_SEAT_WORD + used * _SEAT_WORDS + USED]:
            used += 1
        self._used = used
        return used

    def column(self, word: int) -> memoryview:
        """One word of every used seat."""
        end = _FIRST_SEAT_WORD + self.used_seats() * _SEAT_WORDS
        return self._words[_FIRST_SEAT_WORD + word : end : _SEAT_WORDS]

    def is_alive(self, index: int) -> bool:
        """Whether the owner of a seat lives."""
        return index in self._mine or platform.lock_holder(self.page, *_span(index)) is not None

    def open_deaths(self, indexes: Iterable[int]) -> list[int] | None:
        """A descriptor for each other process on these seats, readable once it dies; None when one is dead already."""
        deaths: dict[int, int] = {}
        for index in indexes:
            pid = self.seat_at(index)[PID]
            if index in self._mine or pid in deaths:
                continue
            try:
                deaths[pid] = os.pidfd_open(pid)
            except OSError as error:
                if error.errno not in {errno.ESRCH, errno.EINVAL}:
                    _close(deaths.values())
                    raise
            # Asked after the descriptor was opened, so that it cannot belong to a later process of this number;
            # and another pid is that of a process which only tries whether it may have the seat.
            if pid not in deaths or platform.lock_holder(self.page, *_span(index)) != pid:
                _close(deaths.values())
                return None
        return list(deaths.values())

    # -- the guard and the bell ----------------------------------------------------------------------------------------

    def guarded(self) -> Guard:
        """A context in which no other thread of any process is in it; only for work that never blocks."""
        return Guard(self)

    def ring(self) -> None:
        """Wake everybody who listens; costs nothing when nobody does."""
        if self.header[WAITED]:
            self.header[WAITED] = 0
            os.eventfd_write(self.bell, 1)

    def wait(
        self,
        blocking: Blocking,
        attempt: Callable[[], bool],
        suspects: Callable[[], Sequence[int] | None],
    ) -> bool:
        """Call `attempt` until it is true, whenever the bell rings or a suspect dies; False when the time is over.

        `suspects` names the seats whose owners' death matters; None when that cannot be told yet: then it is asked
        again soon. Everything between two looks is a sleep in the kernel.
        """
        with select.epoll() as ear:
            ear.register(self.bell, select.EPOLLIN | select.EPOLLET)
            ear.poll(0)
            news = (ear.fileno(), platform.INPUT)
            is_second_look = was_stale = False
            while True:
                self.header[WAITED] = 1
                if attempt():
                    return True
                indexes = suspects()
                deaths = self.open_deaths(indexes or ())
                is_nap = indexes is None or deaths is None or not is_second_look
                nap_s = 0.0 if deaths is None and not was_stale else SECOND_LOOK_S
                was_stale = deaths is None
                try:
                    is_in_time = blocking.wait(
                        news,
                        *((fd, platform.INPUT) for fd in deaths or ()),
                        at_most_s=nap_s if is_nap else None,
                    )
                finally:
                    _close(deaths or ())
                is_second_look = not ear.poll(0)
                if not is_in_time:
                    return attempt()

    # -- inside --------------------------------------------------------------------------------------------------------

    def _claim(self) -> int:
        for index in range(SEAT_COUNT):
            if index in self._mine:
                continue
            seat = self.seat_at(index)
            if not platform.try_lock(self.page, *_span(index)):
                seat[USED] = seat[USED] or 1  # its owner may be on the way to say so; no scan may end before our seat
                continue
            if seat[PID] and not self.may_reuse(self, seat):
                platform.unlock(self.page, *_span(index))
                continue
            seat[WAIT_NS] = 0
            seat[PID] = os.getpid()
            seat[USED] = 1
            self._mine.add(index)
            return index
        raise RuntimeError(f"{SEAT_COUNT} live users share this already; no more can join")

    def _adopt(self, page: int, bell: int) -> None:
        """Keep further descriptors of the same; the first ones may have been closed in a forked child."""
        try:
            status = os.fstat(self.page)
            is_sound = (status.st_dev, status.st_ino) == self._key
        except OSError:
            is_sound = False
        if is_sound:
            self._spare_fds += (page, bell)
        else:
            self.page, self.bell = page, bell

    def _detach(self) -> None:
        del _Attached.rosters[self._key]
        for fd in (self.page, *self._spare_fds):
            os.close(fd)
        # Whoever waits for what this process held looks again, now that the record locks are gone.
        os.eventfd_write(self.bell, 1)
        os.close(self.bell)
        # The mapping closes itself with its last view: a thread may still be about to write a word.
        self.seat = None
        self.latch = self.on_fork = self.before_fork = None
        self.may_reuse = _may_always_reuse
        self.header = self._words = memoryview(b"").cast("q")
        del self.map

    def forget_after_fork(self) -> None:
        """In a forked child: the seats are the parent's, and no other thread of it is here."""
        self.seat = None
        self._mine = set()
        self._idle = []
        self.guarding = _thread.RLock()
        self.guard_depth = 0
        if self.on_fork is not None:
            self.on_fork()


class Guard:
    """The mutex of one roster: a thread lock, and a record lock that the kernel frees when its holder dies."""

    __slots__ = ("_roster",)

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def __enter__(self) -> Self:
        roster = self._roster
        roster.guarding.acquire()
        try:
            if not roster.guard_depth:  # a signal handler may come in the middle of its own thread's work
                _lock_now(roster.page)
        except BaseException:
            roster.guarding.release()
            raise
        roster.guard_depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        roster = self._roster
        try:
            roster.guard_depth -= 1
            if not roster.guard_depth:
                fcntl.lockf(roster.page, fcntl.LOCK_UN, _GUARD[1], _GUARD[0])
        finally:
            roster.guarding.release()


def _lock_now(page: int) -> None:
    while True:
        try:
            fcntl.lockf(page, fcntl.LOCK_EX, _GUARD[1], _GUARD[0])
        except OSError as error:
            # The kernel sees processes where threads wait, and may take two of them for a circle.
            if error.errno != errno.EDEADLK:
                raise
            os.sched_yield()
        else:
            return


def _may_always_reuse(_: Roster, __: memoryview) -> bool:
    return True


def _span(index: int) -> tuple[int, int]:
    return _FIRST_SEAT + index * _SEAT_BYTES, _SEAT_BYTES


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)


def _tell_before_fork() -> None:
    for roster in list(_Attached.rosters.values()):
        if roster.before_fork is not None:
            roster.before_fork()


def _forget_after_fork() -> None:
    _Attached.lock = _thread.RLock()
    for roster in _Attached.rosters.values():
        roster.forget_after_fork()


os.register_at_fork(before=_tell_before_fork, after_in_child=_forget_after_fork)
