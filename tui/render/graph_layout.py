"""Where everything in a drawing stands and where its lines run, in cells along the flow and across it.

::

    sizes of nodes, links ──> layers ──> places across ──> tracks in the gaps between layers ──> Layout

It does not know which way the flow goes on a screen, nor what a node looks like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from tui.render.graph_layers import MOST_PIECES, Layers, Link, layers_of
from tui.render.graph_tracks import Gap, Pin, Tracks, tracks_of

ROUNDS: Final = 8
"""How often nodes are drawn towards their neighbours."""

HEAVY: Final = 50
"""How much more a node weighs than a bend."""

Point = tuple[int, int]
"""Along the flow, across it."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much room a node needs."""

    along: int
    before: int
    """Cells across, before the one in which its lines arrive and leave."""
    after: int


BEND: Final = Size(1, 0, 0)


@dataclass(frozen=True, slots=True)
class Spacing:
    """How far apart things are."""

    across: int
    """Between neighbours in a layer."""
    lead: int
    """In a gap, before its first track."""
    step: int
    """From a track to the next."""
    tails: tuple[int, int]
    """In a gap, after its last track: before a layer of workers, and before one of channels."""
    straight: tuple[int, int]
    """How wide a gap without any track is: before a layer of workers, and before one of channels."""

    def width(self, tracks: int, kind: int) -> int:
        """How wide a gap before a layer of `kind` is."""
        return self.lead + (tracks - 1) * self.step + 1 + self.tails[kind] if tracks else self.straight[kind]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands."""

    along: int
    across: int
    """The cell in which its lines arrive and leave."""
    size: Size


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing without looks; everything in it is at or beyond 0."""

    places: tuple[Place, ...]
    """By node."""
    routes: Mapping[Link, tuple[Point, ...]]
    """The corners of each line, from the first cell after its source to the last one before its target."""
    along: int
    across: int
    is_plain: bool
    """No line runs on one that has nothing to do with it."""


_layers = lru_cache(maxsize=32)(layers_of)
"""The order in the layers is the same for every size and every way to draw."""


def layout_of(
    sizes: Sequence[Size], kinds: tuple[int, ...], links: tuple[Link, ...], spacing: Spacing
) -> Layout | None:
    """A layout of nodes of `sizes`, each a worker (0) or a channel (1), joined by `links` from one kind to the other.

    All nodes of one kind are equally long along the flow. None where so many lines pass so many layers that nobody
    could follow them.
    """
    layers = _layers(kinds, links)
    if len(layers.pieces) > MOST_PIECES:
        return None
    across = _places(layers, sizes, spacing.across)
    lanes = {link: number for number, link in enumerate(layers.returns)}
    edge = max((across[node] + sizes[node].after for node in range(layers.count)), default=0)
    edge = max([edge, *across.values()])
    lane_at = {link: edge + spacing.across + 1 + 2 * number for link, number in lanes.items()}
    gaps = _gaps(layers, across, lane_at)
    tracks = [tracks_of(gap) for gap in gaps]
    starts, track_at, total = _along(layers, sizes, kinds, gaps, tracks, spacing)
    places = tuple(Place(starts[layers.rank[node]], across[node], sizes[node]) for node in range(layers.count))
    runs = _Runs(layers, sizes, across, lane_at, starts, track_at)
    routes = {link: runs.forward(path) for link, path in layers.paths.items()}
    routes |= {link: runs.back(link) for link in layers.returns}
    return Layout(
        places, routes, total, max([edge, *lane_at.values()]) + 1, is_plain=all(each.is_plain for each in tracks)
    )


def _places(layers: Layers, sizes: Sequence[Size], space: int) -> dict[int, int]:
    """The cell across of each node and bend: as near to its neighbours as the order and the sizes allow."""
    befores: dict[int, list[int]] = {}
    afters: dict[int, list[int]] = {}
    for source, target in layers.pieces:
        afters.setdefault(source, []).append(target)
        befores.setdefault(target, []).append(source)

    def size(node: int) -> Size:
        return sizes[node] if node < layers.count else BEND

    apart = [[size(one).after + space + size(other).before + 1 for one, other in pairwise(row)] for row in layers.rows]
    at: dict[int, int] = {}
    for row, steps in zip(layers.rows, apart, strict=True):
        place = size(row[0]).before
        for node, step in zip(row, (*steps, 0), strict=True):
            at[node] = place
            place += step
    order = list(range(len(layers.rows)))
    for turn in range(ROUNDS):
        sides = (befores,) if turn % 2 == 0 else (afters,)
        for index in order if turn % 2 == 0 else reversed(order):
            row = layers.rows[index]
            wishes = []
            for node in row:
                near = [at[each] for side in sides for each in side.get(node, ())]
                wishes.append(sum(near) / len(near) if near else float(at[node]))
            at.update(zip(row, settled(wishes, apart[index], [_weight(node, layers) for node in row]), strict=True))
    _straighten(layers, at, apart)
    least = min(at[node] - size(node).before for node in at)
    return {node: place - least for node, place in at.items()}


