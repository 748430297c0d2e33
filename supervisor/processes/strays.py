"""What dead workers left behind: processes that have become the engine's own children. They are ended and reaped.

A process is a stray when its parent was part of a worker's tree and is gone, so that the kernel has given it to the
engine, the nearest subreaper.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Set
from typing import Final

from supervisor import proctable
from supervisor.processes import stopping

KILL_AFTER_S: Final = 1.0


class Strays:
    """Ends strays: SIGTERM when first seen, SIGKILL a second later."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._first_seen_s: dict[int, float] = {}
        self._children_path = f"/proc/{os.getpid()}/task/{os.getpid()}/children"

    def sweep(self, ours: Set[int], now_s: float) -> None:
        """Look for strays among the engine's children; `ours` are the pids that it launched and has not reaped."""
        children = self._children()
        for pid in [pid for pid in self._first_seen_s if pid not in children]:
            del self._first_seen_s[pid]
        for pid in children - ours:
            entry = proctable.read_entry(pid)
            if entry is None:
                continue
            if entry.state == "Z":
                _reap(pid)
            elif pid not in self._first_seen_s:
                self._first_seen_s[pid] = now_s
                self._report(f"ended process {pid}, left behind by a worker: {proctable.command_line(pid)}")
                stopping.send(entry, signal.SIGTERM, signal.SIGCONT)
            elif now_s - self._first_seen_s[pid] >= KILL_AFTER_S:
                stopping.kill_tree(pid)

    def _children(self) -> set[int]:
        try:
            with open(self._children_path, "rb") as file:
                return {int(word) for word in file.read().split()}
        except OSError:  # a kernel without CONFIG_PROC_CHILDREN
            return {entry.pid for entry in proctable.look().values() if entry.parent_pid == os.getpid()}


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
