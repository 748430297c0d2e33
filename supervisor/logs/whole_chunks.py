"""Tells which lines of a chunk match by a few looks at all of it: for a text that very many of them hold. Pure.

::

    chunk ──one findall──┬─► message of each line ──► is the text in it?
                         └─► what stands behind it ──► was it found in one like that? (few differ, so it is remembered)

A line that is not as the agent and the engine write it is left to `LogQuery.matches`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from supervisor.logs.anchors import has_flags
from supervisor.logs.byte_runs import quick_pattern, regex_runs, text_runs
from supervisor.logs.query import LEVEL_AT, LogQuery
from supervisor.logs.record import decode
from supervisor.logs.segment_files import newlines
from supervisor.logs.whole_arrays import WholeArrays

_LEVELS: Final = "INFO|DEBUG|WARNING|ERROR|CRITICAL"


def _whole_lines(levels: str, time_signs: str) -> re.Pattern[str]:
    """Finds each line's message, up to its first quotation mark, and its rest; both empty where it is another line."""
    head = rf'\{{"time":"[0-9:.{time_signs}-]*+","level":"(?:{levels})","message":"'
    return re.compile(rf'\n(?:{head}([^"]*+)([^\n]*+)|[^\n]*+)')


_AS_WRITTEN: Final = _whole_lines(_LEVELS, "TZ")
_IN_SMALL: Final = _whole_lines(_LEVELS.lower(), "tz")
_HEAD_WORDS: Final = ("time", "level", "message", *_LEVELS.lower().split("|"))
_HEAD_SIGNS: Final = frozenset("0123456789:.-tz{,")
_ANY_HEAD: Final = '{"time":"","level":"INFO","message":"'

_BACKSLASH, _QUOTE = "\x01\x01", "\x01\x02"
"""Stand for ``\\\\`` and ``\\"``, so that the next quotation mark ends the message."""
_CONTROLS: Final = [bytes((code,)) for code in range(32) if code != ord("\n")]
"""Each is looked for by ``memchr``, which takes half the time that one look at each byte takes."""
_FOREIGN: Final = ("\u0130".encode(), "\u212a".encode())
"""All letters beyond ASCII of which the small one is an ASCII letter, or begins with one."""
_MOST_ENDS: Final = 4096


