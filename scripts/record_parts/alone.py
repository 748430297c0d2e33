"""Programs that hang, or wait in good order, within one process, on the rest of the world, and in procdeck's channels.

As in `stuck`, a function is a program and `play` names the parts.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from scripts.record_parts.staging import Start, hold, play, until_blocked


def _thread(name: str, target: Any, *args: Any, daemon: bool = True) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, name=name, daemon=daemon)
    thread.start()
    return thread


# --- threads ---


def threads(_: Any) -> None:
    """Every way to wait for another thread, in good order and not."""
    import queue
    from concurrent.futures import ThreadPoolExecutor

    play("threads")
    lock, recursive = threading.Lock(), threading.RLock()
    full: queue.Queue[int] = queue.Queue(1)
    single = queue.SimpleQueue[int]()
    full.put(1)
    lock.acquire()
    recursive.acquire()
    _thread("with lock", _with, lock)
    _thread("with rlock", _with, recursive)
    _thread("get", _get, queue.Queue[int]())
    _thread("simple get", _get, single)
    _thread("get in time", lambda: queue.Queue[int]().get(timeout=3600))
    _thread("put", full.put, 2)
    _thread("event", threading.Event().wait)
    _thread("semaphore", threading.Semaphore(0).acquire)
    _thread("timer", threading.Event().wait, 3600)
    _thread("joiner", _thread("sleeper", hold).join)
    _thread("undone", full.join)
    pool = ThreadPoolExecutor(1, thread_name_prefix="pool")
    pool.submit(int).result()
    pool.submit(hold)
    _thread("future", pool.submit(int).result)
    hold()


def _get(queue: Any) -> None:
    queue.get()


def _with(lock: Any) -> None:
    with lock:
        pass


def thread_at_exit(context: Any) -> None:
    Start(context)("leaver", _leave_thread)
    hold()


def _leave_thread() -> None:
    _thread("worker", hold, daemon=False)


def fork_lock(_: Any) -> None:
    play("parent")
    lock = threading.Lock()
    taken = threading.Event()
    _thread("keeper", _keep, lock, taken)
    taken.wait()
    if os.fork() == 0:
        play("child")
        _with(lock)
    hold()


def _keep(lock: Any, taken: threading.Event) -> None:
    with lock:
        taken.set()
        hold()


def import_lock(_: Any) -> None:
    play("importer")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "slow_to_import.py").write_text("import time\ntime.sleep(3600)\n")
        sys.path.insert(0, folder)
        _thread("first", _import_slow)
        until_blocked(threading.enumerate()[-1].native_id or 0, "hrtimer_nanosleep", "do_nanosleep")
        _import_slow()


def _import_slow() -> None:
    __import__("slow_to_import")


# --- processors ---


def gil_held(_: Any) -> None:
    play("holder")
    _thread("waiter", _count)
    ctypes.PyDLL(None).usleep(3_600_000_000 % 2**32)


def _count() -> None:
    number = 0
    while True:
        number += 1


def loops(context: Any) -> None:
    start = Start(context)
    start("python", _count)
    start("regex", _match_for_ever)
    start("native", _sum_for_ever)
    hold()


def _match_for_ever() -> None:
    re.match(r"(a+)+$", "a" * 64 + "b")


def _sum_for_ever() -> None:
    sum(range(10**15))


# --- the rest of the world ---


def sockets(context: Any) -> None:
    start = Start(context)
    start("receiver", _receive)
    start("sender", _send)
    start("acceptor", _accept)
    start("server", _serve)
    start("selector", _select)
    start("loop", _run_loop)
    start("http", _read_http)
    hold()


def _receive() -> None:
    one, _two = socket.socketpair()
    one.recv(100)


def _send() -> None:
    one, _two = socket.socketpair()
    while True:
        one.sendall(b"x" * 10_000)


def _accept() -> None:
    socket.create_server(("127.0.0.1", 0)).accept()


def _serve() -> None:
    import socketserver

    socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler).serve_forever(poll_interval=3600)


def _select() -> None:
    one, _two = socket.socketpair()
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ)
        selector.select()


def _run_loop() -> None:
    import asyncio

    asyncio.run(asyncio.sleep(3600))


def _read_http() -> None:
    import http.client

    server = socket.create_server(("127.0.0.1", 0))
    connection = http.client.HTTPConnection(*server.getsockname())
    connection.request("GET", "/")
    connection.getresponse()


def kernel(context: Any) -> None:
    start = Start(context)
    start("sleeper", hold)
    start("printer", _print_for_ever)
    start("runner", _run_program)
    start("piper", _communicate)
    start("locker", _lock_file)
    start("pauser", signal.pause)
    start("reader", _read_input)
    hold()


def _print_for_ever() -> None:
    _, full = os.pipe()
    os.dup2(full, 1)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  # the one of the recorder may be anything
    while True:
        print("x" * 1000, flush=True)


def _run_program() -> None:
    subprocess.run(["sleep", "3600"], check=True)


def _communicate() -> None:
    subprocess.run(["sleep", "3600"], check=True, capture_output=True)


def _lock_file() -> None:
    with tempfile.TemporaryFile() as file, open(f"/proc/self/fd/{file.fileno()}") as again:
        fcntl.flock(file, fcntl.LOCK_EX)
        fcntl.flock(again, fcntl.LOCK_EX)


def _read_input() -> None:
    empty, _ = os.pipe()
    os.dup2(empty, 0)
    os.read(0, 100)


# --- procdeck's channels ---


def channels(context: Any) -> None:
    from supervisor.channels import Barrier, Condition, Event, Lock, Pipe, Queue, RLock, Semaphore

    start = Start(context)
    lock, recursive, full = Lock(name="index"), RLock(name="table"), Queue(1, name="paths")
    lock.acquire()
    recursive.acquire()
    full.put(1)
    empty, silent = Pipe()
    full_end, unread = Pipe()
    start("getter", Queue(name="words").get)
    start("iterator", _iterate, Queue(name="lines"))
    start("putter", full.put, 2)
    start("joiner", full.join)
    start("locker", _with, lock)
    start("relocker", recursive.acquire)
    start("down", Semaphore(0, name="slots").acquire)
    start("eventful", Event(name="go").wait)
    start("conditional", _await_condition, Condition(name="news"))
    start("barred", Barrier(2, name="gate").wait)
    start("receiver", empty.recv)
    start("sender", _send_for_ever, full_end)
    hold()
    del silent, unread


def _iterate(queue: Any) -> None:
    for _ in queue:
        pass


def _await_condition(condition: Any) -> None:
    with condition:
        condition.wait()


def _send_for_ever(end: Any) -> None:
    while True:
        end.send("x" * 5000)


def shared_state(context: Any) -> None:
    from supervisor.channels import Dict

    table = Dict()
    connected, go = context.Event(), context.Event()
    Start(context)("caller", _ask_twice, table, connected, go)
    connected.wait()
    manager = table._manager
    assert manager is not None
    os.kill(manager._process.pid, signal.SIGSTOP)
    go.set()
    hold()


def _ask_twice(table: Any, connected: Any, go: Any) -> None:
    table.get(1)
    connected.set()
    go.wait()
    table.get(1)


def log_lane_full(context: Any) -> None:
    Start(context)("logger", _log_for_ever)
    hold()


def _log_for_ever() -> None:
    from supervisor.agent.lane_writer import LaneWriter

    _, full = os.pipe()
    lane = LaneWriter(full)
    while True:
        lane.write(b"x" * 1000 + b"\n")
