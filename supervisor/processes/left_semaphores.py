"""Removes the named semaphores that a killed tree leaves behind.

With spawn and forkserver a lock of `multiprocessing` is a file in /dev/shm, which the resource tracker of the process
that made it removes at the end. Who kills a whole tree kills the tracker with it, and the files would stay for ever.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final

from supervisor.diagnose import proc_files

_FOLDER: Final = "/dev/shm"
_MADE_BY_MULTIPROCESSING: Final = re.compile(r"sem\.mp-[a-z0-9_]{8}")
"""`multiprocessing.synchronize.SemLock._make_name`; a file of that name belongs to one tree."""
PROCESSES_LIMIT: Final = 64
"""Processes of one tree that are looked at: they share most of their semaphores."""


class LeftSemaphores:
    """The semaphores of one tree, by inode: who made one has it mapped under another name (sem_open(3) of glibc)."""

    def __init__(self) -> None:
        self._inodes: set[int] = set()

    def note(self, pids: Iterable[int]) -> None:
        """See what these processes have mapped, before they are killed."""
        for pid in list(dict.fromkeys(pids))[:PROCESSES_LIMIT]:
            try:
                self._inodes.update(mapped.inode for mapped in proc_files.semaphores(pid) if mapped is not None)
            except OSError:
                continue  # it is gone already, or may not be looked into

    def remove(self) -> int:
        """Remove what is still there of it, now that the tree is dead; how many."""
        if not self._inodes:
            return 0
        removed = 0
        with os.scandir(_FOLDER) as entries:
            for entry in entries:
                if _MADE_BY_MULTIPROCESSING.fullmatch(entry.name) and entry.inode() in self._inodes:
                    try:
                        os.unlink(entry.path)
                        removed += 1
                    except OSError:
                        continue  # the tracker was quicker, or it is another user's
        self._inodes.clear()
        return removed