class WholeChunks:
    """Looks through many chunks for the text of one query, which asks for no fields."""

    def __init__(self, query: LogQuery, *, has_numpy: bool = False) -> None:
        """`has_numpy`: it is there, and importing it is worth its time."""
        self._query = query
        self._line = _AS_WRITTEN if query.pattern is not None else _IN_SMALL
        self._needle = query.text.lower().replace("\\", _BACKSLASH).replace('"', _QUOTE)
        # Letters are compared in half the time where only ASCII's are thought of.
        self._pattern = self._ascii_pattern = query.pattern
        if query.is_regex and not has_flags(query.text):
            self._pattern = quick_pattern(query.text, re.IGNORECASE)
            if query.text.isascii():
                self._ascii_pattern = quick_pattern(query.text, re.IGNORECASE | re.ASCII)
        self._has_controls = min(query.text) < " "  # which lines have as escapes
        needles = [needle.decode() for needle in query.needles]
        is_elsewhere = (
            query.pattern is not None or self._needle != query.text.lower() or any(map(_may_be_in_head, needles))
        )
        self._ends = _Ends(query, [] if is_elsewhere else needles)
        runs = () if query.is_fuzzy else regex_runs(query.text) if query.is_regex else text_runs(query.text)
        self._arrays = WholeArrays(query, runs, self._end_holds) if has_numpy and runs else None

    @property
    def is_quick(self) -> bool:
        """All bytes of a chunk are looked at together; there is no need to sort chunks out before."""
        return self._arrays is not None

    def lines(self, data: bytes) -> Sequence[int] | None:
        """The numbers of the lines in `data` that match, ascending; None where that has to be told line by line."""
        if len(self._ends) > _MOST_ENDS:
            self._ends.forget()
        told = self._arrays.lines(data) if self._arrays is not None else None
        if told is not None:
            return told
        text = self._text(data)
        if text is None:
            return None
        parts = self._line.findall(text)
        if len(parts) != newlines(data):
            return None
        ends, needle = self._ends, self._needle
        pattern = self._ascii_pattern if text.isascii() else self._pattern
        if pattern is not None:
            search = pattern.search
            if _BACKSLASH[0] in text:
                parts = _spelled_out(parts)
            # The end first: where it is damaged, what seems the message is none, and may match for that reason only.
            hits = [number for number, (message, end) in enumerate(parts) if ends[end] or search(message)]
        else:
            hits = [number for number, (message, end) in enumerate(parts) if needle in message or ends[end]]
        unsure = {number for number in hits if parts[number][1] in ends.unsure} if ends.unsure else set()
        if "\\" in text:
            unsure |= {number for number, (message, _) in enumerate(parts) if "\\" in message}
        return self._settled(data, hits, unsure, len(parts))

    def _end_holds(self, end: bytes) -> bool | None:
        text = end.decode() if self._pattern is not None else end.decode().lower()
        return None if self._ends[text] and text in self._ends.unsure else self._ends[text]

    def _settled(self, data: bytes, hits: list[int], unsure: set[int], count: int) -> list[int]:
        """The hits that are left when each unsure line has been looked at, and the query's other conditions."""
        query = self._query
        if query.is_inverted:
            found = set(hits)
            hits = [number for number in range(count) if number not in found]
        if not (unsure or query.has_conditions):
            return hits
        lines = data[:-1].split(b"\n")
        if query.has_conditions:
            lesser, admits = query.lesser_marks, query.admits
            hits = [n for n in hits if not lines[n].startswith(lesser, LEVEL_AT) and admits(lines[n])]
        if not unsure:
            return hits
        looked_at = {number for number in unsure if query.matches(lines[number])}
        return sorted((set(hits) - unsure) | looked_at)

    def _text(self, data: bytes) -> str | None:
        """The lines, each with a newline before it; None where one of them may be no record."""
        if self._has_controls or any(map(data.__contains__, _CONTROLS)):
            return None  # a line with one of them is no record, and shown as a whole
        try:
            if self._query.pattern is not None:
                text = data.decode()
            elif self._query.text.isascii() and (data.isascii() or not any(map(data.__contains__, _FOREIGN))):
                text = data.lower().decode()
            else:
                text = data.decode().lower()
        except UnicodeDecodeError:
            return None
        text = "\n" + text[:-1]
        if "\\" in text:
            text = text.replace("\\\\", _BACKSLASH).replace('\\"', _QUOTE)
        return text


class _Ends(dict[str, bool]):
    """Whether the text is found in a line that has this behind its message, which is empty.

    Attributes:
        unsure: those that say True because the whole line has to be looked at.
    """

    def __init__(self, query: LogQuery, needles: list[str]) -> None:
        """`needles`: where an end holds none of them, that is a No."""
        super().__init__()
        self._query = query
        self._needles = needles
        self.unsure: set[str] = set()

    def __missing__(self, end: str) -> bool:
        stored = end.replace(_BACKSLASH, "\\\\").replace(_QUOTE, '\\"')
        found = False if stored else None  # nothing stands behind the message of what is another line
        if stored and (not self._needles or any(needle in stored for needle in self._needles)):
            record = decode((_ANY_HEAD + stored).encode())
            is_other = record.stream == "damaged" or record.message
            found = None if is_other else self._query.finds(record)
        if found is None:
            self.unsure.add(end)
        self[end] = found is not False
        return found is not False

    def forget(self) -> None:
        """Remember nothing."""
        self.clear()
        self.unsure.clear()


def _may_be_in_head(needle: str) -> bool:
    """Whether a line may hold it before its message."""
    return any(needle in word for word in _HEAD_WORDS) or _HEAD_SIGNS.issuperset(needle)


def _spelled_out(parts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same with messages as they were written."""
    messages = "\n".join([message for message, _ in parts])
    real = messages.replace(_BACKSLASH, "\\").replace(_QUOTE, '"').split("\n")
    return [(message, end) for message, (_, end) in zip(real, parts, strict=True)]
