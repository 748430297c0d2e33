"""The heading of a group of workers as a line of their table, and the group as a page of the detail."""

from __future__ import annotations

from tui.grouping import Heading
from tui.render.channel_detail import Page
from tui.render.figures import percent, plural, size
from tui.render.fleet_rows import doing_line
from tui.render.glyphs import STATE_TONES, Glyphs, shown_state
from tui.render.pieces import Line, Piece, Tone, fit, fit_line, line_width, plain, spread

NAME_CELLS = 24


def heading_line(heading: Heading, glyphs: Glyphs, width: int) -> Line:
    """``▾ ingest 4   ◉ 3 running  ⟳ 1 backoff      38 %  120 M`` in exactly `width` cells; less where it is narrow."""
    sign = glyphs.points if heading.is_folded else glyphs.descending
    left: Line = ((f" {sign} ", Tone.ACCENT), (plain(heading.label), Tone.STRONG))
    left = (*left, (f" {len(heading.members)}", Tone.DIM))
    words = _states(heading, glyphs, is_wordy=True)
    sums = _sums(heading)
    if line_width((*left, *words, *sums)) > width:
        words = _states(heading, glyphs, is_wordy=False)
    if line_width((*left, *words, *sums)) > width:
        return fit_line((*left, *words), width, glyphs.ellipsis)
    return spread((*left, *words), sums, width)


def _states(heading: Heading, glyphs: Glyphs, *, is_wordy: bool) -> Line:
    pieces: list[Piece] = [(" ", Tone.PLAIN)]
    for word, count in heading.states:
        pieces.append((f"  {glyphs.states[word]} {count}{f' {word}' if is_wordy else ''}", STATE_TONES[word]))
    return tuple(pieces)


def _sums(heading: Heading) -> Line:
    """What all members take together."""
    cpu, rss = heading.cpu_percent, heading.rss_bytes
    texts = ["" if cpu is None else f"{percent(cpu)} %", "" if rss is None else size(rss)]
    return ((f"  {'  '.join(text for text in texts if text)} ", Tone.DIM),) if any(texts) else ()


def group_page(heading: Heading, glyphs: Glyphs, now_s: float, width: int) -> Page:
    """Everybody in the group, a line each, and what can be done to all of them."""
    told = plural(len(heading.members), "worker")
    lines: list[Line] = [(((f" {told}{''.join(text for text, _ in _sums(heading))}"), Tone.DIM),), ()]
    for row in heading.members:
        word = shown_state(row)
        sign: Piece = (f" {glyphs.states[word]} ", STATE_TONES[word])
        name: Piece = (fit(plain(row.name), min(NAME_CELLS, max(width // 3, 6)), ellipsis=glyphs.ellipsis), Tone.STRONG)
        state: Piece = (f" {word:<9} ", STATE_TONES[word])
        lines.append(fit_line((sign, name, state, *doing_line(row, now_s)), width, glyphs.ellipsis))
    lines += [(), ((" What is done here is done to all of them.", Tone.DIM),)]
    return Page(lines)
