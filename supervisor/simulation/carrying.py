"""Carries arguments across a pickle, as the way to another process would, so that mistakes show early."""

from __future__ import annotations

import pickle
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

STRICT_METHODS = ("spawn", "forkserver")
"""Start methods under which `multiprocessing` pickles what a process is given."""


class CannotCross(TypeError):
    """An argument cannot be sent to another process."""


def carried(arguments: dict[str, Any], worker: str, method: str, warn: Callable[[str], object]) -> dict[str, Any]:
    """Copies of `arguments`, each pickled and unpickled.

    Args:
        arguments: by name.
        worker: whose they are, for the message.
        method: the start method of the real run. Under fork nothing is pickled, so that a failure is only told.
        warn: is told a sentence.

    Raises:
        CannotCross: one of them cannot be, and a real run would pickle it.
    """
    copies = {}
    for name, value in arguments.items():
        try:
            copies[name] = pickle.loads(pickle.dumps(value))
        except Exception as error:
            text = f"argument {name} of {worker} cannot be pickled: {type(error).__name__}: {error}"
            if method in STRICT_METHODS:
                raise CannotCross(f"{text}; {method} sends arguments to another process") from error
            warn(f"{text}; {method} starts it all the same, spawn and forkserver would not")
            copies[name] = value
    return copies


def target_trouble(text: str) -> str:
    """Why the target that a profile calls `text` could not be sent to another process; empty where it could.

    procdeck itself finds a target by its name; a `Process` or a pool that is given it has to pickle it. One that cannot
    be imported is not judged here.
    """
    module, _, names = text.partition(":")
    try:
        target: Any = import_module(module)
        for name in names.split("."):
            target = getattr(target, name)
    except BaseException:
        return ""
    try:
        pickle.dumps(target)
    except Exception as error:
        return f"{text} cannot be pickled, so no Process and no pool could be given it: {error}"
    return ""
