"""The profile: frozen models whose field docstrings are the schema's descriptions and the reference.

TOML keys carry no units (``stop_timeout = "5s"``); attributes do (``stop_timeout_s``). Mistakes that need more than one
field to see are found in `supervisor.profile.checking`; `supervisor.profile.loading` is the way in. The channels are
in `supervisor.profile.channels`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from supervisor.profile import notations, shapes
from supervisor.profile.channels import (
    ArraySpec,
    BlockSpec,
    DictSpec,
    EventSpec,
    ListSpec,
    LockSpec,
    NamespaceSpec,
    PipeSpec,
    QueueSpec,
    ValueSpec,
)
from supervisor.profile.checks import Probes, ProbeSpec
from supervisor.profile.limits import Limits
from supervisor.profile.logging_spec import LogSpec
from supervisor.profile.merging import HIDDEN
from supervisor.profile.names import NAME_PATTERN
from supervisor.profile.running import (
    Dependencies,
    DependencySpec,
    GroupSpec,
    Restart,
    RestartSpec,
    Schedule,
    ScheduleSpec,
    Watch,
    WatchSpec,
)
from supervisor.profile.table import Duration, Size, Table

__all__ = [
    "KINDS",
    "DefaultsSpec",
    "DependencySpec",
    "GroupSpec",
    "Kind",
    "LogLevel",
    "LogSpec",
    "ProbeSpec",
    "Profile",
    "RestartSpec",
    "ScheduleSpec",
    "StartMethod",
    "WatchSpec",
    "WorkerSpec",
]

Kind = Literal["target", "script", "module", "command"]
StartMethod = Literal["fork", "spawn", "forkserver"]
LogLevel = Literal["TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"]

KINDS: Final[tuple[Kind, ...]] = ("target", "script", "module", "command")

_Named: Final[JsonDict] = {"propertyNames": {"pattern": f"^{NAME_PATTERN}$"}}


class DefaultsSpec(Table):
    """What every worker has unless its own table says otherwise.

    `env` is joined key by key; everything else is replaced whole.
    """

    start_method: StartMethod = Field(default="forkserver", examples=["spawn"])
    """How a Python worker's process is made. fork: a copy of the engine, fastest. spawn: a fresh interpreter, most
    isolated. forkserver: a copy of a small clean server that has imported `preload`."""
    preload: list[str] = Field(default_factory=list, examples=[["numpy"]])
    """Modules that the fork server imports once, so that its workers need not. Only used with forkserver."""
    python: str | None = Field(default=None, examples=[".venv/bin/python"])
    """Another Python interpreter to run under, relative to the profile. procdeck need not be installed in it."""
    python_path: list[str] = Field(default_factory=list, examples=[["src"]])
    """Directories, relative to the profile, in which targets and modules are found before the usual places."""
    env: dict[str, str] = Field(default_factory=dict, examples=[{"MODE": "test"}])
    """Environment variables added to the engine's own and to those of `env_file`."""
    env_file: Annotated[list[str], BeforeValidator(shapes.text_list, json_schema_input_type=str | list[str])] = Field(
        default_factory=list, examples=[[".env"]]
    )
    """Files of KEY=VALUE lines, relative to the profile; a later file wins, and `env` wins over all. What is in them is
    taken for secret and shown nowhere."""
    cwd: str | None = Field(default=None, examples=["data"])
    """The working directory, relative to the profile. Without it: the profile's directory."""
    restart: Restart = Field(default_factory=RestartSpec, examples=["never"])
    """What happens when the worker ends by itself: a policy, or a table with its limits."""
    success_exit_codes: list[Annotated[int, Field(ge=0, le=255)]] = Field(default=[0], min_length=1, examples=[[0, 3]])
    """The exit codes that are a good end."""
    max_age_s: Duration | None = Field(default=None, gt=0, validation_alias="max_age", examples=["1h"])
    """How long one process lives before it is stopped and started anew. Without it: for ever."""
    max_memory_bytes: Size | None = Field(default=None, gt=0, validation_alias="max_memory", examples=["500MiB"])
    """How much memory its process tree may hold before it is stopped and started anew. Without it: any amount."""
    start_timeout_s: Annotated[float | None, PlainValidator(shapes.patience_s, json_schema_input_type=str | float)] = (
        Field(default=60.0, validation_alias="start_timeout", examples=["60s"])
    )
    """How long it may take from launch until it runs and passes its `startup` and `ready` checks for the first time;
    then it is stopped, which counts as a failure. "unlimited": as long as it likes."""
    heartbeat_s: Duration | None = Field(default=None, gt=0, validation_alias="heartbeat", examples=["10s"])
    """Silent for longer than this while busy: a hang warning. Without it: no warning."""
    hang_after_s: Duration = Field(default=30.0, gt=0, validation_alias="hang_after", examples=["2m"])
    """Warn of HANG when a worker that is busy has not moved for so long: the same stack, no time on a processor."""
    blocked_after_s: Duration = Field(default=10.0, gt=0, validation_alias="blocked_after", examples=["30s"])
    """Warn of BLOCKED when it waits for longer in a put, a lock, a write or a log call, of JOIN when a `join()` takes
    longer, of STARVED when it waits for what nobody can send any more. A deadlock is told at once."""
    stop_timeout_s: Duration = Field(default=5.0, validation_alias="stop_timeout", examples=["5s"])
    """How long a stop may take before SIGKILL ends the whole process tree."""
    stop_signal_after_s: Duration = Field(default=1.0, validation_alias="stop_signal_after", examples=["1s"])
    """How long a worker may take to follow a friendly request to stop before `stop_signal` is sent as well."""
    stop_signal: Annotated[str, PlainValidator(notations.stop_signal_name, json_schema_input_type=str)] = Field(
        default="SIGTERM", examples=["SIGINT"]
    )
    """The signal that is sent then, to the whole process tree. SIGKILL follows at `stop_timeout` whatever it is."""
    stop_command: Annotated[tuple[str, ...], PlainValidator(shapes.program, json_schema_input_type=str | list[str])] = (
        Field(default=(), examples=[["redis-cli", "-p", "6390", "shutdown"]])
    )
    """A program that asks the worker to stop, run first: a list is executed as it is, text is a shell line."""
    log_level: Annotated[LogLevel | None, BeforeValidator(notations.log_level)] = Field(
        default=None, examples=["DEBUG"]
    )
    """The lowest level of what a Python worker logs: of the root logger of `logging`, and of loguru. What its own code
    sets afterwards counts, and `procdeck log-level` changes it while it runs. Without it: INFO, and loguru's DEBUG."""
    traceback_locals: bool = Field(default=False, examples=[True])
    """Whether tracebacks in the log show the local variables of each function; secrets masked, long values cut."""
    limits: Limits = Field(default_factory=dict, examples=[{"nofile": 1024}])
    """Limits that the system holds each of its processes to."""
    nice: int | None = Field(default=None, ge=-20, le=19, examples=[5])
    """How much it gives way to others when the processor is busy. Below the engine's own needs root."""
    umask: Annotated[
        int | None,
        PlainValidator(notations.umask, json_schema_input_type=Annotated[str, Field(pattern="^(0o)?[0-7]{1,4}$")]),
    ] = Field(default=None, examples=["027"])
    """Which permissions the files that it makes do not have, as octal digits. Without it: the engine's."""


