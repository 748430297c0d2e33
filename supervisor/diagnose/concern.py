"""How bad it is: a thread's kind with what the graph adds to it, its severity, and the warning that follows.

::

    rule's kind ─► ring, orphan, pool, board ─► kind ─► lasted longer than its limit? ─► severity, warning

A kind that `follows` is never worse than what is waited for. Idle is no concern, however long it lasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from supervisor.diagnose.evidence import Confidence, ThreadReport
from supervisor.diagnose.kinds import KINDS, Kind
from supervisor.diagnose.scene import Scene
from supervisor.diagnose.verdict import Severity, WarningName
from supervisor.diagnose.waits import RANK, Edge, wanted

BADNESS: Final[Mapping[Severity, int]] = {"idle": 0, "busy": 0, "waiting": 1, "warning": 2, "stuck": 3}

_UNKNOWN: Final = KINDS["UNKNOWN"]
_MAY_REST: Final = frozenset({"poll", "accept", "signal", "sleep", "running", "unknown"})


@dataclass(frozen=True, slots=True)
class Concern:
    """What is the matter with one thread.

    Attributes:
        report: what the rules say of it.
        kind: by rule and graph.
        edges: whom it waits for; a ring's come back to it.
        root: the thread at the end of the chain; its own report when it waits for nobody known.
        lasted_s: for how long, as far as is known.
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
    """Why the board makes it worse: ``no heartbeat for 40 s``."""


