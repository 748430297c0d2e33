"""Runs a plan in the foreground of this terminal, in a process of its own that has stdin, stdout and stderr.

Ctrl-C is the child's affair, as the terminal sends it to both. The child goes when this process does.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from supervisor import paths
from supervisor.errors import AlreadyRunning, ProcdeckError
from supervisor.processes import linux

ENTRY: Final = str(Path(__file__).resolve().parent.parent / "simulation" / "foreground_entry.py")
_PASSED_ON: Final = (signal.SIGTERM, signal.SIGHUP)


def run_in_foreground(plan: dict[str, Any]) -> int:
    """Run the plan to its end; the exit code, 128 and more when a signal has ended it.

    Raises:
        ProcdeckError: the interpreter that it names cannot be run.
    """
    descriptor = linux.memory_file("procdeck-plan", json.dumps({**plan, "parent_pid": os.getpid()}).encode())
    python = plan["python"]
    try:
        process = subprocess.Popen(
            [python, ENTRY, str(descriptor)],
            cwd=plan["directory"] if os.path.isdir(plan["directory"]) else None,
            pass_fds=[descriptor],
        )
    except OSError as error:
        raise ProcdeckError(f"cannot run {python}: {error.strerror or error}; correct python in the profile") from None
    finally:
        os.close(descriptor)
    with _signals_left_to(process):
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def output_place(project: str, name: str) -> Iterator[Path]:
    """The folder for what a run in the foreground produces, empty; the next run of this `name` empties it again.

    Raises:
        AlreadyRunning: somebody else uses it just now.
    """
    directory = paths.state_root() / paths.check_project_name(project) / "foreground" / name
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"{name} of project {project} runs in another terminal already; end it there, or give this one a name "
                f"of its own with --project NAME"
            ) from None
        output = directory / "output"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(mode=0o700)
        yield output
    finally:
        os.close(lock)


@contextmanager
def _signals_left_to(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """While inside, this process outlives Ctrl-C and hands on what would end it."""
    before = {signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None)}
    for number in _PASSED_ON:
        before[number] = signal.signal(number, lambda got, _frame: process.send_signal(got))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
