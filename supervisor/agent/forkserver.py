"""A process that has imported what workers need and forks one for each order.

It forks twice, so that the worker becomes a child of the engine (the nearest subreaper) and is reaped there: a
go-between, made before the order comes, forks the worker and ends. It runs no target itself, starts no thread, and ends
when the engine's end of its socket closes.

Orders are JSON frames ``{"id": 7}`` with the worker's descriptors attached (SCM_RIGHTS), the spec's memory file first;
answers are ``{"id": 7, "pid": 4711}`` or ``{"id": 7, "errno": 11}``.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import threading
from importlib import import_module
from typing import Any, NoReturn

DESCRIPTOR_LIMIT = 250
"""The kernel passes at most 253 descriptors with one message (SCM_MAX_FD)."""


def serve(socket_descriptor: int, spec_descriptor: int) -> NoReturn:
    """Preload, then fork a worker for each order until the engine is gone."""
    import supervisor.agent.loguru_bridge  # noqa: F401 - what every worker imports is imported here, once
    from supervisor.agent import things
    from supervisor.agent.bootstrap import read_spec

    things.watch()  # what preloaded modules make, all workers have
    setup = read_spec(spec_descriptor)
    sys.path[:0] = [entry for entry in setup["python_path"] if entry not in sys.path]
    channel = socket.socket(fileno=socket_descriptor)
    troubles = _preload(setup["preload"])
    channel.send(json.dumps({"preloaded": setup["preload"], "troubles": troubles}).encode())
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        answer = _serve_one(channel)
        if not answer:
            os._exit(0)
        channel.send(answer)


def _serve_one(channel: socket.socket) -> bytes:
    """Have a go-between take one order; its answer, once the worker is the engine's child. Empty at the end."""
    read_end, write_end = os.pipe()
    try:
        go_between = os.fork()
    except OSError as error:
        os.close(read_end)
        os.close(write_end)
        return _refuse_one(channel, error)
    if go_between == 0:
        os.close(read_end)
        _be_go_between(channel, write_end)
    os.close(write_end)
    os.waitpid(go_between, 0)
    answer = os.read(read_end, 4096)
    os.close(read_end)
    return answer


def _refuse_one(channel: socket.socket, error: OSError) -> bytes:
    """Take one order without a go-between, which could not be forked; the answer that says so."""
    frame, descriptors, _, _ = socket.recv_fds(channel, 4096, DESCRIPTOR_LIMIT)
    for descriptor in descriptors:
        os.close(descriptor)
    return json.dumps({"id": json.loads(frame)["id"], "errno": error.errno}).encode() if frame else b""


def _preload(modules: list[str]) -> list[str]:
    """Import `modules`; a sentence for each that could not be, and one if a thread was left running."""
    troubles = []
    for name in modules:
        try:
            import_module(name)
        except BaseException as error:
            troubles.append(f"cannot preload {name}: {type(error).__name__}: {error}")
    if threading.active_count() > 1:
        names = ", ".join(thread.name for thread in threading.enumerate() if thread is not threading.main_thread())
        troubles.append(f"preloading started threads ({names}); workers forked from here do not have them")
    return troubles


def _be_go_between(channel: socket.socket, write_end: int) -> NoReturn:
    """Await one order, fork its worker, say its pid, and end."""
    try:
        frame, descriptors, _, _ = socket.recv_fds(channel, 4096, DESCRIPTOR_LIMIT)
        if frame:
            answer: dict[str, Any] = {"id": json.loads(frame)["id"]}
            try:
                answer["pid"] = _fork_worker(channel, descriptors, write_end)
            except OSError as error:
                answer["errno"] = error.errno
            os.write(write_end, json.dumps(answer).encode())
    finally:
        os._exit(0)


def _fork_worker(channel: socket.socket, descriptors: list[int], write_end: int) -> int:
    """Fork the worker; its pid, in the go-between."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(write_end)
        channel.close()
        from supervisor.agent.bootstrap import read_spec, run

        run(read_spec(descriptors[0]), descriptors[1:])
    return pid
