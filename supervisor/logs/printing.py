"""Renders a record as lines of plain text, for ``procdeck logs`` and runs without a screen. Pure.

::

    13:31:26.123  parse.2   INFO      parsed ast.py
                                      Traceback (most recent call last):
"""

from __future__ import annotations

from supervisor.logs.inert import inert
from supervisor.logs.record import Record

NAME_COLOURS = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)
"""SGR numbers that tell workers apart."""
LEVEL_COLOURS = {"DEBUG": "2", "TRACE": "2", "SUCCESS": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}

_LEVEL_WIDTH = 8


def print_record(
    record: Record, *, name_width: int = 0, colours: bool = False, utc_offset_s: int = 0, with_name: bool = True
) -> str:
    """``HH:MM:SS.mmm  name  LEVEL  message``, continuation lines and the traceback indented below; no final newline.

    Args:
        name_width: cells to which the worker's name is padded.
        colours: with ANSI colours by worker and level.
        utc_offset_s: seconds that the reader's clock is ahead of UTC.
        with_name: says which worker's it is; not needed where all are of one.
    """
    clock = time_of_day(record.time, utc_offset_s)
    name = inert(record.worker or "?", keeps_newlines=False).ljust(name_width)
    level = inert(record.level, keeps_newlines=False).ljust(_LEVEL_WIDTH)
    indent = " " * (len(clock) + (len(name) + 2) * with_name + len(level) + 4)
    lines = inert(_message(record)).split("\n")
    if record.exception is not None:
        lines += inert(_traceback(record)).rstrip("\n").split("\n")
    if colours:
        clock = _coloured(clock, "2")
        name = _coloured(name, str(NAME_COLOURS[_name_number(record.worker)]))
        sgr = LEVEL_COLOURS.get(record.level, "")
        level = _coloured(level, sgr)
        if record.stream != "stdout":
            lines = [_coloured(line, sgr) for line in lines]
    named = f"{name}  " if with_name else ""
    return f"{clock}  {named}{level}  " + f"\n{indent}".join(lines)


def time_of_day(time_text: str, utc_offset_s: int = 0) -> str:
    """``HH:MM:SS.mmm`` of a record's time on a clock `utc_offset_s` ahead of UTC; dashes where it has none."""
    clock = time_text[11:23]
    if len(clock) != 12 or not (clock[:2] + clock[3:5] + clock[6:8] + clock[9:]).isdecimal():
        return "--:--:--.---"
    if not utc_offset_s:
        return clock
    seconds = int(clock[:2]) * 3600 + int(clock[3:5]) * 60 + int(clock[6:8]) + utc_offset_s
    minutes, second = divmod(seconds % 86400, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{clock[9:]}"


def _message(record: Record) -> str:
    parts = [record.message.rstrip("\n")]
    if record.extra:
        parts.append(" ".join(f"{key}={_value(value)}" for key, value in record.extra.items() if key != "stack"))
    marks = [mark for mark, is_set in (("⏎ cut", record.continued), ("no newline", record.partial)) if is_set]
    if record.pid is not None:
        marks.append(f"pid {record.pid}")
    if marks:
        parts.append(f"({', '.join(marks)})")
    text = "  ".join(part for part in parts if part)
    stack = record.extra.get("stack")
    return f"{text}\n{stack}" if isinstance(stack, str) else text


def _value(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _traceback(record: Record) -> str:
    exception = record.exception
    assert exception is not None
    return exception.traceback or f"{exception.type}: {exception.message}"


def _name_number(worker: str) -> int:
    """The same colour for the same worker in every run; replicas of one worker differ."""
    return sum(worker.encode("utf-8", "replace")) % len(NAME_COLOURS)


def _coloured(text: str, sgr: str) -> str:
    return f"\x1b[{sgr}m{text}\x1b[0m" if sgr and text else text
