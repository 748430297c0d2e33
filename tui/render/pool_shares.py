"""Where the time of a pool's members goes, as one bar with a legend: work, pickling in it, start-up, waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from supervisor.api.pools import PoolReport
from tui.render.glyphs import Glyphs
from tui.render.pieces import Line, Piece, Tone, line_width

_WORTH_A_WORD: Final = 0.005
_GAP: Final = 2
"""Cells between two words of the legend."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the members' time."""

    word: str
    sign: str
    tone: Tone
    of_all: float


def shares(report: PoolReport, glyphs: Glyphs) -> tuple[Share, ...]:
    """The parts of the members' time, together 1; empty while none was counted. Pickling is taken out of the work."""
    start, wait, work = (max(share, 0.0) for share in (report.start_share, report.wait_share, report.work_share))
    total = start + wait + work
    if total <= 0:
        return ()
    pickling = work * min(max(report.pickle_share, 0.0), 1.0)
    signs = "#%+." if glyphs.is_ascii else "⣿⢕⠶⣀"
    parts = (
        ("work", Tone.GOOD, work - pickling),
        ("pickle", Tone.AMBER, pickling),
        ("start", Tone.COOL, start),
        ("wait", Tone.DIM, wait),
    )
    return tuple(Share(word, sign, tone, part / total) for sign, (word, tone, part) in zip(signs, parts, strict=True))


def share_bar(parts: tuple[Share, ...], width: int) -> Line:
    """One bar in exactly `width` cells; a part that is there at all shows where it would fill half a cell."""
    ends: list[int] = []
    so_far = 0.0
    for part in parts:
        so_far += part.of_all
        ends.append(round(so_far * width))
    starts = [0, *ends[:-1]]
    cells = zip(parts, starts, ends, strict=True)
    return tuple((part.sign * (end - start), part.tone) for part, start, end in cells if end > start)


def share_legend(parts: tuple[Share, ...], width: int) -> list[Line]:
    """Sign, word and percentage of each part that is worth a percent, in as many lines as `width` cells need."""
    lines: list[Line] = []
    for part in (part for part in parts if part.of_all >= _WORTH_A_WORD):
        entry: tuple[Piece, ...] = (
            (f"{part.sign} ", part.tone),
            (f"{part.word} ", Tone.DIM),
            (f"{100 * part.of_all:.0f} %", Tone.PLAIN),
        )
        if lines and line_width(lines[-1]) + _GAP + line_width(entry) <= width:
            lines[-1] = (*lines[-1], (" " * _GAP, Tone.PLAIN), *entry)
        else:
            lines.append(entry)
    return lines
