"""Takes the agent along into the processes that a worker starts by itself, whatever the start method.

::

    os.fork, "fork" ──────────── os.register_at_fork ─────────────────────► asking
    "spawn", "forkserver" ─ get_preparation_data()["procdeck"] ─ unpickled ─► begin() ─► things, asking, following

The child need not have procdeck installed: what is unpickled there is a call of ``exec`` with a source that finds this
copy of the package. `sys.path` stays as it is, and any failure is swallowed: the child then cannot be asked.
"""

from __future__ import annotations

import os

from supervisor.agent import asking, things
from supervisor.agent.awaiting import when_imported

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

KEY = "procdeck"
"""The entry in the preparation data; `multiprocessing.spawn.prepare` looks only at those it knows."""

_SOURCE = """
try:
    import sys
    if sys.version_info >= (3, 11):
        if "supervisor" not in sys.modules:
            from importlib.util import module_from_spec, spec_from_file_location
            spec = spec_from_file_location(
                "supervisor", package + "/__init__.py", submodule_search_locations=[package]
            )
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            sys.modules["supervisor"] = module
        from supervisor.agent.following import begin, take_streams
        take_streams(streams)
        begin()
except Exception:
    pass
"""
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_is_watching = False
_lend: Callable[[], dict[int, str]] = dict


def begin() -> None:
    """Answer questions in this process, and in those that it starts. Never raises."""
    try:
        things.watch()
        asking.install()
        watch_starts()
    except Exception:  # user code comes first
        pass


def watch_starts() -> None:
    """From now on send the agent along with each start by spawn or forkserver."""
    global _is_watching  # noqa: PLW0603 - a module of a process is patched once
    if not _is_watching:
        _is_watching = True
        when_imported("multiprocessing.spawn", _send_along, purpose="following")


def lend_streams(find: Callable[[], dict[int, str]]) -> None:
    """Have each process that is started so take the files that `find` names, by descriptor, for its stdout and stderr.

    For a process of several workers: the child inherits that process's, and not the worker's that started it.
    """
    global _lend  # noqa: PLW0603 - as above
    _lend = find


def take_streams(streams: dict[int, str]) -> None:
    """In such a child: write there from now on."""
    for number, path in streams.items():
        opened = os.open(path, os.O_WRONLY)
        os.dup2(opened, number)
        os.close(opened)


class Luggage:
    """What becomes the agent where it is unpickled; the data that it travels in has no other use for it."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return exec, (_SOURCE, {"package": _PACKAGE, "streams": _lend()})


def _send_along(module: ModuleType) -> None:
    original = module.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = original(name)
        data[KEY] = Luggage()
        return data

    module.get_preparation_data = get_preparation_data  # type: ignore[attr-defined]
