"""What the engine and its clients say to each other: frozen values, JSON on the wire.

Times named ``*_s`` are seconds of ``time.monotonic()``, which every process of one machine shares; times named ``*_at``
are Unix timestamps, for people. A client shows an age as ``time.monotonic() - since_s``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from supervisor.api.message import Message
from supervisor.api.pools import PoolRow
from supervisor.lifecycle.states import State

Kind = Literal["target", "script", "module", "command", "pool"]
StartMethod = Literal["fork", "spawn", "forkserver", "thread", "exec"]
ActionName = Literal["start", "stop", "restart", "kill", "pause", "resume"]
ACTION_NAMES: tuple[ActionName, ...] = ("start", "stop", "restart", "kill", "pause", "resume")


class ReplicaRow(Message, frozen=True, kw_only=True):
    """One replica, as much of it as a table shows. Equal rows need no repaint."""

    name: str
    """``parse.2``; just ``walk`` where the worker has one replica."""
    worker: str
    replica: int
    """From 1."""
    kind: Kind
    group: str = ""
    """Its group in the profile; empty: none."""
    state: State
    since_s: float
    """When it came into this state."""
    incarnation: int = 0
    """How many times this replica was started; 0 before the first start."""
    pid: int | None = None
    started_s: float | None = None
    """When the live incarnation started; None at rest."""
    started_at: float | None = None
    restarts: int = 0
    cpu_percent: float | None = None
    """Of one core, for the whole process tree, over the last second."""
    rss_bytes: int | None = None
    """Resident memory of the whole process tree."""
    processes: int = 0
    """Processes in its tree, itself included."""
    cpu_history: tuple[int, ...] = ()
    """CPU percent of the last seconds, oldest first, at most 30."""
    activity: str = ""
    """What it is doing now, in its own words or from its channel operation: ``get paths`` ``parsing ast.py``."""
    activity_since_s: float | None = None
    progress: tuple[int, int] | None = None
    """(done, total); total 0 where it is not known."""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    last_error: str = ""
    """The last failure of any incarnation, one line."""
    exit_cause: str = ""
    """How the last incarnation ended, in words: ``exit code 3``, ``killed by SIGKILL from outside``."""
    exit_code: int | None = None
    """The last incarnation's exit code, a signal's number made negative; None before an end, or where it is unknown."""
    next_step: str = ""
    """What happens by itself next: ``SIGTERM``, ``SIGKILL``, ``restart``; empty where nothing does."""
    next_step_s: float | None = None
    kill_s: float | None = None
    """While SIGTERM is what comes next: when SIGKILL follows."""
    log_backlog_bytes: int = 0
    """What it has written to its lanes of the log queue and is not stored yet."""
    waits_for: str = ""
    """Whom or what a WAITING, STARTING or UNREADY replica waits for: ``redis to be ready``, ``tcp 127.0.0.1:6390``."""
    log_level: str = ""
    """The lowest level of what its loggers write, as it was last wished; empty for a command."""
    warnings: tuple[str, ...] = ()
    """Short sentences a person should see now: ``no heartbeat for 12 s``."""


ChannelKind = Literal[
    "queue",
    "pipe",
    "lock",
    "rlock",
    "semaphore",
    "bounded-semaphore",
    "condition",
    "barrier",
    "event",
    "value",
    "array",
    "block",
    "dict",
    "list",
    "namespace",
]


class ChannelUser(Message, frozen=True, kw_only=True):
    """A replica that waits in a channel, or holds something of it."""

    replica: str
    pid: int | None = None
    operation: str = ""
    """What it does there: ``get``, ``put``, ``acquire``, ``wait``, ``holds``."""
    since_s: float | None = None


class ChannelRow(Message, frozen=True, kw_only=True):
    """One channel between workers."""

    name: str
    kind: ChannelKind
    depth: int | None = None
    """Items inside; None where it cannot be told."""
    maxsize: int = 0
    """0: as many as the kernel's buffer holds."""
    put_total: int = 0
    got_total: int = 0
    put_rate: float = 0.0
    """Items a second, over the last second."""
    got_rate: float = 0.0
    bytes_total: int = 0
    """Bytes of all items that were put."""
    oldest_s: float | None = None
    """When the first waiting item was put; None where none waits or it cannot be told."""
    depth_history: tuple[int, ...] = ()
    """Depth at the last seconds, oldest first, at most 30."""
    state: str = ""
    """What people call its state, for channels that are not queues: ``held by parse.2``, ``set``, ``2 of 5 free``."""
    waiting: tuple[ChannelUser, ...] = ()
    holding: tuple[ChannelUser, ...] = ()
    """Who has an item in hand, or the lock."""
    delivery: str = ""
    redelivered: int = 0
    """Items that came back because their consumer died."""
    dead_letters: int = 0
    lacking: tuple[str, ...] = ()
    """Promises that its transport cannot keep on this platform."""
    writers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    """For channels that are shared: everybody who shares it."""
    is_ended: bool = False
    """Every writer has completed."""