class WorkerSpec(DefaultsSpec):
    """One named thing that procdeck keeps running. Give exactly one of target, script, module and command."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    name: SkipJsonSchema[str] = Field(default="", validation_alias=f"{HIDDEN}name")
    """The name of the table."""
    start_method_reason: SkipJsonSchema[str] = Field(
        default="procdeck's default", validation_alias=f"{HIDDEN}start_method_reason"
    )
    """Who chose the start method, in words."""
    env_file_digest: SkipJsonSchema[str] = Field(default="", validation_alias=f"{HIDDEN}env_file_digest", repr=False)
    """Stands for what was in `env_file` when the profile was loaded, so that a reload knows when that has changed."""
    target: str | None = Field(default=None, examples=["census:walk"])
    """A Python function, `module:function`, found beside the profile or on `python_path`."""
    script: str | None = Field(default=None, examples=["job.py"])
    """A Python file, relative to the profile, run as `python job.py` would."""
    module: str | None = Field(default=None, examples=["http.server"])
    """A Python module, run as `python -m http.server` would."""
    command: Annotated[str | list[str] | None, BeforeValidator(shapes.command)] = Field(
        default=None, examples=[["df", "-h", "."]]
    )
    """Any program: a list is executed as it is, text is a shell line."""
    description: str = Field(default="", examples=["counts what is in a file"])
    """One sentence for the dashboard."""
    replicas: int = Field(default=1, ge=1, le=1000, examples=[3])
    """How many identical processes to run. They are called `parse.1`, `parse.2`."""
    args: Annotated[dict[str, Any] | list[str], BeforeValidator(shapes.arguments)] = Field(
        default_factory=dict, examples=[{"root": "@stdlib"}]
    )
    """For a target, a table of keyword arguments; for a script or module, a list of text. `@profile`, `@output` and
    `@stdlib` stand for the profile's directory, the run's output directory and the worker's standard library."""
    reads: dict[str, str] = Field(default_factory=dict, examples=[{"inbox": "paths"}])
    """Channels a target receives from: `parameter = "channel"`."""
    writes: dict[str, str] = Field(default_factory=dict, examples=[{"out": "paths"}])
    """Channels a target sends to: `parameter = "channel"`."""
    shares: dict[str, str] = Field(default_factory=dict, examples=[{"total": "total"}])
    """What a target has in common with others, such as values and locks: `parameter = "channel"`."""
    autostart: bool = Field(default=True, examples=[False])
    """Whether it starts with the engine, or waits until somebody starts it."""
    significant: bool = Field(default=False, examples=[True])
    """Whether its end is the end of the run: everything is stopped, and procdeck ends with its exit code."""
    schedule: Schedule = Field(default=None, examples=["*/5 * * * *"])
    """When it is started again and again: a cron expression, or a table."""
    watch: Watch = Field(default=None, examples=[["src/**/*.py"]])
    """Files whose change restarts it: patterns relative to the profile, or a table."""
    depends_on: Dependencies = Field(default_factory=dict, examples=[["redis"]])
    """Workers that must be ready before this one starts, or a table of what must be true of each: "started", "ready",
    "completed", "completed-ok" or `{ log = "a line" }`. Stops go the other way."""
    startup: Probes = Field(default=(), examples=[{"log": "listening on"}])
    """Checks that it has come up; until they pass, those of `ready` and `alive` wait. All must pass."""
    ready: Probes = Field(default=(), examples=[{"tcp": "127.0.0.1:6390"}])
    """Checks that it can serve. While they fail it is UNREADY, and it is left alone. All must pass."""
    alive: Probes = Field(default=(), examples=[{"http": "http://127.0.0.1:8000/health"}])
    """Checks that it has not hung. When one fails it is stopped and started anew."""
    user: Annotated[str | int | None, PlainValidator(notations.user, json_schema_input_type=str | int)] = Field(
        default=None, examples=["www-data"]
    )
    """The user that it runs as, by name or uid. Needs root."""
    group: Annotated[str | int | None, PlainValidator(notations.group, json_schema_input_type=str | int)] = Field(
        default=None, examples=["www-data"]
    )
    """The group that it runs as, by name or gid. Needs root. Without it: that of `user`."""

    @property
    def kind(self) -> Kind:
        """What runs: the one of target, script, module and command that is given."""
        return next((kind for kind in KINDS if getattr(self, kind) is not None), "command")

    def replica_name(self, number: int) -> str:
        """``parse.2``; ``walk`` for the first of a worker that declares one replica, whatever it was scaled to.

        Args:
            number: counted from 1.
        """
        return self.name if self.replicas == 1 and number == 1 else f"{self.name}.{number}"

    def replica_names(self) -> list[str]:
        """``["parse.1", "parse.2"]``, or ``["walk"]`` for a single replica."""
        return [self.replica_name(number) for number in range(1, self.replicas + 1)]


