"""Tells which lines of a chunk match by numpy, all bytes of it at once: for runs that very many of its lines hold.

::

    chunk ──its rarest bytes──► places of runs ──┬─► within the message of their line: it matches
                                                 └─► behind it: was it found in a line that ends like that?

A line that is not as the agent and the engine write it, or in which something is escaped, is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from supervisor.logs.byte_runs import PLAIN, QUOTE, Part, Run
from supervisor.logs.record import LEVELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Places = NDArray[np.intp]
    Flags = NDArray[np.bool_]

_HEAD: Final = b'{"time":"'
_TIME: Final = b"0000-00-00T00:00:00.000000Z"
"""As it is written, with any digits."""
_BEHIND_TIME: Final = [f'","level":"{level}","message":"'.encode() for level in ("INFO", *LEVELS)]
_WINDOW_BYTES: Final = 64
"""Most messages end within so many bytes."""
_PADDING: Final = b"\n" * 200
"""Behind the last line: what is read for a line as it mostly is ends in a chunk, however short the line."""
_MOST_UNSURE: Final = 64
"""Where more lines of a chunk have to be looked at one by one, there are quicker ways."""
_MOST_ENDS: Final = 24
_NAME_AT: Final = 25
"""So far before the end of most lines is a part of the worker's name: eight bytes that tell most of them apart."""
_FEW: Final = 1 / 300
"""Where so few bytes may be where a run begins, each of them can be looked at."""
_SAMPLE: Final = 61
_WORD: Final[Part] = frozenset(code for code in range(128) if chr(code).isalnum()) | {ord("_")}


_CASE_BIT: Final = 0x20
_FOLDED_ALONE: Final[Part] = frozenset(code for code in PLAIN if chr(code).isalpha() or code < ord("@")) - {ord("*")}
"""With this bit set they are like none that a line may hold, but letters in the other case; newlines would be ``*``."""


class Told(NamedTuple):
    """What was found in one chunk; numbers of lines, counted from 0."""

    hits: list[int]
    """Ascending; the unsure ones may be among them."""
    unsure: set[int]
    line_count: int
    """Of the chunk."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where the lines of a chunk are, and of those that may match where their messages begin and end."""

    starts: Places
    ends: Places
    messages: Places
    message_ends: Places
    is_other: Flags
    """It is not as the agent and the engine write it."""


