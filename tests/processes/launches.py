"""Launches for tests: an order carried out without an engine, and what the new process said."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from supervisor.channels import StatusBoard
from supervisor.processes.forkservers import Forkservers
from supervisor.processes.launching import ChildEnds, Launcher
from supervisor.processes.orders import LaunchOrder, Refusal
from supervisor.processes.reaping import ExitWatch
from supervisor.processes.stages import Stages
from tests.engines import PATIENCE_S

STREAMS = ("lane", "stdout", "stderr", "notify")


@dataclass
class Life:
    """What became of one order."""

    pid: int | None = None
    refusal: Refusal | None = None
    status: int | None = None
    dumped_core: bool = False
    said: dict[str, str] = field(default_factory=dict)
    """What came through each pipe."""
    frames: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stdout(self) -> str:
        return self.said["stdout"]

    @property
    def why_not(self) -> Refusal:
        assert self.refusal is not None, self
        return self.refusal


def command_order(folder: Path, *argv: str, **changes: Any) -> LaunchOrder:
    """An order for a program that runs in `folder`."""
    order = LaunchOrder(
        name="w",
        worker="w",
        replica=1,
        incarnation=1,
        method="exec",
        cwd=str(folder),
        environment={},
        output_dir=str(folder),
        pipe_bytes=65536,
        python=sys.executable,
        python_path=(str(folder),),
        argv=argv,
    )
    return replace(order, **changes)


def target_order(folder: Path, method: str, source: str, **changes: Any) -> LaunchOrder:
    """An order for the function ``run`` of a module with `source`."""
    (folder / "code_of_test.py").write_text(source)
    subject = {"kind": "target", "target": "code_of_test:run", "args": {}}
    return command_order(folder, method=method, subject=subject, **changes)


async def live(
    order: LaunchOrder,
    when_launched: Callable[[int], None] | None = None,
    circumstances: AbstractContextManager[None] | None = None,
) -> Life:
    """Carry out `order` and wait for its end; it is launched under `circumstances`."""
    loop = asyncio.get_running_loop()
    forkservers = Forkservers(loop, lambda text: None)
    life, over = Life(), asyncio.Event()
    board = StatusBoard.create()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pipes = {name: os.pipe() for name in STREAMS}
    ends = {name: pipes[name][1] for name in STREAMS if name != "notify" or order.notify_number >= 0}

    watches: list[ExitWatch] = []

    def ended(status: int | None) -> None:
        life.status, life.dumped_core = status, watches[0].dumped_core
        over.set()

    def answer(pid: int | None, refusal: Refusal | None) -> None:
        assert (life.pid, life.refusal) == (None, None), "answered twice"
        life.pid, life.refusal = pid, refusal
        if pid is None:
            over.set()
        else:
            watches.append(ExitWatch(loop, pid, ended))
            if when_launched is not None:
                when_launched(pid)

    with circumstances or nullcontext():
        launcher = Launcher(forkservers, Stages(loop))
        launcher.launch(order, ChildEnds(control=theirs.fileno(), board=board.fd, **ends), answer)
    theirs.close()
    for _, write_end in pipes.values():
        os.close(write_end)
    try:
        await asyncio.wait_for(over.wait(), PATIENCE_S)
        life.said = {name: read_all(read_end) for name, (read_end, _) in pipes.items()}
        life.frames = [json.loads(frame) for frame in iter(lambda: ours.recv(65536), b"")] if life.pid else []
    finally:
        board.close()
        ours.close()
        forkservers.close()
        while forkservers.pids():
            await asyncio.sleep(0.01)
    return life


def read_all(descriptor: int) -> str:
    """What is in a pipe, up to its end; the pipe is closed."""
    with os.fdopen(descriptor, "rb") as file:
        return file.read().decode(errors="replace")
