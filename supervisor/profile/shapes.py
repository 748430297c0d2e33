"""The shapes a value may have where TOML allows more than one (text or list, word or table).

Raises ValueError, the only kind that validation gathers, with a sentence that goes on from the key's name and never
has the value in it: commands and arguments may hold secrets.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from supervisor.profile.typecodes import is_element


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
