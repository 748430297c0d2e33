"""supervisord and circus, each with one command, set up for the fastest restart it offers."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

END_TIMEOUT_S = 10.0

SUPERVISORD_CONFIGURATION = """\
[supervisord]
nodaemon = true
logfile = {folder}/supervisord.log
pidfile = {folder}/supervisord.pid
childlogdir = {folder}

[program:stamp]
command = {command}
autorestart = true
startsecs = 0
stdout_logfile = NONE
stderr_logfile = NONE
"""

CIRCUS_CONFIGURATION = """\
[circus]
check_delay = 0.1
endpoint = ipc://{folder}/endpoint
pubsub_endpoint = ipc://{folder}/pubsub
statsd = False

[watcher:stamp]
cmd = {command}
numprocesses = 1
respawn = True
max_retry = -1
warmup_delay = 0
"""


@contextmanager
def supervisord(environment: Path, folder: Path, command: list[str]) -> Iterator[None]:
    """A supervisord that keeps `command` running: no start is too short, no restart waits."""
    file = folder / "supervisord.conf"
    file.write_text(SUPERVISORD_CONFIGURATION.format(folder=folder, command=shlex.join(command)))
    with _running([str(environment / "bin" / "supervisord"), "-n", "-c", str(file)], folder):
        yield


@contextmanager
def circusd(environment: Path, folder: Path, command: list[str]) -> Iterator[None]:
    """A circusd that keeps `command` running and looks after it ten times a second; left alone it would look less."""
    file = folder / "circus.ini"
    file.write_text(CIRCUS_CONFIGURATION.format(folder=folder, command=shlex.join(command)))
    with _running([str(environment / "bin" / "circusd"), str(file)], folder):
        yield


@contextmanager
def _running(words: list[str], folder: Path) -> Iterator[None]:
    with ExitStack() as stack:
        log = stack.enter_context(open(folder / f"{Path(words[0]).name}.out", "wb"))
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
