"""The places of a pool and the processes in them: starts them, watches them, and knows which have ended.

What members say and what they are given is not its business: it tells the pool's thread, which alone may use it. Where
a start takes long, a spare stands by: a process that has imported the caller's module and waits to follow who ends.
"""

from __future__ import annotations

import select
import time
from collections import deque

from supervisor.pools.errors import MemberDied
from supervisor.pools.places import Place
from supervisor.pools.progress import Spent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from supervisor.pools.crew import Crew

MOST_FAILED_STARTS = 3
"""So many members in a place whose initializer fails, one after another, and the pool is given up."""
LONGEST_PAUSE_S = 2.0
_FIRST_PAUSE_S = 0.05
SPARES = 1
MOST_MODULES = 32
"""The last modules with functions for this pool, which a spare imports before it is needed."""
SPARE_AFTER_S = 1.0
"""A pool whose members all live gets its first spare so long after their start; after a death, at once."""


class Staff:
    """Who works for a pool.

    Args:
        epoll: is told of every descriptor that matters here.
        born: called when the process in a place is known.
        ended: called with a place, the pid and the exit code of its member, which is reaped; it empties the place.
        broken: called when no member can be had, with the reason.

    Attributes:
        places: one for each member that is wished for, and those of members that are too many.
    """

    def __init__(
        self,
        crew: Crew,
        pages: memoryview,
        processes: int,
        epoll: select.epoll,
        *,
        born: Callable[[Place], None],
        ended: Callable[[Place, int, int | None], None],
        broken: Callable[[BaseException], None],
    ) -> None:
        self._crew = crew
        self._pages = pages
        self._epoll = epoll
        self._born = born
        self._ended = ended
        self._broken = broken
        self._by_slot: dict[int, Place] = {}
        self._by_pid: dict[int, Place] = {}
        self._spare = self._new_place()
        self._spare_due_s: float | None = None
        self._modules: deque[str] = deque(maxlen=MOST_MODULES)
        self.places = [self._new_place() for _ in range(processes)]
        self._watched: dict[int, Place] = {}
        self._crews: set[int] = set()

    def _new_place(self) -> Place:
        slot = len(self._by_slot)
        return self._by_slot.setdefault(slot, Place(slot, self._pages))

    def has(self, pid: int) -> bool:
        """Whether a member has this pid. For every thread."""
        return pid in self._by_pid

    def place_of(self, pid: int) -> Place | None:
        """Where the member with this pid is."""
        return self._by_pid.get(pid)

    def speaker(self, descriptor: int) -> Place | None:
        """Whose stream this is."""
        return self._watched.get(descriptor)

    # --- members come ---

    def fill(self) -> None:
        """Put a member into every empty place, if it is time for it; the spare first, where there is one."""
        now_s = time.monotonic()
        for at, place in enumerate(self.places):
            if place.is_empty and not place.is_retired and place.again_s <= now_s:
                if not self._spare.is_doomed:
                    self._adopt(at)
                elif self._start(place):
                    place.begin()

    def stand_by(self) -> None:
        """Start a spare, if it is time for it."""
        if not self._wants_spare():
            return
        now_s = time.monotonic()
        if self._spare_due_s is None:
            self._spare_due_s = now_s + SPARE_AFTER_S
        if self._spare_due_s <= now_s and self._start(self._spare):
            self._spare.prepare(self._modules)

    def foresee(self, module: str) -> None:
        """Spares are to import this module."""
        self._modules.append(module)
        if not self._spare.is_empty:
            self._spare.prepare([module])
            self.watch(self._spare)

    @property
    def is_complete(self) -> bool:
        """Everybody who is wished for is here, and ready."""
        return all(place.is_ready or place.is_retired for place in self.places)

    def _wants_spare(self) -> bool:
        is_possible = self._crew.is_slow and self._spare.is_empty
        return is_possible and self.is_complete and not any(place.is_leaving for place in self.places)

    def _adopt(self, at: int) -> None:
        """The spare becomes who is missing."""
        spare = self._spare
        spare.follow(self.places[at])
        self._spare, self.places[at] = self.places[at], spare
        spare.begin()
        self.watch(spare)

    def due_s(self) -> list[float]:
        """When `fill` or `stand_by` has something to do."""
        due_s = [place.again_s for place in self.places if place.is_empty and not place.is_retired]
        if self._spare_due_s is not None and self._wants_spare():
            due_s.append(self._spare_due_s)
        return due_s

    def resize(self, processes: int) -> None:
        """Have so many places; who is in one that is too many leaves."""
        for place in self.places[processes:]:
            place.is_retired = True
            self._let_go(place)
        for place in self.places[:processes]:
            place.is_retired = False
        self.places.extend(self._new_place() for _ in range(len(self.places), processes))

    def dismiss(self) -> bool:
        """Have all leave when they are done with what they have. Whether all have left."""
        everybody = [*self.places, self._spare]
        for place in everybody:
            self._let_go(place)
        return all(place.is_empty for place in everybody)

    def _let_go(self, place: Place) -> None:
        place.leave()
        self.watch(place)

    def _start(self, place: Place) -> bool:
        """Have a process started for a place. Whether that may be waited for."""
        theirs = place.open()
        assert place.stream is not None
        self._watched[place.stream.socket.fileno()] = place
        self._epoll.register(place.stream.socket.fileno(), select.EPOLLIN)
        try:
            self._crew.start(place.slot, theirs, self._on_started)
        except OSError as error:
            self._on_unborn(place.slot, error.strerror or str(error))
        finally:
            theirs.close()
        self._watch_crew()
        return place.stream is not None

    def _on_started(self, slot: int, pid: int) -> None:
        place = self._by_slot[slot]
        place.pid = pid
        self._by_pid[pid] = place
        self._born(place)

    def _on_unborn(self, slot: int, text: str) -> None:
        place = self._by_slot[slot]
        self.unwatch(place)
        place.vacate()
        if place is self._spare:
            self._spare_due_s = time.monotonic() + LONGEST_PAUSE_S
        else:
            self.failed_start(place, MemberDied(f"no process can be made for a member of the pool: {text}"))

    def failed_start(self, place: Place, error: BaseException) -> None:
        """A member has ended before it was ready: the next one comes later, or none any more."""
        place.failed_starts += 1
        pause_s = min(_FIRST_PAUSE_S * 2**place.failed_starts, LONGEST_PAUSE_S)
        place.again_s = time.monotonic() + pause_s
        if place.failed_starts >= MOST_FAILED_STARTS and not any(one.is_ready for one in self.places):
            self._broken(error)

    # --- members are watched ---

    def watch(self, place: Place) -> None:
        """Be told of what this place's member says, and of room for what it has not got yet."""
        stream = place.stream
        if stream is None or stream.socket.fileno() not in self._watched:
            return
        if stream.is_over:
            self.unwatch(place)
            self.kill(place)  # it has closed its end; what is left of it answers nobody
            return
        wanted = select.EPOLLIN | (select.EPOLLOUT if stream.has_unsent else 0)
        self._epoll.modify(stream.socket.fileno(), wanted)

    def unwatch(self, place: Place) -> None:
        if place.stream is not None and self._watched.pop(place.stream.socket.fileno(), None) is not None:
            self._epoll.unregister(place.stream.socket.fileno())

    def _watch_crew(self) -> None:
        wanted = set(self._crew.descriptors())
        for descriptor in wanted - self._crews:
            self._epoll.register(descriptor, select.EPOLLIN)
        self._crews = wanted  # a closed descriptor leaves an epoll by itself

    # --- members go ---

    def kill(self, place: Place) -> None:
        """SIGKILL to who is in it, if that is known."""
        if place.pid is not None:
            self._crew.kill(place.pid)

    def on_readable(self, descriptor: int) -> None:
        """A descriptor of the crew has news. ChildProcessError when nobody can be started any more."""
        self._crew.on_readable(descriptor, self._on_started, self._on_ended, self._on_unborn)

    def _on_ended(self, pid: int, exit_code: int | None) -> None:
        place = self._by_pid.pop(pid, None)
        self._watch_crew()
        if place is self._spare:
            self.unwatch(place)
            place.vacate()
            place.spent = Spent()
            self._spare_due_s = time.monotonic() + LONGEST_PAUSE_S
        elif place is not None and place.pid == pid:
            self._spare_due_s = 0.0
            self._ended(place, pid, exit_code)

    def close(self) -> None:
        """Kill and reap everybody."""
        self._spare.vacate()
        self._crew.close()
