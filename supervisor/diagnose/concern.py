"""How bad it is: a thread's kind with what the graph adds to it, its severity, and the warning that follows.

::

    rule's kind ─► ring, orphan ─► kind ─► lasted longer than its limit? ─► severity, warning ◄─ board

A kind that `follows` is no concern while what is waited for moves, or serves. Idle is none, however long it lasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from supervisor.diagnose.evidence import Confidence, Holder, Resource, ThreadReport
from supervisor.diagnose.kinds import KINDS, Kind, Limit
from supervisor.diagnose.scene import Scene
from supervisor.diagnose.verdict import Severity, WarningName
from supervisor.diagnose.waits import RANK, Edge, wanted

BADNESS: Final[Mapping[Severity, int]] = {"idle": 0, "busy": 0, "waiting": 1, "warning": 2, "stuck": 3}

_UNKNOWN: Final = KINDS["UNKNOWN"]
_MAY_REST: Final = frozenset({"poll", "accept", "signal", "sleep", "running", "unknown"})
_SAYS_ALL: Final = frozenset(
    {"TASKS_NOT_DONE", "FORK_LOCK", "QUEUE_CORRUPT", "POOL_TASK_LOST", "POOL_WEDGED", "POOL_RESPAWNS"}
    | {"POOL_RESULT_THREAD_DEAD", "STOPPED", "STARTING"}
)
"""Kinds that name the cause better than that it is a ring, or that nobody is left."""
_ENDS_THE_CHAIN: Final = frozenset(
    {"FORK_LOCK", "POOL_TASK_LOST", "POOL_WEDGED", "POOL_RESPAWNS", "POOL_RESULT_THREAD_DEAD"}
)
"""Kinds that nobody else can do anything about, although there are others."""
_LOCKS: Final = frozenset({"LOCK_WAIT", "SEM_WAIT", "QUEUE_EMPTY", "IDLE", "POOL_JOIN"})


@dataclass(frozen=True, slots=True)
class Concern:
    """What is the matter with one thread.

    Attributes:
        report: what the rules say of it.
        kind: by rule and graph.
        edges: whom it waits for, and that one, and so on; a ring's come back to it.
        root: the thread at the end of the chain; its own report when it waits for nobody known.
        lasted_s: for how long, as far as is known.
        board_says: why the board makes it worse: ``no heartbeat for 40 s``.
    """

    report: ThreadReport
    kind: Kind
    severity: Severity
    warning: WarningName
    confidence: Confidence
    edges: tuple[Edge, ...] = ()
    is_cycle: bool = False
    root: ThreadReport | None = None
    lasted_s: float = 0.0
    board_says: str = ""


class Concerns:
    """The concern of every thread of a scene, each made once."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._graph = scene.graph
        self._made: dict[str, Concern] = {}

    def of(self, report: ThreadReport) -> Concern:
        made = self._made.get(report.node)
        if made is None:
            self._made[report.node] = _unweighed(report)
            made = self._made[report.node] = self._with_board(self._weigh(report))
        return made

    def _weigh(self, report: ThreadReport) -> Concern:
        """Its concern, by those of whom it waits for: what waits in a ring is met by its own kind alone."""
        name, edges, is_cycle = self._kind(report)
        kind = KINDS.get(name, _UNKNOWN)
        lasted_s = self._lasted_s(report)
        root = self._graph.reports[edges[-1].node or edges[-1].waiter] if edges and not is_cycle else report
        is_grown = self._has_passed(kind, report, lasted_s, edges, is_cycle=is_cycle)
        if kind.follows and not is_cycle and is_grown and not self._is_held_up(report, edges):
            is_grown = False
        severity: Severity = kind.grown if is_grown else kind.severity
        return Concern(
            report=report,
            kind=kind,
            severity=severity,
            warning=kind.warning if is_grown else "",
            confidence=self._confidence(report, edges, kind),
            edges=edges,
            is_cycle=is_cycle,
            root=root,
            lasted_s=lasted_s,
        )

    # --- the kind ---

    def _kind(self, report: ThreadReport) -> tuple[str, tuple[Edge, ...], bool]:
        """The kind's name, whom it waits for, and whether that is a ring."""
        node, graph = report.node, self._graph
        chain = () if report.kind in _ENDS_THE_CHAIN else self._chain(node)
        if report.kind in _SAYS_ALL:
            is_refuted = report.kind == "POOL_WEDGED" and not graph.is_orphaned(node) and bool(graph.edges(node))
            return ("POOL_WAIT", self._chain(node), False) if is_refuted else (report.kind, chain, False)
        ring = graph.ring(node) if graph.is_deadlock(graph.cycle_of(node)) else ()
        if ring and self._is_told(ring):
            return ("SELF_DEADLOCK" if len(ring) == 1 else "DEADLOCK"), ring, True
        if graph.is_orphaned(node) and not report.kernel.has_timeout:
            return self._orphaned(report), chain, False
        if report.kind == "WLOCK_ORPHAN" and chain:
            return "WLOCK_WAIT", chain, False
        return ("HANG" if self._is_hang(report) else report.kind), chain, False

    def _chain(self, node: str) -> tuple[Edge, ...]:
        """Whom it waits for, each of them once."""
        chain = self._graph.chain(node)
        met = {edge.waiter for edge in chain}
        return chain[:-1] if chain and chain[-1].node in met else chain or self._sender(self._graph.reports[node])

    def _sender(self, report: ThreadReport) -> tuple[Edge, ...]:
        """The thread that cannot send what a process has put, where nobody is left to read it."""
        sender = report.details.get("sender", "")
        node = f"thread:{report.pid}:{sender}"
        if report.kind != "EXIT_FLUSH" or node not in self._graph.reports:
            return ()
        holder = Holder(report.pid, int(sender), True, "certain", "it cannot send it")
        return (Edge(report.node, Resource("thread", node, "the queue's sender"), holder, node),)

    def _is_told(self, ring: tuple[Edge, ...]) -> bool:
        """A ring is told as one unless a member has a better name for it, or a wait in it may well have an end."""
        members = (self._graph.reports[edge.waiter] for edge in ring)
        return not any(member.kind in _SAYS_ALL for member in members) and self._is_hopeless(ring)

    def _is_hopeless(self, edges: tuple[Edge, ...]) -> bool:
        """Whether no wait of these can end in a way that nobody sees.

        What can be set, a handler of signals may set; and who is idle may get its item from somebody else, unless it is
        likely who would have to send it.
        """
        return not any(
            edge.resource.kind == "signal"
            or (self._graph.reports[edge.waiter].is_idle and edge.holder.confidence == "possible")
            for edge in edges
        )

    def _orphaned(self, report: ThreadReport) -> str:
        """What it is called that nobody is left: only of locks, and of who waits for items, has that a name."""
        want = wanted(report)
        part = self._scene.part_of_queue(report)
        if part is not None and part.part == "wlock":
            return "WLOCK_ORPHAN"
        is_signal = report.resource.kind == "signal" or report.kind in ("SIGNAL_WAIT", "BARRIER_WAIT")
        if (
            is_signal
            or want.endswith(" writers")
            or (report.kind == "QUEUE_EMPTY" and part is None and want.startswith("channel:"))
        ):
            return "STARVED"
        is_lock = want.startswith("sem:") and (part is None or part.part == "rlock")
        return "ORPHANED_LOCK" if is_lock and report.kind in _LOCKS else report.kind

    def _is_hang(self, report: ThreadReport) -> bool:
        """A main thread of Python's that no rule knows, and that does not move."""
        return (
            report.kind == "UNKNOWN"
            and report.is_main
            and bool(report.frames)
            and not report.is_idle
            and not report.kernel.has_timeout
            and report.kernel.kind not in _MAY_REST
            and report.unchanged_s >= self._scene.limit(report.replica).hang_after_s
        )

    # --- how bad ---

    def _lasted_s(self, report: ThreadReport) -> float:
        """For how long it has not moved; one that is blocked on a channel of ours wakes up, and goes on waiting."""
        board = self._scene.board(report.replica)
        is_told = board.operation_since_s is not None and report.resource.id == f"channel:{board.channel}"
        if is_told and board.operation_since_s is not None:
            return max(report.unchanged_s, self._scene.now_s - board.operation_since_s)
        return report.unchanged_s

    def _limit_s(self, report: ThreadReport, after: Limit) -> float:
        limits = self._scene.limit(report.replica)
        return limits.hang_after_s if after == "hang_after" else limits.blocked_after_s

    def _has_passed(
        self, kind: Kind, report: ThreadReport, lasted_s: float, edges: tuple[Edge, ...], *, is_cycle: bool
    ) -> bool:
        """Whether it has lasted for as long as its kind may; of a ring that is not sure, or rests, for longer."""
        after = kind.after
        if is_cycle and any(RANK[edge.holder.confidence] < RANK["likely"] for edge in edges):
            after = "blocked_after"
        if is_cycle and any(self._graph.reports[edge.waiter].is_idle for edge in edges):
            after = "hang_after"
        if not after:
            return False
        return lasted_s > 0 if after == "at once" else lasted_s >= self._limit_s(report, after)

    def _is_held_up(self, report: ThreadReport, edges: tuple[Edge, ...]) -> bool:
        """Whether what it waits for will not come: nobody is left, or who should act is a concern as well."""
        if self._graph.is_orphaned(report.node):
            return report.resource.kind not in ("process", "thread")  # one that has ended is about to be joined
        if report.node in self._graph.doomed and self._is_hopeless(self._graph.chain(report.node)):
            return True
        holder = self._graph.reports.get(edges[0].node) if edges else None
        if holder is None or holder.node == report.node:
            return False
        if report.kind == "MANAGER_WAIT" and BADNESS[KINDS.get(holder.kind, _UNKNOWN).grown] > 0:
            return True  # it answers at once, or it is busy
        return BADNESS[self.of(holder).severity] >= BADNESS["warning"]

    def _confidence(self, report: ThreadReport, edges: tuple[Edge, ...], kind: Kind) -> Confidence:
        """No surer than the weakest of what the verdict rests on."""
        weighed: list[Confidence] = [report.confidence]
        if kind.is_of_graph:
            weighed += [edge.holder.confidence for edge in edges]
        if kind.name in ("ORPHANED_LOCK", "STARVED", "WLOCK_ORPHAN"):
            weighed.append("likely")
        return min(weighed, key=lambda each: RANK[each])

    # --- what the board adds ---

    def _with_board(self, made: Concern) -> Concern:
        report, scene = made.report, self._scene
        if not scene.is_leader(report):
            return made
        board = scene.board(report.replica)
        if board.stopping_since_s is not None:
            since_s = scene.now_s - board.stopping_since_s
            if since_s >= scene.limit(report.replica).blocked_after_s:
                return _worse(made, "JOIN", f"it was told to stop {since_s:.0f} s ago")
        if board.heartbeat_s is None or board.last_sign_s is None or report.is_idle or board.operation:
            return made
        silent_s = scene.now_s - board.last_sign_s
        return _worse(made, "HANG", f"no heartbeat for {silent_s:.0f} s") if silent_s > board.heartbeat_s else made


def _unweighed(report: ThreadReport) -> Concern:
    kind = KINDS.get(report.kind, _UNKNOWN)
    return Concern(report, kind, kind.severity, "", report.confidence)


def _worse(made: Concern, warning: WarningName, why: str) -> Concern:
    severity: Severity = made.severity if BADNESS[made.severity] >= BADNESS["warning"] else "warning"
    return replace(made, severity=severity, warning=made.warning or warning, board_says=why)
