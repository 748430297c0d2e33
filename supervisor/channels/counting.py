"""The census of a queue, for the engine: reads the ledger, changes nothing."""

from __future__ import annotations

import time

from supervisor.channels import words
from supervisor.channels.pages import QueueCensus, QueueUser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from supervisor.channels.conduit import Conduit
    from supervisor.channels.ledger import Ledger
    from supervisor.channels.letters import Letters

_SUMMED = (words.PUTS, words.GETS, words.BYTES_IN, words.DONE, words.REDELIVERED, words.LETTERED)


def count_queue(name: str, maxsize: int, conduit: Conduit, letters: Letters) -> QueueCensus:
    """Sum up the slots of a queue's ledger, and ask the kernel what waits."""
    ledger = conduit.ledger
    oldest_ns = conduit.oldest_ns()
    sums = dict.fromkeys(_SUMMED, 0)
    users = []
    held = []
    for index, slot in ledger.used_slots():
        for word in sums:
            sums[word] += slot[word]
        if not slot[words.PID]:
            continue
        user = _user(ledger, index, slot)
        if user.held_since_s is not None:
            held.append((user.pid, user.held_since_s))
        if ledger.is_alive(index):
            users.append(user)
    age_s = None if oldest_ns is None else max(time.monotonic_ns() - oldest_ns, 0) / 1e9
    return QueueCensus(
        name=name,
        maxsize=maxsize,
        depth=conduit.depth(),
        put_total=sums[words.PUTS],
        got_total=sums[words.GETS],
        bytes_in=sums[words.BYTES_IN],
        waiting_readers=_pids(user for user in users if user.get_since_s is not None),
        waiting_writers=_pids(user for user in users if user.put_since_s is not None),
        pids=_pids(users),
        unfinished=max(sums[words.PUTS] - sums[words.DONE], 0),
        oldest_age_s=age_s,
        is_ended=conduit.has_ended(),
        redelivered=sums[words.REDELIVERED],
        dead_letters=letters.count() if sums[words.LETTERED] else 0,
        held=tuple(held),
        users=tuple(users),
    )


def _user(ledger: Ledger, index: int, slot: memoryview) -> QueueUser:
    is_holding = ledger.hold_head(index)[0] != 0
    return QueueUser(
        pid=slot[words.PID],
        puts=slot[words.PUTS],
        gets=slot[words.GETS],
        put_since_s=_seconds(slot[words.PUT_WAIT_NS]),
        get_since_s=_seconds(slot[words.GET_WAIT_NS]),
        held_since_s=_seconds(slot[words.HELD_NS]) if is_holding else None,
    )


def _seconds(monotonic_ns: int) -> float | None:
    return monotonic_ns / 1e9 if monotonic_ns else None


def _pids(users: Iterable[QueueUser]) -> tuple[int, ...]:
    """Each process once, whatever the number of its threads."""
    return tuple(dict.fromkeys(user.pid for user in users))
