"""Queues in the memory of one process, with the names and signatures of `supervisor.channels`.

Items are really pickled by put() and unpickled by get(), so what cannot cross to another process fails here as well.

::

    view of worker A ── put: pickle ──► Tank ── get: unpickle ──► view of worker B
"""

from __future__ import annotations

from collections import deque

from supervisor.channels.parcel import Pickled, loads, press
from supervisor.channels.queue import Empty, EndOfStream
from supervisor.channels.standard import StandardQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from supervisor.simulation.turns import Turns

__all__ = ["MemoryQueue", "Payload", "Tank", "pack", "refuse_to_travel", "unpack"]


class Payload:
    """A pickled item, with copies of the big buffers that stayed out of the pickle."""

    __slots__ = ("attempts", "buffers", "pickle")

    def __init__(self, pickle: bytes, buffers: Sequence[bytes | bytearray] = (), attempts: int = 0) -> None:
        self.pickle = pickle
        self.buffers = buffers
        self.attempts = attempts


def pack(obj: object) -> Payload:
    """Pickle an object as a real channel does; raises what pickle raises."""
    pressed = press(obj)
    if not isinstance(pressed, Pickled):
        return Payload(pressed)
    copies = [bytes(view) if view.readonly else bytearray(view) for view in pressed.buffers]
    return Payload(b"".join(pressed.pieces), copies)


def unpack(payload: Payload) -> Any:
    """The object anew; raises what unpickling it raises."""
    if not payload.buffers:
        return loads(payload.pickle)
    copies = [bytearray(part) if isinstance(part, bytearray) else part for part in payload.buffers]
    return loads(payload.pickle, buffers=copies)


class Tank:
    """What a queue holds, whoever looks at it. It takes any number of items.

    Args:
        writers: the replicas that put into it.
        is_fed: whether it has ended when its writers have, even if there are none.

    Attributes:
        put_by, got_by: how many items each replica has put and taken.
        letters: items that too many replicas have failed with.
        on_put: called with each item that is put.
    """

    def __init__(
        self,
        turns: Turns,
        name: str,
        *,
        writers: Sequence[str] = (),
        maxsize: int = 0,
        max_attempts: int = 3,
        delivery: str = "at-least-once",
        is_fed: bool = False,
    ) -> None:
        self.turns = turns
        self.name = name
        self.writers = tuple(writers)
        self.maxsize = maxsize
        self.items: deque[Payload] = deque()
        self.put_by: dict[str, int] = {}
        self.got_by: dict[str, int] = {}
        self.letters: list[Payload] = []
        self.on_put: Callable[[Payload], object] | None = None
        self.unfinished = 0
        self.is_ended_by_hand = False
        self._is_fed = is_fed
        self._max_attempts = max_attempts
        self._returns_items = delivery == "at-least-once"
        self._hands: dict[int, Payload] = {}
        turns.when_over(self._settle)

    def is_ended(self) -> bool:
        """Whether nobody is left who puts anything."""
        if self.is_ended_by_hand:
            return True
        return bool(self.writers or self._is_fed) and not self.turns.is_anyone_left(self.writers)

    def hold(self, thread: int, payload: Payload) -> None:
        """A thread has this item in hand; the one it had before is done."""
        if self._returns_items:
            self._hands[thread] = payload

    def let_go(self, thread: int) -> None:
        """What a thread has in hand is done."""
        self._hands.pop(thread, None)

    def _settle(self, name: str, is_clean: bool) -> None:  # all channels are told alike
        """A turn is over: what it had in hand is done, or comes back behind the others."""
        held, self._hands = list(self._hands.values()), {}
        for payload in () if is_clean else held:
            payload.attempts += 1
            if payload.attempts >= self._max_attempts:
                self.letters.append(payload)
            else:
                self.items.append(payload)


