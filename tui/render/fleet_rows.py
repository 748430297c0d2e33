"""The worker table as text: which columns a width has room for, and what each cell of a row says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supervisor.api.messages import ChannelRow, ReplicaRow
from supervisor.api.pools import PoolRow
from supervisor.lifecycle.states import UP, State
from tui.needles import needle_of
from tui.render.figures import count, depth_bar, duration, percent, rate, size, sparkline, time_left
from tui.render.glyphs import STATE_TONES, Glyphs, shown_state
from tui.render.life_words import held_words, next_words, obstacle, waiting_words
from tui.render.pieces import Line, Piece, Tone, fit, fit_line, line_text, line_width, plain
from tui.render.pool_words import STATE_TONES as STATE_TONES_OF_POOLS
from tui.render.pool_words import progress_figures, progress_line
from tui.render.pool_words import shown_state as shown_pool_state
from tui.render.zone import Offset

WIDE_COLUMNS = 120
"""From this many cells on a row also shows kind, CPU history and queue depths."""

SHOWN_BACKLOG_BYTES = 64 * 1024
"""What waits in the log queue is worth a word from here on: less comes and goes with every turn."""

ERROR_COLUMNS = 140
"""From this many cells on there is a column for the last error; one that failed says it in any width."""

BOTH_DEADLINES = len("SIGTERM in 0.8 s, SIGKILL in 4.8 s")

CPU_HISTORY_HIGH = 100.0
"""The top of every CPU sparkline: one core, the same for all rows."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, cells, and side."""

    id: str
    title: str
    width: int
    is_right: bool = False


