"""Turns an exception into the fields of a record: type, message, whole chained traceback, and locals where wished.

Never raises, whatever an exception's ``__str__`` or a local's ``__repr__`` does. Values of locals are capped, and
masked where their names or looks say that they are secret.
"""

from __future__ import annotations

import os
from types import TracebackType

from supervisor.agent.record_lines import VALUE_LIMIT, cut

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from traceback import TracebackException

TRACEBACK_LIMIT = 256 * 1024
"""Characters of a traceback that are kept: its beginning and its end."""
LOCALS_OF_A_FRAME = 30
FRAMES_WITH_LOCALS = 20
"""How many of the innermost frames of each exception show their locals."""
LOCAL_LIMIT = 200
"""Characters of one local's value that are kept."""

_AGENT_DIRECTORY = os.path.dirname(__file__) + os.sep
_LINKS_LIMIT = 20


class _Wish:
    """Whether locals are shown in this process."""

    has_locals = False


def show_locals(is_wished: bool) -> None:
    """From now on show the locals of each frame in tracebacks, or no longer."""
    _Wish.has_locals = is_wished


def exception_fields(error: BaseException) -> dict[str, str]:
    """Type, message and whole chained traceback of `error`.

    Leading frames of the agent and of ``runpy`` are left out: they are in every traceback and tell nothing.
    """
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    try:
        message = cut(str(error), VALUE_LIMIT)
    except Exception as failure:
        message = f"<the exception's own __str__ raises {type(failure).__name__}>"
    return {"type": name, "message": message, "traceback": _traceback_text(error)}


def _traceback_text(error: BaseException) -> str:
    import traceback

    try:
        told = traceback.TracebackException(type(error), error, _without_our_frames(error.__traceback__), compact=True)
        if _Wish.has_locals:
            _add_locals(told, error, set())
        text = "".join(told.format())
    except Exception as failure:
        return f"<the traceback cannot be formatted: {type(failure).__name__}>"
    if len(text) <= TRACEBACK_LIMIT:
        return text
    half = TRACEBACK_LIMIT // 2
    missing = len(text) - 2 * half
    return f"{text[:half]}\n… ({missing:,} characters left out)\n{text[-half:]}"


def _without_our_frames(trace: TracebackType | None) -> TracebackType | None:
    first = trace
    while first is not None:
        file = first.tb_frame.f_code.co_filename
        if not (file.startswith(_AGENT_DIRECTORY) or file == "<frozen runpy>"):
            return first
        first = first.tb_next
    return trace


def _add_locals(told: TracebackException, error: BaseException, done: set[int]) -> None:
    """Give the frames of `told`, which stands for `error`, and of what led to it, their locals."""
    if id(error) in done or len(done) >= _LINKS_LIMIT:
        return
    done.add(id(error))
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    shown = list(told.stack)[-FRAMES_WITH_LOCALS:]
    describe = _describer()
    for summary, frame in zip(reversed(shown), reversed(frames), strict=False):
        summary.locals = {} if frame.f_code.co_name == "<module>" else _described(frame.f_locals, describe)
    for link, cause in ((told.__cause__, error.__cause__), (told.__context__, error.__context__)):
        if link is not None and cause is not None:
            _add_locals(link, cause, done)
    for link, member in zip(told.exceptions or (), getattr(error, "exceptions", ()), strict=False):
        _add_locals(link, member, done)


def _described(values: dict[str, object], describe: Callable[[str, object], str]) -> dict[str, str]:
    shown = {name: describe(name, value) for name, value in list(values.items())[:LOCALS_OF_A_FRAME]}
    if len(values) > LOCALS_OF_A_FRAME:
        shown["…"] = f"{len(values) - LOCALS_OF_A_FRAME} more"
    return shown


def _describer() -> Callable[[str, object], str]:
    """What makes a short text of a local: long containers are not looked through, and secrets stay so."""
    from reprlib import Repr

    from supervisor.masking import MASK, is_secret_name, mask_text

    short = Repr()
    short.maxstring = short.maxother = short.maxlong = LOCAL_LIMIT
    short.maxlist = short.maxtuple = short.maxset = short.maxfrozenset = short.maxdict = short.maxdeque = 10
    short.maxlevel = 3

    def describe(name: str, value: object) -> str:
        if is_secret_name(name) and value is not None:
            return MASK
        try:
            text = short.repr(value)
        except Exception as failure:
            return f"<{type(value).__name__} whose repr raises {type(failure).__name__}>"
        return cut(mask_text(text).replace("\n", "\\n"), LOCAL_LIMIT)

    return describe
