"""Knows the locks, queues, pipes, pools and the like of this process, and where each was made; it keeps none alive.

::

    SemLock, Queue, Connection, Pool, ... ── made, or unpickled ──► add() ──► known()  ──► facts.py
    channels of the profile ── connect() ──► add() ──────────────────┘

It acts where such a thing is made, never where it is used, and only in modules that user code imports itself.
"""

from __future__ import annotations

import os
import sys
from _weakref import ref
from itertools import count

from supervisor.agent.awaiting import when_imported

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType
    from typing import Any

    _Reference = ref[Any]
else:
    _Reference = ref

_LIBRARY = os.path.dirname(os.__file__) + os.sep
_INSTALLED = (os.path.join(_LIBRARY, "site-packages") + os.sep, os.path.join(_LIBRARY, "dist-packages") + os.sep)
_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep
_PURPOSE = "things"
_MOST_FRAMES = 60
_THROUGH_A_PICKLE = ("__setstate__", "rebuild_connection")
_ROOT_OF_A_CHILD = "_bootstrap"

_MADE_BY = {
    "multiprocessing.synchronize": (
        ("SemLock", "_make_methods"),
        ("Condition", "__init__"),
        ("Condition", "__setstate__"),
        ("Event", "__init__"),
        ("Barrier", "__init__"),
    ),
    "multiprocessing.queues": (
        ("Queue", "_reset"),
        ("SimpleQueue", "__init__"),
        ("SimpleQueue", "__setstate__"),
    ),
    "multiprocessing.connection": (("_ConnectionBase", "__init__"),),
    "multiprocessing.pool": (("Pool", "__init__"),),
    "multiprocessing.process": (("BaseProcess", "__init__"),),
    "multiprocessing.managers": (("BaseManager", "__init__"),),
    "concurrent.futures.process": (("ProcessPoolExecutor", "__init__"),),
}
"""The methods that run when one is made; on 3.11 to 3.13 they are the same."""


class Known(_Reference):
    """One thing, weakly.

    Attributes:
        identity: its `id()`.
        serial: from 1; the order in which they were made here.
        place: where it was made, ``crawler.py:41``; empty where it came through a pickle.
        name: what the profile calls it.
        kind: the profile's word for a channel of ours; empty for all others.
        maker_pid: the process that made it; in a forked child, its parent or one before.
    """

    __slots__ = ("identity", "kind", "maker_pid", "name", "place", "serial")

    identity: int
    serial: int
    place: str
    name: str
    kind: str
    maker_pid: int


_known: dict[int, Known] = {}
_serials = count(1)
_watched: set[str] = set()


def watch() -> None:
    """From now on know what `multiprocessing` and `concurrent.futures` make, as soon as they are imported."""
    for module in _MADE_BY:
        if module not in _watched:
            _watched.add(module)
            when_imported(module, _wrap_makers, purpose=_PURPOSE)


def add(thing: object, *, place: str = "", name: str = "", kind: str = "") -> None:
    """Know `thing` from now on, for as long as it lives."""
    identity = id(thing)
    entry = _known.get(identity)
    if entry is not None and entry() is thing:
        return
    entry = Known(thing, _forget)
    entry.identity, entry.serial, entry.place, entry.name = identity, next(_serials), place, name
    entry.kind, entry.maker_pid = kind, os.getpid()
    _known[identity] = entry


def add_channel(channel: object, kind: str, name: str) -> None:
    """Know a channel of the profile by what it is called there."""
    try:
        add(channel, name=name, kind=kind)
    except Exception:  # a bare ctypes value, say, has no weak references
        pass


def known() -> list[Known]:
    """All of them, oldest first; made in one step, so that a signal handler may ask."""
    return list(_known.values())


def find(thing: object) -> Known | None:
    """What is known of `thing`, if anything."""
    entry = _known.get(id(thing))
    return entry if entry is not None and entry() is thing else None


def _forget(entry: Known) -> None:
    if _known.get(entry.identity) is entry:
        del _known[entry.identity]


def _wrap_makers(module: ModuleType) -> None:
    for owner, method in _MADE_BY[module.__name__]:
        try:
            _wrap(getattr(module, owner), method)
        except Exception:  # another version's: what it makes is then not known
            pass


def _wrap(owner: type, method: str) -> None:
    original: Callable[..., Any] = owner.__dict__[method]

    def made(self: Any, *args: Any, **named: Any) -> Any:
        result = original(self, *args, **named)
        try:
            if id(self) not in _known or find(self) is None:
                add(self, place="" if method in _THROUGH_A_PICKLE else _place(sys._getframe(1)))  # noqa: SLF001
        except Exception:  # a thing must not fail to be made because of what is said about it
            pass
        return result

    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(made, name, getattr(original, name))
    made.__wrapped__ = original  # type: ignore[attr-defined]
    setattr(owner, method, made)


def is_of_library(file: str) -> bool:
    """Whether a source file is the standard library's, or procdeck's."""
    return file.startswith((_LIBRARY, _OURS, "<frozen")) and not file.startswith(_INSTALLED)


def _place(frame: FrameType | None) -> str:
    """The innermost frame of user code, as ``crawler.py:41``."""
    for _ in range(_MOST_FRAMES):
        if frame is None:
            return ""
        code = frame.f_code
        file = code.co_filename
        if not is_of_library(file) and "__name__" in frame.f_globals:  # made by exec: the library's own proxies
            return f"{file.rpartition('/')[2]}:{frame.f_lineno}"
        if code.co_name in _THROUGH_A_PICKLE or code.co_name == _ROOT_OF_A_CHILD:
            return ""
        frame = frame.f_back
    return ""
