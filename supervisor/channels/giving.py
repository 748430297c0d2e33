"""How an item goes in that is big, bounded or too many: takes a place, waits for room, gives back what is left."""

from __future__ import annotations

import os
from queue import Full

from supervisor.channels.ledger import PUT_WAIT_NS, PUTS
from supervisor.channels.platform import INPUT, OUTPUT
from supervisor.channels.taking import Taking
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    import _socket

    from supervisor.channels.desk import Desk
    from supervisor.channels.envelope import Envelopes
    from supervisor.channels.parcel import Pickled


class Giving(Taking):
    """The part of a queue that puts items in, except where that takes one call of the kernel."""

    _envelopes: Envelopes
    _is_unbounded: bool

    def _send(
        self, writer: _socket.socket, desk: Desk, payload: bytes | Pickled, block: bool, timeout: float | None
    ) -> None:
        conduit, slot = self._conduit, desk.slot
        message = b""
        is_sent = False
        has_place = self._is_unbounded or conduit.take_place(slot)
        try:
            if has_place:
                message = self._envelopes.seal(payload, desk.index, slot[PUTS])
                is_sent = conduit.send(writer, slot, message)
            if block and not is_sent:
                os.sched_yield()  # the readers' turn: more is free afterwards than one place
                is_in_time = True
                watched = () if self._is_unbounded or not self._is_alone else ((self._watch(desk).fileno(), INPUT),)
                with Blocking(self._label, "put", timeout, slot, PUT_WAIT_NS) as blocking:
                    while is_in_time and not is_sent:
                        outlet = (writer.fileno(), OUTPUT) if has_place else (conduit.space, INPUT)
                        is_in_time = blocking.wait(outlet, *watched)
                        if watched:
                            self._look_after_the_dead(desk)
                        has_place = has_place or conduit.take_place(slot)
                        if has_place:
                            message = message or self._envelopes.seal(payload, desk.index, slot[PUTS])
                            is_sent = conduit.send(writer, slot, message)
        finally:
            if not is_sent:
                if has_place:
                    conduit.give_up_place(slot)
                self._envelopes.discard(message)
        if not is_sent:
            raise Full
