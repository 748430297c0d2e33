"""What can be done about a verdict: advice for the code, and ways out now. Data and choices; nothing is done here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from supervisor.diagnose import rules
from supervisor.diagnose.concern import BADNESS, Concern
from supervisor.diagnose.evidence import ThreadReport
from supervisor.diagnose.scene import Scene
from supervisor.diagnose.verdict import WayOut
from supervisor.diagnose.waits import wanted
from supervisor.diagnose.wording import Wording

REMEDIES: Final[Mapping[str, str]] = {
    "DEADLOCK": "Take the locks in the same order everywhere, or with a timeout. Now: restart one of the ring.",
    "SELF_DEADLOCK": "Use an RLock, or do not take the lock again where it is held.",
    "ORPHANED_LOCK": "Restart all who share the lock. A lock of procdeck's is released when its holder dies.",
    "WLOCK_ORPHAN": "Make the queue anew and restart all who use it: a part of a message may be in its pipe.",
    "STARVED": "Start who should act, or end the waiters: send each reader a last item that says so.",
    "LEAKED_CHILDREN": "Tell the children to end and join them before the target returns, or make them daemons.",
    "HANG": "Look at its stack. Restart it if it does not go on.",
    "QUEUE_FULL": "Let more workers read, or put less. A timeout in put() shows it in the code.",
    "QUEUE_CORRUPT": "Make the queue anew and restart all who use it.",
    "LOCK_WAIT": "Hold the lock for less time, and do not wait for anything else while it is held.",
    "SEM_WAIT": "Hold the semaphore for less time, and do not wait for anything else while it is held.",
    "EXIT_FLUSH": "Read the queue before join(), or call cancel_join_thread() on it if what is in it may be lost.",
    "TASKS_NOT_DONE": "Call task_done() once for each item that get() gave, also when the work on it failed.",
    "POOL_TASK_LOST": "Give get() a timeout, or use a pool that tells of a member's death: ProcessPoolExecutor.",
    "POOL_WEDGED": "Make the pool anew: a member was killed while it held the lock of the pool's queue.",
    "JOIN": "See what the child does. Give join() a timeout, then terminate().",
    "EXIT_WAITS_CHILD": "Join or terminate the child before the target returns, or make it a daemon.",
    "STOPPED": "Let it go on with SIGCONT, or end it.",
}
"""By kind, for those that the graph gives; a rule has its own."""

_LOSS: Final = "an item in its hands comes back only if it is of a queue of procdeck's"


def remedy(concern: Concern) -> str:
    """The advice of the rule, or, where the graph says more than the rule, of the kind."""
    if concern.kind.name == "DEADLOCK":
        return _of_ring({edge.resource.kind for edge in concern.edges})
    known = rules.rule(concern.report.rule)
    if known is not None and known.kind == concern.kind.name and known.remedy:
        return rules.say(known.remedy, concern.report.details)
    return REMEDIES.get(concern.kind.name, "")


def _of_ring(waited_for: set[str]) -> str:
    """What to do about a ring depends on what its members wait for."""
    if "process" in waited_for:
        return (
            "Before join(), read what the child sends, and close the ends of pipes on which it waits for the end. "
            "Now: restart one of the ring."
        )
    if waited_for & {"pipe", "queue", "socket"}:
        return "Let one side receive before it sends, or while it does. Now: restart one of the ring."
    return REMEDIES["DEADLOCK"]


def ways_out(concern: Concern, scene: Scene, words: Wording) -> tuple[WayOut, ...]:
    """Best first; nothing for what is no concern."""
    if BADNESS[concern.severity] < BADNESS["waiting"]:
        return ()
    dump = WayOut(action="dump", text="write all stacks to a file", replica=concern.report.replica)
    if BADNESS[concern.severity] < BADNESS["warning"]:
        return (WayOut(action="wait", text="wait: it may go on by itself"), dump)
    report = concern.report
    ways = [*_release(concern, scene), *_resume(concern, words), *_of_root(concern, scene, words)]
    name = report.replica
    if name:
        ways.append(WayOut(action="restart", text=f"restart {name}; {_LOSS}", replica=name))
        ways.append(WayOut(action="kill", text=f"kill {name} (SIGKILL)", replica=name))
    bundle = WayOut(action="report", text="write a report: stacks, graph, logs, profile", replica=name)
    return tuple(_unlike([*ways, dump, bundle]))


def _unlike(ways: list[WayOut]) -> list[WayOut]:
    seen = set()
    found = []
    for way in ways:
        key = (way.action, way.replica, way.pid, way.resource)
        if key not in seen:
            seen.add(key)
            found.append(way)
    return found


def _release(concern: Concern, scene: Scene) -> list[WayOut]:
    """Only an orphaned read lock of a queue, and only where its pipe cannot be in the middle of a message."""
    report = concern.report
    part = scene.part_of_queue(report)
    if concern.kind.name not in ("ORPHANED_LOCK", "POOL_WEDGED") or part is None or part.part != "rlock":
        return []
    if concern.lasted_s <= 0 or any(_is_inside(other, part.pipe) for other in scene.graph.reports.values()):
        return []
    text = "release the read lock: its holder is dead, and no message is on its way that it could have read a part of"
    return [WayOut(action="release", text=text, replica=report.replica, pid=report.pid, resource=wanted(report))]


def _is_inside(report: ThreadReport, pipe: str) -> bool:
    """Whether a thread shows that a message of a pipe may be in pieces: it writes one, or reads the rest of one."""
    is_on_it = pipe in (report.resource.id, report.kernel.resource)
    return is_on_it and (report.kernel.kind == "write" or report.kind in ("QUEUE_CORRUPT", "WLOCK_ORPHAN"))


def _resume(concern: Concern, words: Wording) -> list[WayOut]:
    root = concern.root
    if root is None or root.kind != "STOPPED":
        return []
    text = f"let {words.process(root.pid)} go on (SIGCONT)"
    return [WayOut(action="resume", text=text, replica=root.replica, pid=root.pid)]


def _of_root(concern: Concern, scene: Scene, words: Wording) -> list[WayOut]:
    """End whoever is at the end of the chain, or one of the ring: a whole replica if it is its leader."""
    root = concern.root
    if concern.is_cycle:
        ring = [scene.graph.reports[edge.waiter] for edge in concern.edges]
        root = next((member for member in ring if scene.leaders.get(member.replica) != member.pid), root)
    if root is None or (root.pid == concern.report.pid and scene.leaders.get(root.replica) == root.pid):
        return []
    if scene.leaders.get(root.replica) == root.pid:
        return [WayOut(action="restart", text=f"restart {root.replica}; {_LOSS}", replica=root.replica)]
    return [_kill_process(root, scene, words)]


def _kill_process(root: ThreadReport, scene: Scene, words: Wording) -> WayOut:
    return WayOut(
        action="kill-process",
        text=f"kill {words.process(root.pid)} (SIGKILL)",
        replica=root.replica,
        pid=root.pid,
        start_ticks=scene.start_ticks(root.pid),
    )