class WholeArrays:
    """Looks through many chunks for runs."""

    def __init__(self, runs: Iterable[Run], end_holds: Callable[[bytes], bool | None]) -> None:
        """`end_holds`: whether what is sought is in a line with this behind its message; None where that is not sure.

        Raises ImportError where there is no numpy.
        """
        import numpy  # noqa: ICN001  # np is its name where types are checked

        self._np: Any = numpy
        self._end_holds = end_holds
        self._runs = [_Search(numpy, run) for run in runs]
        self._sees_all = any(search.run.is_of_records for search in self._runs)

    def lines(self, data: bytes) -> Told | None:
        """Which lines of `data` hold a run; None where that has to be told otherwise."""
        np = self._np
        codes = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(codes < ord(" "))
        count = len(ends)
        if not (codes[ends] == ord("\n")).all():
            return None  # a line with a control character is no record, and shown as a whole
        unsure: set[int] = set()
        if not data.isascii() or b"\\" in data:
            unsure = set(np.searchsorted(ends, np.flatnonzero((codes >= 128) | (codes == ord("\\")))).tolist())
            if len(unsure) > _MOST_UNSURE:
                return None
        folded = codes | _CASE_BIT
        found = [(search, places) for search in self._runs if len(places := search.places(codes, folded))]
        if not (found or self._sees_all):
            return Told([], unsure, count)
        # A line that is no record, damaged maybe, is shown as a whole: what seems its message is in it still.
        is_hit, is_near, is_elsewhere = np.zeros((3, count), bool)
        is_near[:] = is_elsewhere[:] = self._sees_all
        of_lines = [np.searchsorted(ends, places) for _, places in found]
        for numbers in of_lines:
            is_near[numbers] = True
        padded = data + _PADDING
        lines = self._messages(padded, ends, is_near)
        for (search, places), numbers in zip(found, of_lines, strict=True):
            first = lines.messages[numbers] - search.run.is_from_start
            is_within = (places >= first) & (places < lines.message_ends[numbers])
            is_hit[numbers[is_within]] = True
            is_elsewhere[numbers[~is_within]] = True
        is_other = lines.is_other
        is_elsewhere &= ~is_other if self._sees_all else ~(is_hit | is_other)
        self._look_behind(padded, lines, np.flatnonzero(is_elsewhere), is_hit, is_other)
        unsure.update(np.flatnonzero(is_other).tolist())
        return Told(np.flatnonzero(is_hit).tolist(), unsure, count)

    def _messages(self, padded: bytes, ends: Places, is_near: Flags) -> _Lines:
        """Where the messages are of the lines that `is_near` names."""
        np = self._np
        starts = np.empty(len(ends), np.intp)
        starts[0], starts[1:] = 0, ends[:-1] + 1
        messages, message_ends = np.zeros(len(ends), np.intp), np.zeros(len(ends), np.intp)
        numbers = np.flatnonzero(is_near)
        for text in _BEHIND_TIME:
            begins = starts[numbers]
            is_so = self._has_head(padded, begins, text)
            of_level = numbers if is_so is None else numbers[is_so]
            messages[of_level] = starts[of_level] + (len(_HEAD) + len(_TIME) + len(text))
            numbers = numbers[:0] if is_so is None else numbers[~is_so]
            if not len(numbers):
                break
        is_other = np.zeros(len(ends), bool)
        is_other[numbers] = True
        numbers = np.flatnonzero(messages)
        message_ends[numbers] = self._next_quotes(padded, messages[numbers])
        is_other |= message_ends > ends
        return _Lines(starts, ends, messages, message_ends, is_other)

    def _has_head(self, padded: bytes, begins: Places, behind_time: bytes) -> Flags | None:
        """Which lines that begin there have a time and then this; None: all."""
        np = self._np
        head = np.frombuffer(_HEAD + _TIME + behind_time, np.uint8)
        more = np.zeros(len(head), np.uint8)
        more[len(_HEAD) : len(_HEAD) + len(_TIME)] = [ord("9") - ord("0") if code == ord("0") else 0 for code in _TIME]
        is_so = _rows(np, padded, len(head), begins) - head <= more
        if is_so.all():
            return None
        return np.logical_and.reduce(is_so, axis=1)  # type: ignore[no-any-return]

    def _next_quotes(self, padded: bytes, begins: Places) -> Places:
        np = self._np
        is_quote = _rows(np, padded, _WINDOW_BYTES, begins) == ord('"')
        found: Places = begins + is_quote.argmax(axis=1)
        is_found = np.frombuffer(padded, np.uint8)[found] == ord('"')
        if not is_found.all():
            for at in np.flatnonzero(~is_found).tolist():
                end = padded.find(b'"', begins[at])
                found[at] = end if end >= 0 else len(padded)
        return found

    def _look_behind(self, padded: bytes, lines: _Lines, numbers: Places, is_hit: Flags, is_other: Flags) -> None:
        """Tell of the lines of these numbers by what is behind their messages: few lines end in another way."""
        np = self._np
        for _ in range(_MOST_ENDS):
            if not len(numbers):
                return
            begins, ends = lines.message_ends[numbers], lines.ends[numbers]
            lengths, names = ends - begins, np.ndarray((len(padded) - 8,), "u8", padded, strides=(1,))[ends - _NAME_AT]
            end = padded[begins[0] : ends[0]]
            is_alike = (lengths == lengths[0]) & (names == names[0])
            is_same = _rows(np, padded, len(end), begins[is_alike]) == np.frombuffer(end, np.uint8)
            is_alike[is_alike] = is_same.all() or is_same.all(axis=1)
            self._settle(numbers[is_alike], self._end_holds(end), is_hit, is_other)
            numbers = numbers[~is_alike]
        for number in numbers.tolist():
            end = padded[lines.message_ends[number] : lines.ends[number]]
            self._settle(number, self._end_holds(end), is_hit, is_other)

    @staticmethod
    def _settle(numbers: Places | int, holds: bool | None, is_hit: Flags, is_other: Flags) -> None:
        if holds is None:
            is_other[numbers] = True
        elif holds:
            is_hit[numbers] = True


