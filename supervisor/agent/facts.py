"""Reads what locks, queues, pools and the like say of themselves, without a lock, a wait or a call of user code.

Facts by kind; a fact that is a thing is its key:

- ``mp.Lock mp.RLock mp.Semaphore mp.BoundedSemaphore``: handle (the address of its sem_t, on which waiters sleep),
  object_address (of the C object that counts), value, count, is_mine, maxvalue, name
- ``mp.Condition``: lock, sleeping, woken, wait; ``mp.Event``: condition, is_set; ``mp.Barrier``: parties, waiting
- ``mp.Queue mp.JoinableQueue``: maxsize (0: no limit), size, buffered, is_closed, feeder, read_pipe, write_pipe, rlock,
  wlock, sem, and unfinished, condition; ``mp.SimpleQueue``: read_pipe, write_pipe, rlock, wlock
- ``mp.Connection``: link, mode, descriptor
- ``mp.Pool mp.ThreadPool``: members, jobs, state, task_handler, result_handler, worker_handler, inqueue, outqueue
- ``cf.ProcessPoolExecutor``: members, pending, is_broken, is_shut_down
- ``mp.Process``: pid, name, daemon, exitcode; ``mp.Manager``: address, pid
- ``thread.Lock thread.RLock``: object_address, is_locked, owner_ident; ``thread.Condition``: lock, waiters;
  ``thread.Event``: is_set; ``thread.Queue``: maxsize, size, unfinished; ``thread.ModuleLock``: owner_ident, module
- ours (``queue``, ``lock``, ``value`` ...): name, kind
"""

from __future__ import annotations

# ruff: noqa: SLF001 - what the library keeps to itself is what is told here; its own methods would take locks
import os
import sys
import threading

from supervisor.agent.interrupted import is_interruption

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Facts = dict[str, Any]
    KeyOf = Callable[[object], str]

_SYNCHRONIZE = "multiprocessing.synchronize"
_QUEUES = "multiprocessing.queues"

_KINDS = {
    (_SYNCHRONIZE, "Lock"): "mp.Lock",
    (_SYNCHRONIZE, "RLock"): "mp.RLock",
    (_SYNCHRONIZE, "Semaphore"): "mp.Semaphore",
    (_SYNCHRONIZE, "BoundedSemaphore"): "mp.BoundedSemaphore",
    (_SYNCHRONIZE, "Condition"): "mp.Condition",
    (_SYNCHRONIZE, "Event"): "mp.Event",
    (_SYNCHRONIZE, "Barrier"): "mp.Barrier",
    (_QUEUES, "JoinableQueue"): "mp.JoinableQueue",
    (_QUEUES, "Queue"): "mp.Queue",
    (_QUEUES, "SimpleQueue"): "mp.SimpleQueue",
    ("multiprocessing.connection", "_ConnectionBase"): "mp.Connection",
    ("multiprocessing.pool", "ThreadPool"): "mp.ThreadPool",
    ("multiprocessing.pool", "Pool"): "mp.Pool",
    ("multiprocessing.process", "BaseProcess"): "mp.Process",
    ("multiprocessing.managers", "BaseManager"): "mp.Manager",
    ("multiprocessing.managers", "BaseProxy"): "mp.Manager",
    ("concurrent.futures.process", "ProcessPoolExecutor"): "cf.ProcessPoolExecutor",
    ("threading", "Condition"): "thread.Condition",
    ("threading", "Event"): "thread.Event",
    ("threading", "_RLock"): "thread.RLock",
    ("queue", "Queue"): "thread.Queue",
    ("_thread", "lock"): "thread.Lock",
    ("_thread", "RLock"): "thread.RLock",
    ("_frozen_importlib", "_ModuleLock"): "thread.ModuleLock",
    ("importlib._bootstrap", "_ModuleLock"): "thread.ModuleLock",
}
_OUR_CHANNELS = {
    "supervisor.channels.queue": "Queue",
    "supervisor.channels.pipe": "PipeConnection",
    "supervisor.channels.lock": "Lock RLock",
    "supervisor.channels.semaphore": "Semaphore BoundedSemaphore",
    "supervisor.channels.event": "Event",
    "supervisor.channels.condition": "Condition",
    "supervisor.channels.barrier": "Barrier",
}
"""Those that know what they are called; the profile's others are told of by whoever connects them."""
_PEER_BYTES = 12
_NO_LIMIT = 2**31 - 1


