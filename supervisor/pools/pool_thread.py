"""The pool's own thread: hands out tasks, takes results, notices deaths and time limits. It alone touches the places.

::

    wishes (any thread) ─► inbox ─► ready ─► place ─► member ─► results ─► job.settle
                                      ▲        │
                                      └────────┴── died, timed out, cancelled: what is left goes back to the front
"""

from __future__ import annotations

import pickle
import select
import sys
import threading
import time
from collections import deque

from supervisor.pools import wire
from supervisor.pools.errors import InitializerFailed, MemberDied, PoolClosed, TaskCancelled, TaskTimedOut
from supervisor.pools.inbox import Inbox
from supervisor.pools.member import exit_words
from supervisor.pools.outcomes import Outcomes, rebuilt_exception
from supervisor.pools.places import Place
from supervisor.pools.progress import PoolProgress
from supervisor.pools.recovery import recover
from supervisor.pools.tasks import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from supervisor.channels.spill import Spill
    from supervisor.pools.crew import Nursed, Spawned

QUICK_S = 0.005
"""Tasks that take less are given out two at a time, so that a member need not wait for the next."""
MOST_FAILED_STARTS = 3
"""So many members in a place whose initializer fails, one after another, and the pool is given up."""
LONGEST_PAUSE_S = 2.0
_FIRST_PAUSE_S = 0.05


