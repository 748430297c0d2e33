"""What keeps a queue whole besides put and get: recovery from deaths, dead letters, a look inside. For the engine and
for people; nothing of it is on the way of an item.
"""

from __future__ import annotations

import os

from supervisor.channels import platform
from supervisor.channels.envelope import spilled_bytes
from supervisor.channels.ledger import BYTES_IN, DONE, GETS, PUTS, RETURNED
from supervisor.channels.parcel import MARKS_AT, RECEIVE_BYTES, SPILLED, SPILLED_BYTES
from supervisor.channels.recovery import again

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from supervisor.channels.conduit import Conduit
    from supervisor.channels.desk import Desk
    from supervisor.channels.envelope import Envelopes
    from supervisor.channels.letters import Letters
    from supervisor.channels.pages import DeadLetter, QueueCensus, WaitingItem
    from supervisor.channels.recovery import Recovery

_NO_SIGNAL = 0x4000


class Upkeep:
    """The part of a queue that looks after it."""

    _name: str
    _maxsize: int
    _conduit: Conduit
    _envelopes: Envelopes
    _letters: Letters
    _recovery: Recovery

    def _check_open(self) -> None:
        raise NotImplementedError

    def _my_desk(self) -> Desk:
        raise NotImplementedError

    def qsize(self) -> int:
        """How many items wait; exact when nobody is in the middle of a put or get."""
        self._check_open()
        return self._conduit.depth()

    def empty(self) -> bool:
        """Whether no item waits, at this instant."""
        self._check_open()
        return self._conduit.is_empty()

    def full(self) -> bool:
        """Whether a put() would wait for a place; False when there is no maxsize, as in the standard library."""
        self._check_open()
        return self._conduit.space >= 0 and not platform.is_ready(self._conduit.space, platform.INPUT)

    def recover(self) -> int:
        """Settle what dead users left: give back the places they had taken, send what they held to the queue again.

        The engine calls it after every death, and now and then while `pending` is not 0; in a queue used alone the
        remaining users do it themselves. It never blocks. An item goes behind those already queued, and one that has
        lost `max_attempts` consumers becomes a dead letter. Returns how many dead users are settled now.
        """
        self._check_open()
        return self._recovery.recover()

    def settle(self, pid: int, is_clean: bool, cause: str = "") -> None:
        """Say how a supervised worker's process ended (the engine does, once it is reaped and before `recover`).

        What it held is done if the end was clean, unless it was asked to stop while it held it; else it comes back.
        `cause` is what a dead letter will say.
        """
        self._check_open()
        self._recovery.judge(pid, is_clean=is_clean, cause=cause)

    @property
    def pending(self) -> int:
        """Items of dead consumers that found no room at the last `recover`; they are safe, the next one tries again."""
        return self._recovery.pending

    def dead_letters(self) -> list[DeadLetter]:
        """The items that were given up, the one put first at the head. They count as done for join()."""
        self._check_open()
        return self._letters.all()

    def requeue(self, letter_id: str | None = None) -> int:
        """Put a dead letter, or all of them, into the queue again, with no attempt counted; returns how many.

        Never blocks: what finds no room in the kernel's buffer stays a dead letter. KeyError when there is none with
        this id.
        """
        self._check_open()
        writer = self._conduit.writer
        if writer is None:
            raise OSError(f"queue {self._name!r} was given to this process for reading only; it cannot requeue")
        slot = self._my_desk().slot
        count = 0
        for name, message in self._letters.chosen(letter_id):
            slot[PUTS] += 1
            try:
                writer.send(again(message, 0), _NO_SIGNAL)
            except BlockingIOError:
                slot[PUTS] -= 1
                break
            slot[BYTES_IN] += spilled_bytes(message) if message[0] in (SPILLED, SPILLED_BYTES) else len(message)
            self._letters.remove(name)
            count += 1
        return count

    def discard(self, letter_id: str | None = None) -> int:
        """Throw away a dead letter, or all of them; returns how many. KeyError when there is none with this id."""
        self._check_open()
        chosen = self._letters.chosen(letter_id)
        for name, message in chosen:
            self._envelopes.discard(message)
            self._letters.remove(name)
        return len(chosen)

    def peek(self) -> WaitingItem | None:
        """The first waiting item, left where it is and not unpickled; None when none waits."""
        from supervisor.channels.letters import describe_item

        self._check_open()
        message = self._conduit.peek(RECEIVE_BYTES)
        return describe_item(message, self._envelopes.spill) if message else None

    def drain(self) -> int:
        """Throw away what waits now; returns how many items. They count as done for join()."""
        self._check_open()
        conduit, slot, count = self._conduit, self._my_desk().slot, 0
        if conduit.reader is None:
            raise OSError(f"queue {self._name!r} was given to this process for writing only; it cannot drain")
        for _ in range(conduit.depth()):
            try:
                message = conduit.reader.recv(RECEIVE_BYTES)
            except BlockingIOError:
                break
            if not message:
                break
            slot[GETS] += 1
            slot[DONE] += 1
            if conduit.space >= 0:
                conduit.free_place(slot, message[MARKS_AT])
            else:
                slot[RETURNED] = slot[GETS]
            self._envelopes.discard(message)
            count += 1
        if count:
            os.eventfd_write(conduit.done, 1)
        return count

    def census(self) -> QueueCensus:
        """One look at the queue's counters and users."""
        from supervisor.channels.counting import count_queue

        self._check_open()
        return count_queue(self._name, self._maxsize, self._conduit, self._letters)