class MemoryQueue(StandardQueue):
    """One worker's end of a queue; `mode` is "read", "write" or "both"."""

    lacking: tuple[str, ...] = ()

    def __init__(self, tank: Tank, mode: str = "both") -> None:
        self._tank = tank
        self._turns = tank.turns
        self._mode = mode
        self._is_closed = False

    def put(self, obj: Any, block: bool = True, timeout: float | None = None) -> None:  # never full
        """Put an item; what pickle raises for it is raised here. There is always room."""
        self._check_open()
        if self._mode == "read":
            self._refuse("reading only; it cannot put()")
        payload = pack(obj)
        tank, turns = self._tank, self._turns
        with turns.change:
            tank.items.append(payload)
            tank.unfinished += 1
            tank.put_by[turns.name] = tank.put_by.get(turns.name, 0) + 1
            turns.changed()
        if tank.on_put is not None:
            tank.on_put(payload)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the next item. Empty and EndOfStream as a real queue; where neither can come, Standstill."""
        self._check_open()
        if self._mode == "write":
            self._refuse("writing only; it cannot get()")
        tank, turns = self._tank, self._turns
        thread = _thread_id()
        with turns.change:
            tank.let_go(thread)
            timeout_s = timeout if block else 0.0
            if not turns.wait(lambda: bool(tank.items) or tank.is_ended(), timeout_s, self._why_empty):
                raise Empty
            if not tank.items:
                turns.told_end(tank.name)
                raise EndOfStream(f"every writer of {self._label} has completed")
            payload = tank.items.popleft()
            tank.hold(thread, payload)
            tank.got_by[turns.name] = tank.got_by.get(turns.name, 0) + 1
            turns.changed()
        return unpack(payload)

    def task_done(self) -> None:
        """Say that the work on one item is finished. ValueError when called more often than items were put."""
        self._check_open()
        with self._turns.change:
            if self._tank.unfinished <= 0:
                raise ValueError("task_done() called too many times")
            self._tank.let_go(_thread_id())
            self._tank.unfinished -= 1
            self._turns.changed()

    def join(self) -> None:
        """Wait until task_done() was called for every item that was put."""
        self._check_open()
        with self._turns.change:
            self._turns.wait(lambda: self._tank.unfinished <= 0, None, self._why_unfinished)

    def qsize(self) -> int:
        """How many items wait."""
        self._check_open()
        return len(self._tank.items)

    def empty(self) -> bool:
        """Whether no item waits."""
        return not self.qsize()

    def full(self) -> bool:
        """False: there is always room."""
        self._check_open()
        return False

    def close(self) -> None:
        """Let go of the queue; what was put stays for the others. Later calls raise ValueError."""
        self._is_closed = True

    def end(self) -> None:
        """Say that every writer has completed."""
        with self._turns.change:
            self._tank.is_ended_by_hand = True
            self._turns.changed()

    def unend(self) -> None:
        """Take `end` back."""
        self._tank.is_ended_by_hand = False

    @property
    def name(self) -> str:
        """What error messages call the queue."""
        return self._tank.name

    @property
    def maxsize(self) -> int:
        """What the profile says; in memory it is not obeyed."""
        return self._tank.maxsize

    @property
    def is_ended(self) -> bool:
        """Whether every writer has completed; items may still wait."""
        self._check_open()
        return self._tank.is_ended()

    def __reduce__(self) -> NoReturn:
        refuse_to_travel("queue")

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else f"{len(self._tank.items)} items in memory"
        return f"<Queue {self._tank.name!r} {state}>"

    @property
    def _label(self) -> str:
        return self._tank.name or "queue"

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError(f"Queue {self!r} is closed")
        self._turns.check_process(f"queue {self._label!r}")

    def _refuse(self, what: str) -> NoReturn:
        raise OSError(f"queue {self._label!r} was given to this worker for {what}")

    def _why_empty(self) -> str:
        turns, tank = self._turns, self._tank
        coming = [name for name in tank.writers if name in turns.coming and name != turns.name]
        if coming:
            whom = f"{', '.join(coming)}, whose turn comes later"
        elif turns.name in tank.writers:
            whom = "itself: nobody else puts into it any more"
        else:
            whom = "nobody: no worker of the profile writes to it"
        return f"{turns.name} waits in get() of {self._label} for {whom}"

    def _why_unfinished(self) -> str:
        count = self._tank.unfinished
        return (
            f"{self._turns.name} waits in join() of {self._label} for task_done() of {count:,} "
            f"item{'' if count == 1 else 's'}, and whoever takes them has no turn before it returns"
        )


def _thread_id() -> int:
    from _thread import get_ident

    return get_ident()


def refuse_to_travel(kind: str) -> NoReturn:
    """What pickling a channel in memory comes to."""
    raise RuntimeError(
        f"a {kind} in memory cannot be pickled: it is no item, and a child process would have no part in it; "
        f"name it in the profile, or run that for real with `procdeck run PROFILE`"
    )
