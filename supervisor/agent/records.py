"""Everything a Python worker says as records: `logging`, warnings, uncaught exceptions, ``ctx.log``, loguru.

Standard library only, no thread, and nothing here ever raises into user code.

::

    logging, warnings ── standard_logging ─┐
    loguru, if imported ── loguru_bridge ──┼─ LaneWriter ─ one os.write per line ─ lane
    hooks of sys and threading ── emit() ──┘
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, MutableMapping

from supervisor.agent import levels, standard_logging, tracebacks
from supervisor.agent.lane_writer import LaneWriter
from supervisor.agent.record_lines import described, record_line
from supervisor.agent.standard_logging import STANDARD_FIELDS
from supervisor.agent.tracebacks import exception_fields

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from typing import Any

    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter

__all__ = ["BoundLogger", "LaneWriter", "emit", "exception_fields", "install", "make_logger"]

AGENT_LOGGER = "procdeck.agent"
LOCALS_VARIABLE = "PROCDECK_TRACEBACK_LOCALS"
"""Set to 1 in a worker's environment, it shows locals in tracebacks as ``traceback_locals`` does."""

_lane: LaneWriter | None = None
_main_pid = 0
_told: BaseException | None = None


def emit(
    level: str,
    message: str,
    *,
    logger: str = AGENT_LOGGER,
    place: str = "",
    extra: Mapping[str, object] | None = None,
    exception: Mapping[str, str] | BaseException | None = None,
    thread: str = "",
    created: float | None = None,
) -> bool:
    """Write a record past `logging`, so that no configuration of the user's can hide it; False when nobody reads.

    `created` is a Unix time, now by default. `exception` may be what `exception_fields` has made.
    """
    if _lane is None:
        return False
    pid = os.getpid()
    if isinstance(exception, BaseException):
        exception = exception_fields(exception)
    line = record_line(
        time.time() if created is None else created,
        level,
        message,
        logger,
        pid=None if pid == _main_pid else pid,
        thread="" if thread == "MainThread" else thread,
        place=place,
        extra=extra,
        exception=exception,
    )
    return _lane.write(line)


def install(lane: int | LaneWriter, level: str = "", *, has_locals: bool = False) -> None:
    """Send what this process logs to `lane`, which stays open from now on.

    Args:
        lane: the write end of a pipe; or what writes lines elsewhere, where a process has several workers.
        level: for the root logger, unless somebody has already chosen one, and for loguru. Empty: INFO, and loguru's
            own default, DEBUG.
        has_locals: show the locals of each frame in tracebacks.
    """
    global _lane, _main_pid  # noqa: PLW0603  one lane per process, as there is one sys.excepthook
    _lane = LaneWriter(lane) if isinstance(lane, int) else lane
    _main_pid = os.getpid()
    tracebacks.show_locals(has_locals or os.environ.get(LOCALS_VARIABLE, "").lower() in ("1", "true", "yes", "on"))
    root = logging.getLogger()
    is_fork_of_engine = "supervisor.engine" in sys.modules
    if is_fork_of_engine:
        root.handlers.clear()
    if is_fork_of_engine or root.level in (logging.WARNING, logging.NOTSET):
        root.setLevel(levels.number_of(level))
    standard_logging.take_in(_lane, _main_pid)
    levels.watch()
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addFilter(_tidy_warning)
    sys.excepthook = _on_uncaught
    threading.excepthook = _on_uncaught_in_thread
    sys.unraisablehook = _on_unraisable
    from supervisor.agent.loguru_bridge import await_loguru

    await_loguru(emit, level, drops_inherited_sinks=is_fork_of_engine)


def _tidy_warning(record: logging.LogRecord) -> bool:
    record.msg, record.args = record.getMessage().rstrip(), ()
    return True


def call_users_hook(error: BaseException) -> None:
    """Call the ``sys.excepthook`` that user code has set, as the interpreter would; `error` is in the log already."""
    global _told  # noqa: PLW0603 - as above
    hook = sys.excepthook
    if hook in (_on_uncaught, sys.__excepthook__):
        return
    _told = error
    try:
        hook(type(error), error, error.__traceback__)
    except Exception as failure:
        emit("ERROR", "the sys.excepthook of the worker's own code has failed", exception=failure)


def _on_uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if error is _told:  # a hook of user code that calls the one before it
        return
    if not emit("ERROR", f"uncaught {kind.__name__}", exception=error):
        sys.__excepthook__(kind, error, trace)


def _on_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit:
        return
    name = args.thread.name if args.thread else "a thread that has ended"
    if args.exc_value is None or not emit(
        "ERROR", f"uncaught {args.exc_type.__name__} in thread {name}", exception=args.exc_value, thread=name
    ):
        threading.__excepthook__(args)


def _on_unraisable(args: sys.UnraisableHookArgs) -> None:
    try:
        what = args.err_msg or "an exception was ignored in"
        if args.exc_value is not None and emit("ERROR", f"{what}: {described(args.object)}", exception=args.exc_value):
            return
    except Exception:  # at interpreter shutdown globals may be gone already
        pass
    sys.__unraisablehook__(args)


class BoundLogger(_Adapter):
    """A logger with fields that every one of its records carries. Has all methods of `logging.Logger` that log."""

    def bind(self, **extra: object) -> BoundLogger:
        """A logger like this one whose records also carry `extra`."""
        return BoundLogger(self.logger, {**(self.extra or {}), **extra})

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the name is logging's
        """Whether a record of `level` would be written. `logging.config` cannot switch this logger off by the way."""
        if self.logger.disabled:
            self.logger.disabled = False  # it disables every logger that its table does not name
        return self.logger.isEnabledFor(level)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Merge the bound fields with those of the call; the call's win."""
        if self.extra or kwargs.get("extra"):
            kwargs["extra"] = dict(_safe_names({**(self.extra or {}), **(kwargs.get("extra") or {})}.items()))
        return msg, kwargs


def _safe_names(fields: Iterable[tuple[str, object]]) -> Iterable[tuple[str, object]]:
    """`logging` refuses fields that are called as its own are; those get an underscore."""
    for name, value in fields:
        yield (f"{name}_" if name in STANDARD_FIELDS else name), value


def make_logger(name: str) -> BoundLogger:
    """What ``ctx.log`` is: the logger `name` with `BoundLogger.bind`."""
    return BoundLogger(logging.getLogger(name), {})