class Concerns:
    """The concern of every thread of a scene, each made once."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._graph = scene.graph
        self._made: dict[str, Concern] = {}
        self._under_way: set[str] = set()

    def of(self, report: ThreadReport) -> Concern:
        made = self._made.get(report.node)
        if made is None:
            self._under_way.add(report.node)
            made = self._made[report.node] = self._weigh(report)
            self._under_way.discard(report.node)
        return made

    def _weigh(self, report: ThreadReport) -> Concern:
        name, edges, is_cycle = self._kind(report)
        kind = KINDS.get(name, _UNKNOWN)
        root = self._graph.reports.get(self._graph.root(report.node)) if not is_cycle else report
        lasted_s = self._lasted_s(report)
        has_passed = self._has_passed(kind, report, lasted_s, edges, is_cycle=is_cycle)
        severity: Severity = kind.grown if has_passed else kind.severity
        warning: WarningName = kind.warning if has_passed else ""
        if kind.follows and not is_cycle:
            severity, warning = self._no_worse_than(report, root, severity, warning)
        made = Concern(
            report=report,
            kind=kind,
            severity=severity,
            warning=warning,
            confidence=self._confidence(report, edges, kind),
            edges=edges,
            is_cycle=is_cycle,
            root=root,
            lasted_s=lasted_s,
        )
        return self._with_board(made)

    # --- the kind ---

    def _kind(self, report: ThreadReport) -> tuple[str, tuple[Edge, ...], bool]:
        """The kind's name, whom it waits for, and whether that is a ring."""
        node, graph = report.node, self._graph
        ring = graph.ring(node) if graph.is_deadlock(graph.cycle_of(node)) else ()
        if ring and self._is_told(ring):
            return ("SELF_DEADLOCK" if len(ring) == 1 else "DEADLOCK"), ring, True
        chain = graph.chain(node)
        if graph.is_orphaned(node):
            return self._orphaned(report), chain, False
        if report.kind == "WLOCK_ORPHAN" and chain:
            return "WLOCK_WAIT", chain, False
        if report.kind == "POOL_WAIT":
            return self._pool(report), chain, False
        if self._is_hang(report):
            return "HANG", chain, False
        return report.kind, chain, False

    def _is_told(self, ring: tuple[Edge, ...]) -> bool:
        """A ring of nothing but idle waits counts only when it is known who would have to act."""
        members = [self._graph.reports[edge.waiter] for edge in ring]
        return not all(member.is_idle for member in members) or all(
            RANK[edge.holder.confidence] >= RANK["likely"] for edge in ring
        )

    def _orphaned(self, report: ThreadReport) -> str:
        want = wanted(report)
        is_signal = report.resource.kind == "signal" or report.kind in ("SIGNAL_WAIT", "BARRIER_WAIT")
        if want.startswith("sem:") and not is_signal and not want.endswith(("readers", "writers")):
            part = self._scene.part_of_queue(report)
            if part is not None and part.part == "sem":
                return "STARVED"
            return "WLOCK_ORPHAN" if part is not None and part.part == "wlock" else "ORPHANED_LOCK"
        if report.kind == "QUEUE_CORRUPT":
            return report.kind
        if is_signal or want.endswith((" readers", " writers")):
            return "STARVED"
        return report.kind

    def _pool(self, report: ThreadReport) -> str:
        """A pool whose members all wait for tasks, while somebody waits for a result, has lost it."""
        members = [self._graph.reports[edge.node] for edge in self._graph.edges(report.node) if edge.node]
        if not members or report.unchanged_s <= 0:
            return report.kind
        if all(self._graph.is_orphaned(member.node) for member in members):
            return "POOL_WEDGED"
        if not all(member.is_idle for member in members) or not self._are_handlers_at_rest(report.pid):
            return report.kind
        return "POOL_TASK_LOST"

    def _are_handlers_at_rest(self, pid: int) -> bool:
        """The pool's own threads wait as well: none feeds tasks from a slow iterator, none runs a callback."""
        for report in self._graph.reports.values():
            functions = [frame.function.rpartition(".")[2] for frame in report.frames] if report.pid == pid else []
            if "_handle_tasks" in functions and functions[0] not in ("_handle_tasks", "get"):
                return False
            if "_handle_results" in functions and functions[0] not in ("_recv", "_handle_results"):
                return False
        return True

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
        if board.operation_since_s is not None and report.resource.id == f"channel:{board.channel}":
            return max(report.unchanged_s, self._scene.now_s - board.operation_since_s)
        return report.unchanged_s

    def _has_passed(
        self, kind: Kind, report: ThreadReport, lasted_s: float, edges: tuple[Edge, ...], *, is_cycle: bool
    ) -> bool:
        limits = self._scene.limit(report.replica)
        if not kind.after:
            return False
        after = kind.after
        if is_cycle and any(RANK[edge.holder.confidence] < RANK["likely"] for edge in edges):
            after = "blocked_after"
        if is_cycle and any(self._graph.reports[edge.waiter].is_idle for edge in edges):
            after = "hang_after"
        if after == "at once":
            return lasted_s > 0 or kind.name == "LEAKED_CHILDREN"
        return lasted_s >= (limits.hang_after_s if after == "hang_after" else limits.blocked_after_s)

    def _no_worse_than(
        self, report: ThreadReport, root: ThreadReport | None, severity: Severity, warning: WarningName
    ) -> tuple[Severity, WarningName]:
        if root is None or root.node == report.node or root.node in self._under_way:
            return ("waiting", "")
        bad = self.of(root).severity
        if BADNESS[bad] >= BADNESS[severity]:
            return severity, warning
        return (bad, warning) if BADNESS[bad] >= BADNESS["warning"] else ("waiting", "")

    def _confidence(self, report: ThreadReport, edges: tuple[Edge, ...], kind: Kind) -> Confidence:
        """No surer than the weakest of what the verdict rests on."""
        weighed: list[Confidence] = [report.confidence]
        if kind.is_of_graph:
            weighed += [edge.holder.confidence for edge in edges]
            if kind.name in ("ORPHANED_LOCK", "STARVED"):
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


def _worse(made: Concern, warning: WarningName, why: str) -> Concern:
    severity: Severity = made.severity if BADNESS[made.severity] >= BADNESS["warning"] else "warning"
    return replace(made, severity=severity, warning=made.warning or warning, board_says=why)
