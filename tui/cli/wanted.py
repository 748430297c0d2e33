"""Which log lines a command wants: of which workers, how grave, from when, with what in them."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from supervisor.logs.query import FieldTest, LogQuery, field_test
from supervisor.logs.record import LEVELS, time_text
from tui.cli.exits import UsageError
from tui.cli.telling import did_you_mean

_KEY: Final = b'"worker":"'


def worker_of(line: bytes) -> str:
    """The replica that a stored line belongs to.

    The engine appends it last, so the last one counts: what a worker wrote into its own record cannot pass for it.
    """
    begin = line.rfind(_KEY)
    if begin < 0:
        return ""
    begin += len(_KEY)
    return line[begin : line.find(b'"', begin)].decode(errors="replace")


class Wanted:
    """The workers and replicas whose lines are wanted, none named means all; and what else `query` asks for.

    Remembers whom it has met.
    """

    def __init__(self, names: tuple[str, ...], query: LogQuery | None = None) -> None:
        self._names = names
        self.query = query if query is not None else LogQuery(workers=frozenset(names))
        self.met: set[str] = set()

    def wants_all(self) -> bool:
        return self.query.is_empty

    def matches(self, line: bytes) -> bool:
        """Whether `line` belongs to a wanted replica, or to one of a wanted worker, and is as it was asked for."""
        if self._names:
            self.met.add(worker_of(line))
        return self.query.matches(line)

    def unknown(self, known: set[str]) -> list[str]:
        """The names that are neither a replica in `known` nor the worker of one."""
        legal = known | {name.partition(".")[0] for name in known}
        return [name for name in self._names if name not in legal]


def query_of(
    names: tuple[str, ...],
    *,
    level: str | None = None,
    grep: str | None = None,
    is_inverted: bool = False,
    fields: tuple[str, ...] = (),
    since: str | None = None,
    until: str | None = None,
) -> LogQuery:
    """What the words of a command line ask for. Raises UsageError where one of them cannot be understood."""
    try:
        begin, end = _span(since, until)
        return LogQuery(
            text=grep or "",
            is_regex=grep is not None,
            is_inverted=is_inverted,
            workers=frozenset(names),
            minimum_level=_level(level) if level else "",
            fields=tuple(map(_field, fields)),
            since=begin,
            until=end,
        )
    except ValueError as trouble:
        raise UsageError(str(trouble)) from None


def _level(text: str) -> str:
    level = {"WARN": "WARNING", "FATAL": "CRITICAL"}.get(text.upper(), text.upper())
    if level not in LEVELS:
        suggestion = did_you_mean(level, LEVELS, cutoff=0.5)
        raise UsageError(f'"{text}" is no level{suggestion}; there are {", ".join(LEVELS)}')
    return level


def _field(text: str) -> FieldTest:
    return field_test(text)


def _span(since: str | None, until: str | None) -> tuple[str, str]:
    from tui.render.moments import end_of_span

    begin, end = _time(since) if since else "", _time(until) if until else ""
    end = end_of_span(begin, end, until or "")
    if begin and end and end < begin:
        raise UsageError(f"--until {until} is before --since {since}; nothing is in between")
    return begin, end


def _time(text: str) -> str:
    """A record's time, of what a person typed: a full ISO time, or a moment seen from now."""
    from tui.local_clock import ahead_of_utc_s
    from tui.render.moments import moment

    try:
        iso = datetime.fromisoformat(text)
    except ValueError:
        iso = None
    if iso is not None and iso.tzinfo is not None:
        return time_text(iso.timestamp())
    now = time.time()
    return time_text(moment(text, now, ahead_of_utc_s))
