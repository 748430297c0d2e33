"""Everything that is known when verdicts are made, put together once: reports, look, dumps, holders, boards, limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from supervisor.diagnose.evidence import ChildProcess, Dump, Holder, Look, Resource, ThreadReport
from supervisor.diagnose.shared_things import QueuePart, SharedThings
from supervisor.diagnose.waits import Graph, wanted


@dataclass(frozen=True, slots=True)
class BoardNote:
    """What the engine knows of a replica without asking it.

    Attributes:
        pid: its own process's; None where there is none.
        activity: what it said last that it does.
        last_sign_s: its last heartbeat or word, monotonic; None where it never gave one.
        heartbeat_s: how often it must give one; None where it need not.
        channel: the channel of ours that it is blocked on; empty: none.
        operation: in which operation of it.
        operation_since_s: since when, monotonic.
        stopping_since_s: when it was told to stop, monotonic; None where it was not.
        ended_s: when its leader ended, monotonic; None while that lives.
    """

    pid: int | None = None
    activity: str = ""
    last_sign_s: float | None = None
    heartbeat_s: float | None = None
    channel: str = ""
    operation: str = ""
    operation_since_s: float | None = None
    stopping_since_s: float | None = None
    ended_s: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """After how long a replica that does not move is a concern."""

    hang_after_s: float = 30.0
    blocked_after_s: float = 10.0


_UNNAMED: Final[Mapping[str, str]] = {
    "lock": "a lock",
    "queue": "a queue",
    "pipe": "a pipe",
    "thread": "a thread",
    "process": "a process",
    "pool": "a pool",
    "manager": "a manager",
    "signal": "an event or condition",
    "file": "a file",
    "socket": "a connection",
}
_PLACE: Final = " made at "
_OF_QUEUES: Final = ("the read lock of ", "the write lock of ", "a place in ")
"""How the labels of a queue's parts begin; the queue's own follows."""
_MOST_LETTERS: Final = 26
NO_BOARD: Final = BoardNote()
DEFAULT_LIMITS: Final = Limits()


class Scene:
    """What was seen, with what follows from it at once."""

    def __init__(
        self,
        reports: Sequence[ThreadReport],
        look: Look,
        dumps: Mapping[int, Dump],
        holders: Mapping[str, Sequence[Holder]],
        *,
        now_s: float,
        boards: Mapping[str, BoardNote],
        limits: Mapping[str, Limits],
    ) -> None:
        self.look = look
        self.dumps = dumps
        self.now_s = now_s
        self.graph = Graph(reports, holders)
        self.things = SharedThings(look, dumps)
        self._boards = boards
        self._limits = limits
        self.replicas: Mapping[str, tuple[ThreadReport, ...]] = self._by_replica(reports)

    def _by_replica(self, reports: Sequence[ThreadReport]) -> Mapping[str, tuple[ThreadReport, ...]]:
        found: dict[str, list[ThreadReport]] = {name: [] for name in (*self.look.owners.values(), *self._boards)}
        for report in reports:
            found.setdefault(report.replica, []).append(report)
        return {name: tuple(each) for name, each in found.items() if name}

    def board(self, replica: str) -> BoardNote:
        return self._boards.get(replica, NO_BOARD)

    def limit(self, replica: str) -> Limits:
        return self._limits.get(replica, DEFAULT_LIMITS)

    @cached_property
    def leaders(self) -> Mapping[str, int]:
        """The pid of each replica's own process: where nobody says, the one whose parent is not the replica's."""
        owners = self.look.owners
        found = {
            name: note.pid
            for name, note in self._boards.items()
            if note.pid is not None and owners.get(note.pid) == name
        }
        for pid, process in sorted(self.look.processes.items()):
            name = owners.get(pid, "")
            if name and owners.get(process.parent_pid) != name and self.board(name).ended_s is None:
                found.setdefault(name, pid)
        return found

    def is_leader(self, report: ThreadReport) -> bool:
        """The thread is the main one of its replica's own process."""
        return report.is_main and self.leaders.get(report.replica) == report.pid

    @cached_property
    def children(self) -> Mapping[int, ChildProcess]:
        """What `multiprocessing` knows of each child, by its pid, those that have ended included."""
        return {child.pid: child for dump in self.dumps.values() for child in dump.children}

    def the_dead(self, replicas: frozenset[str]) -> Iterator[ChildProcess]:
        """The children of some replicas that a signal has ended."""
        for pid, dump in self.dumps.items():
            if self.look.owners.get(pid) in replicas:
                yield from (child for child in dump.children if (child.exit_code or 0) < 0)

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        """What each resource is called: by whoever knows it best, and apart from others of the same name."""
        known: dict[str, Resource] = {}
        for report in self.graph.reports.values():
            resource = report.resource
            before = known.get(resource.id)
            if resource.id and (before is None or _says_more(resource.label, before.label)):
                known[resource.id] = resource
        alike: dict[str, list[str]] = {}
        for name, resource in sorted(known.items(), key=lambda each: (len(each[0]), each[0])):
            if resource.kind in ("lock", "queue", "signal") and _PLACE in resource.label:
                alike.setdefault(resource.label, []).append(name)
        letters = {
            name: f" ({chr(ord('A') + index)})"
            for names in alike.values()
            if 1 < len(names) <= _MOST_LETTERS
            for index, name in enumerate(names)
        }
        return {name: f"{resource.label}{letters.get(name, '')}" for name, resource in known.items()}

    def label(self, resource: Resource) -> str:
        """``the lock made at etl.py:12``, with a letter where several were made there; a general word if need be."""
        return self._labels.get(resource.id) or resource.label or _UNNAMED.get(resource.kind, "something")

    def queue_label(self, resource: Resource) -> str:
        """What the queue is called that a thread waits for; where it waits for a part of one, the queue's own name."""
        name = self.label(resource)
        if resource.kind not in ("lock", "queue"):
            return name
        return next((name.removeprefix(part) for part in _OF_QUEUES if name.startswith(part)), name)

    def part_of_queue(self, report: ThreadReport) -> QueuePart | None:
        """The part of a queue that a thread is blocked on, where it is one."""
        rest = wanted(report).removeprefix("sem:")
        return self.things.parts.get(int(rest)) if rest.isdecimal() else None

    def start_ticks(self, pid: int) -> int | None:
        process = self.look.processes.get(pid)
        return process.start_ticks if process is not None else None


def _says_more(label: str, before: str) -> bool:
    """A label with a name or a place says more than ``a lock``."""
    return bool(label) and (not before or (before.startswith(("a ", "an ")) and not label.startswith(("a ", "an "))))
