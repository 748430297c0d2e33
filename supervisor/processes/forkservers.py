"""The engine's side of its forkservers: one for each interpreter, search path and list of preloaded modules.

A forkserver starts with the first worker that needs it, and again when it has died.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supervisor.processes import linux
from supervisor.processes.reaping import ExitWatch

if TYPE_CHECKING:
    import asyncio

ENTRY = str(Path(__file__).resolve().parent.parent / "agent" / "entry.py")

DESCRIPTOR_LIMIT = 250
FRAME_LIMIT_BYTES = 60_000


@dataclass(frozen=True, slots=True)
class ForkserverKind:
    """What two workers must share to be forked from the same server."""

    python: str
    python_path: tuple[str, ...]
    preload: tuple[str, ...]
    cwd: str


Told = Callable[[int | None, str], None]
"""Called with the pid, or with None and what went wrong."""


class Forkserver:
    """One forkserver process and the orders it has not answered yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop, kind: ForkserverKind, report: Callable[[str], None]) -> None:
        self._loop = loop
        self._report = report
        self._waiting: dict[int, Told] = {}
        self._next_id = 1
        self._unsent: list[tuple[bytes, list[int]]] = []
        self.is_alive = True
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        setup = json.dumps({"python_path": list(kind.python_path), "preload": list(kind.preload)}).encode()
        setup_descriptor = linux.memory_file("procdeck-forkserver", setup)
        try:
            self._process = subprocess.Popen(
                [kind.python, ENTRY, "forkserver", f"{theirs.fileno()},{setup_descriptor}"],
                pass_fds=(theirs.fileno(), setup_descriptor),
                stdin=subprocess.DEVNULL,
                cwd=kind.cwd,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(setup_descriptor)
        ours.setblocking(False)
        self._socket = ours
        self.pid = self._process.pid
        self._watch = ExitWatch(loop, self.pid, self._on_exit)
        loop.add_reader(ours.fileno(), self._on_readable)

    @property
    def has_pending(self) -> bool:
        return bool(self._waiting)

    def launch(self, descriptors: list[int], told: Told) -> None:
        """Have a worker forked that gets copies of `descriptors`; `told` is called with its pid."""
        order_id, self._next_id = self._next_id, self._next_id + 1
        self._waiting[order_id] = told
        copies = [os.dup(descriptor) for descriptor in descriptors]
        self._unsent.append((json.dumps({"id": order_id}).encode(), copies))
        self._send()

    def _send(self) -> None:
        while self._unsent:
            frame, descriptors = self._unsent[0]
            try:
                socket.send_fds(self._socket, [frame], descriptors)
            except BlockingIOError:
                self._loop.add_writer(self._socket.fileno(), self._send)
                return
            except OSError:
                return  # it has died; its exit answers what is waiting
            for descriptor in descriptors:
                os.close(descriptor)
            del self._unsent[0]
        self._loop.remove_writer(self._socket.fileno())

    def _on_readable(self) -> None:
        try:
            frame = self._socket.recv(FRAME_LIMIT_BYTES)
        except BlockingIOError:
            return
        except OSError:
            frame = b""
        if not frame:
            self._loop.remove_reader(self._socket.fileno())
            return
        self._take(json.loads(frame))

    def _take(self, answer: dict[str, Any]) -> None:
        if "preloaded" in answer:
            for trouble in answer["troubles"]:
                self._report(trouble)
            return
        told = self._waiting.pop(answer["id"], None)
        if told is not None:
            told(answer.get("pid"), answer.get("error", ""))

    def _on_exit(self, status: int | None) -> None:
        self.is_alive = False
        self._process.returncode = 0 if status is None else status
        self.close()
        waiting, self._waiting = self._waiting, {}
        for told in waiting.values():
            told(None, f"the forkserver (pid {self.pid}) ended with {status} before it answered")

    def close(self) -> None:
        """Let the forkserver end; the guardian ends one that does not."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()
        for _, descriptors in self._unsent:
            for descriptor in descriptors:
                os.close(descriptor)
        self._unsent.clear()


class Forkservers:
    """Finds or starts the forkserver for a worker."""

    def __init__(self, loop: asyncio.AbstractEventLoop, report: Callable[[str], None]) -> None:
        self._loop = loop
        self._report = report
        self._servers: dict[ForkserverKind, Forkserver] = {}

    def get(self, kind: ForkserverKind) -> Forkserver:
        """The living forkserver of this kind.

        Raises:
            OSError: its interpreter cannot be run.
        """
        server = self._servers.get(kind)
        if server is None or not server.is_alive:
            server = self._servers[kind] = Forkserver(self._loop, kind, self._report)
        return server

    def pids(self) -> frozenset[int]:
        return frozenset(server.pid for server in self._servers.values() if server.is_alive)

    @property
    def has_pending(self) -> bool:
        return any(server.has_pending for server in self._servers.values())

    def close(self) -> None:
        for server in self._servers.values():
            server.close()
