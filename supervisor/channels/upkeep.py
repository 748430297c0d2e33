"""What keeps a queue whole besides put and get: recovery from deaths, dead letters, a look inside. For the engine and
for people; nothing of it is on the way of an item.
"""

from __future__ import annotations

import os

from supervisor.channels.envelope import file_name, item_bytes
from supervisor.channels.parcel import HEADER_BYTES, MARKS_AT, RECORD_BYTES, SPILLED, TRAYED
from supervisor.channels.words import BYTES_IN, DONE, GETS, HOLD_NUMBER, PUTS, PUTS_ENDED

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from supervisor.channels.conduit import Conduit
    from supervisor.channels.desk import Desk
    from supervisor.channels.envelope import Envelopes
    from supervisor.channels.letters import Letters
    from supervisor.channels.pages import DeadLetter, ItemCopies, QueueCensus, WaitingItem
    from supervisor.channels.recovery import Recovery


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
        return self._conduit.places is not None and self._conduit.places.count() == 0

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
        conduit = self._conduit
        if conduit.writer < 0:
            raise OSError(f"queue {self._name!r} was given to this process for reading only; it cannot requeue")
        desk = self._my_desk()
        slot, count = desk.slot, 0
        for name, message in self._letters.chosen(letter_id):
            record = self._envelopes.reseal(message, 0, desk.index)
            desk.puts = slot[PUTS] = desk.puts + 1
            is_sent = conduit.send_back(record)
            desk.puts = slot[PUTS] = desk.puts - (not is_sent)
            slot[PUTS_ENDED] = desk.puts
            if not is_sent:
                if record[0] != message[0]:
                    self._envelopes.discard(record)
                break
            desk.bytes_in = slot[BYTES_IN] = desk.bytes_in + item_bytes(message)
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
        message = self._conduit.peek()
        if message and message[0] == TRAYED:
            assert self._envelopes.trays is not None
            message = self._envelopes.trays.whole(message)
        return describe_item(message, self._envelopes.spill) if message else None

    def copies(self, most_items: int, most_bytes: int) -> ItemCopies:
        """What waits, first item first, left where it is and not unpickled: at most so many items and bytes.

        A big item whose payload lies in a file is told by that file; it goes when the item is received.
        """
        from supervisor.channels.pages import ItemCopies, ItemCopy

        self._check_open()
        found: list[ItemCopy] = []
        room_bytes = most_bytes
        messages = self._conduit.glance_all()
        for message in messages[:most_items]:
            if message[0] == TRAYED:
                assert self._envelopes.trays is not None
                message = self._envelopes.trays.whole(message)  # noqa: PLW2901 - the same item, with its payload in it
            if not message:
                continue  # somebody has just received it
            is_beside = message[0] == SPILLED
            pickled = b"" if is_beside else message[HEADER_BYTES:]
            room_bytes -= len(pickled)
            if room_bytes < 0:
                break
            path = os.path.join(self._envelopes.spill.directory, file_name(message)) if is_beside else ""
            found.append(ItemCopy(pickled, path))
        return ItemCopies(tuple(found), max(self._conduit.depth() - len(found), 0))

    def drain(self) -> int:
        """Throw away what waits now; returns how many items. They count as done for join()."""
        self._check_open()
        conduit, desk, count = self._conduit, self._my_desk(), 0
        slot = desk.slot
        if conduit.reader < 0:
            raise OSError(f"queue {self._name!r} was given to this process for writing only; it cannot drain")
        for _ in range(conduit.depth()):
            try:
                message = os.read(conduit.reader, RECORD_BYTES)
            except BlockingIOError:
                break
            if not message:
                break
            desk.gets = slot[GETS] = desk.gets + 1
            slot[HOLD_NUMBER] = desk.gets
            slot[DONE] += 1
            if conduit.places is not None:
                conduit.places.free(desk, message[MARKS_AT])
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