def kind_of(thing: object) -> str:
    """The kind of `thing`; empty where it is none that can be waited for."""
    for kind in type(thing).__mro__:
        home = kind.__module__
        found = _KINDS.get((home, kind.__name__))
        if found:
            return found
        if home in _OUR_CHANNELS and kind.__name__ in _OUR_CHANNELS[home].split():
            return str(getattr(kind, "kind", "") or home.rpartition(".")[2])
    return ""


def facts_of(kind: str, thing: Any, key_of: KeyOf) -> Facts:
    """What is known of `thing` now; what cannot be read is left out."""
    read = _READERS.get(kind)
    try:
        return read(thing, key_of) if read is not None else {}
    except Exception as error:  # half made, half gone, or a subclass that keeps things elsewhere
        if is_interruption(error):
            raise
        return {}


def is_alive(thread: Any) -> bool | None:
    """Whether a Thread runs; `Thread.is_alive` may take a lock."""
    if not isinstance(thread, threading.Thread):
        return None
    return threading._active.get(thread.ident) is thread  # type: ignore[attr-defined]


# --- between processes ---


def _of_semaphore(lock: Any, key_of: KeyOf) -> Facts:
    inner = lock._semlock
    return {
        "handle": inner.handle,
        "object_address": id(inner),
        "value": inner._get_value(),
        "count": inner._count(),
        "is_mine": inner._is_mine(),
        "maxvalue": inner.maxvalue,
        "name": inner.name or "",
    }


def _of_condition(condition: Any, key_of: KeyOf) -> Facts:
    return {
        "lock": key_of(condition._lock),
        "sleeping": key_of(condition._sleeping_count),
        "woken": key_of(condition._woken_count),
        "wait": key_of(condition._wait_semaphore),
    }


def _of_event(event: Any, key_of: KeyOf) -> Facts:
    return {"condition": key_of(event._cond), "is_set": _value(event._flag) > 0}


def _of_barrier(barrier: Any, key_of: KeyOf) -> Facts:
    return {"parties": barrier._parties, "waiting": barrier._count}


def _of_queue(queue: Any, key_of: KeyOf) -> Facts:
    maxsize = queue._maxsize
    thread = queue._thread
    facts = {
        "maxsize": maxsize if maxsize < _NO_LIMIT else 0,
        "size": maxsize - _value(queue._sem),
        "buffered": len(queue._buffer),
        "is_closed": queue._closed,
        "feeder": is_alive(thread),
        **_pipe(queue, key_of),
        "sem": key_of(queue._sem),
    }
    unfinished = getattr(queue, "_unfinished_tasks", None)
    if unfinished is not None:
        facts["unfinished"] = _value(unfinished)
        facts["condition"] = key_of(queue._cond)
    return facts


ARGUMENTS_OF_FEED = ("buffer", "notempty", "send_bytes", "writelock", "queue_sem")
"""Those of `Queue._feed` that tell of its queue."""


def orphan_facts(parts: Mapping[str, Any], writer: Any, key_of: KeyOf) -> Facts:
    """The facts of a queue of which only the arguments of `Queue._feed` are left."""
    room, lock = parts["queue_sem"], parts["writelock"]
    maxsize = room._semlock.maxvalue
    return {
        "maxsize": maxsize if maxsize < _NO_LIMIT else 0,
        "size": maxsize - _value(room),
        "buffered": len(parts["buffer"]),
        "is_closed": True,
        "feeder": True,
        "write_pipe": _link(writer),
        "wlock": key_of(lock),
        "sem": key_of(room),
    }


def _of_simple_queue(queue: Any, key_of: KeyOf) -> Facts:
    return _pipe(queue, key_of)


def _pipe(queue: Any, key_of: KeyOf) -> Facts:
    return {
        "read_pipe": _link(queue._reader),
        "write_pipe": _link(queue._writer),
        "rlock": key_of(queue._rlock),
        "wlock": key_of(queue._wlock),
    }


def _of_connection(connection: Any, key_of: KeyOf) -> Facts:
    mode = ("r" if connection._readable else "") + ("w" if connection._writable else "")
    return {"link": _link(connection), "mode": mode, "descriptor": connection._handle}


def _of_pool(pool: Any, key_of: KeyOf) -> Facts:
    members = [member.pid for member in list(pool._pool) if isinstance(getattr(member, "pid", None), int)]
    facts = {"members": members, "jobs": len(pool._cache), "state": str(pool._state)}
    for name in ("task_handler", "result_handler", "worker_handler"):
        facts[name] = is_alive(getattr(pool, f"_{name}", None))
    facts["inqueue"], facts["outqueue"] = key_of(pool._inqueue), key_of(pool._outqueue)
    return facts


