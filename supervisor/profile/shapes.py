"""The shapes a value may have where TOML allows more than one (text or list, word or table).

Raises ValueError, the only kind that validation gathers, with a sentence that goes on from the key's name and never
has the value in it: commands and arguments may hold secrets.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from supervisor.profile.quantities import duration_s
from supervisor.profile.typecodes import is_element

SHELL: Final = ("/bin/sh", "-c")
"""What runs a shell line."""


def restart_table(value: object) -> object:
    """``"never"`` is short for ``{ policy = "never" }``; anything else is left to the table's own validation."""
    return {"policy": value} if isinstance(value, str) else value


def command(value: object) -> object:
    """A shell line with something in it, or a list of text with a program at its head."""
    if isinstance(value, str):
        if not value.strip():
            raise ValueError('is empty; write a shell line such as command = "df -h ." or a list')
    elif isinstance(value, list):
        if not value or value[0] == "":
            raise ValueError('is empty; a list starts with the program, such as command = ["df", "-h", "."]')
        if not all(isinstance(item, str) for item in value):
            raise ValueError('must be a list of text, such as command = ["sleep", "5"]; put numbers in quotes')
    elif value is not None:
        raise ValueError('must be a shell line in quotes or a list of text, such as command = ["df", "-h", "."]')
    return value


def program(value: object) -> tuple[str, ...]:
    """The words to execute: of a list as they are, of a shell line with the shell in front."""
    if isinstance(value, str):
        if not value.strip() or "\0" in value:
            raise ValueError(
                'is empty; write a shell line such as "rm -f lock", or a list such as ["rm", "-f", "lock"]'
            )
        return (*SHELL, value)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError('must be a shell line in quotes or a list of text, such as ["rm", "-f", "lock"]')
    if not value or value[0] == "":
        raise ValueError('is empty; a list starts with the program, such as ["rm", "-f", "lock"]')
    return tuple(value)


def only_true(value: object) -> object:
    """A kind of check that has nothing to set."""
    if value is not True:
        raise ValueError("must be true; remove it if there is to be no such check")
    return value


def heartbeat(value: object) -> float | None:
    """How often a heartbeat comes, in seconds; None when the worker's own `heartbeat` says it."""
    if value is True or value is None:
        return None
    period_s = duration_s(value)
    if period_s == 0:
        raise ValueError("must be more than 0")
    return period_s


def http_table(value: object) -> object:
    """A URL is short for ``{ url = "..." }``."""
    return {"url": value} if isinstance(value, str) else value


def status_range(value: object) -> tuple[int, int]:
    """The lowest and the highest good status; one status is both."""
    pair = value if isinstance(value, list | tuple) else (value, value)
    statuses = [item for item in pair if isinstance(item, int) and 100 <= item <= 599]
    if len(pair) != 2 or len(statuses) != 2 or statuses[0] > statuses[1]:
        raise ValueError("must be a status such as 200, or the lowest and the highest, such as [200, 299]")
    return statuses[0], statuses[1]


def schedule_table(value: object) -> object:
    """A cron expression is short for ``{ cron = "..." }``."""
    return {"cron": value} if isinstance(value, str) else value


def watch_table(value: object) -> object:
    """A list of patterns is short for ``{ paths = [...] }``."""
    return {"paths": value} if isinstance(value, list) else value


def dependency_table(value: object) -> object:
    """A list of workers is short for a table in which each is to be ready."""
    if not isinstance(value, list):
        return value
    if not all(isinstance(name, str) for name in value):
        raise ValueError('must be a list of workers such as ["redis"], or a table such as { redis = "ready" }')
    return dict.fromkeys(value, "ready")


def text_list(value: object) -> object:
    """One text is short for a list of it."""
    return [value] if isinstance(value, str) else value


def patience_s(value: object) -> float | None:
    """A duration above zero in seconds, or None for "unlimited"."""
    if value is None or value == "unlimited":
        return None
    seconds = duration_s(value)
    if seconds == 0:
        raise ValueError('must be more than 0, or "unlimited"')
    return seconds


def arguments(value: object) -> object:
    """A table of values that can travel to a worker, or a list of text."""
    if isinstance(value, dict):
        _refuse_dates(value)
    elif not isinstance(value, list):
        raise ValueError(  # noqa: TRY004
            'must be a table such as args = { root = "@stdlib" } for a target, or a list of text for a script'
        )
    elif not all(isinstance(item, str) for item in value):
        raise ValueError('must be a list of text, such as args = ["--count", "3"]; put numbers in quotes')
    return value


def sendable(value: object) -> object:
    """Anything that can travel to the manager process; whether it is a table or a list is left to validation."""
    _refuse_dates(value)
    return value


def element(value: object) -> object:
    """One number or character; whether the type can hold it is checked where the type is known."""
    if value is not None and not is_element(value):
        raise ValueError('must be a number, or a character in quotes for the types "c" and "u"')
    return value


def elements(value: object) -> object:
    """A list of numbers or characters; text is the list of its characters."""
    if isinstance(value, str):
        return list(value)
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError('must be a list such as initial = [0, 0, 0], or text for the types "c" and "u"')  # noqa: TRY004
    if not all(is_element(item) for item in value):
        raise ValueError('must be a list of numbers, or of characters in quotes for the types "c" and "u"')
    return value


def _refuse_dates(value: Any) -> None:
    if isinstance(value, dt.date | dt.time):
        raise ValueError("has a date or time, which cannot be passed to a worker; put it in quotes")  # noqa: TRY004
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _refuse_dates(item)
