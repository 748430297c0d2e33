"""Runs a program that measures something, with a deadline, and ends all that it has started, for sure.

::

    program ── lines on a descriptor of its own ──► said
       └── stderr ──► complaint        at the deadline, and after its end: SIGKILL to its whole session
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from supervisor import proctable
from supervisor.processes import linux, stopping
from supervisor.processes.executing import Program, execute
from supervisor.processes.reaping import ExitWatch

READ_LIMIT_BYTES: Final = 8 * 1024 * 1024
"""More of what a program says is not read."""


@dataclass(frozen=True, slots=True)
class Run:
    """How a program ended.

    Attributes:
        said: what it wrote to its descriptor.
        complaint: what it wrote to stderr.
        status: its exit code, negative for a signal; None where somebody else has reaped it.
        is_late: it was killed at the deadline.
    """

    said: bytes
    complaint: bytes
    status: int | None
    is_late: bool


async def run_to_its_end(argv: Sequence[str], environment: Mapping[str, str], cwd: str, deadline_s: float) -> Run:
    """Run a program; it gets the number of the descriptor that it is to write to as its last argument.

    Nothing of it lives afterwards, also when this is cancelled.

    Raises:
        StartFailed: it cannot be started.
    """
    loop = asyncio.get_running_loop()
    said, complaint = linux.memory_file("procdeck-measure"), linux.memory_file("procdeck-measure-errors")
    nothing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        program = Program([*argv, str(said)], environment, cwd, {1: nothing, 2: complaint}, kept=[said])
        status, is_late = await _ended(loop, program, deadline_s)
        return Run(os.pread(said, READ_LIMIT_BYTES, 0), os.pread(complaint, READ_LIMIT_BYTES, 0), status, is_late)
    finally:
        for descriptor in (said, complaint, nothing):
            os.close(descriptor)


async def _ended(loop: asyncio.AbstractEventLoop, program: Program, deadline_s: float) -> tuple[int | None, bool]:
    pid = execute(program)
    linux.unshield(pid)
    leader = proctable.read_entry(pid)
    known = (leader,) if leader is not None else ()
    ended: asyncio.Future[int | None] = loop.create_future()
    ExitWatch(loop, pid, lambda status: None if ended.done() else ended.set_result(status))
    try:
        done, _ = await asyncio.wait([ended], timeout=deadline_s)
        stopping.kill_tree(pid, known)
        return await ended, not done
    except asyncio.CancelledError:
        stopping.kill_tree(pid, known)
        raise
