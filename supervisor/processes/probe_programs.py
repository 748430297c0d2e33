"""Runs the programs of exec checks, each in a session of its own, and leaves nothing of them behind.

::

    execute (a new session) ── output ──► the last 4 KiB
            └── pidfd readable ──► reaped ──► what else lives in its group is killed ──► answer
    end() ──► SIGKILL to the whole tree; it is reaped when it has died

Asyncio's own subprocesses would start a thread on Python 3.11 (`ThreadedChildWatcher`); the engine has none.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from supervisor import proctable
from supervisor.processes import linux, stopping
from supervisor.processes.executing import Program, StartFailed, execute
from supervisor.processes.overhearing import one_line
from supervisor.processes.reaping import ExitWatch

OUTPUT_LIMIT_BYTES: Final = 4096
"""How much of what a program says is kept: the end of it."""

NOT_FOR_PROBES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "PROCDECK_INCARNATION")
"""What a probe must not inherit: the first three let it speak in its worker's name; by the last, what it leaves behind
would pass for a part of the worker."""

_READ_BYTES: Final = 65_536

_unreaped: set[int] = set()


def unreaped_pids() -> frozenset[int]:
    """The programs of all checks that this process has started and not reaped, those that were given up included."""
    return frozenset(_unreaped)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the programs of a worker's checks run, and as whom.

    Attributes:
        environment: what is added to the engine's own.
        identity: whom to become, as `supervisor.agent.limiting` has it: a check has no more rights than its worker.
    """

    cwd: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, Any] | None = None

    def program(self, argv: Sequence[str], output: int) -> Program:
        """A program whose standard output and error are both `output`."""
        everything = {**os.environ, **self.environment}
        environment = {name: value for name, value in everything.items() if name not in NOT_FOR_PROBES}
        limits = {"identity": dict(self.identity)} if self.identity else {}
        return Program(argv, environment, self.cwd, {1: output, 2: output}, limits=limits)


class ProbeProgram:
    """One run of one program.

    Attributes:
        ended: its exit code, negative for a signal; None where somebody else has reaped it.
        output: the end of what it has said so far.

    Raises:
        OSError: it cannot be started; the message says what was tried.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, argv: Sequence[str], around: Surroundings) -> None:
        self.ended: asyncio.Future[int | None] = loop.create_future()
        self.output = b""
        self._loop = loop
        self._read_end, write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        try:
            self.pid = execute(around.program(argv, write_end))
        except StartFailed as failure:
            os.close(self._read_end)
            reason = failure.text or os.strerror(failure.number).lower()
            raise OSError(f"cannot run {argv[0]}: {reason}") from None
        finally:
            os.close(write_end)
        linux.unshield(self.pid)
        leader = proctable.read_entry(self.pid)
        self._known = (leader,) if leader else ()
        _unreaped.add(self.pid)
        loop.add_reader(self._read_end, self._read)
        try:
            self._watch = ExitWatch(loop, self.pid, self._on_reaped)
        except OSError:  # no descriptors left: whoever sweeps up strays reaps it
            self.end()
            _unreaped.discard(self.pid)
            raise

    @property
    def is_reaped(self) -> bool:
        return self.pid not in _unreaped

    def end(self) -> None:
        """Kill what is left of it and let go of its output; does nothing when it is all over."""
        if not self.is_reaped:
            stopping.kill_tree(self.pid, self._known)
        self._release()

    def _read(self) -> None:
        if self._read_end < 0:
            return
        try:
            chunk = os.read(self._read_end, _READ_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            self._release()
        self.output = (self.output + chunk)[-OUTPUT_LIMIT_BYTES:]

    def _on_reaped(self, status: int | None) -> None:
        _unreaped.discard(self.pid)
        self._read()
        self._release()
        if _has_group(self.pid):
            stopping.kill_tree(self.pid, self._known)
        if not self.ended.done():
            self.ended.set_result(status)

    def _release(self) -> None:
        if self._read_end >= 0:
            self._loop.remove_reader(self._read_end)
            os.close(self._read_end)
            self._read_end = -1


class ExecProbe:
    """Asks a program again and again; exit code 0 is a good answer."""

    def __init__(self, argv: Sequence[str], around: Surroundings) -> None:
        self._argv = argv
        self._around = around
        self._program: ProbeProgram | None = None

    @property
    def pids(self) -> frozenset[int]:
        """The leader of the run that is not reaped yet."""
        program = self._program
        return frozenset((program.pid,)) if program is not None and not program.is_reaped else frozenset()

    async def ask(self) -> tuple[bool, str]:
        """Run it once. When cancelled, everything that it started is killed first.

        Raises:
            OSError: it cannot be started.
        """
        if self.pids:
            return False, f"pid {min(self.pids)} of an earlier try does not die"
        program = ProbeProgram(asyncio.get_running_loop(), self._argv, self._around)
        self._program = program
        try:
            status = await program.ended
        finally:
            program.end()
        said = one_line(program.output, last=True)
        return status == 0, _status_text(status) + (f": {said}" if said else "")

    def end(self) -> None:
        """Kill the run under way and everything that it started, without waiting for it to be gone."""
        if self._program is not None:
            self._program.end()


async def run_once(argv: Sequence[str]) -> bytes:
    """What a program says; everything that it started is gone afterwards, also when this is cancelled.

    Raises:
        OSError: it cannot be started, or ended badly; the message is what it said last.
    """
    program = ProbeProgram(asyncio.get_running_loop(), argv, Surroundings())
    try:
        status = await program.ended
    finally:
        program.end()
    if status != 0:
        raise OSError(one_line(program.output, last=True) or _status_text(status))
    return program.output


def _status_text(status: int | None) -> str:
    if status is None:
        return "its exit status was taken by another waiter"
    return f"exit code {status}" if status >= 0 else f"killed by signal {-status}"


def _has_group(leader_pid: int) -> bool:
    """Whether anything lives in the group of a reaped leader; what has left it is swept up with the strays."""
    try:
        os.killpg(leader_pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
