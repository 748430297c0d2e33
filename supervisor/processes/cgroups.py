"""A control group for each worker, where a cgroup v2 has been delegated to us: the kernel then ends a tree at once.

::

    <our own cgroup>/                          the engine and its guardian
        procdeck-census-20260101-120000-4711/  made by the engine, removed by its guardian
            parse.2.3/                         one incarnation: `cgroup.kill` ends all of it, forks under way included

A worker is moved in right after its launch: what it has forked before that stays outside, and is found as part of its
tree. The first move after a quiet while makes the kernel wait for all processors (15 ms, once). Protocol: the kernel's
``admin-guide/cgroup-v2.rst``; ``cgroup.kill`` is there since Linux 5.14.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

EMPTY_WITHIN_S: Final = 1.0
"""How long processes that were killed may take to leave their group."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where our own cgroup is, and why it cannot be used; `obstacle` is empty where it can."""

    directory: Path | None
    obstacle: str = ""


def find_place(proc: Path = Path("/proc"), *, uid: int | None = None) -> Place:
    """Our own cgroup v2 directory, if it has been delegated to us.

    Args:
        proc: where the process file system is.
        uid: whose rights count; None for our own.
    """
    mount = _mount_point(proc)
    if mount is None:
        return Place(None, "this system has no cgroup v2")
    own = _own_path(proc)
    if own is None:
        return Place(None, "this process is in no cgroup v2")
    directory = mount / own.lstrip("/")
    if not os.access(directory, os.W_OK) or not os.access(directory / "cgroup.procs", os.W_OK):
        return Place(directory, f"{directory} is not ours to write in")
    if (os.geteuid() if uid is None else uid) == 0 and not _is_delegated(directory):
        return Place(directory, f"{directory} belongs to the system: nobody has delegated it")
    return Place(directory)


def _mount_point(proc: Path) -> Path | None:
    try:
        lines = (proc / "self" / "mountinfo").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            return Path(before.split(" ")[4].encode().decode("unicode_escape"))
    return None


def _own_path(proc: Path) -> str | None:
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return None
    return next((line[3:] for line in lines if line.startswith("0::")), None)


def _is_delegated(directory: Path) -> bool:
    """Whether systemd has marked it as handed over (``Delegate=yes``)."""
    for name in ("trusted.delegate", "user.delegate"):
        try:
            if os.getxattr(directory, name) == b"1":
                return True
        except OSError:
            continue
    return False


class Cgroup:
    """One group of processes.

    Args:
        directory: its folder; `create` makes it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def create(self) -> bool:
        """Make the group; False where that is not possible."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError:
            return False
        return True

    def attach(self, pid: int) -> bool:
        """Move a process into the group, and with it all that it will fork; False where it is gone or not ours."""
        return self._write("cgroup.procs", str(pid))

    def kill(self) -> bool:
        """SIGKILL to every process in the group and below, at once; False where the kernel cannot."""
        return self._write("cgroup.kill", "1")

    def pids(self) -> tuple[int, ...]:
        """Who is in the group, groups below aside."""
        try:
            return tuple(map(int, (self.directory / "cgroup.procs").read_text().split()))
        except OSError:
            return ()

    def is_empty(self) -> bool:
        """No process lives in the group or below."""
        try:
            return "populated 1" not in (self.directory / "cgroup.events").read_text()
        except OSError:
            return True

    def remove(self) -> bool:
        """Remove the group and those below; False while a process lives there."""
        try:
            for child in sorted(self.directory.glob("*/")):
                Cgroup(child).remove()
            self.directory.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def end(self) -> bool:
        """Kill all, wait a moment for them to be gone, and remove the group. It blocks: not for the engine."""
        self.kill()
        deadline_s = time.monotonic() + EMPTY_WITHIN_S
        while not self.is_empty() and time.monotonic() < deadline_s:
            time.sleep(0.005)
        return self.remove()

    def below(self, name: str) -> Cgroup:
        """The group of this name in this one."""
        return Cgroup(self.directory / name)

    def _write(self, file: str, text: str) -> bool:
        try:
            descriptor = os.open(self.directory / file, os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            os.write(descriptor, text.encode())
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True


def run_group(project: str, run_id: str, place: Place | None = None) -> Cgroup | None:
    """The group of a run, not made yet; None where no cgroup has been delegated to us."""
    place = find_place() if place is None else place
    if place.directory is None or place.obstacle:
        return None
    return Cgroup(place.directory / f"procdeck-{project}-{run_id}")
