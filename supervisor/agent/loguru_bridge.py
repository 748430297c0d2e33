"""Loguru in a worker: a plain sink that writes records to the lane, attached only if user code imports loguru.

Never ``enqueue``: its queue, lock and thread are what makes a forked worker hang.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import ModuleType

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any

Emit = Callable[..., bool]


_inherited: list[object] = []


def await_loguru(emit: Emit, *, drops_inherited_sinks: bool) -> None:
    """Attach to loguru now if it is imported, else as soon as it is.

    `drops_inherited_sinks`: this process is a fork of the engine, whose sinks must not get a worker's records.
    """
    module = sys.modules.get("loguru")
    if module is not None:
        attach(module, emit, drops_inherited_sinks=drops_inherited_sinks)
        return
    for finder in sys.meta_path[:]:
        if isinstance(finder, LoguruFinder):
            sys.meta_path.remove(finder)
    sys.meta_path.insert(0, LoguruFinder(emit))


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


class LoguruFinder:
    """A meta path finder that lets others find loguru and attaches to it once it has been executed."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec of the next finder, with its loader's `exec_module` followed by ours."""
        if name != "loguru":
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                self._follow(spec)
                return spec
        return None

    def _follow(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return

        def exec_module(module: ModuleType) -> None:
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            try:
                attach(module, self._emit, drops_inherited_sinks=False)
            except Exception as error:
                self._emit(
                    "WARNING", "loguru is not the one procdeck knows; its lines come through stderr", exception=error
                )

        with suppress(AttributeError):  # a loader that takes no attributes: loguru's own stderr sink serves
            loader.exec_module = exec_module
