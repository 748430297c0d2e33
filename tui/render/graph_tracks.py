"""Which track each line takes in the gap between two layers, so that lines that have nothing in common stay apart.

Lines with one source run together until they part, and lines with one target from where they meet: a net. This is
channel routing by the left-edge algorithm (Hashimoto and Stevens, 1971), with its vertical constraints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class Pin(NamedTuple):
    """Where a line enters or leaves a gap."""

    node: int
    at: int
    """The cell across."""
    is_lane: bool = False
    """It turns into a lane that goes back: it does not reach the other side of the gap."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The pairs of pins that are to be joined, each from its source to its target."""

    pairs: tuple[tuple[Pin, Pin], ...]


@dataclass(frozen=True, slots=True)
class Tracks:
    """Which track each pair has, from 0; one that runs straight needs none, and has 0."""

    of: Mapping[tuple[int, int], int]
    count: int
    is_plain: bool
    """Nobody can take a line for one that it is not: where two lie on each other, all of both are joined anyway."""


_Name = tuple[Literal["from", "to"], int]


@dataclass
class _Net:
    """Lines that run together."""

    low: int
    high: int
    sources: dict[int, int] = field(default_factory=dict)
    """Nodes on the side of the sources, by the cell across in which it comes in."""
    targets: dict[int, int] = field(default_factory=dict)
    track: int = 0


def tracks_of(gap: Gap) -> Tracks:
    """The tracks of a gap: as few as there can be in this order."""
    names = _names(gap)
    nets: dict[_Name, _Net] = {}
    for pair, name in names.items():
        one, other = pair
        net = nets.setdefault(name, _Net(one.at, one.at))
        net.low, net.high = min(net.low, one.at, other.at), max(net.high, one.at, other.at)
        if not one.is_lane:
            net.sources[one.at] = one.node
        if not other.is_lane:
            net.targets[other.at] = other.node
    bent = {name: net for name, net in nets.items() if net.low != net.high}
    order = _in_order(bent)
    for index, (name, after) in enumerate(order):
        net = bent[name]
        least = max((bent[each].track + 1 for each in after), default=0)
        taken = {
            other.track
            for other in (bent[each] for each, _ in order[:index])
            if net.low <= other.high and other.low <= net.high
        }
        net.track = next(track for track in range(least, least + len(taken) + 1) if track not in taken)
    count = max((net.track + 1 for net in bent.values()), default=0)
    joined = {(one.node, other.node) for one, other in gap.pairs}
    is_plain = all(
        _may_touch(bent[name], bent[before], joined)
        for name, befores in _befores(bent).items()
        for before in befores
        if bent[before].track >= bent[name].track
    )
    return Tracks({(one.node, other.node): nets[name].track for (one, other), name in names.items()}, count, is_plain)


def _may_touch(one: _Net, other: _Net, joined: set[tuple[int, int]]) -> bool:
    """Whether every source of both leads to every target of both."""
    targets = (*one.targets.values(), *other.targets.values())
    return all((source, target) in joined for net in (one, other) for source in net.sources.values()
               for target in targets)  # fmt: skip


def _names(gap: Gap) -> dict[tuple[Pin, Pin], _Name]:
    """Of each pair the net it belongs to: that of its source where that has several lines, else that of its target."""
    outs = Counter(one.node for one, _ in gap.pairs)
    ins = Counter(other.node for _, other in gap.pairs)
    return {
        (one, other): ("from", one.node) if outs[one.node] > 1 or ins[other.node] == 1 else ("to", other.node)
        for one, other in gap.pairs
    }


def _befores(nets: Mapping[_Name, _Net]) -> dict[_Name, set[_Name]]:
    """Of each net those whose track has to come before its own: what comes in by a cell leaves it before another
    arrives there."""
    return {
        name: {other for other, its in nets.items() if other != name and its.sources.keys() & net.targets.keys()}
        for name, net in nets.items()
    }


def _in_order(nets: Mapping[_Name, _Net]) -> list[tuple[_Name, set[_Name]]]:
    """Nets, each with those before it whose track has to come before; as far as that does not go round in a circle."""
    befores = _befores(nets)
    order: list[tuple[_Name, set[_Name]]] = []
    done: set[_Name] = set()
    while len(order) < len(nets):
        left = [name for name in nets if name not in done]
        ready = [name for name in left if befores[name] <= done]
        ready = sorted(ready, key=lambda name: nets[name].low) or [
            min(left, key=lambda name: len(befores[name] - done))
        ]
        order += [(name, befores[name] & done) for name in ready]
        done.update(ready)
    return order
