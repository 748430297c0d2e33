"""What one stored log line means: the value that a line decodes to, and the lines that the engine itself writes.

Decoding never fails: a line that is not a record becomes a record that shows it.
"""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec

from supervisor.legible import encoded, legible

IDENTITY_MARK = b',"stream":"'
"""Where the engine's part of a stored line begins; the last occurrence counts, and no worker can write after it."""

LEVELS: dict[str, int] = {
    "TRACE": 5,
    "DEBUG": 10,
    "INFO": 20,
    "SUCCESS": 25,
    "WARNING": 30,
    "ERROR": 40,
    "CRITICAL": 50,
}
"""Severity by level name, as `logging` and loguru have it."""


class LogException(msgspec.Struct, frozen=True):
    """An exception that a record carries."""

    type: str = ""
    message: str = ""
    traceback: str = ""
    """The whole text, chained exceptions included."""
    advice: str = ""
    """What it means and what to do, where procdeck knows."""


class Record(msgspec.Struct, frozen=True):
    """One log record of one worker, as stored."""

    time: str = ""
    """UTC, ``2026-11-22T13:31:26.123456Z``; empty where a damaged line does not tell."""
    level: str = "INFO"
    message: str = ""
    stream: str = ""
    """``log`` ``stdout`` ``stderr`` ``engine``, or ``damaged`` for a line that is no record."""
    worker: str = ""
    """The replica's name, ``parse.2``, or ``engine``."""
    incarnation: int = 0
    logger: str = ""
    place: str = ""
    """``census.py:41 parse``"""
    pid: int | None = None
    """Only where it is not the worker's main process."""
    thread: str = ""
    """Only where it is not the main thread."""
    extra: dict[str, Any] = {}
    exception: LogException | None = None
    partial: bool = False
    """The stream ended without a newline after this line."""
    continued: bool = False
    """The line was longer than 16 MiB, or than memory allowed, and goes on in this stream's next record."""
    raw: str = ""
    """Base64 of the line's bytes, where they were not valid UTF-8."""

    @property
    def severity(self) -> int:
        """The number of its level; see `LEVELS`."""
        return severity(self.level)


def severity(level: str) -> int:
    """The number of a level name, case ignored; INFO's for a name nobody knows, 35 for ``Level 35``."""
    known = LEVELS.get(level)
    if known is not None:
        return known
    upper = level.upper()
    if upper.startswith("LEVEL ") and upper[6:].isdigit():
        return int(upper[6:9])
    return LEVELS.get(upper, 20)


def time_text(wall_s: float) -> str:
    """The Unix time `wall_s` as the 27 characters of a record's `time`."""
    whole = int(wall_s)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((wall_s - whole) * 1_000_000):06d}Z"


_decoder = msgspec.json.Decoder(Record)


def decode(line: bytes) -> Record:
    """The record in one stored line, with or without its newline. Never raises."""
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _decode_leniently(line)


def _decode_leniently(line: bytes) -> Record:
    """A line with a field of a wrong type or a lone surrogate keeps its other fields; any other is shown as it is."""
    try:
        fields = json.loads(line)
        if isinstance(fields, dict):
            return msgspec.convert(_usable(fields), Record)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        pass
    return _damaged(line)


def _usable(fields: dict[str, Any]) -> dict[str, Any]:
    usable: dict[str, Any] = {}
    for name in Record.__struct_fields__:
        if name not in fields:
            continue
        value = legible(fields[name])
        if name in ("incarnation", "pid", "partial", "continued", "extra", "exception"):
            if name == "exception" and isinstance(value, dict):
                value = {key: str(value[key]) for key in ("type", "message", "traceback") if key in value}
            wanted = {"incarnation": int, "pid": int, "partial": bool, "continued": bool}.get(name, dict)
            if isinstance(value, wanted):
                usable[name] = value
        else:
            usable[name] = value if isinstance(value, str) else json.dumps(value)
    return usable


def _damaged(line: bytes) -> Record:
    text = line.rstrip(b"\n").decode("utf-8", "backslashreplace")
    start = line[9:36]
    is_timed = line.startswith(b'{"time":"') and len(start) == 27 and start.endswith(b"Z") and start.isascii()
    mark = line.rfind(IDENTITY_MARK)
    worker, incarnation = "", 0
    if mark >= 0:
        try:
            identity = msgspec.json.decode(b"{" + line[mark + 1 :], type=Record)
            worker, incarnation = identity.worker, identity.incarnation
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
    return Record(
        time=start.decode() if is_timed else "",
        level="WARNING",
        message=text,
        stream="damaged",
        worker=worker,
        incarnation=incarnation,
    )


def engine_line(
    wall_s: float,
    level: str,
    message: str,
    *,
    subject: str = "",
    extra: dict[str, Any] | None = None,
    exception: LogException | None = None,
) -> bytes:
    """A record of the engine's own, ready to be stored. `subject` is the worker or channel it speaks of."""
    fields: dict[str, Any] = {"time": time_text(wall_s), "level": level, "message": message}
    details = {**({"subject": subject} if subject else {}), **(extra or {})}
    if details:
        fields["extra"] = details
    if exception is not None:
        fields["exception"] = exception
    fields.update(stream="engine", worker="engine", incarnation=0)
    return encoded(fields) + b"\n"
