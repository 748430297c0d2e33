"""Limits of a worker's processes: the table that a person writes, and the pairs that other rooms read. Sets nothing."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, PlainValidator

from supervisor.profile.quantities import size_bytes
from supervisor.profile.table import Table

UNLIMITED: Final = -1
"""Stands for no limit, as `resource.RLIM_INFINITY` does."""

Limit = tuple[int, int]
"""The soft and the hard limit; `UNLIMITED` for none."""

_LARGEST: Final = 2**63 - 1


def _one(value: object, *, is_size: bool) -> int:
    if value == "unlimited" or (value == UNLIMITED and not isinstance(value, bool)):
        return UNLIMITED
    if is_size and isinstance(value, str):
        return size_bytes(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        one = 'a size such as "2GiB"' if is_size else "a whole number such as 1024"
        raise ValueError(f'must be {one}, a list of two, soft and hard, or "unlimited"')
    return value


def _pair(value: object, *, is_size: bool) -> Limit:
    if not isinstance(value, list | tuple):
        limit = _one(value, is_size=is_size)
        return limit, limit
    if len(value) != 2:
        example = '["1GiB", "2GiB"]' if is_size else "[1024, 4096]"
        raise ValueError(f"must have two limits in a list, the soft and the hard one, such as {example}")
    soft, hard = (_one(item, is_size=is_size) for item in value)
    if hard != UNLIMITED and (soft == UNLIMITED or soft > hard):
        raise ValueError("must have its soft limit first, which is not above the hard one")
    return soft, hard


def _count(value: object) -> Limit:
    return _pair(value, is_size=False)


def _size(value: object) -> Limit:
    return _pair(value, is_size=True)


_CountInput = int | Literal["unlimited"]
_SizeInput = int | str
_Count = Annotated[Limit | None, PlainValidator(_count, json_schema_input_type=_CountInput | list[_CountInput])]
_Size = Annotated[Limit | None, PlainValidator(_size, json_schema_input_type=_SizeInput | list[_SizeInput])]


class LimitsTable(Table):
    """Limits that the system holds each process of a worker to, as setrlimit(2) has them.

    One value is the soft and the hard limit, a list of two is the soft and the hard one; "unlimited" is none.
    """

    as_: _Size = Field(default=None, validation_alias="as", examples=["2GiB"])
    """Address space."""
    core: _Size = Field(default=None, examples=[0])
    """Size of a core dump; 0 writes none."""
    cpu: _Count = Field(default=None, examples=[3600])
    """Seconds of CPU time, then SIGXCPU, and SIGKILL at the hard limit."""
    data: _Size = Field(default=None, examples=["1GiB"])
    """Data segment: heap and private mappings."""
    fsize: _Size = Field(default=None, examples=["1GiB"])
    """Size of any file that is written."""
    memlock: _Size = Field(default=None, examples=["64MiB"])
    """Memory locked in RAM."""
    msgqueue: _Size = Field(default=None, examples=["800KiB"])
    """POSIX message queues of the user."""
    nice: _Count = Field(default=None, examples=[20])
    """How far the niceness may be lowered: 20 minus this."""
    nofile: _Count = Field(default=None, examples=[1024])
    """Open file descriptors."""
    nproc: _Count = Field(default=None, examples=[[100, 200]])
    """Processes and threads of the user."""
    rss: _Size = Field(default=None, examples=["1GiB"])
    """Resident memory; Linux ignores it."""
    rtprio: _Count = Field(default=None, examples=[0])
    """Highest real-time priority."""
    rttime: _Count = Field(default=None, examples=[200000])
    """Microseconds of real-time CPU without a blocking call."""
    sigpending: _Count = Field(default=None, examples=[1000])
    """Signals queued for the user."""
    stack: _Size = Field(default=None, examples=["8MiB"])
    """Stack of the main thread."""


def _limits(value: Any) -> dict[str, Limit]:
    table = LimitsTable.model_validate(value, by_alias=True, by_name=False)
    pairs = {field.removesuffix("_"): getattr(table, field) for field in LimitsTable.model_fields}
    return {name: pair for name, pair in pairs.items() if pair is not None}


Limits = Annotated[dict[str, Limit], PlainValidator(_limits, json_schema_input_type=LimitsTable)]
