"""What each worker's process tree costs: CPU, memory and processes, from one look at the process table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from supervisor import proctable
from supervisor.proctable import ProcessEntry, Table


@dataclass(frozen=True, slots=True)
class TreeSample:
    """One worker's tree at one time."""

    cpu_percent: float
    """Of one core, since the last sample; 0 at the first."""
    rss_bytes: int
    processes: tuple[ProcessEntry, ...]
    """Its living processes, the leader first."""
    cpu_percents: Mapping[int, float] = field(default_factory=dict)
    """Of each of them, by pid."""


class Sampler:
    """Turns successive looks at the process table into rates.

    CPU time of a process that ended between two looks is not seen; one that is new counts from its start.
    """

    def __init__(self) -> None:
        self._cpu_s: dict[tuple[int, int], float] = {}
        self._at_s: float | None = None

    def sample(self, roots: Iterable[int], table: Table, now_s: float) -> Mapping[int, TreeSample]:
        """A sample of the tree below each root that lives; roots that are gone are left out."""
        elapsed_s = None if self._at_s is None else max(now_s - self._at_s, 1e-6)
        children = proctable.children_of(table)
        seen: dict[tuple[int, int], float] = {}
        samples = {}
        for root in roots:
            tree = proctable.tree_of(root, table, children)
            if not tree:
                continue
            per_s = 100.0 / elapsed_s if elapsed_s else 0.0
            percents = {}
            for entry in tree:
                identity = (entry.pid, entry.start_ticks)
                seen[identity] = entry.cpu_s
                spent_s = entry.cpu_s - self._cpu_s.get(identity, 0.0 if elapsed_s else entry.cpu_s)
                percents[entry.pid] = max(0.0, per_s * spent_s)
            samples[root] = TreeSample(
                cpu_percent=sum(percents.values()),
                cpu_percents=percents,
                rss_bytes=sum(entry.rss_bytes for entry in tree),
                processes=tuple(tree),
            )
        self._cpu_s, self._at_s = seen, now_s
        return samples
