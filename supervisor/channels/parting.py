"""How a worker that is a thread lets go of queues while its process goes on: as a process does by its end."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from supervisor.channels.desk import Desk
    from supervisor.channels.ledger import Ledger


def leave_thread(*, is_clean: bool) -> None:
    """Settle what the calling thread, which ends, holds of every queue: it is done, or goes back into the queue.

    What it held when it was asked to stop goes back as well. Threads that it has started settle theirs by their end.
    """
    ledger_module = sys.modules.get("supervisor.channels.ledger")
    if ledger_module is None:
        return
    for ledger in ledger_module.attached():
        _leave(ledger, is_clean=is_clean)


def _leave(ledger: Ledger, *, is_clean: bool) -> None:
    desk: Desk | None = ledger.local.__dict__.get("desk")
    if desk is None or ledger.desks.get(desk.index) is not desk:
        return
    if desk.is_holding() and not (is_clean and not desk.is_interrupted()):
        ledger.surrender(desk)
    ledger.local.__dict__.clear()  # and with it the tenancy, whose end vacates a desk that is left in order
