"""Hangs on what is outside of the worker's own code: other programs, sockets, files, the kernel, a stopped process."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any

multiprocessing.set_start_method(os.environ.get("HANGLAB_METHOD", "forkserver"), force=True)


def child_stopped() -> None:
    """STOPPED: the process that is to answer was stopped by a signal, and nobody lets it go on."""
    here, there = multiprocessing.Pipe()
    multiprocessing.Process(target=stop_myself, args=(there,), daemon=True).start()
    here.recv()


def stop_myself(there: Connection[Any, Any]) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
    there.send("never sent")


def manager_stopped() -> None:
    """STOPPED: the process behind a `Manager().dict()` stands still, and so does all that looks into the dict."""
    with multiprocessing.Manager() as manager:
        stock = manager.dict(apples=3)
        server = multiprocessing.active_children()[0]
        assert server.pid is not None
        os.kill(server.pid, signal.SIGSTOP)
        while True:
            stock["apples"] += 1


def manager_lock() -> None:
    """MANAGER_WAIT: a manager's lock whose holder was killed: the manager waits for it in the name of the next one."""
    with multiprocessing.Manager() as manager:
        lock = manager.Lock()
        holder = multiprocessing.Process(target=die_with, args=(lock,), daemon=True)
        holder.start()
        holder.join()
        with lock:
            print("never printed")


def die_with(lock: threading.Lock) -> None:
    with lock:
        os.kill(os.getpid(), signal.SIGKILL)


def socket_silent() -> None:
    """NET: a server that has accepted the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        client.recv(4096)


def program_waits() -> None:
    """SUBPROCESS: a program was started that does not end."""
    subprocess.run(["sleep", "1000000"], check=True)


def program_unread() -> None:
    """STDOUT_BLOCKED: a program fills the pipe that nobody reads, because who made it waits for its end."""
    talker = subprocess.Popen([sys.executable, "-c", "print('x' * 1_000_000)"], stdout=subprocess.PIPE)
    talker.wait()


def file_locked() -> None:
    """FLOCK: another process has locked the file."""
    is_taken = multiprocessing.Event()
    multiprocessing.Process(target=lock_file, args=(is_taken,), daemon=True).start()
    is_taken.wait()
    with open(__file__, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)


def lock_file(is_taken: Event) -> None:
    with open(__file__, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        is_taken.set()
        while True:
            time.sleep(3600)


def uninterruptible() -> None:
    """UNINTERRUPTIBLE: the kernel holds the process in state D, as it does over a disk or a share that is gone.

    Here it is a program whose start does not come to an end: its standard input is a FIFO that nobody opens.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fifo")
        os.mkfifo(path)
        fifo = os.open(path, os.O_PATH)  # it stays when its folder is gone
    # The kernel stops the caller until the new process has executed its program, which opens its input first.
    opening = (os.POSIX_SPAWN_OPEN, 0, f"/proc/self/fd/{fifo}", os.O_RDONLY, 0)
    os.posix_spawn("/bin/cat", ["cat"], os.environ, file_actions=[opening])
