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
from supervisor.profile.defaults import DefaultsSpec, LogLevel, StartMethod
from supervisor.profile.logging_spec import LogSpec
from supervisor.profile.merging import HIDDEN
from supervisor.profile.names import NAME_PATTERN
from supervisor.profile.pools import PoolSpec
from supervisor.profile.running import (
    Dependencies,
    DependencySpec,
    GroupSpec,
    RestartSpec,
    Schedule,
    ScheduleSpec,
    Watch,
    WatchSpec,
)
from supervisor.profile.table import Table

__all__ = [
    "KINDS",
    "DefaultsSpec",
    "DependencySpec",
    "GroupSpec",
    "Kind",
    "LogLevel",
    "LogSpec",
    "PoolSpec",
    "ProbeSpec",
    "Profile",
    "RestartSpec",
    "ScheduleSpec",
    "StartMethod",
    "WatchSpec",
    "WorkerSpec",
]

Kind = Literal["target", "script", "module", "command", "pool"]

KINDS: Final[tuple[Kind, ...]] = ("target", "script", "module", "command")
"""What a worker's own table may give; a pool has a table of another kind."""

_Named: Final[JsonDict] = {"propertyNames": {"pattern": f"^{NAME_PATTERN}$"}}


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
    pool: SkipJsonSchema[PoolSpec | None] = Field(default=None, validation_alias=f"{HIDDEN}pool", repr=False)
    """The pool that it runs, made of its table by the loader; it has no target, script, module or command then."""
    pools: SkipJsonSchema[dict[str, PoolSpec]] = Field(
        default_factory=dict, validation_alias=f"{HIDDEN}pools", repr=False
    )
    """The pools without items that its code may make, by name."""
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
        """What runs: a pool, or the one of target, script, module and command that is given."""
        if self.pool is not None:
            return "pool"
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
    source: SkipJsonSchema[str] = Field(default="", validation_alias=f"{HIDDEN}source", repr=False)
    """The file's text as it was read, so that it can be told later what has changed in the file."""
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
    pools: dict[str, PoolSpec] = Field(default_factory=dict, json_schema_extra=_Named)
    """Pools by name. One with `items` is a worker too: it is shown, started and waited for like any other."""
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
