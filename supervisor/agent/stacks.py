"""Walks the stacks of all threads and finds, for a frame of a library, the thing whose method it is.

User code's locals are left alone: before Python 3.13 a look at them would keep old values alive, and change what an
earlier `locals()` has given.
"""

from __future__ import annotations

import os
import sys
import threading

from supervisor.agent import things
from supervisor.agent.facts import facts_of, kind_of

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

MOST_THREADS = 64
MOST_FRAMES = 80
MOST_THINGS = 2000

_LIBRARY = os.path.dirname(os.__file__) + os.sep
_OUR_CHANNELS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "channels") + os.sep
_OUR_WRAPPERS = tuple(
    os.path.join(os.path.dirname(__file__), name) for name in ("things.py", "asking.py", "following.py", "awaiting.py")
)
_TELLING = frozenset(
    f"{_LIBRARY}{name}.py"
    for name in (
        "multiprocessing/connection",
        "multiprocessing/managers",
        "multiprocessing/pool",
        "multiprocessing/popen_fork",
        "multiprocessing/popen_forkserver",
        "multiprocessing/process",
        "multiprocessing/queues",
        "multiprocessing/synchronize",
        "concurrent/futures/process",
        "logging/__init__",
        "queue",
        "threading",
    )
) | {"<frozen importlib._bootstrap>"}
_FUNCTIONS_OF_A_POOL = ("Pool._handle_tasks", "Pool._handle_results", "Pool._handle_workers")
_RUNS_ITSELF = ("run", "_bootstrap", "_bootstrap_inner")
"""A thread or process in them is that which runs, not one that is waited for."""
_OWNED_BY_THIS_PROCESS = ("mp.Pool", "mp.ThreadPool", "mp.Process", "cf.ProcessPoolExecutor")


class Census:
    """The things that one answer tells of, each under a key."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, Any]] = {}
        self._ours = os.getpid()

    def key_of(self, thing: object) -> str:
        """The key of `thing`, which is told of from now on; empty where it is of no kind that is known."""
        kind = kind_of(thing)
        if not kind:
            return ""
        entry = things.find(thing)
        key = f"{kind}#{entry.serial}" if entry is not None else f"{kind}@{id(thing):x}"
        if key not in self._told and len(self._told) < MOST_THINGS:
            told: dict[str, Any] = {"key": key, "kind": kind}
            self._told[key] = told  # before its facts: things know each other
            told["facts"] = facts_of(kind, thing, self.key_of)
            told["place"] = entry.place if entry is not None else ""
            told["name"] = (entry.name if entry is not None else "") or str(told["facts"].get("name") or "")
        return key

    def add_known(self) -> int:
        """Tell of all that is known; how many found no room."""
        left_out = 0
        for entry in things.known():
            thing = entry()
            if thing is None:
                continue
            if len(self._told) >= MOST_THINGS:
                left_out += 1
            elif entry.maker_pid == self._ours or kind_of(thing) not in _OWNED_BY_THIS_PROCESS:
                self.key_of(thing)
        return left_out

    def things(self) -> list[dict[str, Any]]:
        return list(self._told.values())


def thread_stacks(interrupted: FrameType | None, census: Census | None) -> tuple[list[dict[str, Any]], int]:
    """Every thread with its frames, innermost first, and how many threads found no room.

    Args:
        interrupted: the calling thread's frame, beneath the signal handler.
        census: finds what a frame's method belongs to; None: nobody asks.
    """
    own = threading.get_ident()
    main = threading.main_thread()
    known = dict(threading._active)  # type: ignore[attr-defined]  # noqa: SLF001 - enumerate() takes a lock
    stacks = sys._current_frames()  # noqa: SLF001
    told = []
    for ident in sorted(stacks, key=lambda ident: ident != own)[:MOST_THREADS]:
        thread = known.get(ident)
        told.append(
            {
                "ident": ident,
                # Before 3.13 a thread that has forked still says its parent's.
                "native_id": threading.get_native_id() if ident == own else getattr(thread, "native_id", None) or 0,
                "name": str(thread._name) if thread is not None else "",  # noqa: SLF001
                "is_main": thread is main,
                "is_daemon": bool(getattr(thread, "_daemonic", False)),
                "frames": _frames(interrupted if ident == own else stacks[ident], census),
            }
        )
    return told, max(0, len(stacks) - MOST_THREADS)


def _frames(frame: FrameType | None, census: Census | None) -> list[tuple[str, int, str, str, str]]:
    frames: list[tuple[str, int, str, str, str]] = []
    while frame is not None and len(frames) < MOST_FRAMES:
        code = frame.f_code
        file = code.co_filename
        if not file.startswith(_OUR_WRAPPERS):
            subject = ""
            if census is not None and code.co_argcount and (file in _TELLING or file.startswith(_OUR_CHANNELS)):
                try:
                    subject = _subject(frame, code, census)
                except Exception:  # a frame without a subject still tells where it is
                    pass
            frames.append((file, frame.f_lineno or 0, code.co_qualname, "", subject))
        frame = frame.f_back
    return frames


def _subject(frame: FrameType, code: CodeType, census: Census) -> str:
    """The key of what `frame` works on, or ``thread:TID`` of a thread that is joined."""
    if code.co_name in _RUNS_ITSELF:
        return ""
    values = frame.f_locals
    if code.co_varnames[0] == "self" or "self" in code.co_cellvars:
        return _key_of_self(values.get("self"), census)
    if code.co_qualname == "Queue._feed":
        return _owner("_notempty", values.get("notempty"), census)
    if code.co_qualname in _FUNCTIONS_OF_A_POOL:
        return _owner("_cache", values.get("cache"), census)
    return ""


def _key_of_self(thing: Any, census: Census) -> str:
    if isinstance(thing, threading.Thread):
        return f"thread:{thing.native_id or 0}"
    key = census.key_of(thing)
    if key:
        return key
    fields = getattr(thing, "__dict__", {})
    pool = fields.get("_pool")  # ApplyResult and the like
    if pool is not None and kind_of(pool):
        return census.key_of(pool)
    lock = fields.get("lock")  # logging.Handler
    if lock is not None and kind_of(lock):
        return census.key_of(lock)
    pid = fields.get("pid")
    if pid is not None:  # multiprocessing's Popen
        for entry in things.known():
            process: Any = entry()
            if kind_of(process) == "mp.Process" and process._popen is thing:  # noqa: SLF001
                return census.key_of(process)
    return ""


def _owner(attribute: str, part: object, census: Census) -> str:
    """The key of the known thing of which `part` is the attribute; a thread is given the parts, not the whole."""
    for entry in things.known():
        thing = entry()
        if part is not None and getattr(thing, "__dict__", {}).get(attribute) is part:
            return census.key_of(thing)
    return ""
