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
_NOTHING: Final = array("f", (nan,))


class Track:
    """One figure over time. The room for its seconds is there from the first one: what is measured for long takes no
    more memory than what has just begun.

    Attributes:
        minutes: the mean of each minute that is over.
        first_minute: the number of the oldest of them, since 0.
    """

    __slots__ = ("_first_second", "_newest", "_ring", "first_minute", "minutes")

    def __init__(self, second: int) -> None:
        self._ring = _NOTHING * SECONDS  # the value of a second is at its number modulo SECONDS
        self._first_second, self._newest = second, second - 1
        self.minutes, self.first_minute = array("f"), second // MINUTE_S

    def note(self, second: int, value: float) -> None:
        """The value at a second; a second that was left out has none, one that is noted again has the last."""
        if second < self._oldest:
            return
        if second > self._newest:
            self._fold_until(second)
            for missed in range(max(self._newest + 1, second - SECONDS + 1), second):
                self._ring[missed % SECONDS] = nan
            self._newest = second
        self._ring[second % SECONDS] = value

    @property
    def _oldest(self) -> int:
        """The first second that is known still."""
        return max(self._first_second, self._newest - SECONDS + 1)

    def _values(self, begin: int, end: int) -> array[float]:
        """A value for each second from `begin` to before `end`; not a number where none is known."""
        known_from, known_to = max(begin, self._oldest), min(end, self._newest + 1)
        if known_from >= known_to:
            return _NOTHING * (end - begin)
        at, last = known_from % SECONDS, (known_to - 1) % SECONDS + 1
        known = self._ring[at:last] if at < last else self._ring[at:] + self._ring[:last]
        return _NOTHING * (known_from - begin) + known + _NOTHING * (end - known_to)

    def _fold_until(self, second: int) -> None:
        """Make minutes of the seconds before `second` that are whole."""
        while (begin := (self.first_minute + len(self.minutes)) * MINUTE_S) + MINUTE_S <= second:
            values = [value for value in self._values(begin, begin + MINUTE_S) if not isnan(value)]
            self.minutes.append(sum(values) / len(values) if values else nan)
            if len(self.minutes) > MINUTES:
                del self.minutes[0]
                self.first_minute += 1

    def last_seconds(self, count: int, now: int) -> tuple[float | None, ...]:
        """A value for each of `count` seconds up to and with `now`, oldest first."""
        return _told(self._values(now - count + 1, now + 1))

    def last_minutes(self, count: int, now: int) -> tuple[float | None, ...]:
        """The mean of each of `count` whole minutes before that of second `now`, oldest first."""
        begin = now // MINUTE_S - count - self.first_minute
        known = self.minutes[max(begin, 0) : max(begin + count, 0)]
        before = min(max(-begin, 0), count)
        return _told(_NOTHING * before + known + _NOTHING * (count - before - len(known)))


def _told(values: array[float]) -> tuple[float | None, ...]:
    return tuple(None if isnan(value) else value for value in values)


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
