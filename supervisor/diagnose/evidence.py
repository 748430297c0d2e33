"""What was seen of processes and threads, as frozen values: the kernel's words, the agent's dump, and what both mean.

::

    /proc ─► Look ──────────────┐
    agent ─► Dump ──────────────┴─► ThreadReport, one for each thread ─► waits-for graph ─► Verdict

Nothing here reads anything; identities (`Resource.id`) are the same for every process that shares the thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

# --- from outside: the kernel's words ---


@dataclass(frozen=True, slots=True)
class Syscall:
    """The system call that a thread is in (proc_pid_syscall(5))."""

    number: int
    arguments: tuple[int, ...]
    """Six words."""


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """One thread at the time of the look."""

    tid: int
    name: str
    """The kernel's: at most 15 bytes."""
    state: str
    """R, S, D, T, t, Z."""
    cpu_ticks: int
    """User and system time, in clock ticks."""
    voluntary: int
    """Voluntary context switches so far."""
    involuntary: int
    syscall: Syscall | None = None
    """None while it runs, or where it may not be read."""
    wchan: str = ""
    """The kernel function that it sleeps in; empty where it may not be read."""
    ran_ns: int = -1
    """How long it has run; -1 where the kernel does not tell."""
    turns: int = -1
    """How often it was given a processor; -1 where the kernel does not tell. With `ran_ns` it changes whenever the
    thread has run, if only for a microsecond."""
    polled: tuple[int, ...] = ()
    """The descriptors that a poll, select or epoll waits on, where descriptors were asked for."""

    @property
    def pulse(self) -> tuple[int, int, int]:
        """What changes as soon as the thread moves."""
        return self.cpu_ticks, self.voluntary, self.involuntary


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One open descriptor."""

    number: int
    link: str
    """``pipe:[4711]``, ``socket:[4712]``, a path."""
    mode: Literal["r", "w", "rw"]
    what: str = ""
    """What a socket is that a thread waits on: ``10.0.0.2:41034 to 10.0.0.5:5432``, ``unix /run/x.sock``."""
    peer: str = ""
    """The link of its other end, where that is on this machine: who has that one can answer."""


@dataclass(frozen=True, slots=True)
class SemaphoreMapping:
    """A POSIX semaphore that a process has mapped: the same inode in every process that shares it."""

    inode: int
    start: int
    end: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """One process at the time of the look."""

    pid: int
    start_ticks: int
    parent_pid: int
    name: str
    state: str
    threads: tuple[ThreadFacts, ...] = ()
    descriptors: tuple[Descriptor, ...] = ()
    """Empty where they were not asked for."""
    semaphores: tuple[SemaphoreMapping, ...] = ()
    caught_signals: int = 0
    """The mask SigCgt: bit n-1 for signal n."""
    command: str = ""
    trouble: str = ""
    """What could not be read and why: ``may not be looked into: permission denied (kernel.yama.ptrace_scope is 1)``;
    what there was too much of: ``only 512 of its 600 threads were looked at``."""

    def thread(self, tid: int) -> ThreadFacts | None:
        return next((thread for thread in self.threads if thread.tid == tid), None)

    def semaphore_at(self, address: int) -> SemaphoreMapping | None:
        """The semaphore that is mapped there."""
        return next((mapped for mapped in self.semaphores if mapped.start <= address < mapped.end), None)


@dataclass(frozen=True, slots=True)
class Look:
    """One pass over the processes of some replicas, descendants included."""

    at_s: float
    """Monotonic, when it began."""
    processes: Mapping[int, ProcessFacts]
    owners: Mapping[int, str]
    """The replica that each pid belongs to."""
    took_s: float = 0.0
    cost_s: float = 0.0
    """Processor time that it took, where it was measured: on a busy machine much less than `took_s`."""
    left_out: tuple[int, ...] = ()
    """Processes that there was no time for."""


KernelKind = Literal[
    "running",  # on a processor, or about to be
    "futex-shared",  # a lock or semaphore between processes
    "futex-private",  # a lock between threads
    "gil",  # waits for the interpreter lock, awake ~200 times a second
    "read",
    "write",
    "poll",  # poll, select, epoll on something
    "sleep",  # nanosleep and the like: wakes by itself
    "child",  # wait4, waitid
    "file-lock",  # flock, or a record lock
    "receive",  # recv on a socket
    "send",
    "accept",
    "connect",
    "signal",  # sigwait, pause
    "stopped",  # SIGSTOP, or a debugger
    "uninterruptible",  # state D
    "zombie",
    "other",  # a system call that is named in the text
    "unknown",  # may not be read
]


@dataclass(frozen=True, slots=True)
class KernelWait:
    """What the kernel says a thread waits for."""

    kind: KernelKind
    resource: str = ""
    """``sem:INODE``, ``futex:PID:ADDRESS``, ``pipe:[N]``, ``socket:[N]``, ``pid:N``, a file's path; empty: none."""
    descriptor: int | None = None
    count: int | None = None
    """Bytes asked for by a read, or given by a write."""
    has_timeout: bool = False
    """It wakes by itself."""
    address: int | None = None
    """A futex's."""
    text: str = ""
    """For people: ``read of 4 bytes from pipe:[4711], descriptor 5``."""


