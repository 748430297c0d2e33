"""What Ctrl-C does to a worker in the foreground: the first interrupts its code, the second ends the process.

At pdb's prompt it only clears the line, as there it always does.
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

EXIT_INTERRUPTED = 130
_DEBUGGER = frozenset({"pdb", "cmd", "bdb"})


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
