"""Reads single locals of a function that runs, and leaves no trace of the look.

Before Python 3.13 ``frame.f_locals`` is a copy that the frame keeps: an item that the function has let go of since
would live on in it until the function returns.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_KEEPS_COPY = sys.version_info < (3, 13)
_IS_FUNCTION = 0x1
"""The flag CO_OPTIMIZED of a code object: its locals are not a namespace of their own."""
_NOBODY_ELSE = 3
"""References to a copy that only its frame has, seen from here: the frame's, the variable, the call's argument."""


def local_value(frame: FrameType, name: str) -> Any:
    """The value of the local `name`; None where there is none."""
    values = frame.f_locals
    found = values.get(name)
    if (
        _KEEPS_COPY
        and frame.f_code.co_flags & _IS_FUNCTION
        and frame.f_trace is None
        and sys.gettrace() is None  # a debugger writes the copy back into the function
        and sys.getrefcount(values) <= _NOBODY_ELSE  # else user code has it: locals() gives the same one
    ):
        values.clear()
    return found
