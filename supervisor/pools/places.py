"""The places of a pool's members: who is in each, what it has in hand, and how it came to its end."""

from __future__ import annotations

import socket
import time
from collections import deque

from supervisor.pools import wire
from supervisor.pools.member import BEGUN_NS, DONE, INDEX, PAGE_WORDS, PICKLE_NS, READY_NS, SINCE_NS, TASK, WORK_NS
from supervisor.pools.progress import MemberProgress, Spent
from supervisor.pools.wire import Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from supervisor.pools.progress import MemberState
    from supervisor.pools.tasks import Task

RING = 0.2
"""How much a new measurement counts in the mean time of a task."""


class Place:
    """One place of the pool, and the member in it.

    Attributes:
        page: the words that the member writes.
        pid: None until it is told.
        in_flight: the tasks that it was given, the first of which it has in hand.
        is_ready: its initializer has returned.
        is_leaving: it was told to leave, or has left, and gets no more tasks.
        sentence: why it is being killed: the task and item that are to blame, and what becomes of that.
        is_unwanted: somebody has asked for its death, whatever it has in hand.
        spent: what the time of the members before it went to.
        mean_s: how long it takes for a task, about.
    """

    def __init__(self, slot: int, pages: memoryview) -> None:
        self.slot = slot
        self.page = pages[slot * PAGE_WORDS : (slot + 1) * PAGE_WORDS]
        self.generation = 0
        self.failed_starts = 0
        self.is_retired = False
        """The pool has become smaller: nobody comes after the one who is in it."""
        self.again_s = 0.0
        """When the next member may be started."""
        self.mean_s: float | None = None
        self.spent = Spent()
        self._empty()

    def _empty(self) -> None:
        self.stream: Stream | None = None
        self.pid: int | None = None
        self.in_flight: deque[Task] = deque()
        self.functions: dict[int, None] = {}
        self.is_ready = self.is_leaving = self.is_unwanted = False
        self.opened_s = self.last_done_s = 0.0
        self.sentence: tuple[int, int, BaseException] | None = None
        self.startup_trouble = ""

    @property
    def is_empty(self) -> bool:
        return self.stream is None

    @property
    def is_doomed(self) -> bool:
        """Nothing more comes from its member: it is being killed, or has closed its end."""
        return self.stream is None or self.stream.is_over or self.sentence is not None or self.is_unwanted

    @property
    def has_unsent(self) -> bool:
        return self.stream is not None and self.stream.has_unsent

    def open(self) -> socket.socket:
        """Make ready for a new member; its end of the stream."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._empty()
        self.stream = Stream(ours)
        self.generation += 1
        self.opened_s = time.monotonic()
        for word in range(PAGE_WORDS):
            self.page[word] = 0
        return theirs

    def begin(self) -> None:
        """Have its member be one: run its initializer, then tasks."""
        assert self.stream is not None
        self.stream.send(wire.frame(wire.BEGIN))

    def prepare(self, modules: Iterable[str]) -> None:
        """Have its member, which has not begun, import what it will need."""
        assert self.stream is not None
        self.stream.send(wire.frame(wire.MODULES, "\n".join(modules).encode()))

    def follow(self, gone: Place) -> None:
        """Be what another place, which is empty, was; that one begins anew."""
        self.opened_s = time.monotonic()
        self.generation, self.failed_starts = gone.generation + 1, gone.failed_starts
        self.mean_s, self.spent = gone.mean_s, gone.spent
        gone.mean_s, gone.spent, gone.failed_starts = None, Spent(), 0

    def vacate(self) -> list[Task]:
        """Its member is gone; the tasks that it had, in order."""
        left = list(self.in_flight)
        self.spent += self.spends(time.monotonic())
        if self.stream is not None:
            self.stream.close()
        self._empty()
        return left

    def give(self, task: Task, now_s: float) -> None:
        """Send it a task, and its function before the first one that has it."""
        assert self.stream is not None
        data = b""
        if task.function and task.function not in self.functions:
            if len(self.functions) == wire.FUNCTIONS_KEPT:
                del self.functions[next(iter(self.functions))]
            self.functions[task.function] = None
            data = wire.frame(wire.FUNCTION, wire.FUNCTION_HEAD.pack(task.function), task.code)
        mode = task.mode | wire.TIMED if task.timeout_s and task.mode != wire.CALL else task.mode
        head = wire.TASK_HEAD.pack(task.number, task.function, mode, task.start, task.stop, task.form)
        task.sent_s = now_s
        self.in_flight.append(task)
        self.stream.send(data + wire.frame(wire.TASK, head, task.payload))

    def leave(self) -> None:
        """Tell it to leave when it is done with what it has."""
        if not self.is_leaving and self.stream is not None:
            self.is_leaving = True
            self.stream.send(wire.frame(wire.END))

    def measure(self, task: Task, now_s: float) -> None:
        """A task is done: it took from when it was sent, or the one before it was done here."""
        took_s = now_s - max(task.sent_s, self.last_done_s)
        self.last_done_s = now_s
        self.mean_s = took_s if self.mean_s is None else self.mean_s + RING * (took_s - self.mean_s)

    def in_hand(self, task: Task) -> int | None:
        """The item of `task` that the member was at, by its own page; None when it had not begun it."""
        return int(self.page[INDEX]) if self.page[TASK] == task.number else None

    def since_s(self) -> float | None:
        """Since when it has its item in hand, monotonic; None while it has none."""
        return self.page[SINCE_NS] / 1e9 if self.page[TASK] else None

    @property
    def done(self) -> int:
        return int(self.page[DONE])

    def spends(self, now_s: float) -> Spent:
        """What the time of the member in it went to, by its own page."""
        if self.stream is None:
            return Spent()
        page = self.page
        ready_s, work_s = page[READY_NS] / 1e9, page[WORK_NS] / 1e9
        if not ready_s:
            return Spent(start_s=max(0.0, now_s - self.opened_s))
        if page[TASK]:
            work_s += max(0.0, now_s - page[BEGUN_NS] / 1e9)
        wait_s = max(0.0, now_s - ready_s - work_s)
        return Spent(max(0.0, ready_s - self.opened_s), wait_s, work_s, page[PICKLE_NS] / 1e9)

    def progress(self, now_s: float) -> MemberProgress:
        """What the member does."""
        since_s, spends = self.since_s(), self.spends(now_s)
        return MemberProgress(
            pid=self.pid or 0,
            is_busy=since_s is not None,
            task_s=0.0 if since_s is None else max(0.0, now_s - since_s),
            done=self.done,
            generation=self.generation,
            state=self._state(since_s is not None),
            index=self._item(),
            start_s=spends.start_s,
            wait_s=spends.wait_s,
            work_s=spends.work_s,
            pickle_s=spends.pickle_s,
        )

    def _state(self, is_busy: bool) -> MemberState:
        if self.is_leaving or self.is_unwanted:
            return "leaving"
        if not self.is_ready:
            return "starting"
        return "busy" if is_busy else "idle"

    def _item(self) -> int | None:
        """The job's index of the item in hand."""
        number, index = self.page[TASK], self.page[INDEX]
        return next((task.base + index for task in list(self.in_flight) if task.number == number), None)
