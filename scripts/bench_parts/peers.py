"""supervisord and circus, in an environment of their own, each set up for the fastest restart it offers."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

SUPERVISORD, CIRCUS = "supervisor==4.3.0", "circus==0.19.0"
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


def environment() -> Path | None:
    """The peers' environment, made when it is missing; None, and a sentence, where it cannot be made."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "procdeck-bench" / ".venv-bench"
    stamp = folder / ".installed"
    wanted = f"{SUPERVISORD} {CIRCUS}"
    try:
        if stamp.exists() and stamp.read_text() == wanted:
            return folder
        print(f"  making an environment for the peers in {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, SUPERVISORD, CIRCUS], check=True)
        stamp.write_text(wanted)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"  no peers: their environment could not be made ({error})", flush=True)
        return None
    return folder


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
