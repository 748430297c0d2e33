"""What a worker says of its pools, made into messages: cut to size, secrets masked, nothing believed but its shape.

::

    {"op": "pool", "report": {...}}                          ──► report_of ──► PoolReport
    {"op": "pool-failure", "pool": "X", "failure": {...}}    ──► failure_of ──► ("X", PoolFailure)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from supervisor.api.pools import PoolFailure, PoolReport
from supervisor.masking import SECRET_LENGTH, mask_text
from supervisor.profile.names import NAME_PATTERN

TEXT_LIMIT: Final = 1000
"""Characters of any text but a traceback; clients cut further."""
TRACEBACK_LIMIT: Final = 8000
LIST_LIMIT: Final = 64
"""Members of a pool, seconds of its history, its slowest tasks, words of advice: so many of each."""
NUMBER_LIMIT: Final = 2**53
"""Every JSON reader there is has whole numbers up to here."""
DEPTH_LIMIT: Final = 3

_POOL_NAME: Final = re.compile(NAME_PATTERN)
_Said = TypeVar("_Said", PoolReport, PoolFailure)


class Garbage(ValueError):
    """A frame that is none of those."""


def report_of(message: Mapping[str, Any]) -> PoolReport:
    """What a ``pool`` frame says.

    Raises:
        Garbage: it says nothing that could be understood.
    """
    report = _as(message.get("report"), PoolReport)
    _check_name(report.pool)
    return report


def failure_of(message: Mapping[str, Any]) -> tuple[str, PoolFailure]:
    """The pool that a ``pool-failure`` frame is about, and the item that has failed.

    Raises:
        Garbage: it says nothing that could be understood.
    """
    failure = _as(message.get("failure"), PoolFailure)
    return _check_name(message.get("pool")), failure


def _check_name(name: object) -> str:
    if isinstance(name, str) and _POOL_NAME.fullmatch(name):
        return name
    raise Garbage("no name of a pool")


def _as(value: object, expected: type[_Said]) -> _Said:
    try:
        return msgspec.convert(_sound(value, "", DEPTH_LIMIT), expected)
    except msgspec.ValidationError as error:
        raise Garbage(str(error)) from error


def _sound(value: Any, key: str, depth: int) -> Any:
    """`value` as every client can read it: finite numbers, texts that UTF-8 can hold, and no end of nothing."""
    if isinstance(value, str):
        limit = TRACEBACK_LIMIT if key == "traceback" else TEXT_LIMIT
        text = value if len(value) <= limit else f"{value[: limit // 2]} ... {value[-limit // 2 :]}"
        text = text.encode("utf-8", "backslashreplace").decode()
        return mask_text(text) if len(text) >= SECRET_LENGTH else text
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) <= NUMBER_LIMIT:  # neither is NaN
            raise Garbage(f"{key} is no number that could be told")
        return value
    if isinstance(value, dict | list) and depth == 0:
        raise Garbage("nested deeper than any report")
    if isinstance(value, dict):
        return {name: _sound(each, name, depth - 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_sound(each, key, depth - 1) for each in value[:LIST_LIMIT]]
    return value
