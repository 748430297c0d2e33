"""How an item goes in that is big, bounded or too many: takes a place, waits for room, gives back what is left."""

from __future__ import annotations

import os
import time
from queue import Full

from supervisor.channels.envelope import item_bytes
from supervisor.channels.parcel import INLINE_BYTES, RECORD, SMALL_BYTES, TRAY, TRAYED
from supervisor.channels.platform import INPUT, OUTPUT
from supervisor.channels.roster import SECOND_LOOK_S
from supervisor.channels.taking import Taking
from supervisor.channels.waiting import Blocking
from supervisor.channels.words import PUT_WAIT_NS

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from typing import NoReturn

    from supervisor.channels.desk import Desk
    from supervisor.channels.envelope import Envelopes
    from supervisor.channels.parcel import Pickled
    from supervisor.channels.places import Places

_NAP_S = 0.0002
_NAPS = 50
"""How often an item naps for a tray before it goes into a file; those after it do so at once."""


class Giving(Taking):
    """The part of a queue that puts items in, except where that takes one call of the kernel."""

    _envelopes: Envelopes

    def _missing_writer(self) -> NoReturn:
        raise NotImplementedError

    def _send(
        self, desk: Desk, payload: bytes | Pickled, block: bool, timeout: float | None, *, has_place: bool = False
    ) -> None:
        conduit, places = self._conduit, self._conduit.places
        if conduit.writer < 0:
            self._missing_writer()
        message = b""
        is_sent = False
        has_place = has_place or places is None or places.take(desk)
        try:
            if has_place:
                message = self._seal(desk, payload, block)
                is_sent = conduit.send(desk, message, item_bytes(message))
            if block and not is_sent:
                os.sched_yield()  # the readers' turn: more is free afterwards than one place
                watched = () if places is None or not self._is_alone else ((self._watch(desk).fileno(), INPUT),)
                with Blocking(self._label, "put", timeout, desk.slot, PUT_WAIT_NS) as blocking:
                    is_in_time = True
                    while is_in_time and not is_sent:
                        if places is not None and not has_place:
                            is_in_time = self._wait_for_place(desk, places, blocking, watched)
                            has_place = places.take(desk)
                        elif message:
                            is_in_time = blocking.wait((conduit.writer, OUTPUT), *watched)
                        if watched:
                            self._look_after_the_dead(desk)
                        if has_place:
                            message = message or self._seal(desk, payload, block)
                            is_sent = conduit.send(desk, message, item_bytes(message))
        finally:
            if not is_sent:
                if has_place and places is not None:
                    places.give_up(desk)
                self._envelopes.discard(message)
        if not is_sent:
            raise Full

    def _is_sent_by_tray(self, desk: Desk, payload: bytes | Pickled, size: int) -> bool:
        """Send an item that is too big for a record, if that can be done at once."""
        conduit, trays, places = self._conduit, self._conduit.trays, self._conduit.places
        if size > INLINE_BYTES or self._quick_bytes < 0 or not isinstance(payload, bytes):
            return False
        put_ns = time.monotonic_ns()
        tray = trays.lay(desk.index, payload, put_ns)
        if not tray:
            return False
        is_sent = has_place = False
        try:
            has_place = places is None or places.take(desk)
            if has_place:
                record = RECORD.pack(TRAYED | desk.index << 16, size, put_ns, tray * TRAY, b"")
                is_sent = conduit.send(desk, record, size)
        finally:
            if not is_sent:
                trays.free(desk.index, tray, put_ns)
                if has_place and places is not None:
                    places.give_up(desk)
        desk.is_trayless = False
        return is_sent

    def _seal(self, desk: Desk, payload: bytes | Pickled, block: bool) -> bytes:
        """The message of an item. A payload that fits a tray waits for one as long as others are quick to free them."""
        size = len(payload)
        if SMALL_BYTES < size <= INLINE_BYTES and block and not desk.is_trayless:
            for _ in range(_NAPS):
                if self._conduit.trays.has_room(desk.index, size):
                    break
                time.sleep(_NAP_S)
        message = self._envelopes.seal(payload, desk.index)
        if size > SMALL_BYTES:
            desk.is_trayless = message[0] != TRAYED
        return message

    def _wait_for_place(
        self, desk: Desk, places: Places, blocking: Blocking, watched: tuple[tuple[int, int], ...]
    ) -> bool:
        """Wait until there may be a free place, or something is to be looked after; False when the time is over."""
        ear = desk.ear = desk.ear or places.listen()
        ear.poll(0)
        places.want()
        if places.count() > 0:
            return True
        # The first sleep is short: by its end the stores of every other processor are to be seen.
        if blocking.wait((ear.fileno(), INPUT), *watched, at_most_s=SECOND_LOOK_S):
            if ear.poll(0) or places.count() > 0:
                return True
            return blocking.wait((ear.fileno(), INPUT), *watched)
        return False
