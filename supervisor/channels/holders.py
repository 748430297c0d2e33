"""Who has which end of a pipe that is used without an engine: an end whose every holder is dead has ended.

    seat of a process    HOLDS: whether it has the end        TOUCHED: whether it used it since it had it handed on
                         HANDED, ARRIVED: how often it gave the end to a starting process, and how many of those came
                         FORKED, BORN: how often it forked, and how many of the children have said what they have
                         HERE: its pid, once it has what it was handed

A forked child inherits descriptors of both ends, and who hands an end to a child keeps its own, so descriptors alone
never tell. A process holds an end that it made, that it was handed as an argument of a multiprocessing Process, or that
it uses. Handing it on it lets go of it, until it uses it again. A child that is forked in another way may have an end
until it uses one: the others then wait for it as long as its parent lives.
"""

from __future__ import annotations

import os
import select

from supervisor.channels import platform
from supervisor.channels.roster import FIRST_FREE_WORD, PID, Roster

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from supervisor.channels.waiting import Blocking

_SIDES = 2
HOLDS = 3
TOUCHED = HOLDS + _SIDES
HANDED = TOUCHED + _SIDES
ARRIVED = HANDED + _SIDES
HERE = ARRIVED + _SIDES
"""Seat words, each for side 0 and side 1. Others than the owner take HOLDS and TOUCHED away, and step ARRIVED."""
FORKED = HERE + _SIDES
BORN = FORKED + 1
"""Seat words; others step BORN."""

_EVER = FIRST_FREE_WORD
"""Header word of side 0: 1 once any process but the maker has held that end."""

_DEEPEST = 3
_RETRY_S = 0.002