def _straighten(layers: Layers, at: dict[int, int], apart: Sequence[Sequence[int]]) -> None:
    """Put all bends of a long line in one row where there is room: that of its source, of its target, or near it."""
    rank = layers.rank
    for path in layers.paths.values():
        low, high = min(at.values()), max(at.values())
        for node in path[1:-1]:
            row, steps = layers.rows[rank[node]], apart[rank[node]]
            place = row.index(node)
            low = max(low, at[row[place - 1]] + steps[place - 1]) if place else low
            high = min(high, at[row[place + 1]] - steps[place]) if place + 1 < len(row) else high
        if low <= high:
            ends = [at[path[0]], at[path[-1]]]
            goal = next((end for end in ends if low <= end <= high), min(max(ends[0], low), high))
            at.update(dict.fromkeys(path[1:-1], goal))


def _weight(node: int, layers: Layers) -> int:
    """A bend gives way to what stands there."""
    return HEAVY if node < layers.count else 1


def settled(wishes: Sequence[float], apart: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Places in this order, at least so far `apart`, that differ least from `wishes` (least squares, by weight).

    Pools adjacent violators, as isotonic regression does (Barlow et al. 1972).
    """
    offsets = [0]
    for step in apart:
        offsets.append(offsets[-1] + step)
    blocks: list[tuple[float, int, int]] = []
    """Of each run of neighbours that touch: where it stands, what it weighs, how many they are."""
    for wish, offset, weight in zip(wishes, offsets, weights, strict=True):
        mean, heavy, number = wish - offset, weight, 1
        while blocks and blocks[-1][0] >= mean:
            before, weighs, many = blocks.pop()
            mean = (before * weighs + mean * heavy) / (weighs + heavy)
            heavy, number = heavy + weighs, number + many
        blocks.append((mean, heavy, number))
    means = [round(mean) for mean, _, number in blocks for _ in range(number)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _gaps(layers: Layers, across: Mapping[int, int], lane_at: Mapping[Link, int]) -> list[Gap]:
    """What runs through each gap: before the first layer, between any two, after the last."""
    pins: list[list[tuple[Pin, Pin]]] = [[] for _ in range(len(layers.rows) + 1)]
    rank = layers.rank
    for source, target in layers.pieces:
        pins[rank[target]].append((Pin(source, across[source]), Pin(target, across[target])))
    for number, (source, target) in enumerate(layers.returns):
        lane = Pin(-1 - number, lane_at[source, target], is_lane=True)
        pins[rank[source] + 1].append((Pin(source, across[source]), lane))
        pins[rank[target]].append((lane, Pin(target, across[target])))
    return [Gap(tuple(pairs)) for pairs in pins]


def _along(
    layers: Layers,
    sizes: Sequence[Size],
    kinds: Sequence[int],
    gaps: Sequence[Gap],
    tracks: Sequence[Tracks],
    spacing: Spacing,
) -> tuple[list[int], list[dict[tuple[int, int], int]], int]:
    """Where each layer begins, where the track of each pair of a gap is, and where all ends."""
    starts: list[int] = []
    track_at: list[dict[tuple[int, int], int]] = []
    at = 0
    for index, (gap, found) in enumerate(zip(gaps, tracks, strict=True)):
        is_edge = index in (0, len(layers.rows))
        first = at + (0 if index == 0 else spacing.lead)
        track_at.append({(one.node, other.node): first + found.of[one.node, other.node] * spacing.step
                         for one, other in gap.pairs})  # fmt: skip
        if index == len(layers.rows):
            at = first + (found.count - 1) * spacing.step + 1 if found.count else at
            break
        kind = kinds[next(node for node in layers.rows[index] if node < layers.count)]
        if not is_edge:
            at += spacing.width(found.count, kind)
        elif found.count:
            at += (found.count - 1) * spacing.step + 1 + spacing.tails[kind]
        starts.append(at)
        at += max(sizes[node].along for node in layers.rows[index] if node < layers.count)
    return starts, track_at, at


@dataclass(frozen=True, slots=True)
class _Runs:
    """Makes the corners of lines."""

    layers: Layers
    sizes: Sequence[Size]
    across: Mapping[int, int]
    lane_at: Mapping[Link, int]
    starts: Sequence[int]
    track_at: Sequence[Mapping[tuple[int, int], int]]

    def _end(self, node: int) -> int:
        """The first cell after a node."""
        return self.starts[self.layers.rank[node]] + self.sizes[node].along

    def _last(self, node: int) -> int:
        """The last cell before a node."""
        return self.starts[self.layers.rank[node]] - 1

    def forward(self, path: Sequence[int]) -> tuple[Point, ...]:
        rank = self.layers.rank
        points = [(self._end(path[0]), self.across[path[0]])]
        for source, target in pairwise(path):
            track = self.track_at[rank[target]][source, target]
            if self.across[source] != self.across[target]:
                points += [(track, self.across[source]), (track, self.across[target])]
        points.append((self._last(path[-1]), self.across[path[-1]]))
        return tuple(points)

    def back(self, link: Link) -> tuple[Point, ...]:
        source, target = link
        lane, number = self.lane_at[link], -1 - self.layers.returns.index(link)
        leaves = self.track_at[self.layers.rank[source] + 1][source, number]
        arrives = self.track_at[self.layers.rank[target]][number, target]
        return (
            (self._end(source), self.across[source]),
            (leaves, self.across[source]),
            (leaves, lane),
            (arrives, lane),
            (arrives, self.across[target]),
            (self._last(target), self.across[target]),
        )
