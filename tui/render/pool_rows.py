"""The pools' table as text: which columns a width has room for, and what each cell of a row says."""

from __future__ import annotations

import math

from supervisor.api.pools import PoolReport, PoolRow
from tui.needles import needle_of
from tui.render.figures import count, duration, rate, sparkline
from tui.render.fleet_rows import WIDE_COLUMNS, Column
from tui.render.glyphs import Glyphs
from tui.render.pieces import Line, Piece, Tone, fit, fit_line, plain
from tui.render.pool_words import (
    STATE_TONES,
    is_at_work,
    left_text,
    members_text,
    numbered_in,
    progress_line,
    shown_state,
    slowest_first,
    state_sign,
    took_text,
)

ROOMY_COLUMNS = 140
"""From this many cells on there are columns for what was tried again and who was replaced."""

FIGURES_CELLS = len("1,234/2,000")
_LEFT_CELLS = len("33 m 20 s")


def columns_for_pools(width: int, longest_name: int) -> tuple[Column, ...]:
    """The columns that `width` cells have room for; together with their gaps they fill it exactly."""
    is_wide, is_roomy = width >= WIDE_COLUMNS, width >= ROOMY_COLUMNS
    name = Column("name", "pool", 2 + min(max(longest_name, 6), 24 if is_wide else 10))
    fixed = [
        name,
        Column("state", "state", 9),
        Column("progress", "progress", 36 if is_roomy else 28 if is_wide else 23),
        Column("rate", "rate/s", 6, is_right=True),
        Column("left", "left", _LEFT_CELLS if is_wide else 4, is_right=True),
        Column("failed", "failed", 6, is_right=True),
    ]
    if not is_wide:
        fixed.append(Column("members", "procs", 5, is_right=True))
        return (*fixed, Column("history", "", _room(width, fixed)))
    fixed += [Column("retried", "retried", 7, is_right=True)] if is_roomy else []
    fixed += [Column("hand", "hand/wait", 9, is_right=True), Column("members", "members", 7, is_right=True)]
    fixed += [Column("replaced", "repl", 4, is_right=True)] if is_roomy else []
    fixed.append(Column("history", "", 15 if is_roomy else 8))
    return (*fixed, Column("slowest", "slowest", _room(width, fixed)))


def _room(width: int, fixed: list[Column]) -> int:
    return max(width - 2 - len(fixed) - sum(column.width for column in fixed), 2)


def moving_texts(row: PoolRow, now_s: float) -> tuple[str, ...]:
    """Everything in a row that changes by itself as time goes by; a row with equal texts needs no repaint."""
    return tuple(f"{took_text(seconds)} {task.item}" for seconds, task in slowest_first(row, now_s)[:1])


def pool_line(row: PoolRow, columns: tuple[Column, ...], glyphs: Glyphs, now_s: float, width: int) -> Line:
    """One pool in exactly `width` cells."""
    pieces: list[Piece] = [(" ", Tone.PLAIN)]
    for column in columns:
        pieces += [*_cell(row, column, glyphs, now_s), (" ", Tone.PLAIN)]
    return fit_line(tuple(pieces), width, glyphs.ellipsis)


def _cell(row: PoolRow, column: Column, glyphs: Glyphs, now_s: float) -> Line:
    word = shown_state(row)
    match column.id:
        case "name":
            name = fit(plain(row.name), column.width - 2, ellipsis=glyphs.ellipsis)
            return ((state_sign(word, glyphs) + " ", STATE_TONES[word]), (name, Tone.STRONG))
        case "state":
            return ((fit(word, column.width), STATE_TONES[word]),)
        case "progress":
            told = progress_line(row.report, column.width, glyphs, figures_width=FIGURES_CELLS)
            return fit_line(told, column.width, glyphs.ellipsis)
    text, tone = _figure(row, column, glyphs, now_s)
    return ((fit(text, column.width, is_right=column.is_right, ellipsis=glyphs.ellipsis), tone),)


def _figure(row: PoolRow, column: Column, glyphs: Glyphs, now_s: float) -> Piece:
    """The cells that are one piece of text; what is nothing stays empty, so that what is something stands out."""
    report = row.report
    match column.id:
        case "rate":
            return (rate(report.rate) if is_at_work(row) else "", Tone.PLAIN)
        case "left":
            left = left_text(row)
            is_short = bool(left) and column.width < _LEFT_CELLS
            return (duration(math.ceil(report.eta_s or 0)) if is_short else left, Tone.PLAIN)
        case "failed":
            return (count(report.failed) if report.failed else "", Tone.RED)
        case "retried":
            return (count(report.retried) if report.retried else "", Tone.AMBER)
        case "hand":
            return (f"{count(report.in_flight)}/{count(report.waiting)}" if row.is_live else "", Tone.PLAIN)
        case "members":
            return (members_text(report) if row.is_live else "", Tone.PLAIN)
        case "replaced":
            return (count(report.replaced) if report.replaced else "", Tone.AMBER)
        case "history":
            return (throughput(report, column.width, glyphs), Tone.DIM)
        case "slowest":
            return (_slowest(row, now_s, column.width, glyphs), Tone.DIM)
    return ("", Tone.PLAIN)


def _slowest(row: PoolRow, now_s: float, width: int, glyphs: Glyphs) -> str:
    """``2.3 s 'photo.jpg'``; one that runs is counted on."""
    for seconds, task in slowest_first(row, now_s)[:1]:
        took = took_text(seconds)
        return f"{took} {numbered_in(None, task.item, width - len(took) - 1, glyphs)}"
    return ""


def throughput(report: PoolReport, width: int, glyphs: Glyphs) -> str:
    """Items done in the last seconds, newest at the right; the top is the best of those seconds."""
    if not report.history:
        return ""
    return sparkline(report.history, width, 0.0, float(max(*report.history, 1)), is_ascii=glyphs.is_ascii)


def pool_matches(row: PoolRow, needle: str) -> bool:
    """Whether the row has `needle` in its name, state, function, method or worker."""
    texts = (row.name, shown_state(row), row.report.function, row.report.method, row.replica)
    return needle_of(needle).passes(texts)
