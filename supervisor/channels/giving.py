"""How an item goes in that is big, bounded or too many: takes a place, waits for room, gives back what is left."""

from __future__ import annotations

import os
from queue import Full

from supervisor.channels.ledger import PUT_WAIT_NS
from supervisor.channels.platform import INPUT, OUTPUT
from supervisor.channels.roster import SECOND_LOOK_S
from supervisor.channels.taking import Taking
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from typing import NoReturn

    from supervisor.channels.desk import Desk
    from supervisor.channels.envelope import Envelopes
    from supervisor.channels.parcel import Pickled
    from supervisor.channels.places import Places


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
                message = self._envelopes.seal(payload, desk.index)
                is_sent = conduit.send(desk, message)
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
                            message = message or self._envelopes.seal(payload, desk.index)
                            is_sent = conduit.send(desk, message)
        finally:
            if not is_sent:
                if has_place and places is not None:
                    places.give_up(desk)
                self._envelopes.discard(message)
        if not is_sent:
            raise Full

    def _wait_for_place(
        self, desk: Desk, places: Places, blocking: Blocking, watched: tuple[tuple[int, int], ...]
    ) -> bool:
        """Wait until there may be a free place, or something is to be looked after; False when the time is over."""
        if desk.ear is None:
            desk.ear = places.listen()
        desk.ear.poll(0)
        places.want()
        if places.count() > 0:
            return True
        # The first sleep is short: by its end the stores of every other processor are to be seen.
        if blocking.wait((desk.ear.fileno(), INPUT), *watched, at_most_s=SECOND_LOOK_S):
            if desk.ear.poll(0) or places.count() > 0:
                return True
            return blocking.wait((desk.ear.fileno(), INPUT), *watched)
        return False
