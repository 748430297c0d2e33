"""One look at all processes of the machine: parents, states, CPU time and memory, read straight from ``/proc``.

It is one pass over ``/proc/*/stat`` (about 15 µs a process), which is what makes whole-tree figures cheap, or a walk of
a few trees through the kernel's lists of children; where there is no ``/proc`` the same table is made with psutil.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

COMMAND_LINE_BYTES = 4096
"""How much of a command line is read."""


@dataclass(frozen=True, slots=True)
class ProcessEntry:
    """One process at the time of the look."""

    pid: int
    parent_pid: int
    session: int
    state: str
    """The kernel's letter: R, S, D, T, Z."""
    cpu_s: float
    """User and system time, its own."""
    rss_bytes: int
    start_ticks: int
    """When it started; with the pid, its identity."""
    name: str
    threads: int = 0
    """0 where that is not known."""

    @property
    def identity(self) -> tuple[int, int]:
        """What no other process of this boot has had: the pid, and when it started."""
        return self.pid, self.start_ticks


Table = Mapping[int, ProcessEntry]


def look() -> Table:
    """All processes now, by pid."""
    if not _has_proc():
        return _look_with_psutil()
    table: dict[int, ProcessEntry] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            entry = read_entry(int(name))
            if entry is not None:
                table[entry.pid] = entry
    return table


def look_below(roots: Iterable[int]) -> Table:
    """The processes of the trees below `roots`: a few files for each of them, whatever else the machine runs."""
    if not _has_children_files():
        return look()
    table: dict[int, ProcessEntry] = {}
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid in table:
            continue
        entry = read_entry(pid)
        if entry is not None:
            table[pid] = entry
            waiting.extend(children(pid))
    return table


def children(pid: int) -> list[int]:
    """The children of one process, zombies included; empty when it is gone."""
    if not _has_children_files():
        return [entry.pid for entry in look().values() if entry.parent_pid == pid]
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:  # a child is listed with the thread that forked it
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
        except OSError:
            continue
    return found


@cache
def _has_children_files() -> bool:
    """Whether the kernel lists children (CONFIG_PROC_CHILDREN)."""
    return os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def environment_words(pid: int) -> frozenset[bytes]:
    """``NAME=value`` of the environment that a process was started with; empty where it may not be read.

    A process that was forked and executed nothing shows its parent's.
    """
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return frozenset(file.read().split(b"\0"))
    except OSError:
        return frozenset()


def open_pipes(pid: int) -> frozenset[str]:
    """The pipes and sockets that a process holds, as ``pipe:[4711]``; empty where it may not be read."""
    found = set()
    try:
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            found.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
    except OSError:
        pass
    return frozenset(link for link in found if link.startswith(("pipe:", "socket:")))


@cache
def boot_id() -> str:
    """What tells this boot of the machine from every other; empty where the system does not say."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""


def read_entry(pid: int) -> ProcessEntry | None:
    """One process; None when it is gone or may not be read."""
    if not _has_proc():
        return _look_with_psutil([pid]).get(pid)
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        text = os.read(descriptor, 1024)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    # The name stands in brackets and may hold anything, brackets and spaces included (proc_pid_stat(5)).
    opening, closing = text.find(b"("), text.rfind(b")")
    if opening < 0 or closing < 0:
        return None
    rest = text[closing + 2 :].split()
    return ProcessEntry(
        pid=pid,
        parent_pid=int(rest[1]),
        session=int(rest[3]),
        state=rest[0].decode(),
        cpu_s=(int(rest[11]) + int(rest[12])) / _TICKS_PER_S,
        rss_bytes=int(rest[21]) * _PAGE_BYTES,
        start_ticks=int(rest[19]),
        name=text[opening + 1 : closing].decode(errors="replace"),
        threads=int(rest[17]),
    )


@cache
def _has_proc() -> bool:
    return os.path.isdir("/proc/self")


def _look_with_psutil(pids: Iterable[int] | None = None) -> Table:
    import psutil

    wanted = None if pids is None else frozenset(pids)
    table = {}
    for process in psutil.process_iter(["pid", "ppid", "status", "cpu_times", "memory_info", "create_time", "name"]):
        seen = process.info
        if wanted is not None and seen["pid"] not in wanted:
            continue
        times, memory = seen["cpu_times"], seen["memory_info"]
        table[seen["pid"]] = ProcessEntry(
            pid=seen["pid"],
            parent_pid=seen["ppid"] or 0,
            session=0,
            state={"zombie": "Z", "stopped": "T", "running": "R"}.get(seen["status"], "S"),
            cpu_s=times.user + times.system if times else 0.0,
            rss_bytes=memory.rss if memory else 0,
            start_ticks=int((seen["create_time"] or 0) * 100),
            name=seen["name"] or "",
        )
    return table


def children_of(table: Table) -> dict[int, list[int]]:
    """The pids of each process's children, by the parent's pid."""
    children: dict[int, list[int]] = {}
    for entry in table.values():
        children.setdefault(entry.parent_pid, []).append(entry.pid)
    return children


def tree_of(root_pid: int, table: Table, children: Mapping[int, list[int]] | None = None) -> list[ProcessEntry]:
    """`root_pid` and all its descendants that live, parents before their children."""
    known = children_of(table) if children is None else children
    found: list[ProcessEntry] = []
    waiting = [root_pid]
    while waiting:
        pid = waiting.pop(0)
        entry = table.get(pid)
        if entry is not None and entry.state != "Z":
            found.append(entry)
        waiting.extend(known.get(pid, ()))
    return found


def command_line(pid: int, limit: int = 200) -> str:
    """What a process was started as, for people to read: secrets masked, its name in brackets where it has no words."""
    from supervisor.masking import mask_words

    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(COMMAND_LINE_BYTES).rstrip(b"\0").split(b"\0")
    except OSError:
        return "?"
    text = " ".join(mask_words(word.decode(errors="replace") for word in words)).strip()
    if not text:
        entry = read_entry(pid)
        return f"[{entry.name}]" if entry else "?"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def in_sessions(sessions: Iterable[int], table: Table) -> list[ProcessEntry]:
    """The processes that live in one of `sessions`."""
    wanted = frozenset(sessions)
    return [entry for entry in table.values() if entry.session in wanted and entry.state != "Z"]