class Holders:
    """This process's one view of a pipe's holders: get it with `create` or `of`."""

    def __init__(self, roster: Roster) -> None:
        from multiprocessing.util import register_after_fork

        self.roster = roster
        self._is_maker = False
        self._open = [0, 0]
        """How many connections this process has open, by side."""
        self._starting: list[tuple[int, Any]] = []
        """Sides, and the starting processes that they were pickled for."""
        self._elders = {popen.pid for popen in _forked()}
        roster.on_fork = self._forget_after_fork
        roster.before_fork = self._count_fork
        roster.may_reuse = _is_settled
        register_after_fork(self, Holders._arrive)

    @classmethod
    def create(cls) -> Holders:
        """The holders of a new pipe, of which this process has both ends. Call `release` when they are there."""
        roster = Roster.create()
        holders = roster.latch = cls(roster)
        holders._is_maker = True
        seat = holders._sit()
        seat[HOLDS] = seat[HOLDS + 1] = 1
        return holders

    def pairs(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The descriptors of `of`, once for each end: both may go to the same process."""
        roster = self.roster
        return (roster.page, roster.bell), (os.dup(roster.page), os.dup(roster.bell))

    def release(self) -> None:
        """The maker has made the ends."""
        self.roster.release()

    @classmethod
    def of(cls, page: int, bell: int) -> Holders:
        """The holders behind two descriptors, which it owns once this returns; one for all who ask in this process."""
        roster = Roster.attach(page, bell)
        holders = roster.latch
        if not isinstance(holders, Holders):
            holders = roster.latch = cls(roster)
        return holders

    # --- what this process has ---

    def open(self, side: int) -> None:
        """One more connection of this process."""
        self._open[side] += 1

    def take(self, side: int, giver_pid: int = 0) -> None:
        """This process was handed an end; who gave it need not hold it for us any more."""
        self._hold(side)
        self._sit()[HERE + side] = os.getpid()
        if giver_pid:
            with self.roster.guarded():
                for giver in self._seats_of(giver_pid):
                    giver[ARRIVED + side] += 1
        self._ring()

    def _hold(self, side: int) -> None:
        if not self._is_maker:
            self.roster.header[_EVER + side] = 1
        self._sit()[HOLDS + side] = 1

    def use(self, side: int) -> None:
        """This process uses an end."""
        seat = self.roster.seat
        if seat is None or not seat[TOUCHED + side]:
            self.take(side)
            self._sit()[TOUCHED + side] = 1

    def hand_on(self, side: int) -> None:
        """An end is being pickled for a process that multiprocessing starts."""
        from multiprocessing import context

        popen, seat = context.get_spawning_popen(), self._sit()
        seat[HANDED + side] += 1
        if (1 - side, popen) in self._starting:
            # Who is given both closes one of them, as multiprocessing advises; which one, is not known here.
            seat[HOLDS] = seat[HOLDS + 1] = 1
        else:
            self._let_go(side)
        self._starting.append((side, popen))

    def close(self, side: int) -> None:
        """One connection less."""
        self._open[side] -= 1
        if not self._open[side]:
            self._let_go(side)
        self.roster.release()

    def _sit(self) -> memoryview:
        seat = self.roster.seat
        if seat is None:
            seat = self.roster.sit()
            for word in range(HOLDS, BORN + 1):
                seat[word] = 0  # the last owner's
        return seat

    def _let_go(self, side: int) -> None:
        seat = self.roster.seat
        if seat is not None:
            seat[HOLDS + side] = seat[TOUCHED + side] = 0
            self._ring()

    def _ring(self) -> None:
        os.eventfd_write(self.roster.bell, 1)

    # --- what the others have ---

    def is_gone(self, side: int) -> bool:
        """Whether nobody is left who has the end of a side: no message comes from there, and none is read."""
        mine = self.roster.seat
        if mine is not None and mine[TOUCHED + side]:
            return False
        if any(True for _ in self._coming(side)) or self._living(side) or self._givers(side):
            return False
        if mine is None or not mine[HOLDS + side]:
            return True
        # Nobody else has it, and this process has never used it: whether it had come to anybody.
        return bool(self.roster.header[_EVER + side]) or any(side == started for started, _ in self._starting)

    def wait(self, blocking: Blocking, fd: int, events: int, side: int) -> None:
        """Wait until a descriptor is ready, or the end of a side is gone, or the time is over."""
        with select.epoll() as ear:
            ear.register(self.roster.bell, select.EPOLLIN | select.EPOLLET)
            while True:
                ear.poll(0)
                deaths = self.roster.open_deaths(self._living(side))
                watched = [*(deaths or ()), *_open_processes((*self._coming(side), *self._givers(side)))]
                try:
                    # Asked once their deaths are watched: who dies before this is seen here, who dies later wakes us.
                    if self.is_gone(side):
                        return
                    is_in_time = blocking.wait(
                        (fd, events),
                        (ear.fileno(), platform.INPUT),
                        *((death, platform.INPUT) for death in watched),
                        at_most_s=_RETRY_S if deaths is None else None,
                    )
                finally:
                    _close_all(watched)
                if not is_in_time or platform.is_ready(fd, events):
                    return

    def _living(self, side: int) -> list[int]:
        """The seats of other processes that hold an end and live."""
        me = os.getpid()
        return [
            index
            for index, seat in self.roster.seats()
            if seat[HOLDS + side] and seat[PID] != me and self.roster.is_alive(index)
        ]

    def _givers(self, side: int) -> list[int]:
        """Other processes, alive, whose children are just starting and may have an end; they may have closed theirs."""
        me = os.getpid()
        return [
            seat[PID]
            for _, seat in self.roster.seats()
            if (seat[HANDED + side] > seat[ARRIVED + side] or seat[FORKED] > seat[BORN])
            and seat[PID] != me
            and _is_process(seat[PID])
        ]

    def _seats_of(self, pid: int) -> list[memoryview]:
        return [seat for _, seat in self.roster.seats() if seat[PID] == pid]

    def _coming(self, side: int) -> Iterator[int]:
        """Children of this process that are just starting, and were handed the end or, forked, may have been."""
        starting = [popen for started, popen in self._starting if started == side]
        starting += [popen for popen in _forked() if popen.pid not in self._elders]
        if starting:
            here = {seat[HERE + side] for _, seat in self.roster.seats()}
            for popen in starting:
                if popen.pid not in here and popen.poll() is None:
                    yield popen.pid

    # --- in a forked child ---

    def _count_fork(self) -> None:
        if any(self._open):
            self._sit()[FORKED] += 1

    def _forget_after_fork(self) -> None:
        self._is_maker = False
        self._starting = []
        self._elders = set()

    def _arrive(self) -> None:
        """In a child that multiprocessing has forked: say that it is there, and take what it was handed."""
        if not any(self._open):
            return
        from multiprocessing.process import current_process

        try:
            self._sit()
        except RuntimeError:  # more processes than seats: this one's death is then not seen
            return
        parent = self._seats_of(os.getppid())
        sides = set(_sides_in(vars(current_process()), self, _DEEPEST))
        for side in sides:
            self._hold(side)
            for seat in parent if len(sides) == 1 else ():
                seat[HOLDS + side] = seat[TOUCHED + side] = 0
        for side in range(_SIDES):
            self._sit()[HERE + side] = os.getpid()
        with self.roster.guarded():
            for seat in parent:
                seat[BORN] += 1
        self._ring()


def _forked() -> list[Any]:
    """What multiprocessing knows of the children that this process has forked."""
    from multiprocessing import process

    children: Any = process._children  # type: ignore[attr-defined]  # noqa: SLF001  # the public way also reaps them
    popens = [child._popen for child in list(children)]  # noqa: SLF001
    return [popen for popen in popens if popen is not None and popen.method == "fork"]


def _is_settled(_: Roster, seat: memoryview) -> bool:
    """Whether nobody asks any more what the last owner of a seat has given away."""
    is_owed = seat[FORKED] > seat[BORN] or any(seat[HANDED + side] > seat[ARRIVED + side] for side in range(_SIDES))
    return not is_owed or not _is_process(seat[PID])


def _is_process(pid: int) -> bool:
    return bool(_close_all(_open_processes((pid,))))


def _open_processes(pids: Iterable[int]) -> list[int]:
    """A descriptor for each process that lives, readable when it dies."""
    found = []
    for pid in pids:
        try:
            found.append(os.pidfd_open(pid))
        except OSError:
            continue
    return found


def _close_all(fds: list[int]) -> int:
    for fd in fds:
        os.close(fd)
    return len(fds)


def _sides_in(found: Any, holders: Holders, depth: int) -> Iterator[int]:
    """The sides of a pipe whose ends are among the arguments of a process, or in what those hold."""
    from functools import partial

    from supervisor.channels.pipe import PipeConnection

    parts: list[Any] = []
    if isinstance(found, PipeConnection):
        if found.holders is holders:
            yield found.side
    elif isinstance(found, dict):
        parts = list(found.values())
    elif isinstance(found, (list, tuple, set, frozenset)):
        parts = list(found)
    elif isinstance(found, partial):
        parts = [found.args, found.keywords]
    elif hasattr(found, "__self__"):  # a bound method: its object goes with it
        parts = [getattr(found.__self__, "__dict__", {})]
    if depth:
        for part in parts:
            yield from _sides_in(part, holders, depth - 1)
