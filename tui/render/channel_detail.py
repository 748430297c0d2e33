"""One channel in full, as lines: depth and flow, dead letters, who uses it and does what in it, what waits first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from supervisor.api.letters import Letter
from supervisor.api.messages import ChannelRow, ChannelUser, ReplicaRow
from tui.render.channel_rows import NOTED_FROM_S, depth_sparkline
from tui.render.channel_words import FLOWING, dead_letters, is_full, oldest_age, state_words
from tui.render.facts import fact, heading
from tui.render.figures import count, depth_bar, duration, plural, rate, size
from tui.render.glyphs import STATE_TONES, Glyphs, shown_state
from tui.render.pieces import Line, Piece, Tone, fit, fit_line, plain, wrap

LETTERS_SHOWN = 100
"""Dead letters that are shown at most; the command line shows all."""


@dataclass(frozen=True, slots=True)
class ChannelInside:
    """What the engine said of a queue's items when it was asked."""

    channel: str
    letters: tuple[Letter, ...] = ()
    first: tuple[Letter, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A dead letter's place on the page."""

    id: str
    line: int
    """Its first line."""
    height: int


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, and which of them are an item that can be chosen."""

    lines: list[Line]
    items: tuple[Item, ...] = ()


def channel_page(
    channel: ChannelRow,
    inside: ChannelInside | None,
    rows: Sequence[ReplicaRow],
    glyphs: Glyphs,
    now_s: float,
    width: int,
) -> Page:
    """All that is known of one channel; `inside` None while the engine has not answered yet."""
    lines = _now(channel, glyphs, now_s, width)
    items: list[Item] = []
    if channel.dead_letters or (inside and inside.letters):
        lines += heading(dead_letters(channel.dead_letters), Tone.AMBER)
        lines += [] if inside else [((" asking the engine for them", Tone.DIM),)]
        for letter in inside.letters[:LETTERS_SHOWN] if inside else ():
            shown = _letter(letter, glyphs, now_s, width)
            items.append(Item(letter.id, len(lines), len(shown)))
            lines += shown
        more = len(inside.letters) - LETTERS_SHOWN if inside else 0
        if more > 0:
            lines.append(((f" and {more:,} more: procdeck channels letters {channel.name}", Tone.DIM),))
    lines += _users(channel, rows, glyphs, now_s, width)
    if inside and inside.first:
        lines += heading("Waits first")
        for letter in inside.first:
            lines += _letter(letter, glyphs, now_s, width)
    return Page([fit_line(line, width, glyphs.ellipsis) for line in lines], tuple(items))


def _now(channel: ChannelRow, glyphs: Glyphs, now_s: float, width: int) -> list[Line]:
    words = [channel.kind, *([f"delivered {channel.delivery}"] if channel.delivery else [])]
    words += ["ended: every producer has completed"] if channel.is_ended else []
    lines: list[Line] = [((f" {text}", Tone.STRONG),) for text in wrap(plain(", ".join(words)), width - 2)]
    lines += fact("state", state_words(channel) if channel.state else "", width)
    if channel.kind in FLOWING:
        lines += _depth(channel, glyphs, width)
        each = f", {size(round(channel.bytes_total / channel.put_total))} each" if channel.put_total else ""
        through = f"; {size(channel.bytes_total)} in all{each}" if channel.bytes_total else ""
        flow = f"in {rate(channel.put_rate)}/s, out {rate(channel.got_rate)}/s"
        lines += fact("flow", f"{flow}; put {count(channel.put_total)}, got {count(channel.got_total)}{through}", width)
        oldest = oldest_age(channel, now_s)
        lines += fact("oldest", f"waits for {oldest}" if oldest else "", width)
    if channel.redelivered:
        lines += fact("came back", f"{plural(channel.redelivered, 'item')}, because the consumer died", width)
    for promise in channel.lacking:
        lines += fact("lacking", promise, width, Tone.AMBER)
    return lines


def _depth(channel: ChannelRow, glyphs: Glyphs, width: int) -> list[Line]:
    if channel.depth is None:
        return fact("depth", "cannot be told", width)
    text = f"{plural(channel.depth, 'item')}, no limit set"
    if channel.maxsize:
        bar = depth_bar(channel.depth, channel.maxsize, 20, is_ascii=glyphs.is_ascii)
        share = 100 * channel.depth / channel.maxsize
        text = f"{bar} {channel.depth:,} of {channel.maxsize:,}, {share:.0f} %"
        text += "; producers wait" if is_full(channel) else ""
    lines = fact("depth", text, width, Tone.AMBER if is_full(channel) else Tone.PLAIN)
    if channel.depth_history:
        seconds = len(channel.depth_history)
        deepest = max(channel.depth_history)
        history = depth_sparkline(channel, (seconds + 1) // 2, glyphs)
        lines += fact("history", f"{history} {plural(seconds, 'second')}, deepest {deepest:,}", width)
    return lines


def _letter(letter: Letter, glyphs: Glyphs, now_s: float, width: int) -> list[Line]:
    """An item in two lines: what is known of it, and what it says it is."""
    tried = f"{plural(letter.attempts, 'attempt')}, " if letter.attempts else ""
    age = "" if letter.put_s is None else f", put {duration(now_s - letter.put_s)} ago"
    facts: Line = (
        (f" {fit(plain(letter.id), 6, ellipsis=glyphs.ellipsis)} ", Tone.STRONG),
        (f"{tried}{size(letter.bytes)}{age}  ", Tone.DIM),
        (plain(letter.reason), Tone.AMBER),
    )
    return [
        fit_line(facts, width, glyphs.ellipsis),
        fit_line(((" " * 8 + (plain(letter.preview) or "nothing can be told of it"), Tone.PLAIN),), width),
    ]


def _users(channel: ChannelRow, rows: Sequence[ReplicaRow], glyphs: Glyphs, now_s: float, width: int) -> list[Line]:
    """Everybody who is connected to it, with state and doing, and whoever else is in it."""
    known = {row.name: row for row in rows}
    is_flowing = channel.kind in FLOWING
    sides = [("Producers", channel.writers), ("Consumers", channel.readers)]
    if not is_flowing:
        sides = [("Shared by", tuple(dict.fromkeys((*channel.writers, *channel.readers))))]
    present = dict.fromkeys(user.replica for user in (*channel.waiting, *channel.holding))
    named = {*channel.writers, *channel.readers}
    sides.append(("Others in it", tuple(name for name in present if name not in named)))
    wide = max((len(name) for _, names in sides for name in names), default=8)
    lines: list[Line] = []
    for title, names in sides:
        lines += heading(title) if names else []
        for name in names:
            lines.append(_user(name, known.get(name), _doing(channel, name, now_s), min(wide, 24), glyphs))
    return [fit_line(line, width, glyphs.ellipsis) for line in lines]


def _user(name: str, row: ReplicaRow | None, doing: Iterable[str], wide: int, glyphs: Glyphs) -> Line:
    pieces: list[Piece] = [("   ", Tone.PLAIN)]
    word = ""
    if row is not None:
        word = shown_state(row)
        pieces = [(f" {glyphs.states[word]} ", STATE_TONES[word])]
    tone = STATE_TONES[word] if word else Tone.DIM
    pieces += [(fit(plain(name), wide, ellipsis=glyphs.ellipsis) + " ", Tone.PLAIN), (f"{word:<9} ", tone)]
    return (*pieces, (", ".join(doing), Tone.PLAIN))


def _doing(channel: ChannelRow, name: str, now_s: float) -> list[str]:
    """What `name` does in the channel now."""

    def since(user: ChannelUser) -> str:
        waited_s = 0.0 if user.since_s is None else now_s - user.since_s
        return f" for {duration(waited_s)}" if waited_s >= NOTED_FROM_S else ""

    hand = " an item" if channel.kind in FLOWING else " it"
    waits = [f"waits in {plain(user.operation)}{since(user)}" for user in channel.waiting if user.replica == name]
    return waits + [f"holds{hand}{since(user)}" for user in channel.holding if user.replica == name]
