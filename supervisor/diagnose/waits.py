"""The waits-for graph: who waits for whom, in which rings, behind whom, and who can never go on. It reads nothing.

::

    thread ──waits for──► resource ──held by──► thread          thread:PID:TID ──► sem:INODE ──► thread:PID:TID

A thread waits for one resource, and any one of its holders may let it go on: a ring is a deadlock only when nobody
outside it could help one of its members.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from supervisor.diagnose.evidence import Confidence, Holder, Resource, ThreadReport

_WANT_READERS: Final = frozenset(
    {"QUEUE_FULL", "FEEDER_FULL", "EXIT_FLUSH", "PIPE_FULL", "STDOUT_BLOCKED", "LOG_BACKPRESSURE", "TASKS_NOT_DONE"}
)
_WANT_WRITERS: Final = frozenset({"QUEUE_EMPTY", "PIPE_EMPTY", "QUEUE_CORRUPT", "INPUT_WAIT"})
_WAIT_FOR_A_THREAD: Final = frozenset({"THREAD_JOIN", "EXIT_WAITS_THREAD", "EXECUTOR_JOIN", "POOL_JOIN"})
_READS: Final = frozenset({"read", "receive", "poll"})
_WRITES: Final = frozenset({"write", "send"})
_WAITS_FOR_NOBODY: Final = frozenset({"running", "sleep", "stopped", "zombie", "uninterruptible"})

RANK: Final[Mapping[Confidence, int]] = {"certain": 2, "likely": 1, "possible": 0}


def _thread_joined(report: ThreadReport) -> str:
    """The thread of its own process that a thread joins, as the stack tells, where no resource is known."""
    if report.resource.kind != "none":
        return ""
    subjects = (frame.subject.removeprefix("thread:") for frame in report.frames if frame.subject.startswith("thread:"))
    return next((tid for tid in subjects if tid.isdecimal() and int(tid) not in (0, report.tid)), "")


def side_wanted(report: ThreadReport) -> str:
    """``readers`` or ``writers``: who must act on the queue or pipe that the thread is blocked on; empty: no such."""
    if report.resource.kind not in ("queue", "pipe", "socket", "none"):
        return ""
    if report.kind in _WANT_READERS:
        return "readers"
    if report.kind in _WANT_WRITERS:
        return "writers"
    if report.kernel.kind in _WRITES:
        return "readers"
    return "writers" if report.kernel.kind in _READS else ""


def wanted(report: ThreadReport) -> str:
    """What must be let go of, or acted on, so that the thread goes on; empty when it waits for nobody.

    The id of the resource; of a queue or pipe with the side that must act: ``pipe:[4711] readers``. A thread that the
    kernel shows in a semaphore wants that semaphore, whatever the semaphore is a part of.
    """
    resource, kernel = report.resource, report.kernel
    if kernel.kind in _WAITS_FOR_NOBODY or report.kind in ("STOPPED", "ZOMBIE"):
        return ""
    if kernel.kind == "gil":
        return f"gil:{report.pid}"
    if report.kind in _WAIT_FOR_A_THREAD and (tid := _thread_joined(report)):
        return f"thread:{report.pid}:{tid}"
    if kernel.resource.startswith("sem:") and not resource.id.startswith("channel:"):
        return kernel.resource
    name = resource.id
    if resource.kind == "none":
        if report.is_idle:
            return ""
        name = kernel.resource
    if name.startswith(("pipe:", "socket:", "channel:")):
        side = side_wanted(report)
        return f"{name} {side}" if side else name
    return name


@dataclass(frozen=True, slots=True)
class Edge:
    """One thread waits for another, or for a process of which no thread was seen.

    Attributes:
        waiter: the node of the thread that waits.
        resource: what it waits for, as its report says.
        holder: who could let it go on.
        node: the holder's node; empty where none of its threads was seen, or it is dead.
    """

    waiter: str
    resource: Resource
    holder: Holder
    node: str


class Graph:
    """All threads that were seen and whom they wait for.

    Args:
        reports: one for each thread.
        holders: by what `wanted` says; no entry where the holders are not known, an empty one where there are none.
    """

    def __init__(self, reports: Iterable[ThreadReport], holders: Mapping[str, Sequence[Holder]]) -> None:
        self.reports: Mapping[str, ThreadReport] = {report.node: report for report in reports}
        self._mains: dict[int, str] = {}
        for node, report in self.reports.items():
            if report.is_main or report.pid not in self._mains:
                self._mains[report.pid] = node
        self._is_known: set[str] = set()
        self._edges: dict[str, tuple[Edge, ...]] = {}
        for node, report in self.reports.items():
            want = wanted(report)
            if want and want in holders:
                self._is_known.add(node)
                self._edges[node] = self._edges_of(report, holders[want])
        self._waiters: dict[str, list[Edge]] = {}
        for edges in self._edges.values():
            for edge in edges:
                if edge.node:
                    self._waiters.setdefault(edge.node, []).append(edge)

    def _edges_of(self, report: ThreadReport, holders: Sequence[Holder]) -> tuple[Edge, ...]:
        edges = [Edge(report.node, report.resource, holder, self._node_of(holder)) for holder in holders]
        return tuple(sorted(edges, key=lambda edge: (not edge.holder.is_alive, -RANK[edge.holder.confidence])))

    def _node_of(self, holder: Holder) -> str:
        """The thread that holds, if it is known and was seen, else the main thread."""
        if not holder.is_alive:
            return ""
        node = f"thread:{holder.pid}:{holder.tid}"
        return node if node in self.reports else self._mains.get(holder.pid, "")

    def edges(self, node: str) -> tuple[Edge, ...]:
        """Whom a thread waits for, the surest first."""
        return self._edges.get(node, ())

    def is_orphaned(self, node: str) -> bool:
        """It is known that nobody who lives could let it go on."""
        return node in self._is_known and not any(edge.holder.is_alive for edge in self.edges(node))

    @cached_property
    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """The knots: all groups of threads that wait for each other, directly or through others of the group."""
        return tuple(
            tuple(sorted(group))
            for group in _strongly_connected({node: self._next(node) for node in self.reports})
            if len(group) > 1 or group[0] in self._next(group[0])
        )

    def _next(self, node: str) -> list[str]:
        return [edge.node for edge in self.edges(node) if edge.node]

    def cycle_of(self, node: str) -> tuple[str, ...]:
        """The knot that a thread is in; empty when it is in none."""
        return next((cycle for cycle in self.cycles if node in cycle), ())

    @cached_property
    def doomed(self) -> frozenset[str]:
        """Threads that nobody who can still move could let go on: all holders are dead, or doomed themselves.

        A wait that ends by itself dooms nobody, nor does one whose holders are not known.
        """
        doomed = {node for node in self._is_known if not self.reports[node].kernel.has_timeout}
        free = deque(node for node in self.reports if node not in doomed)
        for node in tuple(doomed):
            if any(edge.holder.is_alive and not edge.node for edge in self.edges(node)):
                doomed.discard(node)
                free.append(node)
        while free:
            for edge in self._waiters.get(free.popleft(), ()):
                if edge.waiter in doomed:
                    doomed.discard(edge.waiter)
                    free.append(edge.waiter)
        return frozenset(doomed)

    def is_deadlock(self, cycle: Sequence[str]) -> bool:
        """Nobody outside the knot could help one of its members."""
        return bool(cycle) and all(node in self.doomed for node in cycle)

    def ring(self, node: str) -> tuple[Edge, ...]:
        """The shortest way from a thread through whom it waits for back to itself; empty when there is none."""
        before: dict[str, Edge] = {}
        queue = deque([node])
        while queue:
            for edge in self.edges(queue.popleft()):
                if edge.node == node:
                    return (*self._way(before, node, edge.waiter), edge)
                if edge.node and edge.node not in before:
                    before[edge.node] = edge
                    queue.append(edge.node)
        return ()

    @staticmethod
    def _way(before: Mapping[str, Edge], start: str, end: str) -> tuple[Edge, ...]:
        edges = []
        while end != start:
            edges.append(before[end])
            end = before[end].waiter
        return tuple(reversed(edges))

    def chain(self, node: str) -> tuple[Edge, ...]:
        """Whom a thread waits for, whom that one, and so on: each time the surest holder, while there is a new one."""
        edges: list[Edge] = []
        met = {node}
        while (found := self.edges(node)) and found[0].holder.is_alive:
            edges.append(found[0])
            node = found[0].node
            if not node or node in met:
                break
            met.add(node)
        return tuple(edges)

    def root(self, node: str) -> str:
        """The last of the chain that was seen: who could move; the thread itself when it waits for nobody."""
        edges = self.chain(node)
        return (edges[-1].node or edges[-1].waiter) if edges else node

    def waiters(self, node: str, at_least: Confidence = "possible") -> frozenset[str]:
        """Everybody who waits for a thread, directly or through others, over edges that are at least so sure."""
        found: set[str] = set()
        queue = [node]
        while queue:
            for edge in self._waiters.get(queue.pop(), ()):
                if RANK[edge.holder.confidence] >= RANK[at_least] and edge.waiter not in found:
                    found.add(edge.waiter)
                    queue.append(edge.waiter)
        return frozenset(found)


def _strongly_connected(following: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The strongly connected components of a graph: Tarjan's algorithm (SIAM J. Comput. 1, 1972), without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    is_on_stack: set[str] = set()
    found = []
    for start in following:
        if start in index:
            continue
        work = [(start, iter(following[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        is_on_stack.add(start)
        while work:
            node, rest = work[-1]
            ahead = next(rest, None)
            if ahead is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    found.append(_cut_off(stack, is_on_stack, node))
            elif ahead not in index:
                index[ahead] = low[ahead] = len(index)
                stack.append(ahead)
                is_on_stack.add(ahead)
                work.append((ahead, iter(following[ahead])))
            elif ahead in is_on_stack:
                low[node] = min(low[node], index[ahead])
    return found


def _cut_off(stack: list[str], is_on_stack: set[str], root: str) -> list[str]:
    group = []
    while True:
        node = stack.pop()
        is_on_stack.discard(node)
        group.append(node)
        if node == root:
            return group