class Profile(Table):
    """Workers, the channels between them, and how their logs are kept."""

    path: SkipJsonSchema[Path] = Field(default=Path("procdeck.toml"), validation_alias=f"{HIDDEN}path")
    """The file, absolute."""
    project_override: SkipJsonSchema[str | None] = Field(default=None, validation_alias=f"{HIDDEN}project")
    """A project name given on the command line."""
    name: str = Field(default="", examples=["census"], json_schema_extra={"pattern": f"^{NAME_PATTERN}$"})
    """The project's name; one engine runs per name. Without it: the file's or the directory's name."""
    description: str = Field(default="", examples=["a census of the standard library"])
    """One sentence for the dashboard."""
    result: str | None = Field(default=None, examples=["@output/census.json"])
    """Where the job leaves its result, shown when all is complete."""
    defaults: DefaultsSpec = Field(default_factory=DefaultsSpec)
    """What every worker has unless its own table says otherwise."""
    queues: dict[str, QueueSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Queues by name."""
    pipes: dict[str, PipeSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Pipes by name."""
    locks: dict[str, LockSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Locks, semaphores, conditions and barriers by name."""
    events: dict[str, EventSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Events by name."""
    values: dict[str, ValueSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Single values in shared memory by name."""
    arrays: dict[str, ArraySpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Arrays in shared memory by name."""
    blocks: dict[str, BlockSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Blocks of shared memory by name."""
    dicts: dict[str, DictSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Dicts of the manager process by name."""
    lists: dict[str, ListSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Lists of the manager process by name."""
    namespaces: dict[str, NamespaceSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Namespaces of the manager process by name."""
    workers: dict[str, WorkerSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Workers by name, in the order they are shown and started."""
    groups: dict[str, GroupSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Groups by name: workers that end and restart together."""
    logs: LogSpec = Field(default_factory=LogSpec)
    """How large log files get, and how long they stay."""

    @property
    def directory(self) -> Path:
        """Where relative paths of the profile begin."""
        return self.path.parent

    @property
    def project(self) -> str:
        """The name under which the engine runs."""
        return self.project_override or self.name
