"""Walks the stacks of all threads and finds, for a frame of a library, the thing whose method it is.

User code's locals are left alone, but for the lock that it is just waiting for.
"""

from __future__ import annotations

import os
import sys
import threading
from _thread import get_ident, get_native_id  # as they were before user code changed what `threading` has

from supervisor.agent import things
from supervisor.agent.facts import ARGUMENTS_OF_FEED, facts_of, kind_of, orphan_facts
from supervisor.agent.interrupted import is_interruption
from supervisor.agent.local_values import local_value
from supervisor.agent.waited_locks import waited_object

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
        "concurrent/futures/_base",
        "concurrent/futures/process",
        "logging/__init__",
        "queue",
        "threading",
    )
) | {"<frozen importlib._bootstrap>"}
_FUNCTIONS_OF_A_POOL = ("Pool._handle_tasks", "Pool._handle_results", "Pool._handle_workers")
_ROOT_OF_A_CHILD = "BaseProcess._bootstrap"
_JOINS = ("join", "_wait_for_tstate_lock")
_RUNS_ITSELF = ("run", "_bootstrap", "_bootstrap_inner")
"""A thread or process in them is that which runs, not one that is waited for."""
_OWNED_BY_THIS_PROCESS = ("mp.Pool", "mp.ThreadPool", "mp.Process", "cf.ProcessPoolExecutor")


class Census:
    """The things that one answer tells of, each under a key."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, Any]] = {}
        self._ours = os.getpid()

    def key_of(self, thing: object, called: str = "") -> str:
        """The key of `thing`, which is told of from now on; empty where it is of no kind that is known.

        `called` is what the code calls it, for one that has no name of its own.
        """
        if thing is None:
            return ""
        entry = things.find(thing)
        kind = (entry.kind if entry is not None else "") or kind_of(thing)
        if not kind:
            return ""
        key = f"{kind}#{entry.serial}" if entry is not None else f"{kind}@{id(thing):x}"
        if key not in self._told and len(self._told) < MOST_THINGS:
            told: dict[str, Any] = {"key": key, "kind": kind, "place": entry.place if entry is not None else ""}
            self._told[key] = told  # before its facts: things know each other
            if "." in kind:
                told["name"] = called
                told["facts"] = facts_of(kind, thing, self.key_of)
            else:
                told["name"] = (entry.name if entry is not None else "") or str(getattr(thing, "name", ""))
                told["facts"] = {"name": told["name"], "kind": kind}
        return key

    def key_of_orphan(self, feed: FrameType) -> str:
        """The key of a queue that only its feeder thread keeps alive, whose parts are that thread's arguments."""
        parts = {name: local_value(feed, name) for name in ARGUMENTS_OF_FEED}
        writer = parts["send_bytes"].__self__
        entry = things.find(writer)
        key = f"mp.Queue@{id(parts['notempty']):x}"
        self._told[key] = {
            "key": key,
            "kind": "mp.Queue",
            "place": entry.place if entry is not None else "",
            "facts": orphan_facts(parts, writer, self.key_of),
        }
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
        interrupted: the main thread's frame, beneath the signal handler; no other thread runs one.
        census: finds what a frame's method belongs to; None: nobody asks.
    """
    own = get_ident()
    known = dict(threading._active)  # type: ignore[attr-defined]  # noqa: SLF001 - enumerate() takes a lock
    stacks = sys._current_frames()  # noqa: SLF001
    told = []
    for ident in sorted(stacks, key=lambda ident: ident != own)[:MOST_THREADS]:
        thread = known.get(ident)
        told.append(
            {
                "ident": ident,
                # Before 3.13 a thread that has forked still says its parent's.
                "native_id": get_native_id() if ident == own else getattr(thread, "native_id", None) or 0,
                "name": str(thread._name) if thread is not None else "",  # noqa: SLF001
                "is_main": ident == own,
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
            subject = "" if census is None else _subject(frame, code, file, census, is_innermost=not frames)
            frames.append((file, frame.f_lineno or 0, code.co_qualname, "", subject))
            if code.co_qualname == _ROOT_OF_A_CHILD:
                census = None  # beneath are its parent's frames, and what they work on
        frame = frame.f_back
    return frames


def _subject(frame: FrameType, code: CodeType, file: str, census: Census, *, is_innermost: bool) -> str:
    """The key of what `frame` works on, or ``thread:TID`` of a thread that is joined."""
    try:
        if file in _TELLING or file.startswith(_OUR_CHANNELS):
            return _subject_of_library(frame, code, census) if code.co_argcount else ""
        if is_innermost:
            thing, name = waited_object(frame)
            return census.key_of(thing, name) or census.key_of(getattr(thing, "__dict__", {}).get("_lock"))
    except Exception as error:  # a frame without a subject still tells where it is
        if is_interruption(error):
            raise
    return ""


def _subject_of_library(frame: FrameType, code: CodeType, census: Census) -> str:
    if code.co_name in _RUNS_ITSELF:
        return ""
    if code.co_varnames[0] == "self":
        thing = local_value(frame, "self")
        if isinstance(thing, threading.Thread):
            return f"thread:{thing.native_id or 0}" if code.co_name in _JOINS else _of_executor_thread(thing, census)
        manager = thing.__dict__.get("_manager")  # a proxy where its manager was made
        return census.key_of(manager) or census.key_of(thing) or _key_of_whole(thing, census)
    if code.co_qualname == "Queue._feed":
        return _owner("_notempty", local_value(frame, "notempty"), census) or census.key_of_orphan(frame)
    if code.co_qualname in _FUNCTIONS_OF_A_POOL:
        return _owner("_cache", local_value(frame, "cache"), census)
    return ""


def _key_of_whole(part: Any, census: Census) -> str:
    """The key of what `part` belongs to: the pool of a result, the process of a Popen, the executor of a future."""
    fields = getattr(part, "__dict__", {})
    for name in ("_pool", "lock"):  # ApplyResult and the like; logging.Handler
        whole = fields.get(name)
        if whole is not None and kind_of(whole):
            return census.key_of(whole)
    for entry in things.known():
        thing: Any = entry()
        own = getattr(thing, "__dict__", {})
        if part is own.get("_popen") and kind_of(thing) == "mp.Process":
            return census.key_of(thing)
        pending = own.get("_pending_work_items") if "_waiters" in fields else None  # a Future
        if pending and any(work.future is part for work in list(pending.values())):
            return census.key_of(thing)
    return ""


def _of_executor_thread(thread: Any, census: Census) -> str:
    """The executor whose thread this is, if it is one's."""
    find = thread.__dict__.get("executor_reference")
    return "" if find is None else census.key_of(find())


def _owner(attribute: str, part: object, census: Census) -> str:
    """The key of the known thing of which `part` is the attribute; a thread is given the parts, not the whole."""
    for entry in things.known():
        thing = entry()
        if part is not None and getattr(thing, "__dict__", {}).get(attribute) is part:
            return census.key_of(thing)
    return ""
