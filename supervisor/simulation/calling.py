"""Calls a worker's target in this process as its own process would: its environment, its directory, its arguments."""

from __future__ import annotations

import os
import runpy
import sys
from contextlib import contextmanager
from importlib import import_module

from supervisor.agent.bootstrap import _check_fit, _fill, _obviously_fits, _parameters
from supervisor.agent.records import make_logger
from supervisor.channels.interrupt import StopRequested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from supervisor.agent.context import Context
    from supervisor.simulation.turns import Wish

    Spec = dict[str, Any]

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
"""Where the files of this package are, none of which belongs to a worker."""


class SilentBoard:
    """Stands in for the status board: nobody looks."""

    def doing(self, text: str) -> None:
        """Nobody looks."""

    def progress(self, done: int, total: int) -> None:
        """Nobody looks."""

    def beat(self) -> None:
        """Nobody looks."""


@contextmanager
def surroundings(spec: Spec) -> Iterator[None]:
    """While inside, this process has the worker's environment, directory and import path.

    Raises:
        OSError: its directory cannot be entered.
    """
    environment, directory, path, words = dict(os.environ), os.getcwd(), list(sys.path), list(sys.argv)
    os.environ.update(spec["env"])
    sys.path[:0] = [entry for entry in spec["python_path"] if entry not in sys.path]
    try:
        os.chdir(spec["cwd"])
        yield
    finally:
        os.chdir(directory)
        os.environ.clear()
        os.environ.update(environment)
        sys.path[:] = path
        sys.argv[:] = words


def context_of(spec: Spec, wish: Wish) -> Context:
    """What a parameter ``ctx`` is given."""
    from supervisor.simulation.pool_here import HereContext

    return HereContext(spec, wish, SilentBoard(), make_logger(spec["worker"]))  # type: ignore[arg-type]  # stand-ins


def call_of(spec: Spec, views: Mapping[str, Any], wish: Wish) -> Callable[[], object]:
    """What is called for this worker. Call it within `surroundings`.

    Raises:
        Exception: whatever the import of the user's module raises; TypeError where the target does not fit.
    """
    if spec["kind"] in ("script", "module"):
        return _program(spec)
    target = function_of(spec["target"])
    arguments = {name: _fill(value) for name, value in spec["args"].items()}
    arguments.update(views)
    if "ctx" in _parameters(target):
        arguments["ctx"] = context_of(spec, wish)
    if not _obviously_fits(target, arguments):
        _check_fit(spec["target"], target, arguments)
    return lambda: target(**arguments)


def function_of(text: str) -> Any:
    """What ``module:function`` names. TypeError when it is no function."""
    module_name, _, function_name = text.partition(":")
    target: Any = import_module(module_name)
    for part in function_name.split("."):
        target = getattr(target, part)
    if not callable(target):
        raise TypeError(f"{text} is a {type(target).__name__}, not a function")
    return target


def _program(spec: Spec) -> Callable[[], object]:
    what = spec[spec["kind"]]
    sys.argv[:] = [what, *map(_fill, spec["argv"])]
    if spec["kind"] == "module":
        return lambda: runpy.run_module(what, run_name="__main__", alter_sys=True)
    sys.path.insert(0, os.path.dirname(what))
    return lambda: runpy.run_path(what, run_name="__main__")


def is_quit(error: BaseException) -> bool:
    """Whether somebody has left the debugger: no mistake of the code, whose it looks like."""
    debugger = sys.modules.get("bdb")
    return isinstance(error, StopRequested) or (debugger is not None and isinstance(error, debugger.BdbQuit))


def without_ours(error: BaseException) -> BaseException:
    """`error` with a traceback that begins and ends in code that is not ours; as it is where all of it is ours."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    if trace is None:
        return error
    last = at = trace
    while at.tb_next is not None:
        at = at.tb_next
        if not _is_ours(at.tb_frame.f_code.co_filename):
            last = at
    last.tb_next = None
    return error.with_traceback(trace)


def _is_ours(file: str) -> bool:
    return file.startswith((OURS, "<frozen")) or file == runpy.__file__


def place_of(error: BaseException) -> str:
    """``file.py:41`` of the innermost frame that is the user's; "" where there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{os.path.basename(error.filename)}:{error.lineno}"
    place, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not _is_ours(file) and not file.startswith("<"):
            place = f"{os.path.basename(file)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
