"""What a worker has told about its own end: the agent's last frames, the last line of its stderr. Put into one cause.

It decides nothing about restarts; `ending` finds the words.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from supervisor.masking import mask_text
from supervisor.processes.ending import Circumstances, exit_cause
from supervisor.processes.last_words import LastWords

if TYPE_CHECKING:
    from supervisor.lifecycle.events import ExitCause
    from supervisor.processes.memory import OutOfMemoryCounter
    from supervisor.processes.orders import LaunchOrder


class Testimony:
    """One incarnation's, from its launch to its end.

    Args:
        order: what was launched.
        memory: counts the kernel's kills for want of memory; None where nobody does.
    """

    def __init__(self, order: LaunchOrder, memory: OutOfMemoryCounter | None = None) -> None:
        self._order = order
        self._memory = memory
        self._phase = "run"
        self._is_permanent = False
        self._has_spoken = order.method == "exec"
        self.failure = ""
        """``ValueError: bad item at parse.py:41``; empty where the agent has told of none."""
        self.traceback = ""
        self.advice = ""
        """What a person can do about the failure."""
        self.dumped_core = False
        """The kernel has written a core of it."""
        self.last_words = LastWords()
        """To be tapped from its stderr."""

    def is_running(self) -> None:
        """The agent says that the target runs."""
        self._has_spoken = True

    def has_failed(self, message: dict[str, Any]) -> None:
        """The agent says why it ends (``failed``)."""
        self._has_spoken = True
        place = message.get("place")
        self.failure = f"{message.get('error', 'exception')}" + (f" at {place}" if place else "")
        self.traceback = mask_text(str(message.get("traceback") or ""))
        self.advice = str(message.get("advice") or "")
        self._phase = str(message.get("phase") or "run")
        self._is_permanent = bool(message.get("permanent", self._phase == "import"))

    def cause(self, status: int | None, sent_by_us: frozenset[int]) -> ExitCause:
        """How it ended, in words."""
        is_riddle = status == -signal.SIGKILL and not sent_by_us
        around = Circumstances(
            phase=self._phase,
            is_python=self._order.method != "exec",
            has_spoken=self._has_spoken,
            is_shell_line=self._order.is_shell_line,
            dumped_core=self.dumped_core,
            is_out_of_memory=is_riddle and self._memory is not None and self._memory.has_risen(),
            last_words=self.last_words.line,
            success_exit_codes=self._order.success_exit_codes,
        )
        return exit_cause(
            status, failure=self.failure, is_permanent=self._is_permanent, sent_by_us=sent_by_us, around=around
        )
