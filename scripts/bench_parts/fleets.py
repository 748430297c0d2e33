"""Other supervisors with a fleet of commands each: how each is told of them, started, and asked to stop everything.

Every one of them is set up as its own documentation does it, with no start delay, no restarts, and two seconds between
SIGTERM and SIGKILL where that can be said.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import pty
import shlex
import signal
import socket
import struct
import subprocess
import termios
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scripts.bench_parts import engines, installing
from scripts.bench_parts.terminal import COLUMNS, ROWS
from supervisor import paths

GRACE_S = 2
END_TIMEOUT_S = 12.0
"""How long a supervisor may take for its own end before it is called hung."""

Commands = Mapping[str, Sequence[str]]


class Running(Protocol):
    """A supervisor that was started."""

    @property
    def pid(self) -> int:
        """The process that looks after the others."""

    def stop(self) -> bool:
        """Ask it to stop everything, and wait; False where it has not ended in END_TIMEOUT_S, and was killed."""


class Peer(Protocol):
    """A kind of supervisor."""

    @property
    def name(self) -> str: ...

    def start(self, folder: Path, commands: Commands) -> Running: ...


def peers() -> list[Peer]:
    """All others that could be installed."""
    python, node = installing.python_environment(), installing.node_environment()
    found: list[Peer] = []
    if python is not None:
        found += [Supervisord(python / "bin"), Circus(python / "bin"), Honcho(python / "bin")]
    if node is not None:
        found.append(Pm2(node / "node_modules" / ".bin"))
        # The command that npm offers is a program of its own, which starts this one.
        binaries = f"mprocs-*-{platform.system().lower()}-{platform.machine()}*"
        found += [Mprocs(folder) for folder in (node / "node_modules" / "mprocs").glob(binaries)]
    return found


class Process:
    """A supervisor in the foreground, stopped by a signal."""

    def __init__(self, words: Sequence[str], folder: Path, number: int = signal.SIGTERM) -> None:
        self._number = number
        self._folder = folder
        with open(folder / "output", "ab") as output:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> bool:
        if self._process.poll() is not None:
            return True
        self._process.send_signal(self._number)
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True


class Ours:
    """procdeck without a screen, as `procdeck run PROFILE --headless` is."""

    name = "procdeck"

    def start(self, folder: Path, commands: Commands) -> Running:
        lines = [f'name = "{folder.name}"', "[defaults]", 'restart = "never"', f'stop_timeout = "{GRACE_S}s"']
        for name, words in commands.items():
            lines += [f"[workers.{name}]", f"command = {json.dumps(list(words))}"]
        (folder / "procdeck.toml").write_text("\n".join(lines) + "\n")
        return OurRun([str(engines.PROCDECK), "run", str(folder / "procdeck.toml"), "--headless"], folder)


class OurRun(Process):
    """The front end in the foreground; who looks after the others is the engine."""

    @property
    def pid(self) -> int:
        engines.wait_for(lambda: paths.engine_note(self._folder.name) is not None, "the engine")
        note = paths.engine_note(self._folder.name)
        assert note is not None
        return note.engine_pid


@dataclass(frozen=True, slots=True)
class Supervisord:
    bin: Path
    name: str = f"supervisord {installing.version_of('supervisor')}"

    def start(self, folder: Path, commands: Commands) -> Running:
        lines = ["[supervisord]", "nodaemon=true", f"logfile={folder}/log", f"pidfile={folder}/pid"]
        lines += [f"childlogdir={folder}", "minfds=4096"]
        for name, words in commands.items():
            lines += [f"[program:{name}]", f"command={shlex.join(words)}", "startsecs=0", "autorestart=false"]
            lines += [f"stopwaitsecs={GRACE_S}"]
        (folder / "supervisord.conf").write_text("\n".join(lines) + "\n")
        return Process([str(self.bin / "supervisord"), "-n", "-c", str(folder / "supervisord.conf")], folder)


@dataclass(frozen=True, slots=True)
class Circus:
    bin: Path
    name: str = f"circus {installing.version_of('circus')}"

    def start(self, folder: Path, commands: Commands) -> Running:
        lines = ["[circus]", f"endpoint=ipc://{folder}/endpoint", f"pubsub_endpoint=ipc://{folder}/pubsub"]
        for name, words in commands.items():
            lines += [f"[watcher:{name}]", f"cmd={shlex.join(words)}", "respawn=False", f"graceful_timeout={GRACE_S}"]
            lines += ["stdout_stream.class=FileStream", f"stdout_stream.filename={folder}/{name}.log"]
        (folder / "circus.ini").write_text("\n".join(lines) + "\n")
        return Process([str(self.bin / "circusd"), str(folder / "circus.ini")], folder)


@dataclass(frozen=True, slots=True)
class Honcho:
    bin: Path
    name: str = f"honcho {installing.version_of('honcho')}"

    def start(self, folder: Path, commands: Commands) -> Running:
        lines = [f"{name}: exec {shlex.join(words)}" for name, words in commands.items()]
        (folder / "Procfile").write_text("\n".join(lines) + "\n")
        return Process([str(self.bin / "honcho"), "start", "-d", str(folder)], folder)


@dataclass(frozen=True, slots=True)
class Pm2:
    bin: Path
    name: str = f"pm2 {installing.version_of('pm2')}"

    def start(self, folder: Path, commands: Commands) -> Running:
        apps = [
            {"name": name, "script": words[0], "args": list(words[1:]), "interpreter": "none", "autorestart": False}
            | {"kill_timeout": 1000 * GRACE_S, "min_uptime": 0}
            for name, words in commands.items()
        ]
        (folder / "fleet.json").write_text(json.dumps({"apps": apps}))
        return Pm2Daemon(str(self.bin / "pm2"), folder)


class Pm2Daemon:
    """pm2's daemon lives apart from the command that starts it."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._environment = {**os.environ, "PM2_HOME": str(folder / "pm2"), "PM2_DISCRETE_MODE": "true"}
        self._begun = self._say("start", str(folder / "fleet.json"))

    def _say(self, *words: str) -> subprocess.Popen[bytes]:
        null = subprocess.DEVNULL
        return subprocess.Popen(
            [self._program, *words], stdin=null, stdout=null, stderr=null, env=self._environment, cwd=self._folder
        )

    @property
    def pid(self) -> int:
        self._begun.wait(END_TIMEOUT_S)
        return int((self._folder / "pm2" / "pm2.pid").read_text())

    def stop(self) -> bool:
        pid = self.pid
        asked = self._say("kill")
        try:
            asked.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            asked.kill()
            asked.wait()
            os.kill(pid, signal.SIGKILL)
            return False
        return True


