"""How a process ends, as far as it can be known from inside: what decides whether the items in its hands are done."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from typing import Any


class _Exit:
    """What is known about the end of this process."""

    pid = -1
    code: int | None = None


def note_exit_code(code: int) -> None:
    """Say with which code the process is about to end, where exceptions do not tell (the agent does)."""
    _Exit.code = code


def settle_at_exit() -> None:
    """See to it that the process, when it ends in order, says what it has done with the items in its hands."""
    if _Exit.pid != os.getpid():
        from multiprocessing import util
        from multiprocessing.util import Finalize

        _Exit.pid = os.getpid()
        _listen_for_exit_code(util)
        # Before multiprocessing joins the children, who may wait until it is known what becomes of these items.
        Finalize(None, _settle, exitpriority=5)


def _listen_for_exit_code(util: Any) -> None:
    """Learn the exit code of a multiprocessing child from what it logs.

    Since Python 3.13 its finalizers run when the exception that ended it is out of sight; up to 3.12 they run before
    the code is known, and while the exception is under way.
    """
    tell = util.info
    if getattr(tell, "is_overheard", False):
        return

    def info(message: str, *arguments: object) -> None:
        words, _, code = message.rpartition(" ")
        if words == "process exiting with exitcode" and code.lstrip("-").isdigit():
            note_exit_code(int(code))
        tell(message, *arguments)

    info.is_overheard = True  # type: ignore[attr-defined]
    util.info = info


def is_clean(error: Any = None) -> bool:
    """Whether nothing has gone wrong that is under way now: an exception, or an exit with a code other than 0."""
    error = error or sys.exc_info()[1]
    if isinstance(error, SystemExit):
        return error.code is None or error.code == 0
    return error is None


def _settle() -> None:
    from supervisor.channels.ledger import leave_all

    if _Exit.code is not None:
        leave_all(is_clean=_Exit.code == 0)
    else:
        leave_all(is_clean=is_clean() and is_clean(getattr(sys, "last_value", None)))
