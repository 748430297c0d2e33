"""What a worker and a queue look like in a drawing, and how much room they need: fixed, whatever they do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

from supervisor.api.messages import ChannelRow
from tui.render.channel_words import depth_figures, is_full
from tui.render.figures import count, depth_bar, rate
from tui.render.glyphs import STATE_ORDER, STATE_TONES, Glyphs, shown_state
from tui.render.graph import Stage
from tui.render.graph_canvas import Canvas
from tui.render.graph_flow import BOTTLENECK, NOTE_TONES, is_crowded
from tui.render.pieces import Line, Piece, Tone, cut, cut_line, line_width, plain
from tui.render.pool_words import STATE_TONES as POOL_TONES
from tui.render.pool_words import percent_settled, state_sign
from tui.render.pool_words import shown_state as pool_state

STAGE_HEIGHT: Final = 3
PORT: Final = 3
"""Top down, the column of a frame in which its lines arrive and leave."""
LEAST_STAGE: Final = {False: 19, True: 14}
"""Cells, by whether there is little room: the longest note fits in its frame, or its first word."""
MOST_STAGE: Final = {False: 28, True: 18}
MOST_TUBE: Final = {False: 28, True: 16}
RATES: Final = 18
"""Cells of both rates at their longest."""
BAR: Final = {False: 4, True: 3}


def stage_title(stage: Stage, most: int, ellipsis: str) -> str:
    """``parse x3`` in at most `most` cells; the number is never cut off."""
    many = f" x{stage.size}" if stage.size > 1 else ""
    return cut(plain(stage.name), most - len(many), ellipsis) + many


def stage_width(stage: Stage, *, is_tight: bool, is_down: bool) -> int:
    """Cells of its frame; top down a line leaves beside the note."""
    title = cell_len(plain(stage.name)) + (len(f" x{stage.size}") if stage.size > 1 else 0)
    return min(max(title + 5, LEAST_STAGE[is_tight] + PORT * is_down), MOST_STAGE[is_tight])


def counts_line(stage: Stage, glyphs: Glyphs, width: int) -> Line:
    """How many of its replicas are in which state: with words as long as there is room for them."""
    if stage.pool is not None and stage.pool.is_live and all(shown_state(row) == "running" for row in stage.rows):
        word, percent = pool_state(stage.pool), percent_settled(stage.pool.report)
        done = f"{count(stage.pool.report.done)} done" if percent is None else f"{percent} %"
        whole = f"{word} {done}"
        told = whole if len(whole) + 2 <= width or word != "running" else done
        return cut_line(
            ((f"{state_sign(word, glyphs)} ", POOL_TONES[word]), (told, Tone.PLAIN)), width, glyphs.ellipsis
        )
    counts = Counter(map(shown_state, stage.rows))
    words = [word for word in STATE_ORDER if counts[word]]
    for is_short in (False, True):
        pieces: list[Piece] = []
        for word in words:
            gap = "  " if pieces else ""
            number = f" {counts[word]}" if len(stage.rows) > 1 else ""
            pieces.append((f"{gap}{glyphs.states[word]}", STATE_TONES[word]))
            pieces.append((number if is_short else f"{number} {word}", Tone.PLAIN))
        if line_width(tuple(pieces)) <= width:
            break
    busy = f"  {stage.made_busy}" if stage.made else ""
    if line_width(tuple(pieces)) + len(busy) <= width:
        pieces.append((busy, Tone.GOOD))
    return cut_line(tuple(pieces), width, glyphs.ellipsis)


@dataclass(frozen=True, slots=True)
class StageLook:
    """How a stage is drawn now."""

    stage: Stage
    note: str
    is_chosen: bool
    is_down: bool
    """Its lines leave below, beside the note."""

    @property
    def tone(self) -> Tone:
        """Of its frame."""
        words = {shown_state(row) for row in self.stage.rows}
        if self.is_chosen:
            return Tone.ACCENT
        if words & {"failed", "stuck"}:
            return Tone.RED
        return Tone.AMBER if self.note == BOTTLENECK or words & {"hung", "blocked", "backoff"} else Tone.DIM

    def draw(self, canvas: Canvas, x: int, y: int, width: int, glyphs: Glyphs) -> None:
        """In a frame of three rows: its name, its replicas' states, and what it is in the flow."""
        canvas.frame(x, y, width, STAGE_HEIGHT, self.tone, is_chosen=self.is_chosen)
        title = stage_title(self.stage, width - 4, glyphs.ellipsis)
        canvas.text(x + 1, y, ((f" {title} ", Tone.STRONG),))
        canvas.text(x + 2, y + 1, counts_line(self.stage, glyphs, width - 4))
        if self.note:
            at = PORT + 1 if self.is_down and self.stage.writes else 1
            note = self.note if len(self.note) + 2 < width - at else self.note.split()[0]
            canvas.text(x + at, y + 2, ((f" {note} ", NOTE_TONES[self.note]),))


