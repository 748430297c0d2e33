"""The pipeline as a list, for what is too broad or too tangled to be drawn: each worker, and below it where it puts."""

from __future__ import annotations

from collections.abc import Sequence

from tui.render.glyphs import Glyphs
from tui.render.graph import Graph, Key, Stage
from tui.render.graph_flow import NOTE_TONES, Flow
from tui.render.graph_looks import TubeLook, counts_line, stage_title
from tui.render.graph_spots import Spot
from tui.render.pieces import Line, Piece, Tone, cut_line, fit, fit_line, line_width, plain

NAME = 22
"""Cells of a name at most."""


def draw_list(
    graph: Graph, flow: Flow, keys: Sequence[Key], width: int, glyphs: Glyphs, chosen: Key | None
) -> tuple[tuple[Line, ...], tuple[Spot, ...]]:
    """`keys` as lines of at most `width` cells; a queue is told once, below the first that puts into it."""
    lines: list[Line] = []
    spots: list[Spot] = []
    stages = [graph.stages[key.name] for key in keys if key.kind == "worker"]
    channels = [key.name for key in keys if key.kind == "channel"]
    name_cells = min(max(len(plain(key.name)) for key in keys) + 6, NAME, width // 3)
    told: set[str] = set()
    for name in channels:
        if not graph.writers(name):
            told.add(name)
            _add(lines, spots, Key("channel", name), _tube_line(graph, name, name_cells, width, glyphs, chosen))
    for stage in stages:
        again = [name for name in stage.writes if name in told]
        line = _stage_line(stage, flow, name_cells, width, glyphs, chosen)
        if again:
            to = ", ".join(map(plain, again))
            line = cut_line((*line, (f"  {glyphs.points} {to}", Tone.DIM)), width, glyphs.ellipsis)
        _add(lines, spots, stage.key, line)
        for name in stage.writes:
            if name not in told:
                told.add(name)
                _add(lines, spots, Key("channel", name), _tube_line(graph, name, name_cells, width, glyphs, chosen))
    return tuple(lines), tuple(spots)


def _add(lines: list[Line], spots: list[Spot], key: Key, line: Line) -> None:
    spots.append(Spot(key, 0, len(lines), max(line_width(line), 1), 1))
    lines.append(line)


def _stage_line(stage: Stage, flow: Flow, name_cells: int, width: int, glyphs: Glyphs, chosen: Key | None) -> Line:
    is_chosen, note = stage.key == chosen, flow.notes.get(stage.name, "")
    before, after = "[]" if is_chosen else "  "
    title = stage_title(stage, name_cells, glyphs.ellipsis)
    pieces: list[Piece] = [
        (before, Tone.ACCENT),
        (title, Tone.ACCENT if is_chosen else Tone.STRONG),
        (fit(after, name_cells + 4 - line_width(((title, Tone.PLAIN),))), Tone.ACCENT),
        *counts_line(stage, glyphs, max(width - name_cells - 22, 8)),
    ]
    if note:
        pieces.append((f"  {note}", NOTE_TONES[note]))
    return cut_line(tuple(pieces), width, glyphs.ellipsis)


def _tube_line(graph: Graph, name: str, name_cells: int, width: int, glyphs: Glyphs, chosen: Key | None) -> Line:
    tube = TubeLook(graph.channels[name], Key("channel", name) == chosen, is_tight=False)
    to = ", ".join(plain(stage.name) for stage in graph.readers(name)) or "nobody"
    pieces: Line = (
        ("  ", Tone.PLAIN),
        (f"{glyphs.branch} ", tube.tone),
        *fit_line(tube.name_line(name_cells, glyphs), name_cells, glyphs.ellipsis),
        *fit_line(tube.depth_line(18, glyphs), 18, glyphs.ellipsis),
        (" ", Tone.PLAIN),
        *fit_line(tube.rates_line(16, glyphs), 17, glyphs.ellipsis),
        (f"{glyphs.points} ", tube.tone),
        (to, Tone.PLAIN),
    )
    return cut_line(pieces, width, glyphs.ellipsis)