@dataclass(frozen=True, slots=True)
class Mprocs:
    bin: Path
    name: str = f"mprocs {installing.version_of('mprocs')}"

    def start(self, folder: Path, commands: Commands) -> Running:
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        fleet = {"server": address, "procs": {name: {"cmd": list(words)} for name, words in commands.items()}}
        (folder / "mprocs.yaml").write_text(json.dumps(fleet))
        return InTerminal(str(self.bin / "mprocs"), folder, address)


class InTerminal:
    """mprocs needs a terminal, which is read here to its end, and hears its orders on a socket."""

    def __init__(self, program: str, folder: Path, address: str) -> None:
        self._program, self._address = program, address
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            ["setsid", "--ctty", program, "-c", str(folder / "mprocs.yaml")],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(theirs)
        self.pid = self._process.pid
        self._reader = threading.Thread(target=_read_to_the_end, args=(ours,), daemon=True)
        self._reader.start()

    def stop(self) -> bool:
        words = [self._program, "--server", self._address, "--ctl", "{c: quit}"]
        null = subprocess.DEVNULL
        try:
            subprocess.run(words, check=False, stdin=null, stdout=null, stderr=null, timeout=END_TIMEOUT_S)
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True


def _read_to_the_end(descriptor: int) -> None:
    try:
        while os.read(descriptor, 65536):
            pass
    except OSError:
        pass  # EIO: nobody holds the other end any more
    os.close(descriptor)
