"""Which layer of a drawing everything stands in, and in what order there: as few lines cross as a few sweeps achieve.

The way of Sugiyama, Tagawa and Toda (1981): lines that close a cycle are set aside, layers are by the longest path,
lines over several layers are cut into pieces, and the order in a layer is by the barycentre of the neighbours.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 8

MOST_PIECES = 600
"""Between neighbouring layers; nobody could follow more, and they are not put in order."""

Link = tuple[int, int]
"""From a node to a node, both by number."""


@dataclass(frozen=True, slots=True)
class Layers:
    """Nodes in layers. From `count` on they are bends: places where a long line passes a layer."""

    count: int
    rows: tuple[tuple[int, ...], ...]
    paths: Mapping[Link, tuple[int, ...]]
    """Of each line that goes forward: its source, its bends, its target."""
    returns: tuple[Link, ...]
    """Lines that go back, as they close a cycle."""

    @property
    def rank(self) -> dict[int, int]:
        """The layer of each node."""
        return {node: index for index, row in enumerate(self.rows) for node in row}

    @property
    def pieces(self) -> list[Link]:
        """Between neighbouring layers."""
        return list(dict.fromkeys(piece for path in self.paths.values() for piece in pairwise(path)))


def layers_of(first_rank: Sequence[int], links: Sequence[Link]) -> Layers:
    """Layers for nodes of which each may stand at ``first_rank[node]`` or later, joined by `links`."""
    count = len(first_rank)
    returns = _returns(count, links)
    forward = [link for link in links if link not in returns]
    rank = _ranks(first_rank, forward)
    rows: list[list[int]] = [[] for _ in range(max(rank) + 1)]
    for node in range(count):
        rows[rank[node]].append(node)
    paths: dict[Link, tuple[int, ...]] = {}
    bends = count
    for source, target in forward:
        between = []
        for layer in range(rank[source] + 1, rank[target]):
            rows[layer].append(bends)
            between.append(bends)
            bends += 1
        paths[source, target] = (source, *between, target)
    layers = Layers(count, tuple(map(tuple, rows)), paths, tuple(link for link in links if link in returns))
    is_clear = len(layers.pieces) <= MOST_PIECES
    return Layers(count, _ordered(layers), paths, layers.returns) if is_clear else layers


def _returns(count: int, links: Sequence[Link]) -> set[Link]:
    """Without these there is no cycle: those that lead back to where a walk, depth first, has come from."""
    targets: dict[int, list[int]] = {node: [] for node in range(count)}
    for source, target in links:
        targets[source].append(target)
    reached = {target for _, target in links}
    found: set[Link] = set()
    state = dict.fromkeys(range(count), 0)
    for start in sorted(range(count), key=lambda node: node in reached):
        walk = [] if state[start] else [(start, iter(targets[start]))]
        state[start] = state[start] or 1
        while walk:
            node, rest = walk[-1]
            near = next(rest, None)
            if near is None:
                state[node] = 2
                walk.pop()
            elif state[near] == 1:
                found.add((node, near))
            elif state[near] == 0:
                state[near] = 1
                walk.append((near, iter(targets[near])))
    return found


def _ranks(first_rank: Sequence[int], forward: Sequence[Link]) -> list[int]:
    """The longest path to each node; where nothing leads to a node, just before the first that it leads to."""
    rank = list(first_rank)
    entries = [0] * len(rank)
    targets: list[list[int]] = [[] for _ in rank]
    for source, target in forward:
        targets[source].append(target)
        entries[target] += 1
    is_start = [number == 0 for number in entries]
    ready = [node for node, begins in enumerate(is_start) if begins]
    while ready:
        node = ready.pop()
        for target in targets[node]:
            rank[target] = max(rank[target], rank[node] + 1)
            entries[target] -= 1
            if not entries[target]:
                ready.append(target)
    for node, begins in enumerate(is_start):
        if begins and targets[node]:
            rank[node] = min(rank[target] for target in targets[node]) - 1
    used = {each: index for index, each in enumerate(sorted(set(rank)))}
    return [used[each] for each in rank]


def _ordered(layers: Layers) -> tuple[tuple[int, ...], ...]:
    """The rows in the best order that was seen; the first one wins among equals, so that the profile's order stays."""
    befores: dict[int, list[int]] = {}
    afters: dict[int, list[int]] = {}
    for source, target in layers.pieces:
        afters.setdefault(source, []).append(target)
        befores.setdefault(target, []).append(source)
    rows = [list(row) for row in layers.rows]
    best, fewest = layers.rows, _crossings(rows, afters)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        is_down = sweep % 2 == 0
        for index in range(1, len(rows)) if is_down else range(len(rows) - 2, -1, -1):
            beside = rows[index - 1 if is_down else index + 1]
            _sort(rows[index], {node: at for at, node in enumerate(beside)}, befores if is_down else afters)
        crossings = _crossings(rows, afters)
        if crossings < fewest:
            best, fewest = tuple(map(tuple, rows)), crossings
    return best


def _sort(row: list[int], place: Mapping[int, int], neighbours: Mapping[int, list[int]]) -> None:
    """Sort a row by the mean place of its neighbours; who has none keeps its place."""
    wish = {}
    for at, node in enumerate(row):
        near = [place[each] for each in neighbours.get(node, ())]
        wish[node] = sum(near) / len(near) if near else float(at)
    row.sort(key=lambda node: wish[node])


def _crossings(rows: Sequence[Sequence[int]], afters: Mapping[int, list[int]]) -> int:
    """How often two pieces cross."""
    total = 0
    for row, below in pairwise(rows):
        place = {node: at for at, node in enumerate(below)}
        passed: list[int] = []
        for node in row:
            ends = sorted(place[each] for each in afters.get(node, ()))
            total += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return total
