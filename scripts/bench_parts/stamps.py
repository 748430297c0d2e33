"""The moment at which a process began to run, told by the process itself through a FIFO.

The program is a few lines of C where there is a compiler, so that its own start costs next to nothing; else Python.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 30.0

SOURCE = r"""
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct timespec now;
    char line[64];
    if (argc != 2 || clock_gettime(CLOCK_MONOTONIC, &now)) return 1;
    long long at_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
    int length = snprintf(line, sizeof line, "%d %lld\n", (int)getpid(), at_ns);
    int fifo = open(argv[1], O_WRONLY);
    if (fifo < 0 || write(fifo, line, length) != length) return 1;
    for (;;) pause();
}
"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A process and the time it began, in nanoseconds of the monotonic clock."""

    pid: int
    at_ns: int


def build(folder: Path) -> tuple[list[str], str]:
    """The program's words, to which the FIFO is added, and what it is."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is not None:
        source, program = folder / "stamps.c", folder / "stamps"
        source.write_text(SOURCE)
        subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
        return [str(program)], "a program of C"
    return [sys.executable, "-S", "-E", str(Path(__file__).with_name("targets.py"))], "python -S -E"


class Stamps:
    """Receives the stamps of one worker's successive processes."""

    def __init__(self, fifo: Path) -> None:
        self.fifo = fifo
        os.mkfifo(fifo, 0o600)
        # Held for writing too, so that neither side ever waits for the other to open it.
        self._descriptor = os.open(fifo, os.O_RDWR | os.O_CLOEXEC)
        self._rest = b""
        self._last_pid: int | None = None

    def next(self) -> Stamp:
        """Wait for the next stamp.

        Raises:
            TimeoutError: none came within 30 s.
        """
        while b"\n" not in self._rest:
            if not select.select([self._descriptor], [], [], PATIENCE_S)[0]:
                raise TimeoutError(f"nothing has started within {PATIENCE_S:g} s ({self.fifo.name})")
            self._rest += os.read(self._descriptor, 4096)
        line, _, self._rest = self._rest.partition(b"\n")
        pid, at_ns = map(int, line.split())
        self._last_pid = pid
        return Stamp(pid, at_ns)

    def close(self) -> None:
        """Let go of the FIFO, and kill the process that stamped last where its supervisor has left it behind."""
        while select.select([self._descriptor], [], [], 0)[0]:
            self._rest += os.read(self._descriptor, 4096)
        os.close(self._descriptor)
        for pid in (self._last_pid, *(int(line.split()[0]) for line in self._rest.splitlines())):
            if pid is not None and self._runs_here(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _runs_here(self, pid: int) -> bool:
        """Whether `pid` is still a program that was given this FIFO, and not another process of that number."""
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self.fifo) in words
