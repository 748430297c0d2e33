"""What a person wants to see of a log: conditions, how they are typed, and whether a stored line meets them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from supervisor.logs.anchors import regex_anchors, text_anchors
from supervisor.logs.class_runs import ClassNeedles, class_needles
from supervisor.logs.close_letters import CloseLetters
from supervisor.logs.index_file import time_us
from supervisor.logs.record import IDENTITY_MARK, LEVELS, Record, decode, severity

MOST_HITS: Final = 100_000
"""Matches that are kept: the newest."""
BLOCK_LINES: Final = 500
"""Lines that are looked at together."""
_LEVEL_MARK: Final = b'Z","level":"'
LEVEL_AT: Final = 35
"""Where the end of a line's time and its level are: behind ``{"time":"`` and 26 characters."""
_TIME: Final = slice(9, 36)
_MESSAGE: Final = re.compile(rb'\{"time":"[^"\\]*Z","level":"[^"\\]*","message":"([^"\\]*)"')
"""A line as the agent and the engine write it, with a message that is written as it is."""
_SELDOM_BYTES: Final = 3
"""Shorter needles occur in most lines, in their times and names."""
_WORD: Final = re.compile(r"(level|worker|field|since|until):(\S+)(?:\s+|$)")


@dataclass(frozen=True)
class FieldTest:
    """``extra.key=value``: a part of a record has this value; without a value: it is there and not empty."""

    path: tuple[str, ...]
    value: str | None = None

    def holds(self, record: Record) -> bool:
        found: Any = getattr(record, self.path[0], None)
        for key in self.path[1:]:
            found = found.get(key) if isinstance(found, dict) else getattr(found, key, None)
        if self.value is None:
            return found not in (None, "", {}, False)
        return found is not None and _as_typed(found) == self.value


def _as_typed(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)


def field_test(text: str) -> FieldTest:
    """``extra.file=ast.py`` as a test. Raises ValueError where the name is none of a record's."""
    path, equals, value = text.partition("=")
    keys = tuple(path.split("."))
    if keys[0] not in Record.__struct_fields__:
        raise ValueError(f'"{keys[0]}" is no field of a record; there are {", ".join(Record.__struct_fields__)}')
    return FieldTest(keys, value if equals else None)


