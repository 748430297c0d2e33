"""Tells what a signal handler of user code has raised, while the agent was at work, from the agent's own failures.

The agent swallows the latter. The former is the program's: a timeout by ``signal.alarm``, say, must reach it.
"""

from __future__ import annotations

import signal

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from typing import Any


def is_interruption(error: BaseException) -> bool:
    """Whether a handler that is installed now is among the calls which `error` came through."""
    codes = {_code_of(signal.getsignal(number)) for number in range(1, signal.NSIG)} - {None}
    trace = error.__traceback__
    while trace is not None:
        trace = trace.tb_next
        if trace is not None and trace.tb_frame.f_code in codes:
            return True
    return False


def _code_of(handler: Any) -> Any:
    """The code that runs when `handler` is called; None for one that is no Python."""
    handler = getattr(handler, "func", handler)  # functools.partial
    handler = getattr(handler, "__func__", handler)
    return getattr(handler, "__code__", None) or getattr(_call_of(type(handler)), "__code__", None)


def _call_of(kind: type) -> Any:
    return next((base.__dict__["__call__"] for base in kind.__mro__ if "__call__" in base.__dict__), None)
