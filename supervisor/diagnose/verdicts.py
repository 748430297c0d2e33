"""Verdicts: for each replica why it does not move, or what it does, by what rules and graph say of its threads.

::

    reports ─┐
    holders ─┴─► Scene ─► Concern, one for each thread ─► the few that matter of each replica ─► Verdict
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from supervisor.diagnose.concern import BADNESS, Concern, Concerns
from supervisor.diagnose.evidence import Dump, Holder, Look, ThreadReport
from supervisor.diagnose.remedies import REMEDIES, remedy, ways_out
from supervisor.diagnose.scene import BoardNote, Limits, Scene
from supervisor.diagnose.sentences import Sentences
from supervisor.diagnose.verdict import Verdict
from supervisor.diagnose.wording import Wording, counted, listed

__all__ = ["BoardNote", "Limits", "judge"]

_OF_ALL_THREADS: Final = frozenset({"STOPPED", "ZOMBIE"})
"""Kinds that all threads of a process are in: its main thread is enough."""
MOST_EACH: Final = 12
"""How many verdicts of one replica are told."""


def judge(
    reports: Sequence[ThreadReport],
    look: Look,
    dumps: Mapping[int, Dump],
    holders: Mapping[str, Sequence[Holder]],
    *,
    now_s: float,
    boards: Mapping[str, BoardNote],
    limits: Mapping[str, Limits],
) -> tuple[Verdict, ...]:
    """One verdict for each replica at least, the worst first; a replica's own are in the same order.

    Args:
        reports: one for each thread, `supervisor.diagnose.classify`.
        look: what they were made from.
        dumps: by pid.
        holders: `supervisor.diagnose.holders.find_holders`.
        now_s: monotonic.
        boards: by replica, what the engine knows of it.
        limits: by replica; the default ones where there is no entry.
    """
    scene = Scene(reports, look, dumps, holders, now_s=now_s, boards=boards, limits=limits)
    return _Bench(scene).judge()


class _Bench:
    """Makes the verdicts of one scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._concerns = Concerns(scene)
        self._words = Wording(scene)
        self._sentences = Sentences(scene, self._concerns, self._words)

    def judge(self) -> tuple[Verdict, ...]:
        found: list[Verdict] = []
        for replica, reports in self._scene.replicas.items():
            concerns = self._that_matter(self._concerns.of(report) for report in reports)
            verdicts = [self._verdict(concern) for concern in concerns[:MOST_EACH]]
            leaked = self._leaked(replica, reports)
            found += ([leaked] if leaked is not None else []) + verdicts or [self._nothing(replica)]
        return tuple(sorted(found, key=lambda verdict: (-BADNESS[verdict.severity], -len(verdict.blocks))))

    def _that_matter(self, concerns: Iterable[Concern]) -> list[Concern]:
        """The worst first; of what is no concern the leader's main thread only, and of a ring one thread."""
        found: list[Concern] = []
        rings: set[frozenset[str]] = set()
        for concern in sorted(concerns, key=self._order):
            ring = frozenset(edge.waiter for edge in concern.edges) if concern.is_cycle else frozenset()
            is_main = self._scene.is_leader(concern.report)
            if (
                (not concern.report.is_main and concern.kind.name in _OF_ALL_THREADS)
                or ring in rings
                or (found and not is_main and BADNESS[concern.severity] < BADNESS["waiting"])
            ):
                continue
            if ring:
                rings.add(ring)
            found.append(concern)
        return found

    def _order(self, concern: Concern) -> tuple[int, bool, int, bool, int, int]:
        bad = BADNESS[concern.severity]
        report = concern.report
        return (
            -bad if bad >= BADNESS["warning"] else 0,
            not self._scene.is_leader(report),
            -bad,
            not report.is_main,
            report.pid,
            report.tid,
        )

    def _verdict(self, concern: Concern) -> Verdict:
        report = concern.report
        blocks = self._blocks(concern)
        return Verdict(
            kind=concern.kind.name,
            severity=concern.severity,
            warning=concern.warning,
            replica=report.replica,
            pid=report.pid,
            tid=report.tid,
            thread=report.thread_name,
            sentence=self._sentences.sentence(concern, self._behind(concern, blocks)),
            chain=self._sentences.chain(concern),
            is_cycle=concern.is_cycle,
            evidence=self._sentences.evidence(concern),
            confidence=concern.confidence,
            remedy=remedy(concern),
            ways_out=ways_out(concern, self._scene, self._words),
            since_s=self._scene.now_s - concern.lasted_s if concern.lasted_s > 0 else None,
            blocks=blocks,
            stack=self._words.stack(report),
        )

    def _blocks(self, concern: Concern) -> tuple[str, ...]:
        """The other replicas that wait for this thread; those that are idle only where it is a concern itself."""
        graph = self._scene.graph
        is_bad = BADNESS[concern.severity] >= BADNESS["warning"]
        waiting = (graph.reports[node] for node in graph.waiters(concern.report.node, "likely"))
        names = {report.replica for report in waiting if is_bad or not report.is_idle}
        return tuple(sorted(names - {concern.report.replica, ""}))

    def _behind(self, concern: Concern, blocks: Sequence[str]) -> str:
        """Who waits for it, in a sentence; those of a ring are told already."""
        if BADNESS[concern.severity] < BADNESS["warning"] and concern.edges:
            return ""
        graph = self._scene.graph
        ring = {graph.reports[edge.waiter].replica for edge in concern.edges} if concern.is_cycle else set()
        behind = len(set(blocks) - ring)
        if behind:
            return f"{counted(behind, 'worker')} {'waits' if behind == 1 else 'wait'} for it."
        if BADNESS[concern.severity] < BADNESS["warning"] or concern.is_cycle or self._scene.is_leader(concern.report):
            return ""
        if concern.kind.name == "GIL_HELD":
            return ""  # its sentence says that the process cannot run
        waiters = (graph.reports[node] for node in sorted(graph.waiters(concern.report.node, "likely")))
        leader = next((report for report in waiters if self._scene.is_leader(report)), None)
        return f"{self._words.who(leader)} waits for it." if leader is not None else ""

    def _leaked(self, replica: str, reports: Sequence[ThreadReport]) -> Verdict | None:
        """The leader has ended, and children of it have not."""
        ended_s = self._scene.board(replica).ended_s
        mains = [report for report in reports if report.is_main and report.kind != "ZOMBIE"]
        if ended_s is None or not mains:
            return None
        left = listed([self._words.process(report.pid) for report in mains[:MOST_EACH]])
        what = counted(len(mains), "child").replace("childs", "children")
        first = self._concerns.of(mains[0])
        return Verdict(
            kind="LEAKED_CHILDREN",
            severity="warning",
            warning="LEAKED CHILDREN",
            replica=replica,
            pid=mains[0].pid,
            tid=mains[0].tid,
            sentence=f"{replica} has ended and left {what} behind: {left}.",
            chain=tuple(self._words.link(report, self._words.state(self._concerns.of(report))) for report in mains),
            evidence=self._sentences.evidence(first),
            confidence="certain",
            remedy=REMEDIES["LEAKED_CHILDREN"],
            since_s=ended_s,
            stack=self._words.stack(mains[0]),
        )

    def _nothing(self, replica: str) -> Verdict:
        look = self._scene.look
        is_left_out = any(look.owners.get(pid) == replica for pid in look.left_out)
        why = "there was no time for it, look again" if is_left_out else "it has no process, or may not be looked into"
        return Verdict(
            kind="UNKNOWN",
            severity="waiting",
            replica=replica,
            pid=0,
            tid=0,
            sentence=f"Nothing can be seen of {replica}: {why}.",
            confidence="possible",
        )
