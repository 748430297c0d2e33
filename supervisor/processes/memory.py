"""Whether the kernel has killed processes of ours for want of memory: a counter, read when a SIGKILL is a riddle.

The engine's control group is asked first (cgroup v2 ``memory.events``, v1 ``memory.oom_control``), since it counts its
own processes only; where it cannot be read, the machine's counter (``oom_kill`` in ``/proc/vmstat``).
"""

from __future__ import annotations

import re

_COUNT = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)


class OutOfMemoryCounter:
    """Remembers how many kills there were at the last look."""

    def __init__(self) -> None:
        self._path = next((path for path in _places() if _read(path) is not None), "")
        self._seen = _read(self._path) or 0

    def has_risen(self) -> bool:
        """Whether there were any since the last look."""
        if not self._path:
            return False
        before, self._seen = self._seen, _read(self._path) or 0
        return self._seen > before


def _places() -> list[str]:
    """Files with an ``oom_kill`` line, the most telling first."""
    places = []
    try:
        with open("/proc/self/cgroup") as file:
            groups = [line.rstrip("\n").split(":", 2) for line in file]
    except OSError:
        groups = []
    for _, controllers, path in (group for group in groups if len(group) == 3):
        if not controllers:
            places.append(f"/sys/fs/cgroup{path}/memory.events")
        elif "memory" in controllers.split(","):
            places += [f"/sys/fs/cgroup/memory{path}/memory.oom_control", "/sys/fs/cgroup/memory/memory.oom_control"]
    return [*places, "/proc/vmstat"]


def _read(path: str) -> int | None:
    if not path:
        return None
    try:
        with open(path, "rb") as file:
            found = _COUNT.search(file.read())
    except OSError:
        return None
    return int(found[1]) if found else None
