"""The channels' table as text: which columns a width has room for, and what each cell of a row says.

What items flow through shows how full it is and how fast they pass; what is shared says its state in that place.
"""

from __future__ import annotations

from supervisor.api.messages import ChannelRow
from tui.needles import needle_of
from tui.render.channel_words import (
    FLOWING,
    depth_figures,
    is_full,
    oldest_age,
    state_words,
    who_is_in,
)
from tui.render.figures import count, depth_bar, rate, sparkline
from tui.render.fleet_rows import WIDE_COLUMNS, Column
from tui.render.glyphs import Glyphs
from tui.render.pieces import Line, Piece, Tone, fit, fit_line, plain

FIGURES = ("depth", "history", "in", "out", "oldest", "held", "redelivered", "dead")
"""Columns that only what items flow through has; the others say their state across them."""

NOTED_FROM_S = 3.0
"""Who has waited for less is not said to wait for so long: that would flicker."""

_BAR = {False: 4, True: 8}
"""Cells of the depth bar, by whether there is much room: as many in each row, so that bars can be compared."""
_FIGURES = {False: 9, True: 12}
"""Cells beside it for the depth in figures, with a blank."""


def columns_for_channels(width: int, longest_name: int, longest_kind: int) -> tuple[Column, ...]:
    """The columns that `width` cells have room for; together with their gaps they fill it exactly."""
    is_wide = width >= WIDE_COLUMNS
    name = Column("name", "channel", min(max(longest_name, 7), 24 if is_wide else 12))
    kind = Column("kind", "kind", min(max(longest_kind, 5), 17 if is_wide else 7))
    fixed = [
        name,
        kind,
        Column("depth", "depth", _BAR[is_wide] + _FIGURES[is_wide]),
        Column("history", "", 15 if is_wide else 8),
        Column("in", "in/s", 4, is_right=True),
        Column("out", "out/s", 5, is_right=True),
        Column("oldest", "old", 4, is_right=True),
    ]
    if not is_wide:
        return (*fixed, Column("now", "who", _room(width, fixed)))
    fixed += [
        Column("held", "held", 4, is_right=True),
        Column("redelivered", "redel", 5, is_right=True),
        Column("dead", "dead", 4, is_right=True),
    ]
    return (*fixed, Column("who", "who", _room(width, fixed)))


def _room(width: int, fixed: list[Column]) -> int:
    return max(width - 2 - len(fixed) - sum(column.width for column in fixed), 8)


def moving_texts(channel: ChannelRow, now_s: float) -> tuple[str, ...]:
    """Everything in a row that changes by itself as time goes by; a row with equal texts needs no repaint."""
    ages = (group.age(now_s) for group in who_is_in(channel))
    return (oldest_age(channel, now_s), *ages)


def channel_line(channel: ChannelRow, columns: tuple[Column, ...], glyphs: Glyphs, now_s: float, width: int) -> Line:
    """One channel in exactly `width` cells."""
    pieces: list[Piece] = [(" ", Tone.PLAIN)]
    is_flowing = channel.kind in FLOWING
    figures = [column for column in columns if column.id in FIGURES]
    for column in columns:
        if column.id not in FIGURES or is_flowing:
            pieces += [*_cell(channel, column, glyphs, now_s), (" ", Tone.PLAIN)]
        elif column is figures[0]:
            across = sum(each.width for each in figures) + len(figures) - 1
            pieces += [(fit(plain(state_words(channel)), across, ellipsis=glyphs.ellipsis), Tone.PLAIN)]
            pieces.append((" ", Tone.PLAIN))
    return fit_line(tuple(pieces), width, glyphs.ellipsis)


