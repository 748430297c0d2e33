"""The census of a queue, for the engine: reads the ledger, changes nothing."""

from __future__ import annotations

import time

from supervisor.channels import ledger as words
from supervisor.channels.pages import QueueCensus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.channels.conduit import Conduit


def count_queue(name: str, maxsize: int, conduit: Conduit) -> QueueCensus:
    """Sum up the slots of a queue's ledger, and ask the kernel what waits."""
    ledger = conduit.ledger
    oldest_ns = conduit.oldest_ns()
    sums = dict.fromkeys((words.PUTS, words.GETS, words.BYTES_IN, words.DONE), 0)
    pids, readers, writers = [], [], []
    for index, slot in ledger.used_slots():
        for word in sums:
            sums[word] += slot[word]
        pid = slot[words.PID]
        if not pid or not ledger.is_alive(index):
            continue
        pids.append(pid)
        if slot[words.GET_WAIT_NS]:
            readers.append(pid)
        if slot[words.PUT_WAIT_NS]:
            writers.append(pid)
    age_s = None if oldest_ns is None else max(time.monotonic_ns() - oldest_ns, 0) / 1e9
    return QueueCensus(
        name=name,
        maxsize=maxsize,
        depth=conduit.depth(),
        put_total=sums[words.PUTS],
        got_total=sums[words.GETS],
        bytes_in=sums[words.BYTES_IN],
        waiting_readers=tuple(readers),
        waiting_writers=tuple(writers),
        pids=tuple(pids),
        unfinished=max(sums[words.PUTS] - sums[words.DONE], 0),
        oldest_age_s=age_s,
        is_ended=conduit.has_ended(),
    )
