"""Loguru in a worker: a plain sink that writes records to the lane, attached only if user code imports loguru.

Never ``enqueue``: its queue, lock and thread are what makes a forked worker hang.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType

from supervisor.agent.awaiting import when_imported

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from typing import Any

Emit = Callable[..., bool]


_inherited: list[object] = []


def await_loguru(emit: Emit, *, drops_inherited_sinks: bool) -> None:
    """Attach to loguru now if it is imported, else as soon as it is.

    `drops_inherited_sinks`: this process is a fork of the engine, whose sinks must not get a worker's records.
    """
    is_here = "loguru" in sys.modules

    def take(module: ModuleType) -> None:
        try:
            attach(module, emit, drops_inherited_sinks=drops_inherited_sinks and is_here)
        except Exception as error:
            emit("WARNING", "loguru is not the one procdeck knows; its lines come through stderr", exception=error)

    when_imported("loguru", take)


def attach(module: ModuleType, emit: Emit, *, drops_inherited_sinks: bool) -> None:
    """Replace loguru's default stderr sink by ours, so that no line comes twice."""
    logger = module.logger
    if drops_inherited_sinks:
        # Not logger.remove(): stopping the engine's file sinks from here would rotate and compress its live log. They
        # are kept, because their descriptors are closed already and may have got other uses in this process.
        _inherited.append(logger._core.handlers)  # noqa: SLF001
        logger._core.handlers = {}  # noqa: SLF001
    else:
        with suppress(ValueError):  # user code, or LOGURU_AUTOINIT, has already removed it
            logger.remove(0)

    def write(message: Any) -> None:
        record = message.record
        exception = record["exception"]
        emit(
            record["level"].name,
            record["message"],
            logger=record["name"] or "",
            place=f"{record['file'].name}:{record['line']} {record['function']}",
            extra=record["extra"],
            exception=exception.value if exception is not None else None,
            thread=record["thread"].name,
            created=record["time"].timestamp(),
        )

    logger.add(write, format=_nothing, backtrace=False, diagnose=False, colorize=False, enqueue=False)


def _nothing(_record: Any) -> str:
    """A format that costs nothing: the sink reads the record, not the text."""
    return ""
