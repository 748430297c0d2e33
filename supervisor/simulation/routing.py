"""Sends what a simulated worker says to its own lanes, by the thread that says it.

::

    print, sys.stderr ──────────── RoutedStream ─┐
    logging, warnings, loguru ──── RoutedLane ───┼─ current part ─► its stdout, stderr, lane, board
    waits in channels ──────────── RoutedBoard ──┘        └─ none: the stage's own stderr
"""

from __future__ import annotations

import io
import os
import sys
import threading

from supervisor.agent import following, records, standard_logging
from supervisor.agent.awaiting import when_imported
from supervisor.agent.lane_writer import LaneWriter
from supervisor.channels import interrupt, set_board
from supervisor.simulation.parts import Part, current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType
    from typing import Any, TextIO


class RoutedStream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a process in which each worker has its own."""

    def __init__(self, name: str, own: TextIO) -> None:
        super().__init__()
        self._name = name
        self._own = own

    def _stream(self) -> TextIO:
        part = current()
        if part is None or part.is_over:
            return self._own
        stream: TextIO = getattr(part, self._name)
        return stream

    def write(self, text: str) -> int:
        return self._stream().write(text)

    def writelines(self, lines: Iterable[Any]) -> None:
        self._stream().writelines(lines)

    def flush(self) -> None:
        self._stream().flush()

    def fileno(self) -> int:
        return self._stream().fileno()

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """A worker that closes its stdout closes nobody else's."""

    def reconfigure(self, **_: object) -> None:
        """Each worker's streams stay as they are: line by line, UTF-8."""

    @property
    def buffer(self) -> Any:
        return self._stream().buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"


class RoutedLane(LaneWriter):
    """The lane of whichever part logs."""

    def __init__(self) -> None:
        super().__init__(-1)

    @property
    def is_open(self) -> bool:
        part = current()
        return part is not None and part.lane.is_open

    def write(self, line: bytes) -> bool:
        part = current()
        return part is not None and part.lane.write(line)


class RoutedBoard:
    """Shows a wait on the board of the part that waits."""

    def waiting(self, channel: str, operation: str) -> None:
        part = current()
        if part is not None and not part.is_over:
            part.board.waiting(channel, operation)

    def moving(self) -> None:
        part = current()
        if part is not None and not part.is_over:
            part.board.moving()


def _unless_over(tell: Callable[[Any], object]) -> Callable[[Any], object]:
    """Say nothing of the ends of threads whose worker has ended: as processes they would not have seen it."""

    def tell_of_the_living(args: Any) -> None:
        part = current()
        if part is None or not part.is_over:
            tell(args)

    return tell_of_the_living


def _files() -> dict[int, str]:
    """Where a process that a part starts finds the streams of the part."""
    part = current()
    if part is None or part.is_over:
        return {}
    streams = {1: part.stdout, 2: part.stderr}
    return {number: f"/proc/{os.getpid()}/fd/{stream.fileno()}" for number, stream in streams.items()}


def _hook() -> interrupt.Hook | None:
    part = current()
    return part.hook if part is not None and not part.is_over else None


def install() -> None:
    """Route from now on. The stage's own output stays what it is."""
    own = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = RoutedStream("stdout", own)  # type: ignore[assignment,misc]
    sys.stderr = sys.__stderr__ = RoutedStream("stderr", own)  # type: ignore[assignment,misc]
    records.install(RoutedLane())
    threading.excepthook = _unless_over(threading.excepthook)
    board: Any = RoutedBoard()
    set_board(board)
    interrupt.watch_by_thread(_hook)
    following.lend_streams(_files)
    when_imported("subprocess", _give_streams, purpose="simulation")


def add(part: Part) -> None:
    """A handler that prints on the streams of `part` only prints: its records are in the lane already."""
    standard_logging.add_main_thread(part.name)
    for stream in (part.stdout, part.stderr):
        standard_logging.add_console(stream.fileno())


def _give_streams(module: ModuleType) -> None:
    """Have programs that a part executes write where a worker's would."""
    original = module.Popen.__init__

    def init(
        self: Any,
        args: Any,
        bufsize: int = -1,
        executable: Any = None,
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        *rest: Any,
        **named: Any,
    ) -> None:
        part = current()
        if part is not None and not part.is_over:
            stdout = part.stdout.fileno() if stdout is None else stdout
            stderr = part.stderr.fileno() if stderr is None else stderr
        original(self, args, bufsize, executable, stdin, stdout, stderr, *rest, **named)
        if part is not None:
            part.programs[:] = [program for program in part.programs if program.returncode is None]
            part.programs.append(self)

    module.Popen.__init__ = init
