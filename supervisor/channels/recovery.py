"""What becomes of the dead's share of a queue: places are given back, held items return or become dead letters.

    hold of the dead ──▶ pipe, one attempt more            never blocks: what does not fit stays in its hold
                    └──▶ dead letter, after max_attempts   files and trays that nothing names any more are freed

An item leaves the hold only when it is in the pipe or in a letter, so the recoverer may be killed as well: then the
next one goes on, and at worst an item returns twice. One process recovers at a time.
"""

from __future__ import annotations

import os
import time

from supervisor.channels import words
from supervisor.channels.envelope import file_name, writer_of
from supervisor.channels.parcel import (
    ATTEMPTS_AT,
    HEADER,
    HEADER_BYTES,
    INTERRUPTED,
    MARKS_AT,
    SPILLED,
    SPILLED_BYTES,
    TRAYED,
)

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from supervisor.channels.conduit import Conduit
    from supervisor.channels.envelope import Envelopes
    from supervisor.channels.letters import Letters

_MOST_ATTEMPTS = 255


class Recovery:
    """Recovers one queue, as one process sees it.

    Args:
        conduit: the queue's parts; without the writing end nothing can be sent back.
        envelopes: where big items are.
        letters: where items go that were tried too often.
        max_attempts: how many consumers an item may lose before it becomes a dead letter.
        returns_items: whether items come back at all (at least once), or are gone with their consumer.
        maxsize: the queue's.
    """

    def __init__(
        self,
        conduit: Conduit,
        envelopes: Envelopes,
        letters: Letters,
        *,
        max_attempts: int,
        returns_items: bool,
        maxsize: int,
    ) -> None:
        self._conduit = conduit
        self._ledger = conduit.ledger
        self._envelopes = envelopes
        self._letters = letters
        self._trays = conduit.trays
        self._max_attempts = min(max(max_attempts, 1), _MOST_ATTEMPTS)
        self._returns_items = returns_items
        self._maxsize = maxsize
        self._causes: dict[int, str] = {}
        self._busy_pid = 0
        self.pending = 0
        """Items of the dead that found no room at the last look; the next one tries again."""

    def recover(self) -> int:
        """Settle what dead users left; returns how many of them are settled now. Never blocks, safe while others work.

        When another process is at it, that one is told to look once more.
        """
        if self._conduit.writer < 0:
            return 0
        ledger = self._ledger
        settled = 0
        with ledger.lock:
            if self._busy_pid == os.getpid():  # a signal handler's call within ours
                return 0
            self._busy_pid = os.getpid()  # which a child forked just now is not
            ledger.page[words.AGAIN] += 1
            try:
                while ledger.try_recovery():
                    wish = ledger.page[words.AGAIN]
                    try:
                        settled += self._settle_all()
                    finally:
                        ledger.end_recovery()
                    if wish == ledger.page[words.AGAIN]:
                        break
            finally:
                self._busy_pid = 0
        return settled

    def judge(self, pid: int, *, is_clean: bool, cause: str = "") -> None:
        """Say how a worker's own process ended: what it held is done, or goes back with the next recovery."""
        ledger = self._ledger
        with ledger.lock:
            for index, slot in ledger.abandoned():
                if slot[words.PID] != pid or not slot[words.MARKS] & words.ENGINE_JUDGES:
                    continue
                head = ledger.hold_head(index)
                if head[0] and is_clean and not head[MARKS_AT] & INTERRUPTED:
                    self._finish(index, head)
                slot[words.MARKS] = words.LOST
        if cause:
            self._causes[pid] = cause
        self._conduit.tell_news()

    def is_return_possible(self) -> bool:
        """Whether an item that waits nowhere may still come back: another process holds it, or is just receiving."""
        ledger = self._ledger
        for index, slot in ledger.used_slots():
            if index in ledger.desks or not slot[words.PID]:
                continue
            is_held = ledger.hold_head(index)[0]
            if is_held or (slot[words.HOLD_NUMBER] > slot[words.GETS] and ledger.is_alive(index)):
                return True
        return False

    @property
    def moves(self) -> int:
        """Steps with each item that goes back; unchanged, what was seen empty in turn was empty at once."""
        return self._ledger.page[words.MOVES]

    def is_sweep_due(self) -> bool:
        """Whether files may lie about that only an empty queue lets one judge."""
        return bool(self._ledger.page[words.SUSPECT])

    def _settle_all(self) -> int:
        settled = self.pending = 0
        for index, slot in self._ledger.abandoned():
            head = self._ledger.hold_head(index)
            if head[0] and slot[words.GETS] < slot[words.HOLD_NUMBER]:
                slot[words.GETS] = slot[words.HOLD_NUMBER]  # killed between the receive and the count
            is_resolved = not head[0] or self._resolve(index, slot, head)
            words.settle(slot, self._conduit.give_back)  # last: who gets the place finds the item back in the queue
            if not is_resolved:
                continue
            if slot[words.PID]:
                self._ledger.page[words.SUSPECT] = 1
                slot[words.PID] = 0
                settled += 1
        if self._conduit.places is not None:
            self._conduit.places.trim(self._maxsize)  # by one process at a time: two would take the surplus away twice
            if settled:
                self._conduit.places.ring()  # for who freed one and died before it could
        if self.is_sweep_due():
            self._sweep()
        if settled:
            self._conduit.tell_news()
        return settled

    def _resolve(self, index: int, slot: memoryview, head: bytes) -> bool:
        """Bring a dead user's item to where it belongs; False when it must wait in its hold."""
        if slot[words.MARKS] & words.ENGINE_JUDGES:
            return False
        message = self._whole(index, head)
        if not message:
            self._ledger.clear_hold(index)  # it was done: only the hold was not cleared yet
        elif not self._returns_items:
            self._finish(index, head)
        else:
            is_its_fault = not head[MARKS_AT] & INTERRUPTED
            attempts = min(head[ATTEMPTS_AT] + is_its_fault, _MOST_ATTEMPTS)
            if attempts >= self._max_attempts:
                self._bury(index, slot, message, attempts)
            elif not self._send_back(index, slot, message, attempts):
                self.pending += 1
                return False
        return True

    def _whole(self, index: int, head: bytes) -> bytes:
        """The message in a hold with all that belongs to it; b"" when what is beside it has gone."""
        if head[0] == TRAYED:
            return self._trays.whole(head)
        message = self._ledger.hold_message(index, head)
        if head[0] in (SPILLED, SPILLED_BYTES) and not self._envelopes.spill.has(file_name(message)):
            return b""
        return message

    def _send_back(self, index: int, slot: memoryview, message: bytes, attempts: int) -> bool:
        try:
            record = self._envelopes.reseal(message, attempts, index)
        except OSError:  # no memory for the file of what came by a tray
            return False
        slot[words.REDELIVERED] += 1
        self._ledger.page[words.MOVES] += 1
        if not self._conduit.send_back(record):
            slot[words.REDELIVERED] -= 1
            if record[0] != message[0]:
                self._envelopes.discard(record)
            return False
        self._trays.clear(message)
        self._ledger.clear_hold(index)
        return True

    def _bury(self, index: int, slot: memoryview, message: bytes, attempts: int) -> None:
        pid = slot[words.PID]
        cause = self._causes.get(pid) or f"{attempts} of its consumers ended before they were done with it"
        if self._letters.write(_tried(message, attempts), pid, cause, time.time()):
            # Before the hold is cleared: killed in between, join() may return one item early rather than never.
            slot[words.DONE] += 1
            slot[words.LETTERED] += 1
            os.eventfd_write(self._conduit.done, 1)
        self._trays.clear(message)
        self._ledger.clear_hold(index)

    def _finish(self, index: int, head: bytes) -> None:
        self._envelopes.discard(self._ledger.hold_message(index, head))
        self._ledger.clear_hold(index)

    def _sweep(self) -> None:
        """Free what no message names because its sender died before it had sent one; an empty queue tells what."""
        ledger, spill, prefix = self._ledger, self._envelopes.spill, self._envelopes.prefix
        files = {name for name in spill.names(prefix) if not self._letters.is_letter(name)}
        files = {name for name in files if not self._is_writer_alive(name)}
        doubtful = [
            slot for index, slot in ledger.used_slots() if words.is_in_doubt(slot) and not ledger.is_alive(index)
        ]
        if files or doubtful or any(self._trays.strays()):
            before = self._activity()
            if not self._conduit.is_empty():
                return
            on_trays = set()
            for index, slot in ledger.used_slots():
                if slot[words.HOLD_NUMBER] > slot[words.GETS] or (words.is_in_doubt(slot) and ledger.is_alive(index)):
                    return  # somebody is just receiving, or sending
                head = ledger.hold_head(index)
                if head[0] in (SPILLED, SPILLED_BYTES):
                    files.discard(file_name(ledger.hold_message(index, head)))
                elif head[0] == TRAYED:
                    _, _, sender, _, put_ns, _, _ = HEADER.unpack(head)
                    on_trays.add((sender, put_ns))
            if before != self._activity():
                return
            for name in files - self._letters.file_names():
                spill.remove(name)
            self._trays.sweep(on_trays)
            self._uncount(doubtful)
        ledger.page[words.SUSPECT] = 0

    def _activity(self) -> list[tuple[int, ...]]:
        """What changes when anybody puts or gets."""
        counted = (words.PUTS, words.PUTS_ENDED, words.HOLD_NUMBER, words.GETS, words.REDELIVERED)
        return [tuple(slot[word] for word in counted) for _, slot in self._ledger.used_slots()]

    def _uncount(self, doubtful: list[memoryview]) -> None:
        """Take back the puts of the dead that were counted and never sent: they are those that nobody got."""
        total = self._ledger.total
        surplus = total(words.PUTS) + total(words.REDELIVERED) - total(words.GETS)
        for slot in doubtful:
            if surplus > 0:
                slot[words.PUTS] -= 1
                surplus -= 1
            slot[words.PUTS_ENDED] = slot[words.PUTS]
        if doubtful:
            os.eventfd_write(self._conduit.done, 1)

    def _is_writer_alive(self, name: str) -> bool:
        try:
            index, pid = writer_of(name, self._envelopes.prefix)
        except ValueError:
            return True
        for used, slot in self._ledger.used_slots():
            if used == index:
                return bool(slot[words.PID] == pid and self._ledger.is_alive(index))
        return False


def _tried(message: bytes, attempts: int) -> bytes:
    """The message as a letter keeps it."""
    kind, _, sender, length, put_ns, _, _ = HEADER.unpack_from(message)
    return HEADER.pack(kind, attempts, sender, length, put_ns, 0, 0) + message[HEADER_BYTES:]