class PoolThread:
    """One pool, as its thread sees it. What is public may be called from any thread."""

    def __init__(self, crew: Nursed | Spawned, pages: memoryview, spill: Spill, processes: int, name: str) -> None:
        self._crew = crew
        self._pages = pages
        self._spill = spill
        self._inbox = Inbox()
        self._tell = self._inbox.tell
        self._epoll = select.epoll()
        self._watched: dict[int, Place] = {}
        self._crews: set[int] = set()
        self._places = [Place(slot, pages) for slot in range(processes)]
        self._by_pid: dict[int, Place] = {}
        self._ready: deque[Task] = deque()
        self._numbers = self._holds = 0
        self._is_paused = self._is_closing = self._is_over = False
        self._outcomes = Outcomes(spill)
        self._broken: BaseException | None = None
        self._last_done_s = 0.0
        self._epoll.register(self._inbox.bell, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name=f"{name}-thread", daemon=True)

    # --- for every thread ---

    def start(self) -> None:
        self._thread.start()

    def submit(self, task: Task) -> None:
        """Have a task done. PoolClosed or InitializerFailed become its items' errors when it cannot be."""
        self._tell(lambda: self._accept(task))

    def cancel(self, job: Any) -> None:
        """Take back the tasks of a job."""
        self._tell(lambda: self._cancel(job))

    def resize(self, processes: int) -> None:
        """Have so many members; who is too many leaves when it is done with what it has."""
        self._tell(lambda: self._resize(processes))

    def pause(self, *, is_paused: bool) -> None:
        """Give out no more tasks, or again."""
        self._tell(lambda: setattr(self, "_is_paused", is_paused))

    def close(self) -> None:
        """Have the members leave when everything is done."""
        self._tell(lambda: setattr(self, "_is_closing", True))

    def hold(self, count: int) -> None:
        """So many more iterators, or fewer, bring tasks though the pool be closed."""
        self._tell(lambda: self._hold(count))

    def terminate(self) -> None:
        """End it now; what is not done fails with PoolClosed."""
        self._tell(lambda: setattr(self, "_is_over", True))

    def join(self) -> None:
        """Wait for the end of the thread."""
        if self._thread is not threading.current_thread():
            self._thread.join()

    def progress(self) -> PoolProgress:
        """How far it is, as of now; counts of one instant are not promised to fit exactly."""
        now_s = time.monotonic()
        places = [place for place in self._places if place.pid is not None]
        return PoolProgress(
            **self._outcomes.counts,
            waiting=sum(task.left for task in list(self._ready)),
            in_flight=sum(task.left for place in places for task in list(place.in_flight)),
            members=tuple(place.progress(now_s) for place in places),
            is_paused=self._is_paused,
        )

    # --- the thread ---

    def _run(self) -> None:
        try:
            while not self._is_over:
                self._turn()
        except BaseException as error:
            self._broken = error
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            self._end()

    def _turn(self) -> None:
        self._inbox.grant()
        if self._is_over:
            return
        self._staff()
        self._give_out()
        if self._is_closing and not self._has_work():
            for place in self._places:
                place.leave()
                self._watch(place)
            if all(place.is_empty for place in self._places):
                self._is_over = True
                return
        timeout_s = self._next_look_s()
        self._inbox.is_asleep = True
        events = self._epoll.poll(0 if self._inbox else timeout_s)
        self._inbox.is_asleep = False
        for descriptor, what in events:
            self._on_event(descriptor, what)
        self._check_limits()

    def _on_event(self, descriptor: int, what: int) -> None:
        place = self._watched.get(descriptor)
        if descriptor == self._inbox.bell:
            self._inbox.hush()
        elif place is not None:
            if what & select.EPOLLOUT and place.stream is not None:
                place.stream.send_on()
            self._take(place)
            self._watch(place)
        else:
            try:
                self._crew.on_readable(descriptor, self._on_started, self._on_ended, self._on_unborn)
            except ChildProcessError as error:
                self._break(MemberDied(str(error)))

    def _watch(self, place: Place) -> None:
        """Be told of what this place's member says, and of room for what it has not got yet."""
        stream = place.stream
        if stream is None or stream.socket.fileno() not in self._watched:
            return
        if stream.is_over:
            self._unwatch(place)
            if place.pid is not None:
                self._crew.kill(place.pid)  # it has closed its end; what is left of it answers nobody
            return
        wanted = select.EPOLLIN | (select.EPOLLOUT if stream.has_unsent else 0)
        self._epoll.modify(stream.socket.fileno(), wanted)

    def _unwatch(self, place: Place) -> None:
        if place.stream is not None and self._watched.pop(place.stream.socket.fileno(), None) is not None:
            self._epoll.unregister(place.stream.socket.fileno())

    def _has_work(self) -> bool:
        return bool(self._ready or self._holds) or any(place.in_flight for place in self._places)

    # --- wishes ---

    def _hold(self, count: int) -> None:
        self._holds += count

    def _accept(self, task: Task) -> None:
        self._outcomes.counts["submitted"] += task.left
        if self._broken is not None:
            self._outcomes.fail_all(task, self._broken)
        else:
            self._ready.append(task)

    def _cancel(self, job: Any) -> None:
        gone = TaskCancelled("the task was cancelled")
        kept: deque[Task] = deque()
        for task in self._ready:
            if task.job is job:
                self._outcomes.fail_all(task, gone)
            else:
                kept.append(task)
        self._ready = kept
        for place in self._places:
            for task in place.in_flight:
                task.is_cancelled = task.is_cancelled or task.job is job
            self._end_cancelled(place)

    def _end_cancelled(self, place: Place) -> None:
        """Kill a member that has a cancelled task in hand."""
        if place.in_flight and place.in_flight[0].is_cancelled:
            self._condemn(place, TaskCancelled("the task was cancelled"))

    def _condemn(self, place: Place, error: BaseException) -> None:
        """Kill a member for the item that it has in hand."""
        task = place.in_flight[0]
        index = place.in_hand(task)
        if place.pid is not None and place.sentence is None:
            place.sentence = (task.number, task.settled if index is None else index, error)
            self._crew.kill(place.pid)

    def _resize(self, processes: int) -> None:
        for place in self._places[processes:]:
            place.is_retired = True
            place.leave()
            self._watch(place)
        for place in self._places[:processes]:
            place.is_retired = False
        self._places.extend(Place(slot, self._pages) for slot in range(len(self._places), processes))

    # --- members come and go ---

    def _staff(self) -> None:
        """Put a member into every empty place, if it is time for it."""
        if self._is_closing and not self._has_work():
            return
        now_s = time.monotonic()
        for place in self._places:
            if place.is_empty and not place.is_retired and place.again_s <= now_s:
                self._start(place)

    def _start(self, place: Place) -> None:
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

    def _watch_crew(self) -> None:
        wanted = set(self._crew.descriptors())
        for descriptor in wanted - self._crews:
            self._epoll.register(descriptor, select.EPOLLIN)
        self._crews = wanted  # a closed descriptor leaves an epoll by itself

    def _on_started(self, slot: int, pid: int) -> None:
        place = self._places[slot]
        place.pid = pid
        self._by_pid[pid] = place
        self._end_cancelled(place)

    def _on_unborn(self, slot: int, text: str) -> None:
        place = self._places[slot]
        self._unwatch(place)
        place.vacate()
        self._failed_start(place, MemberDied(f"no process can be made for a member of the pool: {text}"))

    def _failed_start(self, place: Place, error: BaseException) -> None:
        place.failed_starts += 1
        pause_s = min(_FIRST_PAUSE_S * 2**place.failed_starts, LONGEST_PAUSE_S)
        place.again_s = time.monotonic() + pause_s
        if place.failed_starts >= MOST_FAILED_STARTS and not any(one.is_ready for one in self._places):
            self._break(error)

    def _break(self, error: BaseException) -> None:
        """The pool cannot go on: everybody is told why."""
        self._broken = error
        self._is_closing = True
        while self._ready:
            self._outcomes.fail_all(self._ready.popleft(), error)
        for place in self._places:
            for task in place.in_flight:
                self._outcomes.fail_all(task, error)
        self._is_over = True

    def _on_ended(self, pid: int, exit_code: int | None) -> None:
        place = self._by_pid.pop(pid, None)
        self._watch_crew()
        if place is None or place.pid != pid:
            return
        self._take(place)
        self._unwatch(place)
        was_ready, was_leaving, sentence = place.is_ready, place.is_leaving, place.sentence
        trouble, hands = place.startup_trouble, [place.in_hand(task) for task in place.in_flight]
        tasks = place.vacate()
        for name in self._spill.names(f"task-{pid}-"):
            self._spill.remove(name)  # written, and nobody was told
        how = f"process {pid} {exit_words(exit_code)}"
        again = recover(self._outcomes, tasks, hands, sentence, how, pid, exit_code)
        self._ready.extendleft(reversed(again))
        if not was_ready:
            words = f"process {pid} {exit_words(exit_code)} in its initializer"
            text = f"the initializer failed:\n{trouble}" if trouble else words
            self._failed_start(place, InitializerFailed(text))
        elif not was_leaving:
            self._outcomes.counts["replaced"] += bool(exit_code)

    # --- tasks ---

    def _give_out(self) -> None:
        if self._is_paused or not self._ready:
            return
        now_s = time.monotonic()
        for depth in (1, 2):
            for place in self._places:
                is_free = place.is_ready and not place.is_leaving and len(place.in_flight) < depth
                if depth == 2 and (place.mean_s is None or place.mean_s > QUICK_S):
                    continue
                if is_free and place.sentence is None and place.stream is not None and not place.stream.is_over:
                    if not self._ready:
                        return
                    task = self._ready.popleft()
                    self._numbers += 1
                    task.number = self._numbers
                    place.give(task, now_s)
                    if place.stream.has_unsent:
                        self._watch(place)

    def _take(self, place: Place) -> None:
        """What a member has said."""
        if place.stream is None:
            return
        for kind, body in place.stream.frames():
            if kind == wire.HELLO:
                place.startup_trouble = pickle.loads(body)
                place.is_ready = not place.startup_trouble
                place.failed_starts = 0 if place.is_ready else place.failed_starts
            elif place.in_flight:
                task = place.in_flight[0]
                if kind == wire.RESULTS:
                    self._outcomes.settle(task, body)
                else:
                    _, index = wire.FAILED_HEAD.unpack_from(body)
                    self._outcomes.fail(task, index, rebuilt_exception(body[wire.FAILED_HEAD.size :]))
                if task.is_done:
                    place.in_flight.popleft()
                    now_s = time.monotonic()
                    place.measure(task, now_s, self._last_done_s)
                    self._last_done_s = now_s
                    self._outcomes.forget_payload(task)
                    self._end_cancelled(place)

    # --- time ---

    def _next_look_s(self) -> float | None:
        """When something is due, in seconds from now; None for never."""
        now_s = time.monotonic()
        due_s = [place.again_s for place in self._places if place.is_empty and not place.is_retired]
        due_s += [
            (place.since_s() or now_s) + place.in_flight[0].timeout_s
            for place in self._places
            if place.in_flight and place.in_flight[0].timeout_s and place.sentence is None
        ]
        return max(0.001, min(due_s) - now_s) if due_s else None

    def _check_limits(self) -> None:
        now_s = time.monotonic()
        for place in self._places:
            task = place.in_flight[0] if place.in_flight else None
            since_s = place.since_s()
            if task is None or not task.timeout_s or since_s is None or place.in_hand(task) is None:
                continue
            if now_s - since_s >= task.timeout_s:
                self._condemn(
                    place, TaskTimedOut(f"the item ran for longer than {task.timeout_s:g} s in process {place.pid}")
                )

    # --- the end ---

    def _end(self) -> None:
        error = self._broken or PoolClosed("the pool was terminated")
        self._broken = error
        for place in self._places:
            for task in place.vacate():
                self._outcomes.fail_all(task, error)
        while self._ready:
            self._outcomes.fail_all(self._ready.popleft(), error)
        try:
            self._crew.close()
        finally:
            self._inbox.end()
            self._spill.sweep("task-")
            self._epoll.close()
