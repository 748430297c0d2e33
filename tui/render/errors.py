"""Errors as text: a row for each type and place, and all that is known of one of them.

All trends are over the same time, from the first error until now, and as high as the highest of them: so rows can be
compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from supervisor.logs.errors import ErrorGroup
from tui.actions import with_keys
from tui.needles import needle_of
from tui.render.channel_detail import Page
from tui.render.facts import fact, heading
from tui.render.figures import count, duration, plural
from tui.render.fleet_rows import WIDE_COLUMNS, Column
from tui.render.glyphs import Glyphs
from tui.render.histogram import bar_pair
from tui.render.log_lines import traceback_lines
from tui.render.pieces import Line, Piece, Tone, fit, fit_line, plain, wrap

Order = Literal["last seen", "count"]

TREND_CELLS: Final = {False: 6, True: 12}
"""By whether there is much room."""
PAGE_TREND_CELLS: Final = 40

KIND_WORDS: Final = {
    "exception": "logged or uncaught exception",
    "traceback": "traceback on stderr",
    "fatal": "fatal error of the interpreter",
    "crash": "end of a worker without an exception",
}


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One group, and its trend beside the others."""

    name: str
    """What tells it from the others."""
    group: ErrorGroup
    trend: tuple[int, ...]
    highest: int
    """Of the trends of all rows."""


def error_rows(groups: Sequence[ErrorGroup], order: Order, now_at: float) -> tuple[ErrorRow, ...]:
    """The rows in the order that a person wants; a tie has the one that happened last first."""
    start_at = min((_start_at(group) for group in groups), default=now_at)
    trends = {_name(group): group.buckets(start_at, now_at, 2 * TREND_CELLS[True]) for group in groups}
    highest = max((max(trend) for trend in trends.values()), default=0)
    rows = [ErrorRow(_name(group), group, trends[_name(group)], highest) for group in groups]
    if order == "count":
        return tuple(sorted(rows, key=lambda row: (-row.group.count, -row.group.last_at)))
    return tuple(sorted(rows, key=lambda row: -row.group.last_at))


def _start_at(group: ErrorGroup) -> float:
    """When its first bucket begins: somewhat before its first occurrence."""
    return group.timeline[0][0] if group.timeline else group.first_at


def _name(group: ErrorGroup) -> str:
    return f"{group.type} {group.place}"


def columns_for_errors(width: int, rows: Sequence[ErrorRow]) -> tuple[Column, ...]:
    """The columns that `width` cells have room for; together with their gaps they fill it exactly."""
    is_wide = width >= WIDE_COLUMNS
    longest = max((len(row.group.type) for row in rows), default=8)
    fixed = [
        Column("count", "count", 6, is_right=True),
        Column("last", "last", 4, is_right=True),
        *([Column("first", "first", 5, is_right=True)] if is_wide else []),
        Column("trend", "trend", TREND_CELLS[is_wide]),
        Column("type", "what", min(max(longest, 8), 36 if is_wide else 20)),
    ]
    if is_wide:
        fixed += [Column("place", "where", 26), Column("workers", "workers", 22)]
    room = max(width - 2 - len(fixed) - sum(column.width for column in fixed), 8)
    return (*fixed, Column("message", "message", room) if is_wide else Column("place+message", "where", room))


def age_texts(row: ErrorRow, now_at: float) -> tuple[str, str]:
    """What of a row changes by itself as time goes by."""
    return duration(now_at - row.group.last_at), duration(now_at - row.group.first_at)


def error_line(row: ErrorRow, columns: tuple[Column, ...], glyphs: Glyphs, now_at: float, width: int) -> Line:
    """One group in exactly `width` cells."""
    pieces: list[Piece] = [(" ", Tone.PLAIN)]
    for column in columns:
        text, tone = _cell(row, column, glyphs, now_at)
        pieces += [
            (fit(text, column.width, is_right=column.is_right, ellipsis=glyphs.ellipsis), tone),
            (" ", Tone.PLAIN),
        ]
    return fit_line(tuple(pieces), width, glyphs.ellipsis)


