"""The things of all dumps put together: the same semaphore and the same queue, whatever process tells of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from supervisor.diagnose.evidence import Dump, Look, ProcessFacts, Thing

Part = Literal["rlock", "wlock", "sem"]

_PARTS: Final[tuple[Part, ...]] = ("rlock", "wlock", "sem")
QUEUE_KINDS: Final = frozenset({"mp.Queue", "mp.JoinableQueue", "mp.SimpleQueue"})


@dataclass(frozen=True, slots=True)
class Owned:
    """A thing, and the process that tells of it."""

    pid: int
    thing: Thing


@dataclass(frozen=True, slots=True)
class QueuePart:
    """A semaphore that belongs to a queue."""

    part: Part
    """Its read lock, its write lock, or what counts its free places."""
    pipe: str
    """The queue's: ``pipe:[4711]``; empty where that is not known."""
    queue: Thing


def number(thing: Thing, fact: str) -> int | None:
    """A fact that is a whole number; None where it is not known."""
    value = thing.facts.get(fact)
    return value if isinstance(value, int) else None


def words(thing: Thing, fact: str) -> str:
    """A fact that is a text; empty where it is not known."""
    value = thing.facts.get(fact)
    return value if isinstance(value, str) else ""


def numbers(thing: Thing, fact: str) -> tuple[int, ...]:
    """A fact that is a list of whole numbers, without the rest."""
    value = thing.facts.get(fact)
    return tuple(each for each in value if isinstance(each, int)) if isinstance(value, list) else ()


def inode_at(process: ProcessFacts | None, address: int | None) -> int | None:
    """The semaphore that a process has mapped at an address."""
    mapped = process.semaphore_at(address) if process is not None and address else None
    return None if mapped is None else mapped.inode


class SharedThings:
    """All things of all dumps, by what is the same in every process.

    Attributes:
        semaphores: by inode.
        parts: by inode, those that belong to a queue.
        queues: by the link of their pipe, both ends.
        pipes: the links of all pipes that are known to be of `multiprocessing`'s.
        users: by a semaphore's inode, the pids that have it mapped.
    """

    def __init__(self, look: Look, dumps: Mapping[int, Dump]) -> None:
        self.semaphores: Mapping[int, list[Owned]] = defaultdict(list)
        self.parts: dict[int, QueuePart] = {}
        self.queues: Mapping[str, list[Owned]] = defaultdict(list)
        self.pipes: set[str] = set()
        self.users: Mapping[int, list[int]] = defaultdict(list)
        for user, facts in look.processes.items():
            for shared in {mapped.inode for mapped in facts.semaphores}:
                self.users[shared].append(user)
        for pid, dump in dumps.items():
            process = look.processes.get(pid)
            inodes = {}
            for thing in dump.things:
                inode = inode_at(process, number(thing, "handle"))
                if inode is not None:
                    inodes[thing.key] = inode
                    self.semaphores[inode].append(Owned(pid, thing))
                elif thing.kind == "mp.Connection" and words(thing, "link"):
                    self.pipes.add(words(thing, "link"))
            for thing in dump.things:
                if thing.kind in QUEUE_KINDS:
                    self._note_queue(pid, thing, inodes)

    def _note_queue(self, pid: int, queue: Thing, inodes: Mapping[str, int]) -> None:
        pipe = words(queue, "read_pipe") or words(queue, "write_pipe")
        for link in {words(queue, "read_pipe"), words(queue, "write_pipe")} - {""}:
            self.queues[link].append(Owned(pid, queue))
            self.pipes.add(link)
        for part in _PARTS:
            inode = inodes.get(words(queue, part))
            if inode is not None:
                self.parts.setdefault(inode, QueuePart(part, pipe, queue))
