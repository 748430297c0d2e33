"""The words of a ledger: those of a slot, which only its owner writes, and those of page 0, which all users step."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Callable

PID = 0
CLAIMS = 1
"""How often the slot was claimed; 0 marks the end of the used slots."""
PUTS = 2
"""Puts that began; one that sends nothing is taken back."""
GETS = 3
BYTES_IN = 4
MARKS = 5
"""ENGINE_JUDGES and LOST."""
TOKENS = 6
"""Places in the queue that this user has taken and not yet filled."""
RETURNED = 7
"""Places given back after a get; less than GETS while one is owed."""
DONE = 8
"""Calls of task_done(), and dead letters made of this user's holds."""
PUT_WAIT_NS = 9
"""Since when a put is blocked, time.monotonic_ns; 0 while none is."""
GET_WAIT_NS = 10
HELD_NS = 11
"""When the item in the hold was received."""
HOLD_NUMBER = 12
"""What GETS is to be once the message is received; more than GETS only in the middle of a receive."""
REDELIVERED = 13
"""Items from this user's holds that went back into the queue."""
LETTERED = 14
"""Items from this user's holds that became dead letters."""
PUTS_ENDED = 15
"""Puts that are over; less than PUTS only in the middle of one, or when its process died there."""
CLAIMED_NS = 16
"""When the slot was claimed last."""
HAS_LAID = 17
"""1 once anything lay on a tray of this slot; the words behind it are free."""

ENGINE_JUDGES = 1
"""Mark of a worker's own process: the engine says whether its end was clean."""
LOST = 2
"""Mark of a dead one whose end was not clean: its hold goes back."""

AGAIN = 1
"""Word of page 0: stepped by who wants a recovery while another one is at it."""
MOVES = 2
"""Word of page 0: stepped before a held item goes back into the queue."""
SUSPECT = 3
"""Word of page 0: 1 while there may be files and trays of dead senders that no message names, or puts in doubt."""
WANTED = 4
"""Word of page 0: 1 while somebody may be listening for a free place."""


def settle(slot: memoryview, give_back: Callable[[int], None]) -> None:
    """Return what the dead owner of a slot had taken, and mark it as waiting for nothing."""
    places = slot[TOKENS] + slot[GETS] - slot[RETURNED]
    slot[TOKENS] = 0
    slot[RETURNED] = slot[HOLD_NUMBER] = slot[GETS]
    slot[PUT_WAIT_NS] = slot[GET_WAIT_NS] = 0
    if places > 0:
        give_back(places)


def is_in_doubt(slot: memoryview) -> bool:
    """Whether a put is under way. Whether a dead owner had sent its last item is known when the queue is empty."""
    return bool(slot[PUTS] != slot[PUTS_ENDED])
