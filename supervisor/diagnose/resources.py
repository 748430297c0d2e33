"""What a thread waits for, under a name that is the same in every process, and what people call it.

The kernel's word comes first where it names the thing; the things of the dump say what it is called and where it was
made. What neither tells stays without a resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from supervisor.diagnose.evidence import NO_RESOURCE, Dump, Frame, KernelWait, Look, ProcessFacts, Resource, Thing
from supervisor.diagnose.rule import Target
from supervisor.diagnose.shared_things import SharedThings, inode_at, number, words
from supervisor.diagnose.signatures import is_users

_SEMAPHORES: Final = {
    "mp.Lock": "lock",
    "mp.RLock": "recursive lock",
    "mp.Semaphore": "semaphore",
    "mp.BoundedSemaphore": "semaphore",
}
_NOUNS: Final = {
    **_SEMAPHORES,
    "mp.Condition": "condition",
    "mp.Event": "event",
    "mp.Barrier": "barrier",
    "mp.Queue": "queue",
    "mp.JoinableQueue": "queue",
    "mp.SimpleQueue": "queue",
    "mp.Connection": "pipe",
    "mp.Pool": "pool",
    "cf.ProcessPoolExecutor": "executor",
    "mp.Manager": "manager",
    "mp.ThreadPool": "pool of threads",
    "thread.Lock": "lock",
    "thread.RLock": "recursive lock",
    "thread.ModuleLock": "lock of a module",
    "thread.Condition": "condition",
    "thread.Event": "event",
    "thread.Queue": "queue between threads",
    "rlock": "recursive lock",
    "bounded semaphore": "semaphore",
}
_SUBJECTS: Final[Mapping[str, frozenset[str]]] = {
    "lock": frozenset({*_SEMAPHORES, "lock", "rlock", "semaphore", "bounded semaphore"}),
    "queue": frozenset({"mp.Queue", "mp.JoinableQueue", "mp.SimpleQueue", "queue"}),
    "signal": frozenset({"mp.Event", "mp.Condition", "mp.Barrier", "event", "condition", "barrier"}),
    "pipe": frozenset({"mp.Connection", "pipe"}),
    "child": frozenset({"mp.Process"}),
    "pool": frozenset({"mp.Pool", "mp.ThreadPool", "cf.ProcessPoolExecutor"}),
    "manager": frozenset({"mp.Manager", "dict", "list", "namespace"}),
    "futex": frozenset(noun for noun in _NOUNS if noun.startswith("thread.")),
}
HELPERS: Final = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
"""In the command of processes that nobody waits for."""
_PARTS: Final = {"rlock": "the read lock of", "wlock": "the write lock of", "sem": "a place in"}

ResourceKind = Literal[
    "lock", "queue", "pipe", "thread", "process", "pool", "manager", "signal", "file", "socket", "none"
]


@dataclass(frozen=True, slots=True)
class Waiter:
    """Who waits: all that is known of one thread."""

    process: ProcessFacts
    tid: int
    kernel: KernelWait
    frames: Sequence[Frame]
    dump: Dump | None

    def subjects(self, target: Target) -> Iterator[Thing]:
        """The things of the right kind whose methods wait, innermost first, up to the program's own code."""
        wanted = _SUBJECTS.get(target, frozenset())
        for at, frame in enumerate(self.frames if self.dump is not None else ()):
            if at and is_users(frame):
                return
            thing = self.dump.thing(frame.subject) if self.dump is not None and frame.subject else None
            if thing is not None and thing.kind in wanted:
                yield thing

    def only(self, target: Target) -> Thing | None:
        """The thing of the right kind, if the process has but one."""
        wanted = _SUBJECTS.get(target, frozenset())
        found = [thing for thing in self.dump.things if thing.kind in wanted] if self.dump is not None else []
        return found[0] if len(found) == 1 else None


def called(thing: Thing) -> str:
    """What people call a thing: ``queue paths``, ``the lock made at etl.py:12``, ``the lock refunds``, ``a lock``."""
    noun = _NOUNS.get(thing.kind, thing.kind.rpartition(".")[2].lower())
    if thing.name and "." not in thing.kind:
        return f"{noun} {thing.name}"
    if thing.place:
        return f"the {noun} made at {thing.place}"
    if thing.name:
        return f"the {noun} {thing.name}"
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


