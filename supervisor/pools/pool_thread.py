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

from supervisor.pools import payloads, wire
from supervisor.pools.errors import InitializerFailed, MemberDied, PoolClosed, TaskCancelled, TaskTimedOut
from supervisor.pools.inbox import Inbox
from supervisor.pools.member import exit_words
from supervisor.pools.outcomes import Outcomes, rebuilt_exception
from supervisor.pools.progress import PoolProgress, Spent
from supervisor.pools.recovery import recover
from supervisor.pools.staff import Staff
from supervisor.pools.tasks import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from supervisor.channels.spill import Spill
    from supervisor.pools.crew import Crew
    from supervisor.pools.places import Place

QUICK_S = 0.005
"""Tasks that take less are given out two at a time, so that a member need not wait for the next."""
_DROPPED_LOOK_S = 0.1
"""How soon it is seen that an item which was cancelled behind others of its chunk has come into a member's hand."""

KEPT_S = 1.0
"""Files for results are kept until no task has been done for so long."""


class PoolThread:
    """One pool, as its thread sees it. What is public may be called from any thread."""

    def __init__(self, crew: Crew, pages: memoryview, spill: Spill, processes: int, name: str) -> None:
        self._spill = spill
        self._inbox = Inbox()
        self._tell = self._inbox.tell
        self._epoll = select.epoll()
        self._staff = Staff(
            crew, pages, processes, self._epoll, born=self._end_cancelled, ended=self._bury, broken=self._break
        )
        self._ready: deque[Task] = deque()
        self._numbers = self._holds = 0
        self._is_paused = self._is_closing = self._is_over = False
        self._outcomes = Outcomes(spill)
        self._broken: BaseException | None = None
        self._last_done_s = 0.0
        self._foreseen = {"", "__main__", "builtins"}
        self._epoll.register(self._inbox.bell, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name=f"{name}-thread", daemon=True)

    # --- for every thread ---

    def start(self) -> None:
        self._thread.start()

    def submit(self, tasks: Iterable[Task]) -> None:
        """Have tasks done. PoolClosed or InitializerFailed become their items' errors when they cannot be."""
        self._tell(lambda: self._accept(tasks))

    def foresee(self, module: str) -> None:
        """Functions of this module are given to the pool."""
        if module not in self._foreseen:
            self._foreseen.add(module)
            self._tell(lambda: self._staff.foresee(module))

    def cancel(self, job: Any, index: int | None = None) -> None:
        """Take back the tasks of a job, or one item of it: what has not begun is not run, and who runs it is killed.

        The other items of a chunk are done by others. An item that a member has got behind others fails at once, and is
        run only if its turn comes before anybody sees that.
        """
        self._tell(lambda: self._cancel(job) if index is None else self._cancel_item(job, index))

    def kill_member(self, pid: int) -> bool:
        """Kill a member; its item fails with MemberDied, or is tried again. Whether it is one of this pool's."""
        is_one = self._staff.has(pid)
        if is_one:
            self._tell(lambda: self._kill_member(pid))
        return is_one

    def resize(self, processes: int) -> None:
        """Have so many members; who is too many leaves when it is done with what it has."""
        self._tell(lambda: self._staff.resize(processes))

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
        everywhere = list(self._staff.places)
        places = [place for place in everywhere if place.pid is not None]
        spent = sum((place.spent + place.spends(now_s) for place in everywhere), Spent())
        return PoolProgress(
            **self._outcomes.counts,
            waiting=sum(task.left for task in list(self._ready)),
            in_flight=sum(task.left for place in places for task in list(place.in_flight)),
            members=tuple(place.progress(now_s) for place in places),
            is_paused=self._is_paused,
            start_s=spent.start_s,
            wait_s=spent.wait_s,
            work_s=spent.work_s,
            pickle_s=spent.pickle_s,
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
        if self._has_work() or not self._is_closing:
            self._staff.fill()
            self._give_out()
            self._staff.stand_by()
        elif self._staff.dismiss():
            self._is_over = True
            return
        timeout_s = self._next_look_s()
        self._inbox.is_asleep = True
        events = self._epoll.poll(0 if self._inbox else timeout_s)
        self._inbox.is_asleep = False
        for descriptor, what in events:
            self._on_event(descriptor, what)
        self._check_items()
        if self._outcomes.has_kept and time.monotonic() - self._last_done_s > KEPT_S:
            self._outcomes.forget_kept()

    def _on_event(self, descriptor: int, what: int) -> None:
        place = self._staff.speaker(descriptor)
        if descriptor == self._inbox.bell:
            self._inbox.hush()
        elif place is not None:
            if what & select.EPOLLOUT and place.stream is not None:
                place.stream.send_on()
            self._take(place)
            self._staff.watch(place)
        else:
            try:
                self._staff.on_readable(descriptor)
            except ChildProcessError as error:
                self._break(MemberDied(str(error)))

    def _has_work(self) -> bool:
        return bool(self._ready or self._holds) or any(place.in_flight for place in self._staff.places)

    # --- wishes ---

    def _hold(self, count: int) -> None:
        self._holds += count

    def _accept(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self._outcomes.accept(task)
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
        for place in self._staff.places:
            for task in place.in_flight:
                task.is_cancelled = task.is_cancelled or task.job is job
            self._end_cancelled(place)

    def _cancel_item(self, job: Any, index: int) -> None:
        gone = TaskCancelled("the item was cancelled")
        for at, task in enumerate(self._ready):
            if task.job is job and task.wants(index - task.base):
                self._outcomes.drop(task, index - task.base, gone)
                parts = task.parts(task.settled, task.stop)
                self._outcomes.forget_payload(task)
                del self._ready[at]
                for part in reversed(parts):
                    self._ready.insert(at, part)
                return
        for place in self._staff.places:
            for task in place.in_flight:
                if task.job is job and task.wants(index - task.base):
                    self._outcomes.drop(task, index - task.base, gone)
        self._check_items()

    def _kill_member(self, pid: int) -> None:
        place = self._staff.place_of(pid)
        if place is not None:
            place.is_unwanted = True
            self._staff.kill(place)

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
            self._staff.kill(place)

    # --- deaths ---

    def _break(self, error: BaseException) -> None:
        """The pool cannot go on: everybody is told why."""
        self._broken = error
        self._is_closing = True
        while self._ready:
            self._outcomes.fail_all(self._ready.popleft(), error)
        for place in self._staff.places:
            for task in place.in_flight:
                self._outcomes.fail_all(task, error)
        self._is_over = True

    def _bury(self, place: Place, pid: int, exit_code: int | None) -> None:
        """A member has ended: what it has not done goes back to the front."""
        self._take(place)
        self._staff.unwatch(place)
        was_ready, was_leaving, sentence = place.is_ready, place.is_leaving, place.sentence
        how = f"process {pid} {'was killed on request' if place.is_unwanted else exit_words(exit_code)}"
        trouble, hands = place.startup_trouble, [place.in_hand(task) for task in place.in_flight]
        tasks = place.vacate()
        self._spill.sweep(f"{payloads.TASK}{pid}-")  # written, and nobody was told
        self._spill.remove(f"{payloads.USED}{pid}")
        again = recover(self._outcomes, tasks, hands, sentence, how, pid, exit_code)
        self._ready.extendleft(reversed(again))
        if not was_ready:
            text = f"the initializer failed:\n{trouble}" if trouble else f"{how} in its initializer"
            self._staff.failed_start(place, InitializerFailed(text))
        elif not was_leaving:
            self._outcomes.counts["replaced"] += bool(exit_code)

    # --- tasks ---

    def _give_out(self) -> None:
        if self._is_paused or not self._ready:
            return
        now_s = time.monotonic()
        for depth in (1, 2) if self._staff.is_complete else (1,):  # who is about to come has nothing to do yet
            for place in self._staff.places:
                is_free = place.is_ready and not place.is_leaving and len(place.in_flight) < depth
                if depth == 2 and (place.mean_s is None or place.mean_s > QUICK_S):
                    continue
                if is_free and not place.is_doomed:
                    if not self._ready:
                        return
                    task = self._ready.popleft()
                    self._numbers += 1
                    task.number = self._numbers
                    place.give(task, now_s)
                    if place.has_unsent:
                        self._staff.watch(place)

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
                    self._last_done_s = time.monotonic()
                    place.measure(task, self._last_done_s)
                    self._outcomes.forget_payload(task)
                    self._end_cancelled(place)

    # --- time ---

    def _next_look_s(self) -> float | None:
        """When something is due, in seconds from now; None for never."""
        now_s = time.monotonic()
        due_s = self._staff.due_s()
        for place in self._staff.places:
            task = place.in_flight[0] if place.in_flight and place.sentence is None else None
            if task is not None and task.timeout_s:
                due_s.append((place.since_s() or now_s) + task.timeout_s)
            if task is not None and task.dropped:
                due_s.append(now_s + _DROPPED_LOOK_S)
        if self._outcomes.has_kept:
            due_s.append(self._last_done_s + KEPT_S)
        return max(0.001, min(due_s) - now_s) if due_s else None

    def _check_items(self) -> None:
        """Kill who has an item in hand that was cancelled, or that has taken too long."""
        now_s = time.monotonic()
        for place in self._staff.places:
            task = place.in_flight[0] if place.in_flight else None
            since_s = place.since_s()
            if task is None or since_s is None or not (task.timeout_s or task.dropped):
                continue
            index = place.in_hand(task)
            if index is None:
                continue
            if task.dropped and max(index, task.settled) in task.dropped:
                self._condemn(place, TaskCancelled("the item was cancelled"))
            elif task.timeout_s and now_s - since_s >= task.timeout_s:
                self._condemn(
                    place, TaskTimedOut(f"the item ran for longer than {task.timeout_s:g} s in process {place.pid}")
                )

    # --- the end ---

    def _end(self) -> None:
        error = self._broken or PoolClosed("the pool was terminated")
        self._broken = error
        for place in self._staff.places:
            for task in place.vacate():
                self._outcomes.fail_all(task, error)
        while self._ready:
            self._outcomes.fail_all(self._ready.popleft(), error)
        try:
            self._staff.close()
        finally:
            self._inbox.end()
            self._spill.sweep("")
            self._epoll.close()
