"""What every worker and pool has, said in its own table or in `[defaults]`. A frozen model; decides nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainValidator

from supervisor.profile import notations, shapes
from supervisor.profile.limits import Limits
from supervisor.profile.running import Restart, RestartSpec
from supervisor.profile.table import Duration, Size, Table

StartMethod = Literal["fork", "spawn", "forkserver"]
LogLevel = Literal["TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"]


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