class ChannelList(Message, frozen=True, kw_only=True):
    channels: tuple[ChannelRow, ...]


class LogState(Message, frozen=True, kw_only=True):
    """Where the store is, and how much is in it. Clients read the files themselves."""

    directory: str
    """Absolute path of the folder of this run's segments."""
    records: int = 0
    bytes: int = 0
    warnings: int = 0
    errors: int = 0
    """Records of level ERROR and CRITICAL."""
    lost: int = 0
    """Records that could not be stored."""
    lost_of: dict[str, int] = msgspec.field(default_factory=dict)
    """The same for those who lost most, by lane: ``parse.2 stdout``; ``?`` where that is not known."""
    trouble: str = ""
    """What the disk refuses now, in words; empty while all is well."""
    removed_bytes: int = 0
    """What was deleted because the profile says that no more is kept."""


class EngineVitals(Message, frozen=True, kw_only=True):
    pid: int
    cpu_percent: float = 0.0
    rss_bytes: int = 0
    loop_lag_ms: float = 0.0


class Fleet(Message, frozen=True, kw_only=True):
    """Everything a dashboard's first screen needs."""

    project: str
    profile_path: str
    run_id: str
    version: str
    started_at: float
    started_s: float
    now_s: float
    phase: Literal["running", "completed", "stopping"]
    """completed: no worker lives and none will start by itself."""
    outcome: str = ""
    """A sentence on the completed run: ``4 finished. Result: /path/census.json``."""
    exit_code: int | None = None
    """The exit code of the significant worker whose end has ended the run; None where none did."""
    rows: tuple[ReplicaRow, ...] = ()
    channels: tuple[ChannelRow, ...] = ()
    pools: tuple[PoolRow, ...] = ()
    log: LogState = LogState(directory="")
    engine: EngineVitals = EngineVitals(pid=0)
    simulation: str = ""
    """``threads``: Python workers are threads of one process (`procdeck run --simulate`); empty in a real run."""


class FleetChange(Message, frozen=True, kw_only=True):
    """What changed since the last message on the same stream: rows that differ, whole."""

    now_s: float
    phase: Literal["running", "completed", "stopping"]
    outcome: str = ""
    exit_code: int | None = None
    rows: tuple[ReplicaRow, ...] = ()
    channels: tuple[ChannelRow, ...] = ()
    pools: tuple[PoolRow, ...] = ()
    log: LogState = LogState(directory="")
    engine: EngineVitals = EngineVitals(pid=0)


class Job(Message, frozen=True, kw_only=True):
    """An action on one replica, followed to its outcome. Repeating a wish that is under way joins its job."""

    id: int
    action: ActionName
    target: str
    """The replica's name."""
    state: Literal["running", "done", "failed"]
    requested_s: float
    text: str
    """What happens, or happened: ``stopping: SIGTERM in 1.0 s, SIGKILL in 5.0 s``, ``restarted, pid 4711``."""


EventKind = Literal["state", "action", "engine", "channel"]
WishStep = Literal["", "accepted", "refused", "done", "failed"]


class Event(Message, frozen=True, kw_only=True):
    """Something that happened, in the order of `cursor`."""

    cursor: int
    at: float
    subject: str
    """A replica, a channel or ``engine``."""
    what: str
    """One sentence."""
    level: str = "INFO"
    kind: EventKind = "engine"
    """``state``: a replica's life went on; ``action``: somebody asked for something."""
    by: str = ""
    """Who: ``uid 1000 (ada), dashboard``, ``policy``, ``schedule``, ``watch``; empty where it happened by itself."""
    from_state: str | None = msgspec.field(default=None, name="from")
    """For ``state``, as the following: the state that was left."""
    to_state: str | None = msgspec.field(default=None, name="to")
    incarnation: int | None = None
    pid: int | None = None
    cause: str | None = None
    """How an incarnation ended, in words."""
    step: WishStep = ""
    """Of what somebody asked for: where it stands."""
    command: str = ""
    """The command line that asks for the same; empty where there is none."""
    outcomes: int = 0
    """Of what was accepted: how many outcomes follow, one for each replica."""
    answers: tuple[int, ...] = ()
    """Of an outcome: the cursors of what was asked for."""

    @property
    def ended_incarnation(self) -> int:
        """The life that ended by `cause`. `incarnation` is the next one where that has begun in the same moment."""
        return (self.incarnation or 0) - (self.cause is not None and self.to_state == "starting")


