"""How the programs of `record` make the processes they are about, and when these have got where they should be."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

LONG_S = 3600.0
PATIENCE_S = 1000.0
"""A limit of a wait that counts as one: from an hour on it is taken for none."""
SLOW_IMPORT = "PROCDECK_RECORD_SLOW_IMPORT"


def play(part: str) -> None:
    """Be known by this name to whoever records."""
    Path("/proc/self/comm").write_text(part, encoding="ascii")


class Start:
    """Starts the parts of one program."""

    def __init__(self, context: BaseContext) -> None:
        self._context = context

    def __call__(self, part: str, target: Callable[..., object], *args: object, daemon: bool = False) -> Any:
        child = self._context.Process(target=_run, args=(part, target, *args), name=part, daemon=daemon)  # type: ignore[attr-defined]
        child.start()
        return child


def _run(part: str, target: Callable[..., object], *args: object) -> None:
    play(part)
    target(*args)


def hold() -> None:
    time.sleep(LONG_S)


def until_blocked(pid: int, *wchans: str) -> None:
    """Wait until the process's main thread sleeps in one of these functions of the kernel."""
    while Path(f"/proc/{pid}/wchan").read_text() not in wchans:
        time.sleep(0.02)


PIPE_READ = ("anon_pipe_read", "pipe_read")
PIPE_WRITE = ("anon_pipe_write", "pipe_write")
FUTEX = ("futex_do_wait", "futex_wait_queue", "futex_wait_queue_me")
