"""Everything a Python worker says as records: `logging`, warnings, uncaught exceptions, ``ctx.log``, loguru.

Standard library only, no thread, and nothing here ever raises into user code.

::

    logging ─┐                     ┌─ loguru, if imported
    warnings ┼─ LaneHandler ─ LaneWriter ─ one os.write per line ─ lane
    hooks ───┘  emit() ────────────┘
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, MutableMapping

from supervisor.agent.lane_writer import LaneWriter
from supervisor.agent.record_lines import (
    MESSAGE_LIMIT,
    cut,
    described,
    exception_fields,
    finished_line,
    quote,
    record_line,
    rest_of_line,
    time_text,
)

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from typing import Any

    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter

__all__ = ["BoundLogger", "LaneHandler", "LaneWriter", "emit", "exception_fields", "install", "make_logger"]

AGENT_LOGGER = "procdeck.agent"

_STANDARD_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"taskName", "message", "asctime"}
_STANDARD_COUNT = len(logging.makeLogRecord({}).__dict__)

_lane: LaneWriter | None = None
_main_pid = 0


class LaneHandler(logging.Handler):
    """A `logging` handler that writes each record to `lane` as one line, at once.

    Args:
        lane: where to; shared by all threads, and by children the process forks.
        main_pid: records of any other process carry their pid; 0 means this process.
    """

    def __init__(self, lane: LaneWriter, main_pid: int = 0) -> None:
        super().__init__()
        self._lane = lane
        self._main_pid = main_pid or os.getpid()

    def handle(self, record: logging.LogRecord) -> bool:
        """Write `record` without the handler lock of the base class: the lane has its own."""
        if self.filters:
            kept: object = self.filter(record)
            if not kept:
                return False
            if isinstance(kept, logging.LogRecord):
                record = kept
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record`; a record that cannot be formatted says so in its message."""
        try:
            self._lane.write(_line(record, self._main_pid))
        except Exception as error:
            self._lane.write(
                record_line(
                    time.time(),
                    "ERROR",
                    f"a log record could not be written: {described(error)}",
                    AGENT_LOGGER,
                    exception=exception_fields(error),
                )
            )


def _line(record: logging.LogRecord, main_pid: int) -> bytes:
    fields = record.__dict__
    message = record.msg
    if record.args or type(message) is not str:
        message = _message(record)
    if len(message) > MESSAGE_LIMIT:
        message = cut(message)
    site = (record.levelname, record.name, record.filename, record.lineno, record.funcName)
    level, logger, place = _sites.get(site) or _site_parts(*site)
    who = ""
    if record.process != main_pid and record.process is not None:
        who = f',"pid":{record.process}'
    if record.threadName != "MainThread" and record.threadName:
        who += f',"thread":{quote(record.threadName)}'
    text = f'{{"time":"{time_text(record.created)}{level}{quote(message)}{logger}{who}{place}'
    if record.exc_info or record.stack_info or len(fields) != _STANDARD_COUNT:
        text += rest_of_line(None, "", "", _extra(record, fields), _exception(record))
    return finished_line(text)


_MOST_SITES = 4096
_sites: dict[tuple[str, str, str, int, str | None], tuple[str, str, str]] = {}


def _site_parts(level: str, logger: str, file: str, line: int, function: str | None) -> tuple[str, str, str]:
    """What every record of one log call has in common: level, logger and place; kept, since a call is made often."""
    place = f',"place":{quote(f"{file}:{line} {function}")}' if line else ""
    parts = (f'","level":{quote(level)},"message":', f',"logger":{quote(logger)}', place)
    if len(_sites) >= _MOST_SITES:
        _sites.clear()  # loggers or files with made-up names
    _sites[level, logger, file, line, function] = parts
    return parts


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:
        return (
            f"a log call's message and arguments do not fit: {described(record.msg)} % {described(record.args)}"
            f" raises {described(error)}"
        )


def _extra(record: logging.LogRecord, fields: Mapping[str, object]) -> dict[str, object]:
    extra = {key: value for key, value in fields.items() if key not in _STANDARD_FIELDS}
    if record.stack_info:
        extra["stack"] = record.stack_info
    return extra


def _exception(record: logging.LogRecord) -> dict[str, str] | None:
    if isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], BaseException):
        return exception_fields(record.exc_info[1])
    return None


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


def install(lane_fd: int, level: str = "INFO") -> None:
    """Send what this process logs to the lane `lane_fd`, which stays open from now on.

    The root logger takes the level `level` unless somebody has already chosen one. Handlers that user code adds
    are kept.
    """
    global _lane, _main_pid  # noqa: PLW0603  one lane per process, as there is one sys.excepthook
    _lane = LaneWriter(lane_fd)
    _main_pid = os.getpid()
    root = logging.getLogger()
    is_fork_of_engine = "supervisor.engine" in sys.modules
    for handler in root.handlers[:]:
        if is_fork_of_engine or isinstance(handler, LaneHandler):
            root.removeHandler(handler)
    root.addHandler(LaneHandler(_lane, _main_pid))
    if is_fork_of_engine or root.level in (logging.WARNING, logging.NOTSET):
        root.setLevel(level)
    logging.basicConfig = _basic_config
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addFilter(_tidy_warning)
    sys.excepthook = _on_uncaught
    threading.excepthook = _on_uncaught_in_thread
    sys.unraisablehook = _on_unraisable
    from supervisor.agent.loguru_bridge import await_loguru

    await_loguru(emit, drops_inherited_sinks=is_fork_of_engine)


_original_basic_config = logging.basicConfig


def _basic_config(**kwargs: Any) -> None:
    """`logging.basicConfig` that works although the root logger already has a handler, ours.

    What it would print on stderr goes to the lane already, so without a file, a stream or handlers it sets the
    level only.
    """
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if isinstance(handler, LaneHandler)]
    wants_handler = any(kwargs.get(key) is not None for key in ("filename", "stream", "handlers"))
    if ours and not wants_handler and not kwargs.get("force"):
        if root.handlers == ours and kwargs.get("level") is not None:
            root.setLevel(kwargs["level"])
        return
    for handler in ours:
        root.removeHandler(handler)
    try:
        _original_basic_config(**kwargs)
    finally:
        for handler in ours:
            root.addHandler(handler)


def _tidy_warning(record: logging.LogRecord) -> bool:
    record.msg, record.args = record.getMessage().rstrip(), ()
    return True


def _on_uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
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

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Merge the bound fields with those of the call; the call's win."""
        if self.extra or kwargs.get("extra"):
            kwargs["extra"] = dict(_safe_names({**(self.extra or {}), **(kwargs.get("extra") or {})}.items()))
        return msg, kwargs


def _safe_names(fields: Iterable[tuple[str, object]]) -> Iterable[tuple[str, object]]:
    """`logging` refuses fields that are called as its own are; those get an underscore."""
    for name, value in fields:
        yield (f"{name}_" if name in _STANDARD_FIELDS else name), value


def make_logger(name: str) -> BoundLogger:
    """What ``ctx.log`` is: the logger `name` with `BoundLogger.bind`."""
    return BoundLogger(logging.getLogger(name), {})
