"""Watches how a worker starts processes of its own, and says at once what will go wrong with them.

Two things that `multiprocessing` lets happen in silence: a fork while other threads run, and a start from the top of a
main file that every child imports again. Neither is prevented; each place is told once.
"""

from __future__ import annotations

import os
import sys
import threading

from supervisor.agent.awaiting import when_imported

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType
    from typing import Any

_LIBRARY = os.path.dirname(os.__file__) + os.sep
_INSTALLED = os.path.join(_LIBRARY, "site-packages") + os.sep
_OURS = os.path.dirname(__file__) + os.sep
_LOGGER = "procdeck.agent"
_NAMES_SHOWN = 5

_emit: Callable[..., bool] | None = None
_told: set[tuple[str, int]] = set()


def watch_forks(emit: Callable[..., bool]) -> None:
    """From now on say with `emit` what is dangerous about a start of a process."""
    global _emit  # noqa: PLW0603 - hooks of a process are the process's
    is_first = _emit is None
    _emit = emit
    if is_first:
        os.register_at_fork(before=_before_fork)
        when_imported("multiprocessing.spawn", _watch_spawn)


def _before_fork() -> None:
    if len(threading._active) > 1:  # type: ignore[attr-defined]  # noqa: SLF001 - active_count() would take a lock here
        try:
            _tell_threads()
        except Exception:  # a fork must not fail because of what is said about it
            pass


def _tell_threads() -> None:
    frame = _user_frame(sys._getframe(2))  # noqa: SLF001
    if frame is None or not _is_new(frame):
        return
    own = threading.get_ident()
    names = [thread.name for ident, thread in list(threading._active.items()) if ident != own]  # type: ignore[attr-defined]  # noqa: SLF001
    shown = ", ".join(names[:_NAMES_SHOWN]) + (
        f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    )
    text = (
        f"forks while other threads run ({shown}): the child has none of them, and a lock that one of them holds now "
        "stays locked in the child for ever. Start processes before threads, or with "
        'multiprocessing.get_context("spawn") or "forkserver"'
    )
    if os.path.basename(frame.f_code.co_filename) == "pool.py":
        text += ". multiprocessing.Pool forks its replacements from a thread of its own: give it such a context too"
    _tell(frame, text)


def _watch_spawn(module: ModuleType) -> None:
    """Look at each start with spawn or forkserver: both ask this function what the child is to import."""
    original = module.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = original(name)
        try:
            _check_guard(data)
        except Exception:  # the start goes on, whatever its looks
            pass
        return data

    module.get_preparation_data = get_preparation_data  # type: ignore[attr-defined]


def _check_guard(data: dict[str, Any]) -> None:
    """Tell of a start at the top of the main file that no ``if __name__ == "__main__":`` keeps from being repeated."""
    if "init_main_from_path" not in data and "init_main_from_name" not in data:
        return
    names = sys.modules["__main__"].__dict__
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None and not (frame.f_code.co_name == "<module>" and frame.f_globals is names):
        frame = frame.f_back
    if frame is None or not _is_new(frame) or _is_guarded(frame.f_code.co_filename, frame.f_lineno):
        return
    _tell(
        frame,
        "starts a process at the top of its main file, which every such process imports again: it will fail with "
        '"An attempt has been made to start a new process before ...". Put the code that starts processes under '
        'if __name__ == "__main__":',
    )


def _is_guarded(path: str, line: int) -> bool:
    """Whether the statement at `line` is inside an ``if`` that asks for ``__name__``; True where nobody can tell."""
    import ast

    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return True
    for statement in tree.body:
        if statement.lineno <= line <= (statement.end_lineno or line) and isinstance(statement, ast.If):
            return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test))
    return False


def _user_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of user code, or else of the library."""
    innermost = None
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_OURS, "<frozen")):
            innermost = innermost or frame
            if not file.startswith(_LIBRARY) or file.startswith(_INSTALLED):
                return frame
        frame = frame.f_back
    return innermost


def _is_new(frame: FrameType) -> bool:
    key = (frame.f_code.co_filename, frame.f_lineno)
    if key in _told:
        return False
    _told.add(key)
    return True


def _tell(frame: FrameType, text: str) -> None:
    code = frame.f_code
    place = f"{os.path.basename(code.co_filename)}:{frame.f_lineno}"
    if _emit is not None:
        _emit("WARNING", f"{place} {text}", logger=_LOGGER, place=f"{place} {code.co_name}")
