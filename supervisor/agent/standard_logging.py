"""The standard library's `logging` into the lane: every record that a plain interpreter would show or hand to the root.

No handler is added, so that whatever user code does with handlers and levels works as it does elsewhere. A handler that
only prints on stdout or stderr stays quiet, because the record is in the log already.

::

    logger.info() ─► Logger.callHandlers ─┬─ reaches the root ──────────────► lane (first, once)
                                          └─ handlers of user code ─┬─ print ─┴─► (else) lane
                                                                    └─ file, socket, ... as they are
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time

from supervisor.agent.awaiting import when_imported
from supervisor.agent.lane_writer import LaneWriter
from supervisor.agent.record_lines import (
    MESSAGE_LIMIT,
    cut,
    described,
    finished_line,
    quote,
    record_line,
    rest_of_line,
    time_text,
)
from supervisor.agent.tracebacks import exception_fields

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType, ModuleType
    from typing import Any

MARK = "_procdeck"
"""The field of a forked child's record that says it is in the lane, for it may come again through a queue."""

STANDARD_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"taskName", "message", "asctime"}
_STANDARD_COUNT = len(logging.makeLogRecord({}).__dict__)
_MOST_SITES = 4096
_LOOK_BACK = 20

_lane: LaneWriter | None = None
_main_pid = 0
_root = logging.getLogger()
_streams: dict[int, tuple[int, int]] = {}
_main_names = {"MainThread"}
_latest_direct: tuple[int, float, int] = (0, 0.0, 0)
_sites: dict[tuple[str, str, str, int, str | None], tuple[str, str, str]] = {}


def take_in(lane: LaneWriter, main_pid: int) -> None:
    """From now on write records to `lane`; those of any other process than `main_pid` carry their pid."""
    global _lane, _main_pid
    _lane, _main_pid = lane, main_pid
    _streams.clear()
    for number in (1, 2):
        add_console(number)
    logging.Logger.callHandlers = _call_handlers  # type: ignore[method-assign]
    logging.StreamHandler.emit = _emit_on_stream  # type: ignore[method-assign,assignment]
    when_imported("rich.logging", _quiet_rich)


def add_console(number: int) -> None:
    """Take a descriptor for a worker's own stdout or stderr from now on."""
    try:
        seen = os.fstat(number)
    except OSError:
        return
    _streams[number] = (seen.st_dev, seen.st_ino)


def add_main_thread(name: str) -> None:
    """Take a thread of this name for a worker's main thread, which its records need not name."""
    _main_names.add(name)


def _call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
    """What `logging.Logger.callHandlers` does, with the lane as the root's first handler."""
    link: logging.Logger | None = self
    while link.propagate and link.parent is not None:  # type: ignore[union-attr]
        link = link.parent  # type: ignore[union-attr]
    has_taker = link is _root
    is_in_lane = has_taker and write(record)
    link = self
    while link is not None:
        for handler in link.handlers:
            has_taker = True
            if record.levelno >= handler.level and not (is_in_lane and _only_prints(handler)):
                handler.handle(record)
        link = link.parent if link.propagate else None
    if not has_taker and logging.lastResort is not None and record.levelno >= logging.lastResort.level:
        logging.lastResort.handle(record)


def write(record: logging.LogRecord) -> bool:
    """Write `record`; one that cannot be formatted says so in its message. Never raises.

    Returns:
        Whether it is in the lane, where it may have been before.
    """
    lane = _lane
    if lane is None:
        return False
    try:
        line = line_of(record, _main_pid)
        return lane.write(line) if line else lane.is_open
    except Exception as error:
        text = f"a log record could not be written: {described(error)}"
        return lane.write(record_line(time.time(), "ERROR", text, "procdeck.agent", exception=exception_fields(error)))