class Resources:
    """Finds what threads wait for, among the processes of one look."""

    def __init__(self, look: Look, dumps: Mapping[int, Dump]) -> None:
        self._look = look
        self._dumps = dumps
        self._things = SharedThings(look, dumps)

    def find(self, target: Target, waiter: Waiter) -> tuple[Resource, dict[str, str]]:
        """The resource of a rule's target, and the words that it adds to the report's details."""
        if not target:
            return NO_RESOURCE, {}
        resource = self._FINDERS[target](self, waiter)
        details: dict[str, str] = {target: resource.label} if resource.label else {}
        if target == "lock" and (queue := self._queue_of(resource.id)):
            details["queue"] = queue
        return resource, details

    # --- between processes ---

    def _lock(self, waiter: Waiter) -> Resource:
        ours = next((thing for thing in waiter.subjects("lock") if not thing.kind.startswith("mp.")), None)
        if ours is not None:
            return self._channel("lock", ours, waiter)
        if waiter.kernel.resource.startswith("sem:"):
            kind: ResourceKind = "signal" if self._is_signal(waiter.kernel.resource) else "lock"
            return Resource(kind, waiter.kernel.resource, self._lock_label(waiter.kernel.resource))
        for thing in waiter.subjects("lock"):
            inode = inode_at(waiter.process, number(thing, "handle"))
            if inode is not None:
                return Resource("lock", f"sem:{inode}", self._lock_label(f"sem:{inode}"))
        return _by_kernel("lock", waiter)

    def _is_signal(self, name: str) -> bool:
        """Whether it is a semaphore of which nobody has a unit: one process releases it for another to go on."""
        known = [owned.thing for owned in self._things.semaphores.get(int(name.removeprefix("sem:")), ())]
        return bool(known) and all(
            thing.kind == "mp.Semaphore" and (number(thing, "count") or 0) <= 0 for thing in known
        )

    def _lock_label(self, name: str) -> str:
        inode = int(name.removeprefix("sem:"))
        part = self._things.parts.get(inode)
        if part is not None:
            return f"{_PARTS[part.part]} {self._queue_label(part.pipe, part.queue)}"
        known = [owned.thing for owned in self._things.semaphores.get(inode, ())]
        return called(max(known, key=lambda thing: bool(thing.name or thing.place))) if known else ""

    def _queue_of(self, name: str) -> str:
        number_of = name.removeprefix("sem:")
        part = self._things.parts.get(int(number_of)) if number_of.isdecimal() else None
        return "" if part is None else self._queue_label(part.pipe, part.queue)

    def _queue_label(self, pipe: str, queue: Thing) -> str:
        known = [owned.thing for owned in self._things.queues.get(pipe, ())] or [queue]
        return called(max(known, key=lambda thing: bool(thing.name or thing.place)))

    def _queue(self, waiter: Waiter) -> Resource:
        for thing in waiter.subjects("queue"):
            if thing.kind == "queue":
                return self._channel("queue", thing, waiter)
            pipe = words(thing, "read_pipe") or words(thing, "write_pipe")
            if pipe:
                return Resource("queue", pipe, self._queue_label(pipe, thing))
        name = waiter.kernel.resource
        number_of = name.removeprefix("sem:")
        part = self._things.parts.get(int(number_of)) if number_of.isdecimal() else None
        if part is not None and part.pipe:
            return Resource("queue", part.pipe, self._queue_label(part.pipe, part.queue))
        if name.startswith("pipe:"):
            known = self._things.queues.get(name)
            return Resource("queue", name, self._queue_label(name, known[0].thing) if known else "")
        only = waiter.only("queue")
        if not name.startswith("sem:") and only is not None and (pipe := words(only, "write_pipe")):
            return Resource("queue", pipe, self._queue_label(pipe, only))
        return _by_kernel("queue", waiter) if name.startswith("sem:") else NO_RESOURCE

    def _signal(self, waiter: Waiter) -> Resource:
        """An event is told apart from its condition, and a barrier: the outermost on the stack is what was called."""
        known = list(waiter.subjects("signal"))
        if known and not known[-1].kind.startswith("mp."):
            return self._channel("signal", known[-1], waiter)
        return _by_kernel("signal", waiter, called(known[-1]) if known else "")

    def _pipe(self, waiter: Waiter) -> Resource:
        for thing in waiter.subjects("pipe"):
            link = words(thing, "link")
            if link:
                return Resource("pipe", link, called(thing))
            if thing.kind == "pipe":
                return self._channel("pipe", thing, waiter)
        found = _by_kernel("pipe", waiter)
        known = self._things.queues.get(found.id)
        return Resource("pipe", found.id, self._queue_label(found.id, known[0].thing)) if known else found

    def _manager(self, waiter: Waiter) -> Resource:
        for thing in (*waiter.subjects("manager"), waiter.only("manager")):
            if thing is None:
                continue
            pid = number(thing, "pid")
            if pid:
                return Resource("manager", f"pid:{pid}", f"the manager (pid {pid})")
            if thing.kind != "mp.Manager" and thing.name:
                return self._channel("manager", thing, waiter)
        return _by_kernel("manager", waiter)

    def _channel(self, kind: ResourceKind, thing: Thing, waiter: Waiter) -> Resource:
        return Resource(kind, f"channel:{thing.name or f'{waiter.process.pid}/{thing.key}'}", called(thing))

    # --- one process's own ---

    def _child(self, waiter: Waiter) -> Resource:
        for thing in waiter.subjects("child"):
            pid = number(thing, "pid")
            if pid:
                return self._process(pid, waiter)
        if waiter.kernel.resource.startswith("pid:"):
            return self._process(int(waiter.kernel.resource.removeprefix("pid:")), waiter)
        children = [
            child
            for child in self._look.processes.values()
            if child.parent_pid == waiter.process.pid and not any(name in child.command for name in HELPERS)
        ]
        return self._process(children[0].pid, waiter) if len(children) == 1 else NO_RESOURCE

    def _process(self, pid: int, waiter: Waiter) -> Resource:
        children = waiter.dump.children if waiter.dump is not None else ()
        name = next((child.name for child in children if child.pid == pid), "")
        if not name and (seen := self._look.processes.get(pid)) is not None:
            name = seen.name
        return Resource("process", f"pid:{pid}", f"{name} (pid {pid})" if name else f"pid {pid}")

    def _thread(self, waiter: Waiter) -> Resource:
        """Where a stack does not say who is joined, one candidate makes it clear. Daemons hold up no exit."""
        threads = waiter.dump.threads if waiter.dump is not None else ()
        others = [thread for thread in threads if thread.native_id not in (0, waiter.tid)]
        joined = next((frame.subject for frame in waiter.frames if frame.subject.startswith("thread:")), "")
        if joined:
            others = [thread for thread in others if joined == f"thread:{thread.native_id}"]
        elif any(frame.function == "_shutdown" for frame in waiter.frames):
            others = [thread for thread in others if not thread.is_daemon]
        if len(others) != 1:
            return NO_RESOURCE
        return Resource("thread", f"thread:{waiter.process.pid}:{others[0].native_id}", f"thread {others[0].name}")

    def _pool(self, waiter: Waiter) -> Resource:
        thing = next(waiter.subjects("pool"), None) or waiter.only("pool")
        if thing is None:
            return Resource("pool", f"pool:{waiter.process.pid}:")
        return Resource("pool", f"pool:{waiter.process.pid}:{thing.key}", called(thing))

    def _program(self, waiter: Waiter) -> Resource:
        found = self._child(waiter)
        process = self._look.processes.get(int(found.id.removeprefix("pid:"))) if found.id else None
        if process is None or not process.command:
            return found
        return Resource("process", found.id, f"{process.command[:60].strip()} (pid {process.pid})")

    def _futex(self, waiter: Waiter) -> Resource:
        """A queue between threads waits by a condition: the outermost is what was called."""
        known = list(waiter.subjects("futex"))
        return _by_kernel("lock", waiter, called(known[-1]) if known else "")

    # --- the world's ---

    def _file(self, waiter: Waiter) -> Resource:
        return _by_kernel("file", waiter, waiter.kernel.resource)

    def _socket(self, waiter: Waiter) -> Resource:
        of = (one for one in waiter.process.descriptors if one.number == waiter.kernel.descriptor)
        return _by_kernel("socket", waiter, next((one.what for one in of), ""))

    _FINDERS: Final = {
        "lock": _lock,
        "queue": _queue,
        "signal": _signal,
        "pipe": _pipe,
        "manager": _manager,
        "child": _child,
        "thread": _thread,
        "pool": _pool,
        "program": _program,
        "futex": _futex,
        "file": _file,
        "socket": _socket,
    }


def _by_kernel(kind: ResourceKind, waiter: Waiter, label: str = "") -> Resource:
    name = waiter.kernel.resource
    return Resource(kind, name, label) if name else Resource("none", "", label)
