"""The pipeline drawn: workers in frames, queues on the lines between them, left to right or top down, in a width.

::

    Graph, Flow ──> parts that hang together ──> the first form that fits each ──> Drawing: lines, and where what is
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, get_args

from rich.cells import cell_len

from supervisor.api.messages import ChannelRow
from tui.render.channel_words import state_words
from tui.render.glyphs import STATE_TONES, Glyphs, shown_state
from tui.render.graph import Edge, Graph, Key, Stage
from tui.render.graph_canvas import Canvas
from tui.render.graph_flow import Flow
from tui.render.graph_layout import Layout, Point, Size, Spacing, layout_of
from tui.render.graph_list import draw_list
from tui.render.graph_looks import PORT, STAGE_HEIGHT, StageLook, TubeLook, stage_title, stage_width, tube_width
from tui.render.graph_spots import Spot
from tui.render.graph_strokes import DOWN, RIGHT, Corner, Run, Strokes, strokes_of
from tui.render.pieces import Line, Piece, Tone, cut, cut_line, fit, line_width, plain

TIPS: Final = {False: ("▸", "▾"), True: (">", "v")}
"""Where a line arrives at a worker: by whether it is ASCII; left to right, top down."""
BACK_TIPS: Final = {False: ("◂", "▴"), True: ("<", "^")}
"""In the middle of a line that goes back."""
MOST_NODES: Final = 400
"""What is more is told as a list."""
LABEL: Final = 7
"""Cells before what is not drawn: workers apart, and what is shared without a direction."""
MOST_CHIP: Final = 20
"""Cells of the name of what stands apart."""
STATE_CELLS: Final = 17
SHARED_CELLS: Final = 26
"""Cells beside that name, for whatever its state may be, so that nothing moves when it changes."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way of drawing."""

    is_across: bool
    """Left to right; else top down."""
    is_tight: bool
    spacing: Spacing
    is_flat: bool = False
    """A queue's rates stand beside its depth; top down they are left out else."""


_ACROSS = Spacing(across=1, lead=1, step=2, tails=(2, 1), straight=(3, 2))
_DOWN = Spacing(across=2, lead=0, step=1, tails=(1, 0), straight=(1, 0))
Look = Literal["as fits", "left to right", "top down", "list"]
LOOKS: Final[tuple[Look, ...]] = get_args(Look)
"""What a person may wish for; what does not fit is drawn another way all the same."""

FORMS: Final = (
    Form(True, False, _ACROSS),
    Form(False, False, _DOWN, is_flat=True),
    Form(False, False, _DOWN),
    Form(True, True, _ACROSS),
    Form(False, True, _DOWN),
)
"""In the order in which they are tried; what none of them has room for is told as a list."""


def forms_for(look: Look) -> tuple[Form, ...]:
    """What is tried for `look`, the best first."""
    if look == "list":
        return ()
    if look == "as fits":
        return FORMS
    return tuple(sorted(FORMS, key=lambda form: form.is_across != (look == "left to right")))