def tube_width(channel: ChannelRow, *, is_tight: bool, is_flat: bool = False) -> int:
    """Cells of the longest of its rows, a blank on either side: as wide as it may ever be, so that nothing moves while
    depths do. `is_flat`: its rates stand beside its depth."""
    figures = len(f"{channel.maxsize:,}") * 2 + 1 if channel.maxsize else 6
    depth = figures + (BAR[is_tight] + 1 if channel.maxsize else 0)
    rates = 6 if is_tight else RATES
    if is_flat:
        depth += 2 + rates
    return min(max(cell_len(plain(channel.name)), depth, rates) + 2, MOST_TUBE[is_tight] + rates * is_flat)


@dataclass(frozen=True, slots=True)
class TubeLook:
    """How a queue or a pipe is drawn now."""

    channel: ChannelRow
    is_chosen: bool
    is_tight: bool

    @property
    def tone(self) -> Tone:
        """Of the lines to it and from it: whether it is full, and whether anything flows."""
        if is_crowded(self.channel) or is_full(self.channel):
            return Tone.AMBER
        return Tone.PLAIN if self.channel.put_rate or self.channel.got_rate else Tone.DIM

    def name_line(self, width: int, glyphs: Glyphs) -> Line:
        """Its name, in brackets under the cursor, and that it has dead letters or has ended."""
        before, after = "[]" if self.is_chosen else "  "
        text = cut(plain(self.channel.name), width - 2, glyphs.ellipsis)
        name: Line = ((f"{before}{text}{after}", Tone.ACCENT if self.is_chosen else Tone.STRONG),)
        more: list[Piece] = []
        if self.channel.dead_letters:
            more.append((f"{count(self.channel.dead_letters)} dead ", Tone.AMBER))
        if self.channel.is_ended:
            more.append(("ended ", Tone.DIM))
        whole = (*name, *more)
        return whole if line_width(whole) <= width else name

    def depth_line(self, width: int, glyphs: Glyphs) -> Line:
        """A bar where there is a limit, and the figures."""
        channel, figures = self.channel, depth_figures(self.channel)
        tone = Tone.AMBER if self.tone is Tone.AMBER else Tone.PLAIN
        pieces: Line = ((figures, tone),)
        room = min(width - len(figures) - 1, BAR[self.is_tight])
        if channel.maxsize and channel.depth is not None and room >= 2:
            bar = depth_bar(channel.depth, channel.maxsize, room, is_ascii=glyphs.is_ascii)
            pieces = ((f"{bar} ", tone if tone is Tone.AMBER or not channel.depth else Tone.GOOD), (figures, tone))
        return cut_line(pieces, width, glyphs.ellipsis)

    def rates_line(self, width: int, glyphs: Glyphs) -> Line:
        """What is put and what is taken in a second; where there is little room, what is taken."""
        channel = self.channel
        text = f"in {rate(channel.put_rate)} out {rate(channel.got_rate)}/s"
        if len(text) > width:
            text = f"{rate(channel.got_rate)}/s"
        return cut_line(((text, Tone.DIM),), width, glyphs.ellipsis)
