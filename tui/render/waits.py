"""Who waits for whom over all workers, as a forest: at each root who holds the others up, below it who waits for that.

::

    chains of verdicts ─► edges ─► rings (those who wait for each other) and trees of waiters below them ─► lines
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from supervisor.api.hangs import ChainLink, Verdict
from tui.render.figures import plural
from tui.render.glyphs import Glyphs
from tui.render.hang_words import place_words, thread_words
from tui.render.pieces import Line, Tone, cut_line, plain

Key = tuple[int, int]
"""A process and its thread; thread 0 where none is named."""

Edges = dict[Key, dict[Key, None]]

MOST_LINES: Final = 400
MOST_MEMBERS: Final = 4
"""A ring of more is told of by its first."""


@dataclass
class Waits:
    """The edges of all chains. Built once for each reply; holds no more than the verdicts do."""

    links: dict[Key, ChainLink] = field(default_factory=dict)
    waits_for: Edges = field(default_factory=dict)
    waiters: Edges = field(default_factory=dict)

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Waits:
        """What the chains of `verdicts` say together."""
        waits = cls()
        for verdict in verdicts:
            chain = verdict.chain
            for link in chain:
                waits.links.setdefault(_key(link), link)
            pairs = list(pairwise(chain))
            if verdict.is_cycle and chain:
                pairs.append((chain[-1], chain[0]))
            for waiter, holder in pairs:
                waits.waits_for.setdefault(_key(waiter), {})[_key(holder)] = None
                waits.waiters.setdefault(_key(holder), {})[_key(waiter)] = None
        return waits

    def all_from(self, keys: Iterable[Key], edges: Edges) -> dict[Key, None]:
        """Everyone that is reached from `keys`, who are left out unless they are reached too."""
        reached: dict[Key, None] = {}
        rest = list(keys)
        while rest:
            for near in edges.get(rest.pop(), {}):
                if near not in reached:
                    reached[near] = None
                    rest.append(near)
        return reached

    def rings(self) -> list[tuple[Key, ...]]:
        """All of them in groups of those who wait for each other, most of them of one; each in the order of waiting.

        The strongly connected components of the graph (Kosaraju).
        """
        placed: set[Key] = set()
        rings = []
        for start in reversed(_finished(self.links, self.waits_for)):
            if start in placed:
                continue
            members, rest = {start}, [start]
            while rest:
                fresh = [key for key in self.waiters.get(rest.pop(), {}) if key not in placed and key not in members]
                members.update(fresh)
                rest += fresh
            placed |= members
            rings.append(self._in_order(members))
        return rings

    def _in_order(self, members: set[Key]) -> tuple[Key, ...]:
        """`members` from the first that was told of on, each followed by one that it waits for where there is one."""
        told = [key for key in self.links if key in members] if len(members) > 1 else list(members)
        ring = {told[0]: None}
        at = told[0]
        while following := [key for key in self.waits_for.get(at, {}) if key in members and key not in ring]:
            at = following[0]
            ring[at] = None
        return (*ring, *(key for key in told if key not in ring))

    def is_ring(self, ring: Sequence[Key]) -> bool:
        """Whether those of `ring` wait for each other, or the only one for itself."""
        return len(ring) > 1 or ring[0] in self.waits_for.get(ring[0], {})

    def roots(self) -> list[tuple[Key, ...]]:
        """Who holds others up and waits for nobody else, one or a ring; rings and who blocks most come first."""
        found = [
            ring
            for ring in self.rings()
            if any(key in self.waiters for key in ring)
            and all(near in ring for key in ring for near in self.waits_for.get(key, {}))
        ]
        return sorted(found, key=lambda ring: (-len(self.blocked_by(ring)), not self.is_ring(ring)))

    def blocked_by(self, ring: Sequence[Key]) -> tuple[str, ...]:
        """The workers, beside its own, that wait for `ring`, directly or through others."""
        own = {self.links[key].replica for key in ring}
        behind = self.all_from(ring, self.waiters)
        return tuple(dict.fromkeys(self.links[key].replica for key in behind if self.links[key].replica not in own))


def _key(link: ChainLink) -> Key:
    return link.pid, link.tid or 0


def _finished(keys: Iterable[Key], edges: Edges) -> list[Key]:
    """`keys` in the order in which a walk along `edges`, depth first, is done with them."""
    order: list[Key] = []
    seen: set[Key] = set()
    for start in keys:
        walk = [] if start in seen else [(start, iter(edges.get(start, {})))]
        seen.add(start)
        while walk:
            key, rest = walk[-1]
            near = next((each for each in rest if each not in seen), None)
            if near is None:
                order.append(key)
                walk.pop()
            else:
                seen.add(near)
                walk.append((near, iter(edges.get(near, {}))))
    return order


def root_words(waits: Waits, ring: Sequence[Key]) -> str:
    """``parse.1 (pid 12) blocks 7 workers``; of a ring all its members, up to some."""
    members = [waits.links[key] for key in ring]
    workers = {link.replica for link in members}
    has_threads = len({link.pid for link in members}) < len(members)
    whole = [thread_words(link.pid, link.thread if has_threads else "") for link in members]
    if len(workers) > 1 or len(members) == 1:
        whole = [f"{plain(link.replica)} ({who})" if link.replica else who
                 for link, who in zip(members, whole, strict=True)]  # fmt: skip
    told = whole[:MOST_MEMBERS] + ([f"{len(members) - MOST_MEMBERS} more"] if len(members) > MOST_MEMBERS else [])
    names = ", ".join(told[:-1]) + (" and " if len(told) > 1 else "") + told[-1]
    if len(workers) == 1 and len(members) > 1:
        names = f"{plain(members[0].replica)}: {names}"
    blocked = waits.blocked_by(ring)
    if not blocked:
        return f"{names} {'wait for each other' if len(ring) > 1 else 'waits for itself'}"
    return f"{names} {'block' if len(ring) > 1 else 'blocks'} {plural(len(blocked), 'worker')}"


def forest_lines(verdicts: Iterable[Verdict], glyphs: Glyphs, width: int) -> list[Line]:
    """The whole forest, one line for each who waits or is waited for; empty where nobody waits for anybody."""
    waits = Waits.of(verdicts)
    lines: list[Line] = []
    everybody: set[Key] = set()
    drawn: set[Key] = set()
    for ring in waits.roots():
        everybody.update(ring, waits.all_from(ring, waits.waiters))
        if len(lines) >= MOST_LINES:
            continue
        lines += [()] if lines else []
        drawn.update(ring)
        lines += _root(waits, ring, glyphs, width)
        _below(waits, ring, 1, drawn, lines, glyphs, width)
    if len(everybody) > len(drawn):
        lines.append(((f"   {glyphs.ellipsis} and {len(everybody) - len(drawn)} more", Tone.DIM),))
    return lines


def _root(waits: Waits, ring: Sequence[Key], glyphs: Glyphs, width: int) -> list[Line]:
    begins, goes_on, closes = glyphs.ring
    if not waits.is_ring(ring):
        return [_node(waits, ring[0], f" {glyphs.points} ", Tone.AMBER, glyphs, width)]
    lines = []
    for index, key in enumerate(ring):
        edge = begins if index == 0 else goes_on
        lines.append(_node(waits, key, f" {edge}{glyphs.points} ", Tone.RED, glyphs, width))
    lines.append(((f" {closes}{glyphs.points} ", Tone.RED), ("and round again", Tone.DIM)))
    return lines


def _below(
    waits: Waits, keys: Sequence[Key], depth: int, drawn: set[Key], lines: list[Line], glyphs: Glyphs, width: int
) -> None:
    """Those who wait for `keys`, each with its own waiters below it; whoever is drawn already is not drawn again."""
    lead = " " * min(1 + 2 * depth, width // 2) + f"{glyphs.branch} "
    for key in keys:
        for waiter in waits.waiters.get(key, {}):
            if waiter in drawn or len(lines) >= MOST_LINES:
                continue
            drawn.add(waiter)
            lines.append(_node(waits, waiter, lead, Tone.DIM, glyphs, width))
            _below(waits, (waiter,), depth + 1, drawn, lines, glyphs, width)


def _node(waits: Waits, key: Key, lead: str, tone: Tone, glyphs: Glyphs, width: int) -> Line:
    link = waits.links[key]
    pieces: Line = (
        (lead, tone),
        (plain(link.replica) or "a process that is no worker's", Tone.STRONG),
        (f"  {thread_words(link.pid, link.thread)}  ", Tone.DIM),
        (plain(link.does), Tone.PLAIN),
    )
    if link.frame is not None:
        place = (f"  {place_words(link.frame)}  ", Tone.DIM)
        pieces = (*pieces, place, (plain(link.frame.source.strip()), Tone.ACCENT))
    return cut_line(pieces, width, glyphs.ellipsis)
