"""The profile: frozen models whose field docstrings are the schema's descriptions and the reference.

TOML keys carry no units (``stop_timeout = "5s"``); attributes do (``stop_timeout_s``). Mistakes that need more than one
field to see are found in `supervisor.profile.checking`; `supervisor.profile.loading` is the way in. The channels are
in `supervisor.profile.channels`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from supervisor.profile import shapes
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
from supervisor.profile.merging import HIDDEN
from supervisor.profile.names import NAME_PATTERN
from supervisor.profile.quantities import backoff_high_s, backoff_low_s
from supervisor.profile.table import Duration, Size, Table

Kind = Literal["target", "script", "module", "command"]
StartMethod = Literal["fork", "spawn", "forkserver"]
RestartPolicy = Literal["never", "on-failure", "always"]

KINDS: Final[tuple[Kind, ...]] = ("target", "script", "module", "command")

_BackoffLow = Annotated[float, BeforeValidator(backoff_low_s, json_schema_input_type=str | float)]
_BackoffHigh = Annotated[float, BeforeValidator(backoff_high_s)]
_Named: Final[JsonDict] = {"propertyNames": {"pattern": f"^{NAME_PATTERN}$"}}


class RestartSpec(Table):
    """What happens when a worker ends by itself."""

    policy: RestartPolicy = Field(default="on-failure", examples=["on-failure"])
    """never: leave it. on-failure: start it again unless it ended well. always: start it again whatever the end."""
    max: int = Field(default=5, ge=0, le=1_000_000, examples=[5])
    """How many times it may end `within` the window; once more and it is FAILED and stays so."""
    within_s: Duration = Field(default=60.0, gt=0, validation_alias="within", examples=["60s"])
    """The window in which restarts are counted."""
    backoff_min_s: _BackoffLow = Field(
        default=0.5, validation_alias="backoff", examples=["0.5s..30s"], json_schema_extra={"default": "0.5s..30s"}
    )
    """How long to wait before a restart. The first after a calm time is immediate, the next waits the shorter time, and
    it doubles up to the longer. One duration is both."""
    backoff_max_s: SkipJsonSchema[_BackoffHigh] = Field(default=30.0, validation_alias="backoff")
    """The longest wait before a restart."""


Restart = Annotated[
    RestartSpec, BeforeValidator(shapes.restart_table, json_schema_input_type=RestartPolicy | RestartSpec)
]


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
    """Environment variables added to the engine's own."""
    cwd: str | None = Field(default=None, examples=["data"])
    """The working directory, relative to the profile. Without it: the profile's directory."""
    restart: Restart = Field(default_factory=RestartSpec, examples=["never"])
    """What happens when the worker ends by itself: a policy, or a table with its limits."""
    heartbeat_s: Duration | None = Field(default=None, gt=0, validation_alias="heartbeat", examples=["10s"])
    """Silent for longer than this while busy: a hang warning. Without it: no warning."""
    stop_timeout_s: Duration = Field(default=5.0, validation_alias="stop_timeout", examples=["5s"])
    """How long a stop may take before SIGKILL ends the whole process tree."""
    stop_signal_after_s: Duration = Field(default=1.0, validation_alias="stop_signal_after", examples=["1s"])
    """How long a worker may take to follow a friendly request to stop before SIGTERM is sent as well."""


class WorkerSpec(DefaultsSpec):
    """One named thing that procdeck keeps running. Give exactly one of target, script, module and command."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    name: SkipJsonSchema[str] = Field(default="", validation_alias=f"{HIDDEN}name")
    """The name of the table."""
    start_method_reason: SkipJsonSchema[str] = Field(
        default="procdeck's default", validation_alias=f"{HIDDEN}start_method_reason"
    )
    """Who chose the start method, in words."""
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

    @property
    def kind(self) -> Kind:
        """What runs: the one of target, script, module and command that is given."""
        return next((kind for kind in KINDS if getattr(self, kind) is not None), "command")

    def replica_names(self) -> list[str]:
        """``["parse.1", "parse.2"]``, or ``["walk"]`` for a single replica."""
        if self.replicas == 1:
            return [self.name]
        return [f"{self.name}.{number}" for number in range(1, self.replicas + 1)]


class LogSpec(Table):
    """How the central log queue is kept."""

    segment_bytes: Size = Field(default=64 * 2**20, ge=64 * 2**10, validation_alias="segment_size", examples=["64MiB"])
    """A new segment file is begun after this size."""
    keep_runs: int = Field(default=5, ge=1, le=1_000_000, examples=[5])
    """How many runs' logs are kept; older ones are deleted when an engine starts."""


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
