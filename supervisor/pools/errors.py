"""What can become of a task other than its result.

PoolError ─┬─ MemberDied, TaskTimedOut, TaskExited, TaskCancelled    the item's own
           ├─ ResultLost                                            it was done, and could not be brought back
           └─ InitializerFailed, PoolClosed                         the pool's
"""

from __future__ import annotations

from multiprocessing import TimeoutError as MultiprocessingTimeoutError


class PoolError(Exception):
    """The pool, not the task's own code, is why there is no result."""


class MemberDied(PoolError):
    """The process that ran the item is dead: killed, crashed, or ended by ``os._exit``.

    Attributes:
        pid: its.
        exit_code: a signal's number made negative; None where it is not known.
    """

    def __init__(self, text: str, pid: int = 0, exit_code: int | None = None) -> None:
        super().__init__(text)
        self.pid = pid
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (str(self), self.pid, self.exit_code)


class TaskTimedOut(PoolError, MultiprocessingTimeoutError):
    """The item ran for longer than its time limit; its process was killed and replaced."""


class TaskExited(PoolError):
    """The item's code called ``sys.exit``. The process lives on."""


class TaskCancelled(PoolError):
    """Somebody cancelled it."""


class ResultLost(PoolError):
    """The result, or the exception, cannot be pickled, or not be rebuilt from its pickle."""


class InitializerFailed(PoolError):
    """The initializer failed again and again, so that the pool has no members; the text has its traceback."""


class PoolClosed(PoolError):
    """The pool was terminated before the task was done."""


class RemoteTraceback(Exception):
    """The traceback of an exception as it was in the member; the `__cause__` of what is raised here."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'