def line_of(record: logging.LogRecord, main_pid: int) -> bytes:
    """The line of `record`; nothing where it is in the lane already."""
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
        if MARK in fields:
            return b""
        who = f',"pid":{record.process}'
    if record.threadName not in _main_names and record.threadName:
        who += f',"thread":{quote(record.threadName)}'
    text = f'{{"time":"{time_text(record.created)}{level}{quote(message)}{logger}{who}{place}'
    if record.exc_info or record.stack_info or len(fields) != _STANDARD_COUNT:
        if _is_from_loguru(fields):
            return b""
        text += rest_of_line(None, "", "", _extra(record, fields), _exception(record))
    if record.process != main_pid and record.process == os.getpid():
        fields[MARK] = True
    return finished_line(text)


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
    extra = {key: value for key, value in fields.items() if key not in STANDARD_FIELDS and key != MARK}
    if record.stack_info:
        extra["stack"] = record.stack_info
    return extra


def _exception(record: logging.LogRecord) -> dict[str, str] | None:
    if isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], BaseException):
        return exception_fields(record.exc_info[1])
    return None


# --- the same record by another way ---


def _is_from_loguru(fields: Mapping[str, object]) -> bool:
    """Whether the record was made by a sink of loguru's that hands its records to `logging`."""
    return "extra" in fields and "loguru" in sys.modules and _is_called_by(lambda frame: _module(frame) == "loguru")


def is_handling(message: str) -> bool:
    """Whether a handler of `logging` has been called with a record of this message: it hands it to somebody else."""

    def is_it(frame: FrameType) -> bool:
        if frame.f_code is not _call_handlers.__code__:
            return False
        record = frame.f_locals.get("record")
        return record is not None and _message(record) == message

    return _is_called_by(is_it)


def _is_called_by(is_it: Callable[[FrameType], bool]) -> bool:
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001
    for _ in range(_LOOK_BACK):
        if frame is None:
            return False
        if is_it(frame):
            return True
        frame = frame.f_back
    return False


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


# --- handlers that print ---


def is_console(stream: object) -> bool:
    """Whether what is written to `stream` goes to this worker's own stdout or stderr."""
    try:
        number = stream.fileno()  # type: ignore[attr-defined]
        if number not in _streams:
            return False
        seen = os.fstat(number)
        return (seen.st_dev, seen.st_ino) == _streams[number]
    except Exception:  # any object can be a stream
        return False


def _is_in_lane(record: logging.LogRecord) -> bool:
    """Whether the record has been written, or is now, because the root does not get it."""
    global _latest_direct  # noqa: PLW0603 - as above
    if _lane is None or not _lane.is_open:
        return False
    if MARK in record.__dict__:
        return True
    if record.process != os.getpid():
        return False  # it came from another process, which has perhaps no lane
    link = logging.Logger.manager.loggerDict.get(record.name, _root)
    while isinstance(link, logging.Logger) and link.propagate and link.parent is not None:
        link = link.parent
    if link is _root:
        return True
    this = (threading.get_ident(), record.created, id(record))
    if this != _latest_direct:  # of two handlers that print, the first has written it
        _latest_direct = this
        write(record)
    return True


def _only_prints(handler: logging.Handler) -> bool:
    """Whether all that `handler` does is to print on this worker's stdout or stderr; remembered with the handler."""
    fields = handler.__dict__
    stream = fields.get("stream")
    if stream is None or fields.get(MARK) is not stream:
        if stream is None or type(handler).emit is not _emit_on_stream or not is_console(stream):
            return False
        fields[MARK] = stream
    return not handler.filters  # they may change a record for the handlers after it


_original_emit = logging.StreamHandler.emit


def _emit_on_stream(self: logging.StreamHandler[Any], record: logging.LogRecord) -> None:
    if not (is_console(self.stream) and _is_in_lane(record)):
        _original_emit(self, record)


def _quiet_rich(module: ModuleType) -> None:
    """Rich's handler prints through a console of its own."""
    original = module.RichHandler.emit

    def emit(self: Any, record: logging.LogRecord) -> None:
        if not (is_console(self.console.file) and _is_in_lane(record)):
            original(self, record)

    module.RichHandler.emit = emit