class _Search:
    """Finds one run: first by the bytes of it that are rarest here, then by all others where those are."""

    def __init__(self, numpy: Any, run: Run) -> None:
        self.run = run
        self._np = numpy
        self._order: list[int] = []
        self._first = 0
        self._tables = [_table(numpy, part) for part in run.parts]
        self._word = _table(numpy, _WORD)
        is_text = all(len({code | _CASE_BIT for code in part}) == 1 and part <= _FOLDED_ALONE for part in run.parts)
        self._text = numpy.array([min(part) | _CASE_BIT for part in run.parts], numpy.uint8) if is_text else None

    def places(self, codes: Codes, folded: Codes) -> Places:
        """Where the run begins, ascending."""
        np, parts = self._np, self.run.parts
        first: Places = np.zeros(int(self._is_at_start(codes)), np.intp)
        room = len(codes) - len(parts) - 1
        if room <= 0:
            return first
        if not self._order:
            self._order, self._first = self._rarest_first(codes)
        is_place = None
        for number in self._order[: self._first]:
            span = slice(1 + number, 1 + number + room)
            is_part = _is_of(codes[span], folded[span], parts[number])
            is_place = is_part if is_place is None else np.logical_and(is_place, is_part, out=is_place)
        places: Places = np.flatnonzero(is_place) + 1
        if self._text is not None:
            is_text = _rows(np, folded, len(parts), places) == self._text
            places = places if is_text.all() else places[is_text.all(axis=1)]
        else:
            for number in self._order[self._first :]:
                places = places[self._tables[number][codes[places + number]]]
        for at, is_edge in self.run.edges:
            word = self._word
            places = places[(word[codes[places + (at - 1)]] != word[codes[places + at]]) == is_edge]
        return np.concatenate((first, places)) if len(first) else places

    def _is_at_start(self, codes: Codes) -> bool:
        """Whether all its parts are at the very first byte, before which there is nothing; its edges may be others."""
        parts = self.run.parts
        return len(parts) < len(codes) and all(int(code) in part for code, part in zip(codes, parts, strict=False))

    def _rarest_first(self, codes: Codes) -> tuple[list[int], int]:
        """The numbers of the parts, and how many of them leave few places."""
        np = self._np
        shares = np.bincount(codes[::_SAMPLE], minlength=256) / (len(codes) / _SAMPLE)
        share_of = [float(shares[list(part)].sum()) for part in self.run.parts]
        order = sorted(range(len(share_of)), key=share_of.__getitem__)
        share, count = 1.0, 0
        while count < len(order) and (share > _FEW or not count):
            share *= share_of[order[count]]
            count += 1
        return order, count


def _rows(numpy: Any, text: bytes | Codes, width: int, begins: Places) -> Codes:
    """A row of `width` bytes of `text` from each place."""
    every = numpy.ndarray((len(text) - width + 1,), f"V{width}", text, strides=(1,))
    rows: Codes = every[begins].view(numpy.uint8).reshape(-1, width)
    return rows


def _table(numpy: Any, part: Part) -> Flags:
    table: Flags = numpy.zeros(256, bool)
    table[list(part)] = True
    return table


def _is_of(codes: Codes, folded: Codes, part: Part) -> Flags:
    """Which bytes are of `part`."""
    is_letters = part != QUOTE and all(chr(code).isalpha() and code ^ _CASE_BIT in part for code in part)
    view, wanted = (folded, {code | _CASE_BIT for code in part}) if is_letters else (codes, part)
    found: Flags | None = None
    for low, high in _ranges(sorted(wanted)):
        among = view == low if low == high else (view - low) <= high - low
        found = among if found is None else found | among
    assert found is not None
    return found


def _ranges(codes: list[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = ranges[-1][0], code
        else:
            ranges.append((code, code))
    return ranges
