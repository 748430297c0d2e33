"""Loguru in a worker: a plain sink that writes records to the lane, attached only if user code imports loguru.

Never ``enqueue``: its queue, lock and thread are what makes a forked worker hang. A sink that user code adds on stdout
or stderr takes the place of ours, with its own level and filter, so that no record comes twice; ``remove()`` leaves
ours alone, so that none is lost.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType

from supervisor.agent import levels, standard_logging
from supervisor.agent.awaiting import when_imported

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from typing import Any

Emit = Callable[..., bool]

DEFAULT_LEVEL = "DEBUG"
"""Loguru's own."""

_inherited: list[object] = []


def await_loguru(emit: Emit, level: str = "", *, drops_inherited_sinks: bool) -> None:
    """Attach to loguru now if it is imported, else as soon as it is.

    Args:
        emit: writes one record.
        level: the lowest level of what is written; empty: loguru's default.
        drops_inherited_sinks: this process is a fork of the engine, whose sinks must not get a worker's records.
    """
    is_here = "loguru" in sys.modules

    def take(module: ModuleType) -> None:
        try:
            Bridge(module.logger, emit, level).attach(drops_inherited_sinks=drops_inherited_sinks and is_here)
        except Exception as error:
            emit("WARNING", "loguru is not the one procdeck knows; its lines come through stderr", exception=error)

    when_imported("loguru", take)


class Bridge:
    """Between one loguru and the lane."""

    def __init__(self, logger: Any, emit: Emit, level: str = "") -> None:
        self._logger = logger
        self._emit = emit
        self._level: str | int = level or DEFAULT_LEVEL
        self._own: int | None = None
        """The id of the sink that nobody asked for."""
        self._on_console: dict[int, dict[str, Any]] = {}
        """What user code has asked for on stdout and stderr, by id."""
        self._moved: dict[int, int] = {}
        """The id that a sink has now, by the one that user code was given."""
        self._latest: tuple[int, object] = (0, None)

    def attach(self, *, drops_inherited_sinks: bool) -> None:
        """Replace loguru's default stderr sink by ours, and see what is added and removed later."""
        logger = self._logger
        if drops_inherited_sinks:
            # Not logger.remove(): stopping the engine's file sinks from here would rotate and compress its live log.
            # They are kept, because their descriptors are closed already and may have got other uses in this process.
            _inherited.append(logger._core.handlers)  # noqa: SLF001
            logger._core.handlers = {}  # noqa: SLF001
        else:
            with suppress(ValueError):  # user code, or LOGURU_AUTOINIT, has already removed it
                logger.remove(0)
        kind = type(logger)
        self._add, self._remove = kind.add, kind.remove
        self._own = self._add_ours({"level": self._level})
        kind.add = lambda own, sink, **options: self._on_add(own, sink, options)
        kind.remove = lambda own, handler_id=None: self._on_remove(own, handler_id)
        _watch_minimum(logger)
        levels.tell(self._on_level)

    def _add_ours(self, options: dict[str, Any]) -> int:
        options = {key: options[key] for key in ("level", "filter") if key in options}
        added: int = self._add(
            self._logger,
            self._write,
            format=_nothing,
            backtrace=False,
            diagnose=False,
            colorize=False,
            enqueue=False,
            **options,
        )
        return added

    def _on_add(self, logger: Any, sink: Any, options: dict[str, Any]) -> int:
        if logger._core is not self._logger._core or not standard_logging.is_console(sink):  # noqa: SLF001
            added: int = self._add(logger, sink, **options)
            return added
        added = self._add_ours(options)
        self._on_console[added] = options
        self._drop_own()
        return added

    def _on_remove(self, logger: Any, handler_id: int | None) -> None:
        if logger._core is not self._logger._core:  # noqa: SLF001 - a copy that has sinks of its own
            self._remove(logger, handler_id)
            return
        if handler_id is not None:
            self._on_console.pop(handler_id, None)
            self._remove(logger, self._moved.pop(handler_id, handler_id))
            return
        for each in list(logger._core.handlers):  # noqa: SLF001
            if each != self._own:
                self._remove(logger, each)
        self._on_console.clear()
        self._moved.clear()
        if self._own is None:
            self._own = self._add_ours({"level": self._level})

    def _drop_own(self) -> None:
        if self._own is not None:
            self._remove(self._logger, self._own)
            self._own = None

    def _on_level(self, name: str, level: int) -> None:
        """Add our sinks anew with another level. Loguru has one level for all modules."""
        if name:
            return
        self._level = level
        if self._own is not None:
            self._drop_own()
            self._own = self._add_ours({"level": level})
        for given, options in self._on_console.items():
            self._remove(self._logger, self._moved.get(given, given))
            self._moved[given] = self._add_ours({**options, "level": level})

    def _write(self, message: Any) -> None:
        record = message.record
        this = (id(record), record["time"])
        if this == self._latest or standard_logging.is_handling(record["message"]):
            return  # another sink of ours has had it, or it came from `logging`, where it was written
        self._latest = this
        exception = record["exception"]
        self._emit(
            record["level"].name,
            record["message"],
            logger=record["name"] or "",
            place=f"{record['file'].name}:{record['line']} {record['function']}",
            extra=record["extra"],
            exception=exception.value if exception is not None else None,
            thread=record["thread"].name,
            created=record["time"].timestamp(),
        )


def _nothing(_record: Any) -> str:
    """A format that costs nothing: the sink reads the record, not the text."""
    return ""


def _watch_minimum(logger: Any) -> None:
    """Have every call of `logger` look for another level, also one that is too low to be written now."""

    def minimum(self: Any) -> Any:
        levels.look()
        return self.__dict__["min_level"]

    def set_minimum(self: Any, level: Any) -> None:
        self.__dict__["min_level"] = level

    type(logger._core).min_level = property(minimum, set_minimum)  # noqa: SLF001