@dataclass(frozen=True)
class LogQuery:
    """What to show. All conditions must hold; an empty one always does.

    Attributes:
        text: looked for in message, worker, logger and exception, case ignored.
        workers: names of replicas, ``parse.2``, or of workers, ``parse``, for all their replicas.
        minimum_level: ``WARNING`` shows warnings, errors and critical records.
        is_inverted: shows the records in which `text` is not found.
        is_regex: `text` is a regular expression; raises ValueError here if it is not a valid one.
        is_fuzzy: the letters of `text` are looked for, close together in their order; see `CloseLetters`.
        fields: parts of the record and what they must be.
        since: a record's time, ``2026-11-22T13:31:26.123456Z``; shows what is not older.
        until: the same; shows what is not younger.
    """

    text: str = ""
    workers: frozenset[str] = frozenset()
    minimum_level: str = ""
    is_inverted: bool = False
    is_regex: bool = False
    is_fuzzy: bool = False
    fields: tuple[FieldTest, ...] = ()
    since: str = ""
    until: str = ""
    _pattern: re.Pattern[str] | CloseLetters | None = field(init=False, repr=False, compare=False)
    _needles: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    _classes: ClassNeedles | None = field(init=False, repr=False, compare=False)
    _plain: bytes = field(init=False, repr=False, compare=False)
    _severity: int = field(init=False, repr=False, compare=False)
    _worker_marks: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    _times: tuple[bytes, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pattern = self._compiled() if self.text else None
        needles: tuple[bytes, ...] = ()
        if not self.is_fuzzy:
            needles = regex_anchors(self.text) if self.is_regex else text_anchors(self.text)
        classes = None
        is_regex = self.text and self.is_regex and not self.is_inverted
        if is_regex and min(map(len, needles), default=0) < _SELDOM_BYTES:
            classes = class_needles(self.text)
        marks = tuple(f'"worker":"{name}{end}'.encode() for name in sorted(self.workers) for end in ('"', "."))
        derived = {
            "_pattern": pattern,
            "_needles": () if self.is_inverted else needles,
            "_classes": classes,
            "_plain": b"" if pattern is not None or not self.text.isascii() else self.text.lower().encode(),
            "_severity": severity(self.minimum_level) if self.minimum_level else 0,
            "_worker_marks": marks,
            "_times": (self.since.encode(), self.until.encode() or b"\xff"),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def _compiled(self) -> re.Pattern[str] | CloseLetters | None:
        if self.is_fuzzy:
            return CloseLetters(self.text)
        if not self.is_regex:
            return None
        try:
            return re.compile(self.text, re.IGNORECASE)
        except re.error as error:
            raise ValueError(f'"{self.text}" is not a regular expression: {error}') from None

    @property
    def is_empty(self) -> bool:
        """True where every line matches."""
        return not (self.text or self.workers or self.minimum_level or self.fields or self.since or self.until)

    @property
    def pattern(self) -> re.Pattern[str] | CloseLetters | None:
        """What finds the text where it is a regular expression, or letters."""
        return self._pattern

    @property
    def shown(self) -> re.Pattern[str] | None:
        """What stands out in what is shown; None where nothing is looked for. Letters may stand out that are apart."""
        if not self.text or self.is_inverted:
            return None
        if isinstance(self._pattern, CloseLetters):
            return self._pattern.pattern
        return self._pattern or re.compile(re.escape(self.text), re.IGNORECASE)

    @property
    def lesser_marks(self) -> tuple[bytes, ...]:
        """What lines of a lesser level have at `LEVEL_AT`; not all of them need to."""
        return tuple(f'Z","level":"{name}"'.encode() for name, number in LEVELS.items() if number < self._severity)

    @property
    def needles(self) -> tuple[bytes, ...]:
        """Lower-case bytes one of which every matching line holds, in whatever case; () where there are none."""
        return self._needles

    @property
    def classes(self) -> ClassNeedles | None:
        """What tells more than `needles` do of a pattern that consists of character classes; mostly None."""
        return self._classes

    @property
    def marks(self) -> tuple[bytes, ...]:
        """Bytes one of which every matching line holds as they are; () where there are none."""
        return self._worker_marks

    @property
    def since_us(self) -> int:
        """`since` as µs since 1970; 0 without it."""
        return time_us(self.since.encode())

    @property
    def until_us(self) -> int:
        """`until` as µs since 1970; 0 without it."""
        return time_us(self.until.encode())

    def may_match(self, block: bytes) -> bool:
        """False where surely no line of `block` matches; a fast look at raw lines, many at a time."""
        if self.workers and not any(mark in block for mark in self._worker_marks):
            return False
        if not self._needles:
            return True
        lower = block.lower()
        return any(needle in lower for needle in self._needles)

    @property
    def has_conditions(self) -> bool:
        """There is more than a text and fields; see `admits`."""
        return bool(self.workers or self.minimum_level or self.since or self.until)

    def admits(self, line: bytes) -> bool:
        """Whether the stored `line` is of the time, level and workers that are asked for. Never raises."""
        if self.has_times and not self.is_of_time(line):
            return False
        if self._severity and not self.is_of_level(line):
            return False
        return not self.workers or self.is_of_workers(line)

    @property
    def has_times(self) -> bool:
        """There is a time since or until which records are asked for."""
        return bool(self.since or self.until)

    def is_of_time(self, line: bytes) -> bool:
        """Whether the stored `line` is of the time that is asked for."""
        return not self.has_times or self._times[0] <= line[_TIME] <= self._times[1]

    def is_of_level(self, line: bytes) -> bool:
        """Whether the stored `line`, of which its beginning may do, is of a level that is asked for."""
        return not self._severity or _line_severity(line) >= self._severity

    def is_of_workers(self, line: bytes) -> bool:
        """Whether the stored `line`, of which what is behind its message may do, is of the workers asked for."""
        if not self.workers:
            return True
        name = _line_worker(line)
        return name in self.workers or name.rpartition(".")[0] in self.workers

    def matches(self, line: bytes) -> bool:
        """Whether the stored `line` is to be shown. Never raises."""
        if self.has_conditions and not self.admits(line):
            return False
        if not (self.text or self.fields):
            return True
        if self.text and not self.fields and self._is_in_message(line):
            return not self.is_inverted
        if self._needles:
            lower = line.lower()
            if not any(needle in lower for needle in self._needles):
                return False
        record = decode(line)
        if not all(test.holds(record) for test in self.fields):
            return False
        return not self.text or self.finds(record) is not self.is_inverted

    def _is_in_message(self, line: bytes) -> bool:
        """Whether the text is found without decoding; False says nothing."""
        message = _MESSAGE.match(line)
        if message is None:
            return False
        if self._pattern is None:
            return bool(self._plain) and self._plain in message[1].lower()
        try:
            return self._pattern.search(message[1].decode()) is not None
        except UnicodeDecodeError:
            return False

    def finds(self, record: Record) -> bool:
        """Whether the text is in what a person sees of a record. Only where there is one."""
        parts = [record.message, record.worker, record.logger]
        if record.exception is not None:
            parts += [record.exception.type, record.exception.message, record.exception.traceback]
        if self._pattern is not None:
            return any(map(self._pattern.search, parts))
        text = self.text.lower()
        return any(text in part.lower() for part in parts)


def parse_query(text: str) -> LogQuery:
    """The query that a person typed: ``x`` finds, ``!x`` hides, ``re:x`` is a regular expression, ``!re:x`` both.

    ``~x`` finds letters that are close together in their order, as in the filters of lists. Before it all may stand
    ``level:warning``, ``worker:parse``, ``field:extra.key=value``, ``since:`` and ``until:`` with a record's time or
    the beginning of one. Raises ValueError where something is not valid; the message is for people.
    """
    conditions: dict[str, Any] = {}
    while word := _WORD.match(text):
        _add_condition(conditions, word[1], word[2])
        text = text[word.end() :]
    is_inverted = text.startswith("!") and len(text) > 1
    text = text[1:] if is_inverted else text
    is_regex, is_fuzzy = text.startswith("re:"), text.startswith("~")
    text = "".join(text[1:].split()) if is_fuzzy else text.removeprefix("re:")
    return LogQuery(text=text, is_inverted=is_inverted, is_regex=is_regex, is_fuzzy=is_fuzzy, **conditions)


def _add_condition(conditions: dict[str, Any], key: str, value: str) -> None:
    if key == "level":
        if value.upper() not in LEVELS:
            raise ValueError(f'"{value}" is no level; there are {", ".join(LEVELS)}')
        conditions["minimum_level"] = value.upper()
    elif key == "worker":
        conditions["workers"] = conditions.get("workers", frozenset()) | frozenset(value.split(","))
    elif key == "field":
        conditions["fields"] = (*conditions.get("fields", ()), field_test(value))
    else:
        conditions[key] = value


def _line_severity(line: bytes) -> int:
    """The severity of a stored line, from its bytes where it is written as the agent and the engine do."""
    if line.startswith(_LEVEL_MARK, LEVEL_AT):
        start = LEVEL_AT + len(_LEVEL_MARK)
        end = line.find(b'"', start, start + 40)
        if end > 0:
            return severity(line[start:end].decode("ascii", "replace"))
    return decode(line).severity


def _line_worker(line: bytes) -> str:
    """The replica's name in the engine's part of a stored line."""
    start = line.find(b'"worker":"', max(line.rfind(IDENTITY_MARK), 0))
    if start < 0:
        return ""
    start += len(b'"worker":"')
    return line[start : line.find(b'"', start)].decode("utf-8", "replace")