# --- from inside: the agent's dump ---


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """One frame of a Python stack."""

    file: str
    line: int
    function: str
    """Its qualified name: ``Queue.put``."""
    source: str = ""
    """The line's text, stripped, where it could be read."""
    subject: str = ""
    """`Thing.key` of the object whose method this is; empty where it is none that the agent knows."""


class StackThread(msgspec.Struct, frozen=True):
    ident: int
    native_id: int
    """The kernel's tid; 0 where it is not known."""
    name: str
    is_main: bool = False
    is_daemon: bool = False
    frames: tuple[Frame, ...] = ()
    """Innermost first."""


class Thing(msgspec.Struct, frozen=True):
    """A lock, queue, pipe, pool or the like that lives in the process."""

    key: str
    """Its name within this dump."""
    kind: str
    """``mp.Lock mp.RLock mp.Semaphore mp.BoundedSemaphore mp.Condition mp.Event mp.Barrier mp.Queue mp.JoinableQueue
    mp.SimpleQueue mp.Connection mp.Pool mp.Process mp.Manager cf.ProcessPoolExecutor``; ours: ``queue``, ``lock``."""
    place: str = ""
    """Where it was made: ``crawler.py:41``; empty where that is not known (it came through a pickle)."""
    name: str = ""
    """What people call it: a channel's name."""
    facts: dict[str, int | float | str | bool | list[int | str] | None] = {}
    """What is known of it; the agent's module says which keys each kind has."""


class ChildProcess(msgspec.Struct, frozen=True):
    """A child as `multiprocessing` knows it."""

    pid: int
    name: str
    is_daemon: bool = False
    exit_code: int | None = None
    start_method: str = ""


class Dump(msgspec.Struct, frozen=True):
    """What one process says of itself."""

    pid: int
    python: str
    """``3.11.7``."""
    at_s: float
    """Monotonic."""
    threads: tuple[StackThread, ...] = ()
    things: tuple[Thing, ...] = ()
    children: tuple[ChildProcess, ...] = ()
    notes: tuple[str, ...] = ()
    """What was cut, or could not be told."""
    source: str = "agent"
    """``agent``, ``py-spy`` or ``faulthandler``: the latter know no things."""

    def thing(self, key: str) -> Thing | None:
        return next((thing for thing in self.things if thing.key == key), None)


# --- what both mean ---


@dataclass(frozen=True, slots=True)
class Resource:
    """What can be waited for."""

    kind: Literal["lock", "queue", "pipe", "thread", "process", "pool", "manager", "signal", "file", "socket", "none"]
    """``signal``: an event, condition or barrier."""
    id: str
    """The same in every process that shares it: ``sem:INODE``, ``pipe:[N]``, ``pid:N``, ``thread:PID:TID``,
    ``channel:NAME``, ``pool:PID:KEY``, ``futex:PID:ADDRESS``."""
    label: str = ""
    """For people: ``the lock made at etl.py:12``, ``queue paths``."""


NO_RESOURCE: Final = Resource("none", "")

Confidence = Literal["certain", "likely", "possible"]


@dataclass(frozen=True, slots=True)
class ThreadReport:
    """What one thread does, or waits for, by a rule.

    Attributes:
        kind: the rule's diagnosis: ``QUEUE_FULL``, ``LOCK_WAIT``, ``IDLE``, ``CPU_BOUND``, ``UNKNOWN`` ...
        rule: the id of the rule that said so.
        is_idle: it is no reason for concern, however long it lasts.
        details: what the rule's words are filled with.
    """

    pid: int
    tid: int
    replica: str
    thread_name: str
    is_main: bool
    kernel: KernelWait
    kind: str = "UNKNOWN"
    rule: str = ""
    resource: Resource = NO_RESOURCE
    is_idle: bool = False
    confidence: Confidence = "possible"
    frames: tuple[Frame, ...] = ()
    unchanged_s: float = 0.0
    """For how long neither its stack nor its counters have changed."""
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def node(self) -> str:
        """Its name in the waits-for graph."""
        return f"thread:{self.pid}:{self.tid}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who could let go of a resource, or act on it so that its waiters go on."""

    pid: int
    tid: int | None = None
    is_alive: bool = True
    confidence: Confidence = "likely"
    why: str = ""
    """``its count is 1``, ``it has the reading end``."""