def columns_for(width: int, longest_name: int) -> tuple[Column, ...]:
    """The columns that `width` cells have room for; together with their gaps they fill it exactly.

    `longest_name` is the width of the longest replica name, in cells.
    """
    is_wide = width >= WIDE_COLUMNS
    name = Column("name", "worker", 2 + min(max(longest_name, 6), 24 if is_wide else 13))
    numbers = [
        Column("pid", "pid", 7, is_right=True),
        Column("up", "up", 4, is_right=True),
        Column("restarts", "rst", 3, is_right=True),
        Column("cpu", "cpu%", 4, is_right=True),
    ]
    memory = Column("mem", "mem", 5, is_right=True)
    if not is_wide:
        fixed = [name, Column("state", "state", 9), *numbers, memory]
        return (*fixed, Column("doing+queue", "doing", _room(width, fixed, 1)))
    fixed = [name, Column("state", "state", 9), Column("kind", "kind", 7), *numbers]
    fixed += [Column("history", "", 10), memory]
    queues = Column("queues", "queues", 28 if width >= 150 else 18)
    if width < ERROR_COLUMNS:
        return (*fixed, Column("doing", "doing", _room(width, [*fixed, queues], 1)), queues)
    room = _room(width, [*fixed, queues], 2)
    doing = max(room // 2, min(BOTH_DEADLINES, room - 16))
    return (*fixed, Column("doing", "doing", doing), queues, Column("error", "last error", room - doing))


def _room(width: int, fixed: list[Column], flexible: int) -> int:
    """Cells left for `flexible` more columns: a margin of one at both ends, a gap of one between columns."""
    gaps = len(fixed) + flexible - 1
    return max(width - 2 - gaps - sum(column.width for column in fixed), 4 * flexible)


def header_line(columns: tuple[Column, ...], width: int, sorted_by: str = "", sign: str = "") -> Line:
    """The headings; that of the column `sorted_by` has `sign` in its last cell."""
    pieces: list[Piece] = [(" ", Tone.DIM)]
    for column in columns:
        title, room = column.title.upper(), column.width
        if sorted_by and column.id == sorted_by:
            told = title[: room - len(sign)] + sign
            pieces.append((fit(told, room, is_right=column.is_right), Tone.STRONG))
        else:
            pieces.append((fit(title, room, is_right=column.is_right), Tone.DIM))
        pieces.append((" ", Tone.DIM))
    return fit_line(tuple(pieces), width)


def column_at(columns: tuple[Column, ...], x: int) -> Column | None:
    """The column whose heading is at the cell `x`, the gap after it included; None before the first."""
    begin = 1
    for column in columns:
        if begin <= x <= begin + column.width:
            return column
        begin += column.width + 1
    return None


def time_texts(row: ReplicaRow, now_s: float, local_offset_s: Offset = 0.0) -> tuple[str, str]:
    """Everything in a row that changes by itself as time goes by; a row with equal texts needs no repaint."""
    return _uptime(row, now_s), line_text(doing_line(row, now_s, local_offset_s))


def _uptime(row: ReplicaRow, now_s: float) -> str:
    return "" if row.started_s is None else duration(now_s - row.started_s)


def row_line(
    row: ReplicaRow,
    columns: tuple[Column, ...],
    channels: Mapping[str, ChannelRow],
    glyphs: Glyphs,
    now_s: float,
    width: int,
    local_offset_s: Offset = 0.0,
    pool: PoolRow | None = None,
) -> Line:
    """One row in exactly `width` cells; `local_offset_s` makes a monotonic time a local one, `pool` is its pool."""
    pieces: list[Piece] = [(" ", Tone.PLAIN)]
    taken = 0
    for index, column in enumerate(columns):
        if taken:
            taken -= 1
            continue
        if index:
            pieces.append((" ", Tone.PLAIN))
        if column.id.startswith("doing") and pool is not None and row.kind == "pool" and _is_in_peace(row):
            pieces.extend(fit_line(pool_doing(pool, column.width, glyphs), column.width, glyphs.ellipsis))
        elif column.id.startswith("doing"):
            depth = _first_depth(row, channels) if column.id == "doing+queue" else ""
            doing = doing_line(row, now_s, local_offset_s)
            if line_width(doing) > column.width:
                taken = _empty_columns(row, columns[index + 1 :], channels, glyphs)
            room = column.width + sum(1 + other.width for other in columns[index + 1 : index + 1 + taken])
            pieces.extend(_doing_cell(row, doing, room, depth, glyphs, now_s))
        else:
            pieces.extend(_cell(row, column, channels, glyphs, now_s))
    return fit_line(tuple(pieces), width, glyphs.ellipsis)


def _empty_columns(
    row: ReplicaRow, columns: tuple[Column, ...], channels: Mapping[str, ChannelRow], glyphs: Glyphs
) -> int:
    """How many of `columns`, from the first on, say nothing of this row: a longer sentence may have their room."""
    empty = 0
    for column in columns:
        if column.id == "queues":
            is_empty = not queue_depths(row, channels, glyphs, column.width)
        else:
            is_empty = column.id == "error" and not row.last_error
        if not is_empty:
            break
        empty += 1
    return empty


def _is_in_peace(row: ReplicaRow) -> bool:
    """It runs, and there is nothing to say of it that is more urgent than what it does."""
    return row.state is State.RUNNING and not row.warnings and not row.next_step


def pool_doing(pool: PoolRow, width: int, glyphs: Glyphs) -> Line:
    """How far its pool is, how fast where there is room for that, and how much failed; its state unless it runs."""
    report, word = pool.report, shown_pool_state(pool)
    state: Line = () if word == "running" else ((f"{word}  ", STATE_TONES_OF_POOLS[word]),)
    failed: Line = ((f"  {count(report.failed)} failed", Tone.RED),) if report.failed else ()
    speed: Line = ((f"  {rate(report.rate)}/s", Tone.DIM),) if width >= 40 and report.rate else ()
    whole = progress_line(report, width - line_width((*state, *failed, *speed)), glyphs, most_bar=16)
    if line_width((*state, *whole, *speed, *failed)) <= width:
        return (*state, *whole, *speed, *failed)
    return (*state, (progress_figures(report), Tone.PLAIN), *failed)


def _cell(row: ReplicaRow, column: Column, channels: Mapping[str, ChannelRow], glyphs: Glyphs, now_s: float) -> Line:
    if column.id == "name":
        word = shown_state(row)
        sign = (glyphs.states[word] + " ", STATE_TONES[word])
        return (sign, (fit(plain(row.name), column.width - 2, ellipsis=glyphs.ellipsis), Tone.STRONG))
    if column.id == "state":
        word = shown_state(row)
        return ((fit(word, column.width), STATE_TONES[word]),)
    if column.id == "queues":
        return fit_line(queue_depths(row, channels, glyphs, column.width), column.width, glyphs.ellipsis)
    text, tone = _figure(row, column.id, glyphs, now_s)
    return ((fit(text, column.width, is_right=column.is_right, ellipsis=glyphs.ellipsis), tone),)


def _figure(row: ReplicaRow, column_id: str, glyphs: Glyphs, now_s: float) -> Piece:
    """The cells that are one piece of text."""
    match column_id:
        case "pid":
            return ("" if row.pid is None else str(row.pid), Tone.DIM)
        case "up":
            return (_uptime(row, now_s), Tone.PLAIN)
        case "restarts":
            return (str(row.restarts) if row.restarts else "", Tone.PLAIN)
        case "cpu":
            return ("" if row.cpu_percent is None else percent(row.cpu_percent), Tone.PLAIN)
        case "history":
            history = sparkline(row.cpu_history, 10, 0.0, CPU_HISTORY_HIGH, is_ascii=glyphs.is_ascii)
            return (history if row.state in UP else "", Tone.DIM)
        case "mem":
            return ("" if row.rss_bytes is None else size(row.rss_bytes), Tone.PLAIN)
        case "kind":
            return (row.kind, Tone.DIM)
        case "error":
            return (plain(row.last_error), Tone.RED if row.state is State.FAILED else Tone.DIM)
    return ("", Tone.PLAIN)


def _doing_cell(row: ReplicaRow, doing: Line, width: int, depth: str, glyphs: Glyphs, now_s: float) -> Line:
    """What the replica is `doing`; its deadline even where that has to be cut, `depth` where there is room."""
    until = _deadline(row, now_s)
    room = width - line_width(until)
    if until and room > 0 and line_width(doing) > width:
        return (*fit_line(_obstacle(row), room, glyphs.ellipsis), *until)
    if depth and line_width(doing) + 2 + len(depth) <= width:
        doing = (*doing, (fit(depth, width - line_width(doing), is_right=True), Tone.DIM))
    return fit_line(doing, width, glyphs.ellipsis)


def doing_line(row: ReplicaRow, now_s: float, local_offset_s: Offset = 0.0) -> Line:
    """What the replica is doing now, or what it waits for, or what happens to it next, or how it ended."""
    coming = next_words(row, now_s, local_offset_s)
    match row.state:
        case State.FAILED:
            return ((plain(row.last_error or row.exit_cause), Tone.RED),)
        case State.STUCK:
            return ((plain(row.exit_cause) or coming, Tone.RED),)
        case State.FINISHED | State.STOPPED | State.SKIPPED:
            return ((plain(row.exit_cause), Tone.DIM),)
        case State.WAITING:
            return ((plain(waiting_words(row)), Tone.PLAIN),)
        case State.PAUSED:
            return ((held_words(row, now_s), Tone.COOL),)
        case State.BACKOFF | State.SCHEDULED:
            tone = Tone.AMBER if row.state is State.BACKOFF else Tone.PLAIN
            return ((plain(coming), tone), (f"  {plain(row.exit_cause)}" if row.exit_cause else "", Tone.DIM))
        case State.STARTING | State.UNREADY if row.waits_for or coming:
            return (*_obstacle(row), *_deadline(row, now_s))
    if coming:
        return ((plain(coming), Tone.PLAIN),)
    if row.warnings:
        return ((plain(row.warnings[0]), Tone.AMBER),)
    return _activity(row, now_s)


def _obstacle(row: ReplicaRow) -> Line:
    """For what one that starts or is not ready waits; the word for its state stands beside it."""
    waits_for = plain(obstacle(row) or row.activity)
    return ((waits_for, Tone.AMBER if row.state is State.UNREADY else Tone.PLAIN),) if waits_for else ()


def _deadline(row: ReplicaRow, now_s: float) -> Line:
    """How long one that starts or is not ready may still take; empty for all others."""
    if row.state not in (State.STARTING, State.UNREADY) or row.next_step_s is None:
        return ()
    gap = "  " if _obstacle(row) else ""
    return ((f"{gap}{time_left(row.next_step_s - now_s)} left", Tone.DIM),)


def _activity(row: ReplicaRow, now_s: float) -> Line:
    busy_text = "" if row.activity_since_s is None else duration(now_s - row.activity_since_s)
    pieces: list[Piece] = [(plain(row.activity), Tone.PLAIN)] if row.activity else []
    if row.activity and busy_text not in ("", "0s", "1s", "2s"):
        pieces.append((f" {busy_text}", Tone.DIM))
    if row.progress is not None:
        done, total = row.progress
        gap = "  " if pieces else ""
        pieces.append((f"{gap}{done:,}/{total:,}" if total else f"{gap}{done:,} done", Tone.DIM))
    return tuple(pieces)


def _known_channels(row: ReplicaRow, channels: Mapping[str, ChannelRow]) -> list[ChannelRow]:
    names = dict.fromkeys((*row.reads, *row.writes))
    return [channels[name] for name in names if name in channels and channels[name].depth is not None]


def _first_depth(row: ReplicaRow, channels: Mapping[str, ChannelRow]) -> str:
    known = _known_channels(row, channels) if row.state is State.RUNNING else []
    return depth_text(known[0]) if known else ""


def depth_text(channel: ChannelRow) -> str:
    """``paths 12/200``."""
    limit = f"/{channel.maxsize}" if channel.maxsize else ""
    return f"{channel.name} {channel.depth}{limit}"


def queue_depths(row: ReplicaRow, channels: Mapping[str, ChannelRow], glyphs: Glyphs, width: int) -> Line:
    """The replica's channels with how full they are: a bar where there is room, the figures always; then its log."""
    known = _known_channels(row, channels)
    texts = [depth_text(channel) for channel in known]
    room = width - sum(map(len, texts)) - 2 * (len(texts) - 1)
    pieces: list[Piece] = []
    for channel, text in zip(known, texts, strict=True):
        if pieces:
            pieces.append(("  ", Tone.PLAIN))
        if channel.maxsize and channel.depth is not None and room >= 5:
            bar = min(room - 1, 8)
            room -= bar + 1
            tone = Tone.AMBER if channel.depth >= channel.maxsize else Tone.DIM
            pieces.append((depth_bar(channel.depth, channel.maxsize, bar, is_ascii=glyphs.is_ascii) + " ", tone))
        pieces.append((text, Tone.PLAIN))
    if row.log_backlog_bytes >= SHOWN_BACKLOG_BYTES:
        pieces.append((f"{'  ' if pieces else ''}log {size(row.log_backlog_bytes)}", Tone.AMBER))
    return tuple(pieces)


def matches(row: ReplicaRow, needle: str) -> bool:
    """Whether the row has `needle` in its name, state, kind, activity or obstacle."""
    texts = (row.name, shown_state(row), row.kind, row.activity, row.waits_for)
    return needle_of(needle).passes(texts)
