"""The people's words of verdicts: who a thread is, what it waits for, what it does. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from supervisor.diagnose.concern import Concern
from supervisor.diagnose.ends import USED
from supervisor.diagnose.evidence import ThreadReport
from supervisor.diagnose.kinds import KINDS
from supervisor.diagnose.scene import Scene
from supervisor.diagnose.signatures import own_frame, place_of
from supervisor.diagnose.verdict import ChainLink, StackFrame
from supervisor.diagnose.waits import Edge, wanted

_WAITS: Final[Mapping[str, str]] = {
    "QUEUE_FULL": "waits for room in {r}, which is full",
    "QUEUE_EMPTY": "waits for an item from {r}, which is empty",
    "QUEUE_CORRUPT": "waits for the rest of a message in {r} that never comes",
    "FEEDER_FULL": "waits for a reader of {r}",
    "WLOCK_WAIT": "waits for its turn to write to {r}",
    "WLOCK_ORPHAN": "waits for the write lock of {r}",
    "PIPE_EMPTY": "waits for a message from {r}, which is empty",
    "PIPE_FULL": "waits for room in {r}, which is full",
    "TASKS_NOT_DONE": "waits for task_done() of every item of {r}",
    "LOCK_WAIT": "waits for {r}",
    "SEM_WAIT": "waits for {r}",
    "THREAD_LOCK": "waits for {r}",
    "ORPHANED_LOCK": "waits for {r}",
    "SIGNAL_WAIT": "waits for {r} to be set",
    "BARRIER_WAIT": "waits at {r} for the others",
    "FLOCK": "waits for the lock on {r}",
    "JOIN": "waits for {r} to end",
    "EXIT_WAITS_CHILD": "has finished and waits for {r} to end",
    "EXIT_WAITS_THREAD": "has finished and waits for {r} to end",
    "EXIT_FLUSH": "has finished and cannot exit, because what it put on {r} was never read",
    "THREAD_JOIN": "waits for {r} to end",
    "POOL_WAIT": "waits for a result of {r}",
    "POOL_TASK_LOST": "waits for a result of {r} that never comes",
    "POOL_WEDGED": "waits for {r}, whose members wait for a lock that died with one of them",
    "POOL_JOIN": "waits for {r} to end",
    "MANAGER_WAIT": "waits for an answer of {r}",
    "NET": "waits for data from {r}",
    "SUBPROCESS": "waits for {r} to end",
}
"""What a thread does that is blocked, by kind; ``{r}`` is the resource."""
_OF_QUEUES: Final = frozenset(
    {"QUEUE_FULL", "QUEUE_EMPTY", "QUEUE_CORRUPT", "FEEDER_FULL", "WLOCK_WAIT", "WLOCK_ORPHAN", "TASKS_NOT_DONE"}
)
"""Kinds whose words speak of a queue, also where what is waited for is one of its own locks."""
_WAITS_FOR_TURN: Final = "waits for its turn to read {r}"

_HOLDS: Final[Mapping[str, str]] = {
    "process": "has not ended",
    "thread": "has not ended",
    "pool": "works for",
    "manager": "serves",
    "file": "holds the lock on",
}
"""What a holder does with a resource, by its kind, where that is not holding."""

_DOES: Final[Mapping[str, str]] = {
    "IDLE": "waits for work",
    "CPU_BOUND": "computes",
    "CPU_BOUND_C": "computes in native code",
    "RUNNING": "runs",
    "SLEEPING": "sleeps",
    "STOPPED": "is stopped by a signal",
    "UNKNOWN": "waits for something that no rule knows",
    "HANG": "has not moved",
}
"""What a thread does that waits for nobody, by kind; the place follows."""


class Wording:
    """Words about the threads of one scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def who(self, report: ThreadReport) -> str:
        """``parse.1 (pid 12)``, ``Process-2 of parse.1 (pid 13)``, ``thread Feeder of parse.1 (pid 12)``."""
        name = self.process(report.pid)
        if report.is_main:
            return name
        process = self._scene.look.processes.get(report.pid)
        is_named = bool(report.thread_name) and (process is None or report.thread_name != process.name)
        return f"thread {report.thread_name} of {name}" if is_named else f"a thread of {name}"

    def process(self, pid: int) -> str:
        """A process by the names that people know it by."""
        replica = self._scene.look.owners.get(pid, "")
        if not replica:
            return f"pid {pid}"
        if pid in (self._scene.leaders.get(replica), self._scene.board(replica).pid):
            return f"{replica} (pid {pid})"
        child = self._scene.children.get(pid)
        return f"{child.name if child is not None and child.name else 'a child'} of {replica} (pid {pid})"

    def waits(self, concern: Concern) -> str:
        """What a blocked thread does: ``waits for room in queue paths, which is full``."""
        kind = concern.kind.name
        name = kind if kind in _WAITS else concern.report.kind
        if name not in _WAITS:
            return self.does(concern)
        return self._phrase(name, _WAITS[name], concern.report)

    def waits_plainly(self, report: ThreadReport) -> str:
        """What a thread waits for by its rule alone: ``waits for the lock made at etl.py:13``."""
        kind = KINDS.get(report.kind, KINDS["UNKNOWN"])
        return self._phrase(report.kind, _WAITS.get(report.kind, kind.words), report)

    def _phrase(self, kind: str, phrase: str, report: ThreadReport) -> str:
        """The words of a kind, filled in."""
        resource = report.resource
        if kind == "QUEUE_EMPTY" and resource.kind == "lock":
            phrase = _WAITS_FOR_TURN  # another one reads: whether there are items is not known
        if kind in _OF_QUEUES:
            return phrase.format(r=self._scene.queue_label(resource))
        return phrase.format(r=self._scene.label(resource))

    def does(self, concern: Concern) -> str:
        """What a thread does that waits for nobody: ``computes in report.py:40``."""
        report = concern.report
        words = _DOES.get(concern.kind.name) or KINDS.get(concern.kind.name, KINDS["UNKNOWN"]).words
        place = place_of(own_frame(report.frames))
        return f"{words} in {place}" if place else words

    def state(self, concern: Concern) -> str:
        """What a thread does, whether it waits or not."""
        return self.waits(concern) if concern.kind.name in _WAITS else self.does(concern)

    def holds(self, edge: Edge, name: str = "") -> str:
        """What a holder has to do with what is waited for: ``holds the lock made at etl.py:12``."""
        resource, sure = edge.resource, edge.holder.confidence != "possible"
        name = name or self._scene.label(resource)
        report = self._scene.graph.reports[edge.waiter]
        want = wanted(report)
        side = want.rpartition(" ")[2]
        if side == "readers" or (resource.kind == "queue" and report.kind in ("QUEUE_FULL", "LOG_BACKPRESSURE")):
            return self._uses(edge, name, "reads", "read", "reading")
        if side == "writers":
            return self._uses(edge, name, "writes to", "write to", "writing")
        if want.startswith("gil:"):
            return "has the interpreter lock"
        if resource.kind == "signal":
            verb = "notify" if "condition" in self._scene.label(resource) else "set"
            return f"has not come to {name}" if report.kind == "BARRIER_WAIT" else f"could {verb} {name}"
        verb = _HOLDS.get(resource.kind, "holds" if sure else "may hold")
        return verb if resource.kind in ("process", "thread") else f"{verb} {name}"

    @staticmethod
    def _uses(edge: Edge, name: str, does: str, could: str, end: str) -> str:
        if edge.holder.confidence == "possible":
            return f"could {could} {name}"
        return f"{does} {name}" if edge.holder.why in USED else f"has the {end} end of {name}"

    def frame(self, report: ThreadReport) -> StackFrame | None:
        """The innermost frame of its own code."""
        own = own_frame(report.frames)
        return (
            None if own is None else StackFrame(file=own.file, line=own.line, function=own.function, source=own.source)
        )

    def stack(self, report: ThreadReport) -> tuple[StackFrame, ...]:
        return tuple(
            StackFrame(file=frame.file, line=frame.line, function=frame.function, source=frame.source)
            for frame in report.frames
        )

    def link(self, report: ThreadReport, does: str) -> ChainLink:
        return ChainLink(
            replica=report.replica,
            pid=report.pid,
            tid=report.tid,
            thread=report.thread_name,
            does=does,
            frame=self.frame(report),
        )


def lasted(seconds: float) -> str:
    """``12 s``, ``3 min``, ``2 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def counted(number: int, noun: str) -> str:
    """``1 worker``, ``7 workers``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
