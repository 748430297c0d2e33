"""Items and results as text: for people short, for files as JSON where that can say them."""

from __future__ import annotations

import json
import os
import traceback
from reprlib import Repr

from supervisor.pools.errors import (
    MemberDied,
    PoolClosed,
    RemoteTraceback,
    ResultLost,
    TaskCancelled,
    TaskExited,
    TaskTimedOut,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ITEM_CHARACTERS = 120
"""How much of an item people are shown: its beginning, and its end, which tells one path from another."""
_END_CHARACTERS = 72
TRACEBACK_CHARACTERS = 4000
"""How much of a traceback the engine is told: its beginning and its end."""
_KINDS = (
    (TaskCancelled, "cancelled"),
    (TaskTimedOut, "timed-out"),
    (MemberDied, "died"),
    (TaskExited, "exited"),
    (ResultLost, "lost"),
    (PoolClosed, "cancelled"),
)

_FRAME = '\n  File "'
_OURS = tuple(os.path.join(os.path.dirname(os.path.dirname(__file__)), room, "") for room in ("pools", "poolrun"))

_short = Repr()
_short.maxstring = _short.maxother = _short.maxlong = ITEM_CHARACTERS
_short.maxlevel = 3


def short(item: object) -> str:
    """A line that tells an item; text stands for itself."""
    try:
        text = item if isinstance(item, str) else _short.repr(item)
    except Exception as failure:
        text = f"<{type(item).__name__} whose repr raises {type(failure).__name__}>"
    text = text.replace("\n", "\\n").replace("\r", "\\r")
    if len(text) <= ITEM_CHARACTERS:
        return text
    return text[: ITEM_CHARACTERS - _END_CHARACTERS - 1] + "…" + text[-_END_CHARACTERS:]


def as_json(value: object) -> str | None:
    """`value` as JSON text; None when JSON has no words for it."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None


def plain(value: object) -> str:
    """``repr(value)``, whatever that does."""
    try:
        return repr(value)
    except Exception as failure:
        return f"<{type(value).__name__} whose repr raises {type(failure).__name__}>"


def kind_of(error: BaseException) -> str:
    """What became of an item, in the words of `supervisor.api.pools.FailureKind`."""
    return next((kind for type_, kind in _KINDS if isinstance(error, type_)), "exception")


def error_text(error: BaseException) -> str:
    """``ValueError: not a photo``."""
    try:
        message = str(error)
    except Exception as failure:
        message = f"<its own __str__ raises {type(failure).__name__}>"
    name = type(error).__qualname__
    message = message.replace("the result (tuple)", "the result", 1)  # it travels with the time that it took
    return f"{name}: {message}" if message else name


def traceback_text(error: BaseException) -> str:
    """The traceback of what a task raised, as it was in the member; empty where there was none."""
    cause = error.__cause__
    if isinstance(cause, RemoteTraceback):
        return without_our_frames(cause.text)
    if kind_of(error) != "exception":
        return ""
    try:
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception as failure:
        return f"<the traceback cannot be formatted: {type(failure).__name__}>"


def without_our_frames(text: str) -> str:
    """A traceback that begins with the first frame of the user's own."""
    head, *frames = text.split(_FRAME)
    first = next((at for at, frame in enumerate(frames) if not frame.startswith(_OURS)), 0)
    return _FRAME.join([head, *frames[first:]])


def cut(text: str, most: int = TRACEBACK_CHARACTERS) -> str:
    """The beginning and the end of a text."""
    return text if len(text) <= most else f"{text[: most // 2]}\n... cut ...\n{text[-most // 2 :]}"


def counted(number: int, noun: str) -> str:
    """``1 item``, ``1,204 items``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def exception_fields(error: BaseException) -> dict[str, Any]:
    """What a log record tells of an exception."""
    kind = type(error)
    name = (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )
    return {"type": name, "message": error_text(error).partition(": ")[2], "traceback": traceback_text(error)}
