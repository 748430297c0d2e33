"""Tells for all lines of a chunk at once where their messages are, and what stands behind them, by numpy.

::

    {"time":"2026-11-22T13:31:26.123456Z","level":"INFO","message":" parsed 3 files ","logger":"census",...}
    └── one head for each level, so long and so written ────────────┘               └── an end: few lines differ in it

A line is of a shape that the agent and the engine write, or it is left to others; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from supervisor.logs.record import LEVELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Places = NDArray[np.intp]
    Flags = NDArray[np.bool_]

PADDING: Final = b"\n" * 200
"""Behind the last line: what is read for a line as it mostly is ends in a chunk, however short the line."""
_HEAD: Final = b'{"time":"'
_TIME: Final = b"0000-00-00T00:00:00.000000Z"
"""As it is written, with any digits."""
_BEFORE_LEVEL: Final = b'","level":"'
_BEHIND_LEVEL: Final = b'","message":"'
_LEVEL_AT: Final = len(_HEAD + _TIME + _BEFORE_LEVEL)
_WINDOW_BYTES: Final = 64
"""Most messages end within so many bytes."""
_MOST_ENDS: Final = 24
"""Where lines end in more ways, each is looked at by itself."""
_MOST_KNOWN: Final = 4096
_NAME_AT: Final = 25
"""So far before the end of most lines is a part of the worker's name: eight bytes that tell most of them apart."""


class EndFacts(NamedTuple):
    """What is known of all lines that have the same behind their messages."""

    holds: bool | None
    """Whether what is sought is in it; None: such a line has to be looked at as a whole."""
    is_wanted: bool
    """The worker is one of those asked for."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one chunk; of each where its message begins and ends, both 0 where that is not sure."""

    starts: Places
    ends: Places
    messages: Places
    message_ends: Places
    holds: Flags
    """What is sought is in what stands behind the message."""
    is_wanted: Flags
    """Its level and its worker are asked for."""
    is_other: Flags
    """It is not as the agent and the engine write it; nothing else is told of it."""


