"""When a worker runs: restarts, schedules, watched files, dependencies, groups. Frozen models; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator
from pydantic.json_schema import SkipJsonSchema

from supervisor.profile import notations, shapes
from supervisor.profile.names import did_you_mean, quoted
from supervisor.profile.quantities import backoff_high_s, backoff_low_s
from supervisor.profile.table import Duration, NamedTable, Table

RestartPolicy = Literal["never", "on-failure", "always"]
Overlap = Literal["skip", "queue", "restart"]
Condition = Literal["started", "ready", "completed", "completed-ok", "log"]
Strategy = Literal["one-for-one", "one-for-all", "rest-for-one"]

CONDITIONS: Final = ("started", "ready", "completed", "completed-ok")
"""The conditions that are one word; the fifth is a table: `{ log = "listening on" }`."""

_BackoffLow = Annotated[float, BeforeValidator(backoff_low_s, json_schema_input_type=str | float)]
_BackoffHigh = Annotated[float, BeforeValidator(backoff_high_s)]
_CronLine = Annotated[str, PlainValidator(notations.cron_line, json_schema_input_type=str)]


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
    jitter: float = Field(default=0.1, ge=0, le=1, examples=[0.1])
    """The share of a wait, at most, by which it is shortened, another for each replica, so that those that ended
    together do not come back together."""
    reset_after_s: Duration | None = Field(default=None, gt=0, validation_alias="reset_after", examples=["60s"])
    """After a life of this length its earlier ends do not count any more. Without it: each counts for `within`."""


Restart = Annotated[
    RestartSpec, BeforeValidator(shapes.restart_table, json_schema_input_type=RestartPolicy | RestartSpec)
]


class ScheduleSpec(Table):
    """When a worker is started again and again. Give `cron` or `every`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["cron"]}, {"required": ["every"]}]})

    cron: _CronLine | None = Field(default=None, examples=["*/5 * * * *"])
    """Minute, hour, day of month, month, day of week, in local time; a sixth part in front is the second."""
    every_s: Duration | None = Field(default=None, gt=0, validation_alias="every", examples=["10s"])
    """How long from one start to the next."""
    overlap: Overlap = Field(default="skip", examples=["queue"])
    """What happens when it still runs at its next time. skip: nothing. queue: it is started once more when it ends.
    restart: it is stopped and started."""
    at_start: bool = Field(default=False, examples=[True])
    """Whether it also runs when the engine starts."""


Schedule = Annotated[
    ScheduleSpec | None, BeforeValidator(shapes.schedule_table, json_schema_input_type=str | ScheduleSpec)
]


class WatchSpec(Table):
    """Files whose change restarts a worker."""

    paths: list[str] = Field(min_length=1, examples=[["src/**/*.py"]])
    """Which files, as patterns relative to the profile; `**` is any number of directories."""
    ignore: list[str] = Field(default_factory=list, examples=[["src/generated/**"]])
    """Which of them do not count."""
    debounce_s: Duration = Field(default=0.3, validation_alias="debounce", examples=["300ms"])
    """How long nothing may change before the restart, so that saving ten files is one restart."""


Watch = Annotated[WatchSpec | None, BeforeValidator(shapes.watch_table, json_schema_input_type=list[str] | WatchSpec)]


@dataclass(frozen=True, slots=True)
class DependencySpec:
    """What must be true of another worker before this one starts.

    Attributes:
        condition: of all its replicas. started: each runs. ready: each passes its checks. completed: each has ended.
            completed-ok: each has ended well. log: a line of output of each has the pattern.
        pattern: the regular expression of the condition log; None for the others.
    """

    condition: Condition = "ready"
    pattern: str | None = None


class LogTable(Table):
    """A dependency on a line of output."""

    log: Annotated[str, PlainValidator(notations.pattern, json_schema_input_type=str)] = Field(
        examples=["listening on"]
    )
    """A line of the other worker's output has this regular expression in it."""


def _dependency(value: object) -> DependencySpec:
    if isinstance(value, DependencySpec):
        return value
    if isinstance(value, dict):
        return DependencySpec("log", LogTable.model_validate(value, by_alias=True, by_name=False).log)
    for condition in CONDITIONS:
        if value == condition:
            return DependencySpec(condition)
    near = did_you_mean(value, CONDITIONS) if isinstance(value, str) else ""
    raise ValueError(f'must be {quoted(CONDITIONS, "or")}, or {{ log = "listening on" }}{near}')


_Word = Literal["started", "ready", "completed", "completed-ok"]
_Dependency = Annotated[DependencySpec, PlainValidator(_dependency, json_schema_input_type=_Word | LogTable)]
Dependencies = Annotated[
    dict[str, _Dependency],
    BeforeValidator(shapes.dependency_table, json_schema_input_type=list[str] | dict[str, _Word | LogTable]),
]


class GroupSpec(NamedTable):
    """Workers that end and restart together."""

    workers: list[str] = Field(min_length=1, examples=[["walk", "parse"]])
    """Its members, in the order of their start. A worker is in one group at most."""
    strategy: Strategy = Field(default="one-for-one", examples=["one-for-all"])
    """Who is restarted with a member that is. one-for-one: nobody. one-for-all: all members. rest-for-one: those after
    it in `workers`."""
