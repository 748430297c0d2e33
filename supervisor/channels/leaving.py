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
        from multiprocessing.util import Finalize

        _Exit.pid = os.getpid()
        # Before multiprocessing joins the children, who may wait until it is known what becomes of these items.
        Finalize(None, _settle, exitpriority=5)


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