def _cell(channel: ChannelRow, column: Column, glyphs: Glyphs, now_s: float) -> Line:
    match column.id:
        case "name":
            return ((fit(plain(channel.name), column.width, ellipsis=glyphs.ellipsis), Tone.STRONG),)
        case "depth":
            return fit_line(depth_cell(channel, column.width, glyphs), column.width, glyphs.ellipsis)
        case "who":
            return fit_line(who_line(channel, now_s), column.width, glyphs.ellipsis)
        case "now":
            return fit_line(_now_line(channel, now_s), column.width, glyphs.ellipsis)
    text, tone = _figure(channel, column, glyphs, now_s)
    return ((fit(text, column.width, is_right=column.is_right, ellipsis=glyphs.ellipsis), tone),)


def _figure(channel: ChannelRow, column: Column, glyphs: Glyphs, now_s: float) -> Piece:
    """The cells that are one piece of text; what is nothing stays empty, so that what is something stands out."""
    match column.id:
        case "kind":
            return (channel.kind, Tone.DIM)
        case "history":
            return (depth_sparkline(channel, column.width, glyphs), Tone.DIM)
        case "in":
            return (rate(channel.put_rate), Tone.PLAIN if channel.put_rate else Tone.DIM)
        case "out":
            return (rate(channel.got_rate), Tone.PLAIN if channel.got_rate else Tone.DIM)
        case "oldest":
            return (oldest_age(channel, now_s), Tone.PLAIN)
        case "held":
            return (count(len(channel.holding)) if channel.holding else "", Tone.PLAIN)
        case "redelivered":
            return (count(channel.redelivered) if channel.redelivered else "", Tone.PLAIN)
        case "dead":
            return (count(channel.dead_letters) if channel.dead_letters else "", Tone.AMBER)
    return ("", Tone.PLAIN)


def depth_cell(channel: ChannelRow, width: int, glyphs: Glyphs) -> Line:
    """A bar where there is a limit, and the figures always: ``⣿⣿⣀⣀ 120/200``."""
    figures = depth_figures(channel)
    tone = Tone.AMBER if is_full(channel) else Tone.PLAIN
    room = min(width - len(figures) - 1, _BAR[width >= _BAR[True] + _FIGURES[True]])
    if not channel.maxsize or channel.depth is None or room < 2:
        return ((figures, tone),)
    bar = depth_bar(channel.depth, channel.maxsize, room, is_ascii=glyphs.is_ascii)
    return ((bar + " ", Tone.AMBER if is_full(channel) else Tone.DIM), (figures, tone))


def depth_sparkline(channel: ChannelRow, width: int, glyphs: Glyphs) -> str:
    """The depth of the last seconds. Its top is the queue's limit; where it has none, the deepest of those seconds."""
    high = channel.maxsize or max(channel.depth_history, default=0) or 1
    return sparkline(channel.depth_history, width, 0.0, float(high), is_ascii=glyphs.is_ascii)


def who_line(channel: ChannelRow, now_s: float) -> Line:
    """Who waits in it and who holds of it, each with how long: ``parse.1 +2 get 9s  tally holds``."""
    state = state_words(channel) if channel.kind in FLOWING else ""
    pieces: list[Piece] = [(plain(state), Tone.DIM)] if state else []
    for group in who_is_in(channel):
        more = f" +{len(group.names) - 1}" if len(group.names) > 1 else ""
        gap = "  " if pieces else ""
        pieces.append((f"{gap}{plain(group.names[0])}{more} {plain(group.operation)}", Tone.PLAIN))
        if group.since_s is not None and now_s - group.since_s >= NOTED_FROM_S:
            pieces.append((f" {group.age(now_s)}", Tone.DIM))
    return tuple(pieces)


def _now_line(channel: ChannelRow, now_s: float) -> Line:
    """For a narrow table: what is wrong before who is in it."""
    dead: Line = ((f"{count(channel.dead_letters)} dead  ", Tone.AMBER),) if channel.dead_letters else ()
    return (*dead, *who_line(channel, now_s))


def channel_matches(channel: ChannelRow, needle: str) -> bool:
    """Whether the row has `needle` in its name, kind, state or users."""
    users = (user.replica for user in (*channel.waiting, *channel.holding))
    texts = (channel.name, channel.kind, state_words(channel), *channel.writers, *channel.readers, *users)
    return needle_of(needle).passes(texts)
