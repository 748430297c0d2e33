"""Starts leaders (`tests.poolrun.leader`) and listens to them."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from supervisor.api.pools import PoolFailure, PoolReport
from tests.engines import PATIENCE_S, kill, wait_for

METHODS = ("fork", "spawn", "forkserver")
REPOSITORY = Path(__file__).parents[2]
QUICK = "tests.poolrun.jobs"


class Leader:
    """One leader and what it has said so far."""

    def __init__(self, order: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._socket = ours
        self.said: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.poolrun.leader", str(theirs.fileno())],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(), *fds),
            text=True,
        )
        theirs.close()
        assert self.process.stdin is not None
        json.dump({"name": "work", "start_method": "fork", "processes": 2, **order}, self.process.stdin)
        self.process.stdin.close()

    def listen(self) -> None:
        while True:
            try:
                frame = self._socket.recv(60_000)
            except BlockingIOError:
                return
            except OSError:
                frame = b""
            if not frame:
                return
            self.said.append(json.loads(frame))

    def wish(self, do: str, **fields: object) -> None:
        self._socket.send(json.dumps({"op": "pool", "pool": "work", "do": do, **fields}).encode())

    def stop(self) -> None:
        self._socket.send(b'{"op": "stop"}')

    def hang_up(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)

    def reports(self) -> list[PoolReport]:
        self.listen()
        return [msgspec.convert(said["report"], PoolReport) for said in self.said if said["op"] == "pool"]

    def report(self) -> PoolReport:
        """The last one."""
        return self.reports()[-1]

    def failures(self) -> dict[int, PoolFailure]:
        self.listen()
        told = [said["failure"] for said in self.said if said["op"] == "pool-failure"]
        return {one["index"]: msgspec.convert(one, PoolFailure) for one in told}

    def records(self) -> list[str]:
        self.listen()
        return [f"{said['level']} {said['message']}" for said in self.said if said["op"] == "say"]

    def wait_report(self, is_so: Callable[[PoolReport], bool], what: str) -> PoolReport:
        def look() -> PoolReport | None:
            reports = self.reports()
            return reports[-1] if reports and is_so(reports[-1]) else None

        report = wait_for(look, what)
        assert report is not None
        return report

    def wait(self) -> int:
        """The exit code."""
        try:
            wait_for(self._has_ended, "the leader to end")
        except AssertionError as waited:
            os.kill(self.process.pid, signal.SIGUSR1)  # it writes where each of its threads is
            assert self.process.stderr is not None
            select.select([self.process.stderr], [], [], 5)
            self.kill()
            raise AssertionError(f"{waited}; it said {self.said[-3:]} and {self.trouble()}") from None
        self.listen()
        return self.process.wait()

    def _has_ended(self) -> bool:
        self.listen()
        return self.process.poll() is not None

    def trouble(self) -> str:
        """What it has said on stderr; once it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def kill(self) -> None:
        kill(self.process.pid)
        self.process.wait(PATIENCE_S)

    def terminate(self) -> None:
        os.kill(self.process.pid, signal.SIGTERM)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self._socket.close()
        assert self.process.stderr is not None
        self.process.stderr.close()


@contextmanager
def leading(fds: tuple[int, ...] = (), **order: Any) -> Iterator[Leader]:
    """A leader that is gone afterwards."""
    leader = Leader(order, fds)
    try:
        yield leader
    finally:
        leader.close()


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file of results."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
