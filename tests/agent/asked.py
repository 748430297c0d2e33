"""Programs with the agent in them, and the raw way of asking: memory file, number, signal, number."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from supervisor import proctable
from supervisor.agent import asking
from supervisor.processes.left_semaphores import LeftSemaphores
from tests.engines import wait_for

Dump = dict[str, Any]

PRELUDE = """
import json, multiprocessing, os, sys, threading, time
from supervisor.agent import following
following.begin()

def say(**what):
    os.write(1, json.dumps(what).encode() + b"\\n")  # in one piece: others write as well

def stay():
    sys.stdin.read()
"""


def memory_file(pid: int, name: str = asking.FILE_NAME) -> str:
    """The path under which a process's memory file can be opened; empty where it has none."""
    folder = f"/proc/{pid}/fd"
    try:
        for number in os.listdir(folder):
            if os.readlink(f"{folder}/{number}") == f"/memfd:{name} (deleted)":
                return f"{folder}/{number}"
    except OSError:
        pass
    return ""


def own_file(pid: int) -> str:
    """The memory file with this process's own pid in it: just after a fork it may still have its parent's."""

    def look() -> str:
        try:
            path = memory_file(pid)
            with open(path or os.devnull, "rb") as file:
                return path if asking.HEADER.unpack(file.read(asking.HEADER.size))[1] == pid else ""
        except (OSError, struct.error):
            return ""

    return wait_for(look, f"process {pid} to be ready for questions")


def ask(pid: int, want: str = "all", **more: object) -> Dump:
    """Ask a process, and wait for its answer."""
    file = os.open(own_file(pid), os.O_RDWR)
    try:
        number = asking.HEADER.unpack(os.pread(file, asking.HEADER.size, 0))[2] + 1
        os.pwrite(file, json.dumps({"want": want, **more}).encode() + b"\0", asking.QUESTION_AT)
        os.pwrite(file, struct.pack("<Q", number), 16)

        def has_answered() -> bool:
            head = os.pread(file, asking.HEADER.size, 0)
            return bool(asking.HEADER.unpack(head)[3] == number)

        # A signal that comes between the last step of Python and a system call is heard only when that call returns,
        # or with the next signal.
        def look() -> bool:
            os.kill(pid, asking.ASK_SIGNAL)
            until_s = time.monotonic() + 0.5
            while not has_answered() and time.monotonic() < until_s:
                time.sleep(0.002)
            return has_answered()

        wait_for(look, f"process {pid} to answer")
        length = asking.HEADER.unpack(os.pread(file, asking.HEADER.size, 0))[4]
        answer: Dump = json.loads(os.pread(file, length, asking.ANSWER_AT))
        return answer
    finally:
        os.close(file)


def main_thread(dump: Dump) -> Dump:
    [found] = [thread for thread in dump["threads"] if thread["is_main"]]
    return dict(found)


def functions(thread: Dump) -> list[str]:
    """Of its frames, innermost first."""
    return [function for _, _, function, _, _ in thread["frames"]]


def subjects(thread: Dump) -> list[str]:
    return [subject for *_, subject in thread["frames"]]


def thing(dump: Dump, key: str) -> Dump:
    [found] = [thing for thing in dump["things"] if thing["key"] == key]
    return dict(found)


def of_kind(dump: Dump, kind: str) -> list[Dump]:
    return [thing for thing in dump["things"] if thing["kind"] == kind]


def ask_until(pid: int, *innermost: str, want: str = "all") -> Dump:
    """Ask until the main thread's innermost frames are those of these functions."""

    def look() -> Dump | None:
        dump = ask(pid, want)
        return dump if functions(main_thread(dump))[: len(innermost)] == list(innermost) else None

    found = wait_for(look, f"process {pid} to be in {' < '.join(innermost)}")
    assert found is not None
    return found


class Program:
    """A running program with the agent in it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def heard(self) -> dict[str, Any]:
        """The next thing that it says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the program has ended: {self._process.wait()}"
        said: dict[str, Any] = json.loads(line)
        return said

    def tell(self, line: str = "") -> None:
        """Give it a line to read."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Let it go on to its end; its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(60)


@contextmanager
def program(code: str, folder: Path, python: str = sys.executable, prelude: str = PRELUDE) -> Iterator[Program]:
    """A program of its own, in a file, so that children which import it again find it."""
    file = folder / "program.py"
    file.write_text(prelude + textwrap.dedent(code))
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [python, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
        start_new_session=True,
    )
    try:
        yield Program(process)
    finally:
        semaphores = LeftSemaphores()  # its resource tracker, which would remove them, is killed with it
        semaphores.note(entry.pid for entry in proctable.in_sessions([process.pid], proctable.look()))
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.wait(60)
        semaphores.remove()