def _of_executor(executor: Any, key_of: KeyOf) -> Facts:
    return {
        "members": list(executor._processes or ()),
        "pending": len(executor._pending_work_items or ()),
        "is_broken": bool(executor._broken),
        "is_shut_down": bool(executor._shutdown_thread),
    }


def _of_process(process: Any, key_of: KeyOf) -> Facts:
    started = process._popen
    return {
        "pid": None if started is None else started.pid,
        "name": process._name,
        "daemon": bool(process._config.get("daemon")),
        "exitcode": None if started is None else started.returncode,
    }


def _of_manager(manager: Any, key_of: KeyOf) -> Facts:
    """A manager, or a proxy of something that it keeps."""
    token = getattr(manager, "_token", None)
    address = manager._address if token is None else token.address
    owner = manager if token is None else manager._manager
    process = getattr(owner, "_process", None)
    started = getattr(process, "_popen", None)
    pid = None if started is None else started.pid
    return {"address": str(address), "pid": pid or _peer(manager)}


def _peer(proxy: Any) -> int | None:
    """The pid of the process at the other end of a proxy's connection of this thread (SO_PEERCRED, unix(7))."""
    connection = getattr(getattr(proxy, "_tls", None), "connection", None)
    sockets = sys.modules.get("_socket")
    if connection is None or sockets is None or not hasattr(sockets, "SO_PEERCRED"):
        return None
    end = sockets.socket(fileno=connection._handle)
    try:
        told = end.getsockopt(sockets.SOL_SOCKET, sockets.SO_PEERCRED, _PEER_BYTES)
    except OSError:
        return None
    finally:
        end.detach()
    return int.from_bytes(told[:4], sys.byteorder) or None


def _value(semaphore: Any) -> int:
    value: int = semaphore._semlock._get_value()
    return value


def _link(connection: Any) -> str:
    if connection is None or connection._handle is None:
        return ""
    try:
        return os.readlink(f"/proc/self/fd/{connection._handle}")
    except OSError:
        return ""


# --- between threads ---


def _of_thread_lock(lock: Any, key_of: KeyOf) -> Facts:
    """A lock of C, or its double in Python; only its text tells who owns a recursive one."""
    text = repr(lock)
    facts: Facts = {"object_address": id(lock), "is_locked": text.startswith("<locked")}
    _, has_owner, rest = text.partition("owner=")
    if has_owner:
        number = rest.split(" ", 1)[0]
        facts["owner_ident"] = int(number) if number.isdigit() and number != "0" else None
    return facts


def _of_thread_condition(condition: Any, key_of: KeyOf) -> Facts:
    return {"lock": key_of(condition._lock), "waiters": len(condition._waiters)}


def _of_thread_event(event: Any, key_of: KeyOf) -> Facts:
    return {"is_set": bool(event._flag)}


def _of_thread_queue(queue: Any, key_of: KeyOf) -> Facts:
    return {
        "maxsize": queue.maxsize,
        "size": len(queue.queue),
        "unfinished": queue.unfinished_tasks,
    }


def _of_module_lock(lock: Any, key_of: KeyOf) -> Facts:
    return {"owner_ident": lock.owner, "module": lock.name}


_READERS: dict[str, Callable[[Any, KeyOf], Facts]] = {
    "mp.Lock": _of_semaphore,
    "mp.RLock": _of_semaphore,
    "mp.Semaphore": _of_semaphore,
    "mp.BoundedSemaphore": _of_semaphore,
    "mp.Condition": _of_condition,
    "mp.Event": _of_event,
    "mp.Barrier": _of_barrier,
    "mp.Queue": _of_queue,
    "mp.JoinableQueue": _of_queue,
    "mp.SimpleQueue": _of_simple_queue,
    "mp.Connection": _of_connection,
    "mp.Pool": _of_pool,
    "mp.ThreadPool": _of_pool,
    "mp.Process": _of_process,
    "mp.Manager": _of_manager,
    "cf.ProcessPoolExecutor": _of_executor,
    "thread.Lock": _of_thread_lock,
    "thread.RLock": _of_thread_lock,
    "thread.Condition": _of_thread_condition,
    "thread.Event": _of_thread_event,
    "thread.Queue": _of_thread_queue,
    "thread.ModuleLock": _of_module_lock,
}
