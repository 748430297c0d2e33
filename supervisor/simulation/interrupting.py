"""What signals do to a run in the foreground: SIGTERM and SIGHUP end it, whatever a worker does with them.

Ctrl-C interrupts the code of a worker under the debugger, and a second one ends the process. At pdb's prompt it only
clears the line, as there it always does.
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

EXIT_INTERRUPTED = 130
_DEBUGGER = frozenset({"pdb", "cmd", "bdb"})


class Ended(BaseException):
    """Somebody has asked for the end of the whole run.

    Attributes:
        code: the exit code, 128 and the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.code = 128 + number


def hear_endings() -> None:
    """Raise Ended on SIGTERM and SIGHUP from now on."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Ended(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


class Interrupts:
    """Hears SIGINT from `hear` on."""

    def __init__(self) -> None:
        self._count = 0

    def hear(self) -> None:
        """Take SIGINT from now on."""
        signal.signal(signal.SIGINT, self._on_interrupt)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if _is_at_prompt(frame):
            raise KeyboardInterrupt
        self._count += 1
        if self._count > 1:
            os.write(2, b"\n")
            os._exit(EXIT_INTERRUPTED)
        raise KeyboardInterrupt


def _is_at_prompt(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__") in _DEBUGGER and frame.f_code.co_name in ("cmdloop", "_cmdloop"):
            return True
        frame = frame.f_back
    return False
