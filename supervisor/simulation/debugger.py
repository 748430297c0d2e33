"""Loads pdb so that it works beside any module of the user's, and opens it where an exception was raised."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["has_terminal", "load_debugger", "look_into"]


def has_terminal() -> bool:
    """Whether somebody can type commands."""
    return sys.stdin is not None and sys.stdin.isatty()


def load_debugger(python_path: Iterable[str]) -> None:
    """Import pdb now, before a module of the user's hides one that it needs: a file ``code.py`` is enough for that.

    What `python_path` has of the same name is still found there by whoever imports it later.
    """
    known = set(sys.modules)
    import pdb  # noqa: F401, T100 - to debug is what this is for

    names = {name.partition(".")[0] for name in set(sys.modules) - known}
    for directory in python_path:
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(f"{path}.py") or os.path.isdir(path):
                sys.modules.pop(name, None)


def look_into(error: BaseException) -> None:
    """Open pdb where `error` was raised; returns when its user leaves it."""
    import pdb  # noqa: T100 - as above

    signal.signal(signal.SIGINT, signal.default_int_handler)
    print("pdb: where it was raised; h shows the commands, q leaves", file=sys.stderr, flush=True)
    try:
        pdb.post_mortem(error if sys.version_info >= (3, 13) else error.__traceback__)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        pass
