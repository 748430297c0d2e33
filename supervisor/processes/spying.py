"""Stacks of a Python process that cannot answer, by py-spy (the extra ``spy``), a program of its own.

It reads the process's memory from outside and does not stop it, so a stack that changes meanwhile may be torn. Where
py-spy is not installed, nothing is done.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
from functools import cache
from typing import Final

import msgspec

from supervisor.diagnose.evidence import Dump, Frame, StackThread
from supervisor.processes import linux, stopping
from supervisor.processes.executing import Program, StartFailed, execute
from supervisor.processes.questions import Answer
from supervisor.processes.reaping import ExitWatch
from supervisor.processes.source_lines import with_sources

DEADLINE_S: Final = 5.0
"""When py-spy is ended: it takes some 20 ms."""
ANSWER_LIMIT_BYTES: Final = 4 * 1024 * 1024
TOLD_BYTES: Final = 300
"""How much of what it complains about is told."""
HOW_TO_GET_IT: Final = 'py-spy is not installed: pip install "procdeck[spy]"'


class _SpyFrame(msgspec.Struct):
    name: str = ""
    filename: str = ""
    line: int = 0


class _SpyThread(msgspec.Struct):
    thread_id: int = 0
    thread_name: str | None = None
    os_thread_id: int | None = None
    owns_gil: bool = False
    frames: list[_SpyFrame] = []


_THREADS: Final = msgspec.json.Decoder(list[_SpyThread])


@cache
def _program() -> str:
    """The path of py-spy: beside this Python, else on PATH; empty where there is none."""
    beside = os.path.join(os.path.dirname(sys.executable), "py-spy")
    return beside if os.access(beside, os.X_OK) else shutil.which("py-spy") or ""


def is_installed() -> bool:
    """Whether there is a py-spy that can be run."""
    return bool(_program())


async def spy(
    pid: int, loop: asyncio.AbstractEventLoop | None = None, *, deadline_s: float = DEADLINE_S, program: str = ""
) -> Answer:
    """The stacks of one process, without its things.

    Args:
        program: another py-spy than the one that is found.
    """
    began_s = time.monotonic()
    path = program or _program()
    if not path:
        return Answer(None, HOW_TO_GET_IT)
    said, complaint = linux.memory_file("procdeck-spy"), linux.memory_file("procdeck-spy-errors")
    try:
        argv = (path, "dump", "--json", "--nonblocking", "--pid", str(pid))
        status = await _run(loop or asyncio.get_running_loop(), argv, said, complaint, deadline_s)
        text = os.pread(said, ANSWER_LIMIT_BYTES, 0)
        words = os.pread(complaint, TOLD_BYTES, 0).decode(errors="replace").partition("Stack backtrace")[0]
    except StartFailed as error:
        return Answer(None, f"py-spy could not be started: {error}", time.monotonic() - began_s)
    finally:
        os.close(said)
        os.close(complaint)
    took_s = time.monotonic() - began_s
    if status == -signal.SIGKILL:
        return Answer(None, f"py-spy was ended: it took longer than {deadline_s:g} s", took_s)
    if status != 0:
        return Answer(
            None, f"py-spy could not look into it: {' '.join(words.split()) or f'exit code {status}'}", took_s
        )
    try:
        return Answer(with_sources(parse(text, pid, at_s=began_s)), took_s=took_s)
    except msgspec.MsgspecError as error:
        return Answer(None, f"what py-spy said cannot be read: {error}", took_s)


async def _run(
    loop: asyncio.AbstractEventLoop, argv: tuple[str, ...], said: int, complaint: int, deadline_s: float
) -> int | None:
    """Its exit code, once it is reaped; it is killed at the deadline, and when nobody waits any more."""
    pid = execute(Program(argv, dict(os.environ), "/", {1: said, 2: complaint}))
    linux.unshield(pid)
    ended: asyncio.Future[int | None] = loop.create_future()
    ExitWatch(loop, pid, lambda status: None if ended.done() else ended.set_result(status))
    limit = loop.call_later(deadline_s, stopping.kill_tree, pid)
    try:
        return await ended
    except asyncio.CancelledError:
        stopping.kill_tree(pid)
        raise
    finally:
        limit.cancel()


def parse(text: bytes, pid: int, *, at_s: float) -> Dump:
    """What ``py-spy dump --json`` has written.

    Raises:
        msgspec.MsgspecError: it is something else.
    """
    threads = _THREADS.decode(text)
    notes = [f"{_name(thread)} has the interpreter lock" for thread in threads if thread.owns_gil]
    return Dump(
        pid=pid,
        python="",
        at_s=at_s,
        threads=tuple(_thread(thread, pid) for thread in threads),
        notes=tuple(notes),
        source="py-spy",
    )


def _name(thread: _SpyThread) -> str:
    return thread.thread_name or f"thread {thread.os_thread_id or thread.thread_id}"


def _thread(thread: _SpyThread, pid: int) -> StackThread:
    native = thread.os_thread_id or 0
    return StackThread(
        ident=thread.thread_id,
        native_id=native,
        name=thread.thread_name or "",
        is_main=native == pid or thread.thread_name == "MainThread",
        frames=tuple(Frame(frame.filename, frame.line, frame.name) for frame in thread.frames),
    )