class LineShapes:
    """Looks at the lines of many chunks."""

    def __init__(
        self, numpy: Any, is_level_wanted: Callable[[bytes], bool], facts_of: Callable[[bytes], EndFacts]
    ) -> None:
        """`is_level_wanted` is asked with the head of a line, `facts_of` with its end."""
        self._np = numpy
        self._facts_of = facts_of
        self._known: dict[bytes, EndFacts] = {}
        self._heads = [_Head(numpy, level, is_level_wanted) for level in ("INFO", *LEVELS)]

    def all(self, padded: bytes, codes: Codes, ends: Places, unsure: Places) -> Lines:
        """All lines, which end at `ends`; those of the numbers `unsure` are others. Behind the text is `PADDING`."""
        np, lines = self._np, self._lines(ends)
        self._find_messages(padded, lines, None)
        lines.messages[unsure] = 0
        numbers = np.flatnonzero(lines.messages)
        rest, quotes = self._find_alike(padded, lines, numbers, is_end_known=False)
        self._find_ends(padded, lines, rest)
        quotes += self._find_each(padded, lines, rest)
        lines.is_other[:] = lines.message_ends == 0
        for number in np.flatnonzero(lines.is_other).tolist():
            quotes += padded.count(b'"', lines.starts[number], ends[number])
        if quotes != np.count_nonzero(
            codes == ord('"')
        ):  # a time, or a message that is shorter than it seemed, has one
            self._begin_again(padded, lines, numbers)
        return lines

    def some(self, padded: bytes, ends: Places, near: Places, unsure: Places) -> Lines:
        """The same of the lines of the numbers `near`, without a look behind their messages; see `look_behind`."""
        lines = self._lines(ends)
        self._find_messages(padded, lines, near)
        lines.messages[unsure] = 0
        lines.is_other[near] = True
        self._find_ends(padded, lines, near[lines.messages[near] > 0])
        return lines

    def look_behind(self, padded: bytes, lines: Lines, numbers: Places) -> None:
        """Look behind the messages of these lines, of which it is known where they end."""
        rest, _ = self._find_alike(padded, lines, numbers, is_end_known=True)
        self._find_each(padded, lines, rest)

    def _lines(self, ends: Places) -> Lines:
        np, count = self._np, len(ends)
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        starts = np.empty(count, np.intp)
        starts[0], starts[1:] = 0, ends[:-1] + 1
        return Lines(starts, ends, *np.zeros((2, count), np.intp), *np.zeros((3, count), bool))

    def _begin_again(self, padded: bytes, lines: Lines, numbers: Places) -> None:
        """Look at each of these lines by itself."""
        lines.holds[:], lines.message_ends[:], lines.is_other[:] = False, 0, True
        self._find_messages(padded, lines, None)
        self._find_ends(padded, lines, numbers)
        self._find_each(padded, lines, numbers)

    def _find_ends(self, padded: bytes, lines: Lines, numbers: Places) -> None:
        """Find where these lines' messages end; their times are as they should be, too, or they are others."""
        np = self._np
        if not len(numbers):
            return
        is_quote = rows(np, padded, len(_TIME), lines.starts[numbers] + len(_HEAD)) == ord('"')
        if is_quote.any():
            numbers = numbers[~is_quote.any(axis=1)]
        message_ends = self._next_quotes(padded, lines.messages[numbers])
        is_within = message_ends < lines.ends[numbers]
        if not is_within.all():
            numbers, message_ends = numbers[is_within], message_ends[is_within]
        lines.message_ends[numbers] = message_ends
        lines.is_other[numbers] = False

    def _find_messages(self, padded: bytes, lines: Lines, among: Places | None) -> None:
        np = self._np
        starts = lines.starts if among is None else lines.starts[among]
        letters = np.frombuffer(padded, np.uint8)[starts + _LEVEL_AT]
        left = len(starts)
        for head in self._heads:
            numbers = np.flatnonzero(letters == head.letter)
            if not len(numbers):
                continue
            left -= len(numbers)
            is_so = (rows(np, padded, head.row_bytes, starts[numbers]).view("u8") & head.mask) == head.words
            if not is_so.all():
                numbers = numbers[is_so.all(axis=1)]
            messages = starts[numbers] + head.length
            if among is not None:
                numbers = among[numbers]
            lines.messages[numbers] = messages
            lines.is_wanted[numbers] = head.is_wanted
            if not left:
                break

    def _find_alike(self, padded: bytes, lines: Lines, numbers: Places, *, is_end_known: bool) -> tuple[Places, int]:
        """Settle all lines that end as the first does, and so on; those that are left, and how many quotation marks
        there must be in the others.
        """
        np, quotes = self._np, 0
        names = np.ndarray((len(padded) - 8,), "u8", padded, strides=(1,))[np.maximum(lines.ends - _NAME_AT, 0)]
        for _ in range(_MOST_ENDS):
            if not len(numbers):
                break
            first = numbers[0]
            end = int(lines.ends[first])
            at = padded.find(b'"', lines.messages[first], end)
            if at < 0:
                numbers = numbers[1:]
                continue
            text = padded[at:end]
            is_alike = names[numbers] == names[first]
            alike = numbers if is_alike.all() else numbers[is_alike]
            begins = lines.ends[alike] - len(text)
            is_same = rows(np, padded, len(text), np.maximum(begins, 0)) == np.frombuffer(text, np.uint8)
            is_so = begins == lines.message_ends[alike] if is_end_known else begins >= lines.messages[alike]
            if not (is_same.all() and is_so.all()):
                is_so &= is_same.all(axis=1)
                is_alike[is_alike] = is_so
                alike, begins = alike[is_so], begins[is_so]
            quotes += self._settle(lines, alike, begins, text) * len(alike)
            numbers = numbers[~is_alike]
        return numbers, quotes

    def _find_each(self, padded: bytes, lines: Lines, numbers: Places) -> int:
        """Settle each of these lines by itself, where it is known where its message ends."""
        quotes = 0
        numbers = numbers[lines.message_ends[numbers] > 0]
        begins, ends = lines.message_ends[numbers], lines.ends[numbers]
        for number, begin, end in zip(numbers.tolist(), begins.tolist(), ends.tolist(), strict=True):
            quotes += self._settle(lines, number, begin, padded[begin:end])
        return quotes

    def _settle(self, lines: Lines, numbers: Places | int, begins: Places | int, end: bytes) -> int:
        """Note of lines what is known of their end; the quotation marks in one of them, none where it is another."""
        facts = self._known.get(end)
        if facts is None:
            facts = self._known[end] = self._facts_of(end)
        if not facts.is_wanted:
            lines.is_wanted[numbers] = False
        if facts.holds is None:
            lines.message_ends[numbers], lines.is_other[numbers] = 0, True
            return 0
        lines.message_ends[numbers] = begins
        if facts.holds:
            lines.holds[numbers] = True
        return _HEAD_QUOTES + end.count(b'"')

    def _next_quotes(self, padded: bytes, begins: Places) -> Places:
        np = self._np
        is_quote = rows(np, padded, _WINDOW_BYTES, begins) == ord('"')
        found: Places = begins + is_quote.argmax(axis=1)
        is_found = np.frombuffer(padded, np.uint8)[found] == ord('"')
        if not is_found.all():
            for at in np.flatnonzero(~is_found).tolist():
                end = padded.find(b'"', begins[at])
                found[at] = end if end >= 0 else len(padded)
        return found


class _Head:
    """What lines of one level begin with, as words of eight bytes; of a time's digits only that they are no quotation
    marks matters, and those are counted.
    """

    def __init__(self, numpy: Any, level: str, is_level_wanted: Callable[[bytes], bool]) -> None:
        head = _HEAD + _TIME + _BEFORE_LEVEL + level.encode() + _BEHIND_LEVEL
        mask = bytes(0 if sign == ord("0") else 0xFF for sign in head)
        self.letter = ord(level[0])
        self.is_wanted = is_level_wanted(head)
        self.length = len(head)
        self.row_bytes = -(-len(head) // 8) * 8
        self.mask = numpy.frombuffer(mask.ljust(self.row_bytes, b"\0"), "u8")
        self.words = numpy.frombuffer(head.ljust(self.row_bytes, b"\0"), "u8") & self.mask


_HEAD_QUOTES: Final = (_HEAD + _BEFORE_LEVEL + _BEHIND_LEVEL).count(b'"')


def rows(numpy: Any, text: bytes | Codes, width: int, begins: Places) -> Codes:
    """A row of `width` bytes of `text` from each place."""
    every = numpy.ndarray((len(text) - width + 1,), f"V{width}", text, strides=(1,))
    found: Codes = every[begins].view(numpy.uint8).reshape(-1, width)
    return found