class StreamMessage(Message, frozen=True, kw_only=True):
    """What the server sends on ``/v1/stream``: one of its fields is set. The first message holds `fleet`."""

    fleet: Fleet | None = None
    change: FleetChange | None = None
    job: Job | None = None
    event: Event | None = None
    missed_events: int = 0
    """Events this client was too slow for."""


class ExitRecord(Message, frozen=True, kw_only=True):
    incarnation: int
    pid: int | None
    started_at: float
    ended_at: float
    cause: str
    ok: bool
    code: int | None = None
    """The exit code, a signal's number made negative; None where it is unknown."""


class TreeProcess(Message, frozen=True, kw_only=True):
    pid: int
    parent_pid: int
    command: str
    rss_bytes: int = 0
    cpu_percent: float | None = None
    """Of one core, over the last second."""
    threads: int = 0
    """0 where that is not known."""
    state: str = ""
    """``running``, ``sleeping``, ``stopped``."""


Origin = Literal["profile", "env-file", "procdeck", "engine"]


class Variable(Message, frozen=True, kw_only=True):
    """One variable of a worker's environment."""

    name: str
    value: str
    """Secrets masked; of an environment file nothing is shown."""
    origin: Origin
    """``procdeck``: said to every worker; ``engine``: as the engine has it."""
    engine_value: str = ""
    """What the engine has, where that is something else."""


class CheckState(Message, frozen=True, kw_only=True):
    """A startup, readiness or liveness check of the live incarnation."""

    role: Literal["startup", "ready", "alive"]
    what: str
    """``tcp 127.0.0.1:6390``."""
    is_passing: bool | None = None
    """None before the first result."""
    text: str = ""
    """What the last try said: ``connection refused``."""


class WorkerDetail(Message, frozen=True, kw_only=True):
    """One replica in full."""

    row: ReplicaRow
    runs: str
    """What is run: ``census:parse``, a path, an argv line. Values that look like secrets are masked."""
    description: str
    start_method: StartMethod
    start_method_meaning: str
    """What that start method means for this worker, in a sentence or two."""
    start_method_reason: str
    """Why it is in use: named in the worker, from the defaults, or what was not possible."""
    python: str
    cwd: str
    environment: dict[str, str]
    """What the profile adds, secrets masked."""
    variables: tuple[Variable, ...] = ()
    """All that its next process gets, by name."""
    restart_policy: str
    stop_policy: str
    exits: tuple[ExitRecord, ...] = ()
    """Newest last, at most 20."""
    tree: tuple[TreeProcess, ...] = ()
    last_traceback: str = ""
    advice: str = ""
    """What a person can do about the last failure."""
    checks: tuple[CheckState, ...] = ()
    depends_on: tuple[str, ...] = ()
    """What has to be there before it starts, in words: ``redis to be ready``."""
    schedule: str = ""
    group: str = ""
    """The restart group and its strategy, in words."""
    log_levels: dict[str, str] = msgspec.field(default_factory=dict)
    """The levels that somebody has wished for while it ran, by logger; "" is all of them."""
    follows_log_levels: bool = True
    """Whether it has taken up the last of them: it does so when it logs next, or waits."""
    limits: tuple[str, ...] = ()
    """Resource limits, nice, user and the like: ``nofile 1024``."""


class JobList(Message, frozen=True, kw_only=True):
    jobs: tuple[Job, ...]


class DownReply(Message, frozen=True, kw_only=True):
    survivors: tuple[TreeProcess, ...] = ()
    """Processes that would not die."""


class Health(Message, frozen=True, kw_only=True):
    project: str
    profile_path: str
    run_id: str
    version: str
    engine_pid: int
    protocol: int = 1
    kill_tiers: tuple[str, ...] = ()
    """How this engine can end a process tree, strongest first: ``cgroup``, ``subreaper``, ``session``, ``pidfd``."""


class ErrorReply(Message, frozen=True, kw_only=True):
    error: str
    """What is wrong, where, and what to do."""
    suggestions: tuple[str, ...] = ()
