"""Holds results back until all before them have come. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Sequencer:
    """Gives outcomes in the order of their places, 0, 1, 2 ...

    Attributes:
        held: how many wait for one before them.
    """

    def __init__(self) -> None:
        self._next = 0
        self._early: dict[int, Any] = {}

    @property
    def held(self) -> int:
        return len(self._early)

    def put(self, place: int, outcome: Any) -> Iterator[Any]:
        """The outcome of a place has come: those that can be passed on now. Every place is put once."""
        self._early[place] = outcome
        while self._next in self._early:
            found = self._early.pop(self._next)
            self._next += 1
            yield found

    def rest(self) -> Iterator[Any]:
        """Those that still wait, in their order: no one before them will come."""
        for place in sorted(self._early):
            self._next = place + 1
            yield self._early.pop(place)
