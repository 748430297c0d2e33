"""What tells a blocked user of a queue that another one died, or that what the others hold has changed; at zero CPU."""

from __future__ import annotations

import os
import select

from supervisor.channels.words import PID

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from supervisor.channels.ledger import Ledger

_MOST_WATCHED = 128


class Watch:
    """One thread's watch: a descriptor that becomes readable when there is something to `attend` to.

    Args:
        ledger: who uses the queue.
        counters: counters that step with each change.
        is_watching_deaths: whether the processes themselves are watched; the first 128 of them.
    """

    def __init__(self, ledger: Ledger, counters: tuple[int, ...], *, is_watching_deaths: bool) -> None:
        self._ledger = ledger
        self._is_watching_deaths = is_watching_deaths
        self._processes: dict[int, int] = {}  # descriptor by pid
        self._edges = select.epoll()
        for counter in counters:
            # The edge: each step wakes every watch, though nobody ever resets the counter.
            self._edges.register(counter, select.EPOLLIN | select.EPOLLET)

    def fileno(self) -> int:
        return self._edges.fileno()

    def attend(self) -> bool:
        """Take note of what has happened; True when somebody died or let go of the queue in disorder."""
        ended = {fd for fd, _ in self._edges.poll(0)}
        if not ended or not self._is_watching_deaths:
            return False  # everybody who came, went or died has made an edge
        is_death = False
        for pid, fd in list(self._processes.items()):
            if fd in ended:
                is_death = True
                self._forget(pid)
        return self.enrol() or is_death

    def enrol(self) -> bool:
        """Watch every process that uses the queue; True when one of them is found dead."""
        ledger = self._ledger
        me = os.getpid()
        is_death = False
        for index, slot in ledger.used_slots():
            pid = slot[PID]
            if not pid or pid == me or len(self._processes) >= _MOST_WATCHED:
                continue
            if pid in self._processes:
                is_death = is_death or not ledger.is_alive(index)
            else:
                is_death = not self._watch(pid, index) or is_death
        return is_death

    def close(self) -> None:
        """Let go of every descriptor. Registrations are left alone: a parent may share them."""
        self._edges.close()
        for fd in self._processes.values():
            os.close(fd)
        self._processes.clear()

    def _watch(self, pid: int, index: int) -> bool:
        """Watch the process that owns a slot; False when it does not live any more."""
        try:
            fd = os.pidfd_open(pid)
        except OSError:
            return False
        if not self._ledger.is_alive(index):  # asked with the descriptor open: it is this owner's, not a later one's
            os.close(fd)
            return False
        self._processes[pid] = fd
        self._edges.register(fd, select.EPOLLIN)
        return True

    def _forget(self, pid: int) -> None:
        fd = self._processes.pop(pid)
        self._edges.unregister(fd)
        os.close(fd)
