"""What was measured over the last minutes and hours, of every worker, channel and pool, in bounded memory.

::

    a value each second ──► SECONDS, the last 10 minutes ──► the mean of each minute ──► MINUTES, the last 12 hours

Four bytes a value, nothing where nothing was measured. It knows no clock: who notes says when.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from math import isnan, nan
from typing import Final

SECONDS: Final = 600
MINUTES: Final = 720
MINUTE_S: Final = 60
MOST_SUBJECTS: Final = 2000
"""Of more than these nothing is kept."""


class Track:
    """One figure over time.

    Attributes:
        first: the second of the oldest value in `seconds`; the minute of that in `minutes`.
    """

    __slots__ = ("first_minute", "first_second", "minutes", "seconds")

    def __init__(self, second: int) -> None:
        self.seconds, self.first_second = array("f"), second
        self.minutes, self.first_minute = array("f"), second // MINUTE_S

    def note(self, second: int, value: float) -> None:
        """The value at a second; a second that was left out has none, one that is noted again has the last."""
        place = second - self.first_second
        if place < 0:
            return
        missing = place - len(self.seconds)
        if missing > SECONDS:  # it was away for longer than is kept
            last_minute = (self.first_second + len(self.seconds) - 1) // MINUTE_S
            self._fold_until((last_minute + 1) * MINUTE_S)
            del self.seconds[:]
            self.first_second, missing = second, 0
            place = 0
        if missing >= 0:
            self.seconds.extend([nan] * missing)
            self.seconds.append(value)
        else:
            self.seconds[place] = value
        self._fold_until(second)
        surplus = len(self.seconds) - SECONDS
        if surplus >= MINUTE_S:  # seldom, and many at once
            del self.seconds[:surplus]
            self.first_second += surplus

    def _fold_until(self, second: int) -> None:
        """Make minutes of the seconds before `second` that are whole."""
        while (self.first_minute + len(self.minutes) + 1) * MINUTE_S <= second:
            begin = (self.first_minute + len(self.minutes)) * MINUTE_S - self.first_second
            values = [v for v in self.seconds[max(0, begin) : max(0, begin + MINUTE_S)] if not isnan(v)]
            self.minutes.append(sum(values) / len(values) if values else nan)
            if len(self.minutes) > MINUTES:
                del self.minutes[0]
                self.first_minute += 1

    def last_seconds(self, count: int, now: int) -> tuple[float | None, ...]:
        """A value for each of `count` seconds up to and with `now`, oldest first."""
        return _cut(self.seconds, self.first_second, now - count + 1, count)

    def last_minutes(self, count: int, now: int) -> tuple[float | None, ...]:
        """The mean of each of `count` whole minutes before that of second `now`, oldest first."""
        return _cut(self.minutes, self.first_minute, now // MINUTE_S - count, count)


def _cut(values: array[float], first: int, begin: int, count: int) -> tuple[float | None, ...]:
    found: list[float | None] = []
    for place in range(begin - first, begin - first + count):
        value = values[place] if 0 <= place < len(values) else nan
        found.append(None if isnan(value) else float(value))
    return tuple(found)


class History:
    """The tracks of all subjects, by the subject's name and the figure's."""

    def __init__(self) -> None:
        self._tracks: dict[str, dict[str, Track]] = {}

    def note(self, second: int, subject: str, figures: Mapping[str, float | None]) -> None:
        """What was measured of a subject; figures that are None were not."""
        tracks = self._tracks.get(subject)
        if tracks is None:
            if len(self._tracks) >= MOST_SUBJECTS:
                return
            tracks = self._tracks[subject] = {}
        for figure, value in figures.items():
            if value is not None:
                track = tracks.get(figure)
                if track is None:
                    track = tracks[figure] = Track(second)
                track.note(second, value)

    def forget(self, subject: str) -> None:
        """There is no such subject any more."""
        self._tracks.pop(subject, None)

    def subjects(self) -> Iterable[str]:
        """Of whom something is known, in the order in which they came."""
        return self._tracks.keys()

    def tracks(self, subject: str) -> Iterator[tuple[str, Track]]:
        """The figures of a subject."""
        yield from self._tracks.get(subject, {}).items()
