"""Tells which lines of a chunk match by numpy, all bytes of it at once: for runs that very many of its lines hold.

::

    chunk ──its rarest bytes──► places of runs ──► within the message of their line? ──┐
          ──`LineShapes`──► where messages are; whether what is behind them holds it ──┴─► it matches

A line that is not as the agent and the engine write it, or in which something is escaped, is looked at as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from supervisor.logs.byte_runs import PLAIN, QUOTE, Part, Run
from supervisor.logs.line_shapes import PADDING, EndFacts, Lines, LineShapes, rows
from supervisor.logs.query import LogQuery

if TYPE_CHECKING:
    from supervisor.logs.line_shapes import Codes, Flags, Places

_MOST_UNSURE: Final = 64
"""Where more lines of a chunk have to be looked at one by one, there are quicker ways."""
_FEW: Final = 1 / 300
"""Where so few bytes may be where a run begins, each of them can be looked at."""
_SAMPLE: Final = 61
_WORD: Final[Part] = frozenset(code for code in range(128) if chr(code).isalnum()) | {ord("_")}
_CASE_BIT: Final = 0x20
_FOLDED_ALONE: Final[Part] = frozenset(code for code in PLAIN if chr(code).isalpha() or code < ord("@")) - {ord("*")}
"""With this bit set they are like none that a line may hold, but letters in the other case; newlines would be ``*``."""


class WholeArrays:
    """Looks through many chunks for the runs of one query, which asks for no fields."""

    def __init__(self, query: LogQuery, runs: Iterable[Run], end_holds: Callable[[bytes], bool | None]) -> None:
        """`end_holds`: whether what is sought is in a line with this behind its message; None where that is not sure.

        Raises ImportError where there is no numpy.
        """
        import numpy  # noqa: ICN001  # np is its name where types are checked

        self._np: Any = numpy
        self._query = query
        self._runs = [_Search(numpy, run) for run in runs]
        self._everywhere = [search for search in self._runs if not search.place_is_known]
        self._within = [search for search in self._runs if search.place_is_known]
        self._is_behind = True
        """What is sought is behind most messages, or so it seemed in the last chunk."""
        self._sees_all = any(search.run.is_of_records for search in self._runs)
        self._sees_all |= query.is_inverted and query.has_conditions

        def facts_of(end: bytes) -> EndFacts:
            return EndFacts(end_holds(end), query.is_of_workers(end))

        self._shapes = LineShapes(numpy, query.is_of_level, facts_of)

    def lines(self, data: bytes) -> Sequence[int] | None:
        """The numbers of the lines of `data` that match, ascending; None where that has to be told otherwise."""
        np = self._np
        codes = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(codes < ord(" "))
        if not (codes[ends] == ord("\n")).all():
            return None  # a line with a control character is no record, and shown as a whole
        unsure = self._unsure(data, codes, ends)
        if len(unsure) > _MOST_UNSURE:
            return None
        padded = data + PADDING
        if self._sees_all or self._is_behind:
            lines = self._all(padded, codes, ends, unsure)
        else:
            found = self._found(codes)
            if not (len(unsure) or any(map(len, found))):
                return range(len(ends) if self._query.is_inverted else 0)
            lines = self._some(padded, ends, unsure, found)
        return self._settled(data, lines, unsure)

    def _found(self, codes: Codes) -> list[Places]:
        if not self._everywhere:
            return []
        folded: Codes = codes | self._np.uint8(_CASE_BIT)
        return [search.places(codes, folded) for search in self._everywhere]

    def _all(self, padded: bytes, codes: Codes, ends: Places, unsure: Places) -> Lines:
        """Look at the lines first: where all of them hold what is sought behind their messages, that is enough."""
        lines = self._shapes.all(padded, codes, ends, unsure)
        self._is_behind = bool(2 * self._np.count_nonzero(lines.holds) > len(ends))
        if (lines.holds | ~(lines.is_wanted | lines.is_other)).all():
            return lines
        for search in self._within:
            search.look_within(padded, lines)
        for places in self._found(codes):
            self._note(lines, self._np.searchsorted(ends, places), places)
        return lines

    def _some(self, padded: bytes, ends: Places, unsure: Places, found: list[Places]) -> Lines:
        """Look only at the lines in which a run is, wherever."""
        np = self._np
        of_lines = [np.searchsorted(ends, places) for places in found]
        is_near = np.zeros(len(ends), bool)
        for numbers in of_lines:
            is_near[numbers] = True
        near = np.flatnonzero(is_near)
        lines = self._shapes.some(padded, ends, near, unsure)
        for numbers, places in zip(of_lines, found, strict=True):
            self._note(lines, numbers, places)
        is_open = is_near & ~lines.is_other & lines.is_wanted
        if not self._query.workers:
            is_open &= ~lines.holds
        still_open = np.flatnonzero(is_open)
        self._shapes.look_behind(padded, lines, still_open)
        self._is_behind = bool(2 * np.count_nonzero(lines.holds[still_open]) > len(ends))
        return lines

    @staticmethod
    def _note(lines: Lines, numbers: Places, places: Places) -> None:
        """Note of the lines of these numbers that a run is at these places in them."""
        is_within = (places >= lines.messages[numbers]) & (places < lines.message_ends[numbers])
        lines.holds[numbers[is_within]] = True

    def _unsure(self, data: bytes, codes: Codes, ends: Places) -> Places:
        """The numbers of the lines in which something is escaped, or of which letters beyond ASCII are a part."""
        np = self._np
        if data.isascii() and b"\\" not in data:
            return np.zeros(0, np.intp)  # type: ignore[no-any-return]
        places = np.flatnonzero((codes >= 128) | (codes == ord("\\")))
        return np.unique(np.searchsorted(ends, places))  # type: ignore[no-any-return]

    def _settled(self, data: bytes, lines: Lines, unsure: Places) -> Sequence[int]:
        """The lines that match, when others have been looked at one by one, and the query's other conditions."""
        np, query = self._np, self._query
        is_hit = ~lines.holds if query.is_inverted else lines.holds
        if query.has_conditions:
            is_hit &= lines.is_wanted
        lines.is_other[unsure] = True
        for number in np.flatnonzero(lines.is_other).tolist():
            is_hit[number] = query.matches(data[lines.starts[number] : lines.ends[number]])
        if is_hit.all() and not query.has_times:
            return range(len(is_hit))
        hits: list[int] = np.flatnonzero(is_hit).tolist()
        if query.has_times:
            hits = [number for number in hits if query.is_of_time(data[lines.starts[number] : lines.ends[number]])]
        return hits


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

    @property
    def place_is_known(self) -> bool:
        """The run can only be where messages begin, or where they end."""
        return QUOTE in (self.run.parts[0], self.run.parts[-1])

    def look_within(self, padded: bytes, lines: Lines) -> None:
        """Note which of `lines` hold the run, where it can only be in one place of each."""
        np, length = self._np, len(self.run.parts)
        numbers = np.flatnonzero(lines.is_wanted & ~(lines.holds | lines.is_other))
        firsts = lines.messages[numbers] - self.run.is_from_start
        is_to_end = self.run.parts[-1] == QUOTE
        places = lines.message_ends[numbers] - (length - 1) if is_to_end else firsts
        is_so = (places == firsts) if self.run.is_from_start else (places >= firsts)
        numbers, places = numbers[is_so], places[is_so]
        codes = np.frombuffer(padded, np.uint8)
        for number in range(length):
            is_so = self._tables[number][codes[places + number]]
            numbers, places = numbers[is_so], places[is_so]
        for at, is_edge in self.run.edges:
            is_so = (self._word[codes[places + (at - 1)]] != self._word[codes[places + at]]) == is_edge
            numbers, places = numbers[is_so], places[is_so]
        lines.holds[numbers] = True

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
            is_text = rows(np, folded, len(parts), places) == self._text
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