@dataclass(frozen=True, slots=True)
class Drawing:
    """Lines, each at most as wide as was said, and where everything is that a cursor can be put on."""

    lines: tuple[Line, ...]
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a layout depends on. Equal shapes have equal layouts."""

    sizes: tuple[Size, ...]
    kinds: tuple[int, ...]
    links: tuple[tuple[int, int], ...]
    spacing: Spacing


@lru_cache(maxsize=64)
def _laid_out(shape: _Shape) -> Layout | None:
    return layout_of(shape.sizes, shape.kinds, shape.links, shape.spacing)


@lru_cache(maxsize=32)
def _strokes(shape: _Shape, is_across: bool, is_ascii: bool) -> Strokes:
    """Of a layout that can be drawn; a line between neighbours that touch has no cell."""
    layout = _laid_out(shape)
    assert layout is not None
    runs: list[Run] = []
    for link in shape.links:
        points = layout.routes[link]
        corners = tuple(point if is_across else (point[1], point[0]) for point in points)
        runs.append(((), RIGHT) if _is_short(points) else (corners, RIGHT if is_across else DOWN))
    return strokes_of(runs, shape.links, is_ascii=is_ascii)


def _is_short(points: Sequence[Point]) -> bool:
    """Whether its two ends touch."""
    return len(points) == 2 and points[1][0] < points[0][0]


def drawing(
    graph: Graph, flow: Flow, width: int, glyphs: Glyphs, chosen: Key | None = None, look: Look = "as fits"
) -> Drawing:
    """The whole graph in `width` cells, with the cursor on `chosen`; below it what is not connected."""
    lines: list[Line] = []
    spots: list[Spot] = []
    for keys, edges in parts_of(graph):
        part = _part(graph, flow, keys, edges, width, glyphs, chosen, forms_for(look))
        lines += [()] if lines else []
        spots += [spot.moved(len(lines)) for spot in part.spots]
        lines += part.lines
    room = width - LABEL
    below = [
        ("apart", _apart(graph.apart, room, glyphs, chosen)),
        ("shared", _shared(graph.shared, room, glyphs, chosen)),
    ]
    lines += [()] if lines and any(chips.lines for _, chips in below) else []
    for label, chips in below:
        spots += [spot.moved(len(lines), LABEL) for spot in chips.spots]
        for index, line in enumerate(chips.lines):
            lines.append(((fit(label if index == 0 else "", LABEL), Tone.DIM), *line))
    return Drawing(tuple(lines), tuple(spots))


def parts_of(graph: Graph) -> list[tuple[list[Key], list[Edge]]]:
    """What hangs together, each part with its lines, in the order of the profile."""
    near: dict[Key, list[Key]] = {stage.key: [] for stage in graph.stages.values() if stage.is_connected}
    for edge in graph.edges:
        near.setdefault(edge.source, []).append(edge.target)
        near.setdefault(edge.target, []).append(edge.source)
    for name in graph.channels:
        near.setdefault(Key("channel", name), [])
    part_of: dict[Key, int] = {}
    for number, start in enumerate(near):
        rest = [] if start in part_of else [start]
        while rest:
            key = rest.pop()
            if key not in part_of:
                part_of[key] = number
                rest += near[key]
    parts: dict[int, tuple[list[Key], list[Edge]]] = {}
    for key in near:
        parts.setdefault(part_of[key], ([], []))[0].append(key)
    for edge in graph.edges:
        parts[part_of[edge.source]][1].append(edge)
    return list(parts.values())


def _part(
    graph: Graph,
    flow: Flow,
    keys: Sequence[Key],
    edges: Sequence[Edge],
    width: int,
    glyphs: Glyphs,
    chosen: Key | None,
    forms: Sequence[Form],
) -> Drawing:
    number = {key: index for index, key in enumerate(keys)}
    for form in forms if len(keys) <= MOST_NODES else ():
        shape = _shape(graph, number, edges, form)
        layout = _laid_out(shape)
        if layout is None:
            break
        if layout.is_plain and (layout.along if form.is_across else layout.across) <= width:
            return _Sheet(graph, flow, glyphs, chosen, form, shape, layout, number, edges).drawn()
    lines, spots = draw_list(graph, flow, keys, width, glyphs, chosen)
    return Drawing(lines, spots)


def _shape(graph: Graph, number: Mapping[Key, int], edges: Sequence[Edge], form: Form) -> _Shape:
    keys = tuple(number)
    widths = {key: _width(graph, key, form) for key in keys}
    longest = {
        kind: max((widths[key] for key in keys if key.kind == kind), default=1) for kind in ("worker", "channel")
    }
    sizes = []
    for key in keys:
        if form.is_across:
            sizes.append(Size(longest[key.kind], 1, 1))
        elif key.kind == "worker":
            sizes.append(Size(STAGE_HEIGHT, PORT, widths[key] - 1 - PORT))
        else:
            sizes.append(Size(2, 0, widths[key]))
    links = tuple((number[edge.source], number[edge.target]) for edge in edges)
    return _Shape(tuple(sizes), tuple(int(key.kind == "channel") for key in keys), links, form.spacing)


def _width(graph: Graph, key: Key, form: Form) -> int:
    if key.kind == "worker":
        return stage_width(graph.stages[key.name], is_tight=form.is_tight, is_down=not form.is_across)
    return tube_width(graph.channels[key.name], is_tight=form.is_tight, is_flat=form.is_flat)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One part, laid out, being drawn."""

    graph: Graph
    flow: Flow
    glyphs: Glyphs
    chosen: Key | None
    form: Form
    shape: _Shape
    layout: Layout
    number: Mapping[Key, int]
    edges: Sequence[Edge]

    def drawn(self) -> Drawing:
        layout = self.layout
        width = layout.along if self.form.is_across else layout.across
        canvas = Canvas(width, self.glyphs.is_ascii)
        tubes = {key.name: self._tube(self.graph.channels[key.name]) for key in self.number if key.kind == "channel"}
        spots = []
        for key, place in zip(self.number, layout.places, strict=True):
            corner = self._corner((place.along, place.across - place.size.before))
            across = place.size.before + 1 + place.size.after
            size = (place.size.along, across) if self.form.is_across else (across, place.size.along)
            spots.append(Spot(key, *corner, *size))
            if key.kind == "worker":
                note, stage = self.flow.notes.get(key.name, ""), self.graph.stages[key.name]
                look = StageLook(stage, note, key == self.chosen, is_down=not self.form.is_across)
                look.draw(canvas, *corner, size[0], self.glyphs)
            else:
                self._draw_tube(canvas, tubes[key.name], spots[-1])
        tones = [tubes[edge.channel].tone for edge in self.edges]
        for edge, tone in zip(self.edges, tones, strict=True):
            self._draw_ends(canvas, edge, tone)
        canvas.lay(_strokes(self.shape, self.form.is_across, self.glyphs.is_ascii), tones.__getitem__)
        return Drawing(tuple(canvas.lines()), tuple(spots))

    def _tube(self, channel: ChannelRow) -> TubeLook:
        return TubeLook(channel, Key("channel", channel.name) == self.chosen, self.form.is_tight)

    def _corner(self, point: Point) -> Corner:
        return point if self.form.is_across else (point[1], point[0])

    def _draw_tube(self, canvas: Canvas, tube: TubeLook, spot: Spot) -> None:
        """On its line: left to right the line goes through its middle row, top down along its left side."""
        glyphs, x, y, width = self.glyphs, spot.x, spot.y, spot.width
        flat, upright = ("-", "|") if glyphs.is_ascii else ("─", "│")
        depth, rates = tube.depth_line(width - 2, glyphs), tube.rates_line(width - 2, glyphs)
        if self.form.is_across:
            canvas.text(x, y, tube.name_line(width, glyphs))
            canvas.text(x, y + 1, ((flat * width, tube.tone),))
            canvas.text(x, y + 1, ((" ", Tone.PLAIN), *depth, (" ", Tone.PLAIN)))
            canvas.text(x + 1, y + 2, rates)
            return
        for row in (y, y + 1):
            canvas.text(x, row, ((upright, tube.tone),))
        name = tube.name_line(width - 1, glyphs)
        canvas.text(x + 1, y, name)
        canvas.text(x + 2, y + 1, depth)
        if self.form.is_flat:
            at = line_width(depth) + 2
            canvas.text(x + 2 + at, y + 1, tube.rates_line(width - 2 - at, glyphs))

    def _draw_ends(self, canvas: Canvas, edge: Edge, tone: Tone) -> None:
        """What is not the same for every depth and cursor: where a line leaves a frame, and its tips."""
        points = self.layout.routes[self.number[edge.source], self.number[edge.target]]
        corners = [self._corner(point) for point in points]
        (x, y), last = corners[0], corners[-1]
        if edge.source.kind == "worker":
            at = (x - 1, y) if self.form.is_across else (x, y - 1)
            self._leave(canvas, at, tone, is_chosen=edge.source == self.chosen)
        if len(points) > 4 and points[-1][0] < points[0][0]:
            way = BACK_TIPS[self.glyphs.is_ascii][not self.form.is_across]
            canvas.text((corners[2][0] + corners[3][0]) // 2, (corners[2][1] + corners[3][1]) // 2, ((way, tone),))
        if edge.target.kind == "worker" and not _is_short(points):
            canvas.text(*last, ((TIPS[self.glyphs.is_ascii][not self.form.is_across], tone),))

    def _leave(self, canvas: Canvas, at: Corner, tone: Tone, *, is_chosen: bool) -> None:
        """Where a line leaves a frame."""
        if is_chosen:
            sign, look = ("#" if self.glyphs.is_ascii else "╟" if self.form.is_across else "╤"), Tone.ACCENT
        else:
            sign, look = ("+" if self.glyphs.is_ascii else "├" if self.form.is_across else "┬"), tone
        canvas.text(*at, ((sign, look),))


def _apart(stages: Sequence[Stage], width: int, glyphs: Glyphs, chosen: Key | None) -> Drawing:
    """Workers that nothing flows through, some to a line."""
    chips: list[tuple[Key, Line]] = []
    names = [stage_title(stage, MOST_CHIP, glyphs.ellipsis) for stage in stages]
    for stage, name in zip(stages, names, strict=True):
        words = list(dict.fromkeys(shown_state(row) for row in stage.rows))
        sign = (f"{glyphs.states[words[0]]} ", STATE_TONES[words[0]])
        tone = Tone.ACCENT if stage.key == chosen else Tone.PLAIN
        chips.append((stage.key, (sign, (name, tone), (f" {', '.join(words)}", Tone.DIM))))
    return _chips(chips, max(map(cell_len, names), default=0) + STATE_CELLS, width, glyphs, chosen)


def _shared(channels: Sequence[ChannelRow], width: int, glyphs: Glyphs, chosen: Key | None) -> Drawing:
    chips: list[tuple[Key, Line]] = []
    longest = 0
    for channel in channels:
        key = Key("channel", channel.name)
        name = cut(plain(channel.name), MOST_CHIP, glyphs.ellipsis)
        longest = max(longest, cell_len(name) + len(channel.kind))
        tone = Tone.ACCENT if key == chosen else Tone.PLAIN
        told = " ".join(word for word in (channel.kind, plain(state_words(channel))) if word)
        chips.append((key, ((f"{glyphs.bullet} ", Tone.DIM), (name, tone), (f" {told}", Tone.DIM))))
    return _chips(chips, longest + SHARED_CELLS, width, glyphs, chosen)


def _chips(chips: Sequence[tuple[Key, Line]], cells: int, width: int, glyphs: Glyphs, chosen: Key | None) -> Drawing:
    """Short lines side by side, each in so many cells; in brackets under the cursor."""
    cells = min(cells, width)
    columns = width // cells if cells else 1
    lines: list[Line] = []
    spots: list[Spot] = []
    for index in range(0, len(chips), columns):
        row: list[Piece] = []
        for at, (key, chip) in enumerate(chips[index : index + columns]):
            before, after = "[]" if key == chosen else "  "
            inner = cut_line(chip, cells - 3, glyphs.ellipsis)
            is_last = at == columns - 1 or index + at == len(chips) - 1
            row += [(before, Tone.ACCENT), *inner]
            row.append((after.strip() if is_last else fit(after, cells - 1 - line_width(inner)), Tone.ACCENT))
            spots.append(Spot(key, at * cells, len(lines), cells - 1, 1))
        lines.append(tuple(row))
    return Drawing(tuple(lines), tuple(spots))