def _cell(row: ErrorRow, column: Column, glyphs: Glyphs, now_at: float) -> tuple[str, Tone]:
    group = row.group
    last, first = age_texts(row, now_at)
    message = plain(group.message.partition("\n")[0])
    match column.id:
        case "count":
            return count(group.count), Tone.STRONG
        case "last":
            return last, Tone.PLAIN
        case "first":
            return first, Tone.DIM
        case "trend":
            return _trend(row.trend, column.width, row.highest, glyphs), Tone.RED
        case "type":
            return plain(group.type), Tone.RED
        case "place":
            return plain(group.place), Tone.PLAIN
        case "workers":
            return plain(_workers(group)), Tone.DIM
        case "message":
            return message, Tone.PLAIN
    return (f"{plain(group.place)}  {message}" if group.place else message), Tone.PLAIN


def _trend(trend: Sequence[int], cells: int, highest: int, glyphs: Glyphs) -> str:
    """The trend in so many cells; where nothing happened there is nothing."""
    step = max(len(trend) // (2 * cells), 1)
    sums = [sum(trend[at : at + step]) or -1 for at in range(0, len(trend), step)]
    high = max(highest, *sums, 1)
    return "".join(bar_pair(first, second, high, glyphs) for first, second in zip(sums[::2], sums[1::2], strict=False))


def _workers(group: ErrorGroup) -> str:
    names = sorted(group.workers, key=lambda name: (-group.workers[name], name))
    return names[0] + (f" +{len(names) - 1}" if len(names) > 1 else "") if names else ""


def error_matches(row: ErrorRow, needle: str) -> bool:
    """Whether the row has `needle` in its type, place, message or workers."""
    group = row.group
    texts = (group.type, group.place, group.message, *group.workers)
    return needle_of(needle).passes(texts)


def error_page(group: ErrorGroup, local_clock: tuple[str, str], now_at: float, glyphs: Glyphs, width: int) -> Page:
    """One group in full; `local_clock` are the times of its first and last occurrence."""
    first, last = local_clock
    lines: list[Line] = []
    lines += fact("where", group.place, width)
    lines += fact("times", f"{count(group.count)}, in {_workers(group)}", width, Tone.STRONG)
    lines += fact("last", f"{last}, {duration(now_at - group.last_at)} ago, in {group.worker}", width)
    lines += fact("first", f"{first}, {duration(now_at - group.first_at)} ago", width)
    lines += fact("trend", _page_trend(group, now_at, min(PAGE_TREND_CELLS, width - 14), glyphs), width, Tone.RED)
    lines += fact("advice", group.advice, width)
    if group.traceback:
        lines += [*heading("Last traceback"), *traceback_lines(group.traceback, width)]
    else:
        lines += heading("Last message")
        lines += [
            ((f" {text}", Tone.PLAIN),) for raw in group.message.split("\n") for text in wrap(plain(raw), width - 2)
        ]
    lines += heading("Workers")
    for name in sorted(group.workers, key=lambda name: (-group.workers[name], name)):
        lines += fact(plain(name)[:10], plural(group.workers[name], "time"), width)
    lines += fact("kind", KIND_WORDS.get(group.kind, group.kind), width)
    to_line = "{open} goes to its line in the log, {line_worker} to its worker"
    where = with_keys(to_line if group.line >= 0 else "{line_worker} goes to its worker")
    lines += [(), *(((f" {text}", Tone.DIM),) for text in wrap(where, width - 2))]
    return Page(lines)


def _page_trend(group: ErrorGroup, now_at: float, cells: int, glyphs: Glyphs) -> str:
    """Its own time only, so that little shows too."""
    start_at = _start_at(group)
    trend = group.buckets(start_at, max(now_at, start_at + 1), 2 * max(cells, 4))
    return _trend(trend, max(cells, 4), max(trend), glyphs).rstrip()
