"""Signals to whole process trees, and to what is left of one whose leader is gone. It decides nothing.

A process is identified by its pid and its start, and signalled through a descriptor of it (pidfd), so that a stranger
who got the pid meanwhile is never hit. What is signalled is never pid 1, this process, its parent (for the engine: the
guardian) or its own process group.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from typing import Protocol

from supervisor import proctable
from supervisor.processes import linux
from supervisor.proctable import ProcessEntry, Table

FREEZE_PASSES = 20
"""How often a tree that is being stopped is looked at again for children that it forked meanwhile."""

KILL_PASSES = 5
"""How often a tree is looked at again after SIGKILL, for children forked in the meantime."""


def signal_named(name: str) -> signal.Signals:
    """The signal that a person names: ``SIGHUP``, ``hup``.

    Raises:
        ValueError: there is none of that name; numbers are refused, as they differ between systems.
    """
    wanted = name.strip().upper()
    found = signal.Signals.__members__.get(wanted if wanted.startswith("SIG") else f"SIG{wanted}")
    if found is None:
        raise ValueError(f"{name!r} is no signal of this system; give a name, as in SIGHUP or HUP")
    return found


class KillGroup(Protocol):
    """What the kernel can end as a whole (`supervisor.processes.cgroups.Cgroup`)."""

    def kill(self) -> bool: ...


def send(entry: ProcessEntry, *numbers: int) -> bool:
    """Signal one process, unless it is gone or another has its pid; whether it got the signals.

    A process that is gone is as good as signalled: nothing is raised.
    """
    return signal_leader(entry.pid, entry.start_ticks, *numbers)


def signal_leader(pid: int, start_ticks: int | None, *numbers: int) -> bool:
    """Signal the process that has `pid` and started at `start_ticks` (None: whoever has the pid); whether it was there.

    Without `start_ticks` the pid must be that of a child that is not reaped yet, so that nobody else can have it.
    """
    if pid <= 1 or pid in (os.getpid(), os.getppid()):
        return False
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    except (AttributeError, OSError):  # no pidfds here, or no descriptor left: the pid has to do
        return _is_it(pid, start_ticks) and _send_by_pid(pid, numbers)
    try:
        # The descriptor holds the process whose start is read next: who has the pid now has it until then.
        return _is_it(pid, start_ticks) and _send_by_pidfd(pidfd, numbers)
    finally:
        os.close(pidfd)


def _is_it(pid: int, start_ticks: int | None) -> bool:
    if start_ticks is None:
        return True
    now = proctable.read_entry(pid)
    return now is not None and now.start_ticks == start_ticks


def _send_by_pidfd(pidfd: int, numbers: Iterable[int]) -> bool:
    for number in numbers:
        try:
            signal.pidfd_send_signal(pidfd, number)
        except OSError:  # gone meanwhile, or not ours to signal: listed as a survivor
            return False
    return True


def _send_by_pid(pid: int, numbers: Iterable[int]) -> bool:
    for number in numbers:
        try:
            os.kill(pid, number)
        except OSError:
            return False
    return True


def _signal_group(leader_pid: int, known: Iterable[ProcessEntry], number: int) -> None:
    """Signal the leader's process group at once, which no fork can slip through, where it has one of its own."""
    ticks = _leader_ticks(leader_pid, known)
    try:
        has_group = leader_pid > 1 and os.getpgid(leader_pid) == leader_pid != os.getpgrp()
        if has_group and _is_it(leader_pid, ticks) and leader_pid != os.getppid():
            os.killpg(leader_pid, number)
    except OSError:
        pass  # the leader is gone, or some of its group may not be signalled; each is tried by itself


def _leader_ticks(leader_pid: int, known: Iterable[ProcessEntry]) -> int | None:
    return next((entry.start_ticks for entry in known if entry.pid == leader_pid), None)


def _look(leader_pid: int, known: Iterable[ProcessEntry]) -> Table:
    """The processes that may belong to the tree, and no more than that where orphans become our own children."""
    if not linux.is_subreaper():
        return proctable.look()
    orphans = [pid for pid in proctable.children(os.getpid()) if _session_of(pid) == leader_pid]
    return proctable.look_below([leader_pid, *(entry.pid for entry in known), *orphans])


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def members(leader_pid: int, table: Table, known: Iterable[ProcessEntry] = ()) -> list[ProcessEntry]:
    """All living processes of the leader's tree: descendants, its session, and those of `known` that still live.

    Where `known` holds the leader and its pid is another's by now, that other's tree and session are left alone.
    """
    known = tuple(known)
    found: dict[int, ProcessEntry] = {}
    ticks, now = _leader_ticks(leader_pid, known), table.get(leader_pid)
    if now is None or ticks is None or now.start_ticks == ticks:
        found.update((entry.pid, entry) for entry in proctable.tree_of(leader_pid, table))
        found.update((entry.pid, entry) for entry in proctable.in_sessions([leader_pid], table))
    for entry in known:
        now = table.get(entry.pid)
        if now is not None and now.start_ticks == entry.start_ticks and now.state != "Z":
            for descendant in proctable.tree_of(entry.pid, table):
                found.setdefault(descendant.pid, descendant)
    return list(found.values())


def term_tree(leader_pid: int, known: Iterable[ProcessEntry] = (), signal_number: int = signal.SIGTERM) -> int:
    """`signal_number` to the whole tree, then SIGCONT so that stopped processes can obey; how many were signalled."""
    known = tuple(known)
    tree = members(leader_pid, _look(leader_pid, known), known)
    return sum(send(entry, signal_number, signal.SIGCONT) for entry in tree)


def pause_tree(leader_pid: int, known: Iterable[ProcessEntry] = ()) -> tuple[ProcessEntry, ...]:
    """SIGSTOP to the whole tree, parents first, until nothing new is found in it; whom it reached."""
    known = tuple(known)
    stopped: dict[tuple[int, int], ProcessEntry] = {}
    for _ in range(FREEZE_PASSES):
        _signal_group(leader_pid, known, signal.SIGSTOP)
        tree = members(leader_pid, _look(leader_pid, known), known)
        new = [entry for entry in tree if entry.identity not in stopped]
        if not new:
            break
        stopped.update((entry.identity, entry) for entry in new if send(entry, signal.SIGSTOP))
        known = (*known, *new)
    return tuple(stopped.values())


def resume_tree(leader_pid: int, known: Iterable[ProcessEntry] = ()) -> int:
    """SIGCONT to the whole tree, children first, so that no parent sees a stopped child; how many were signalled."""
    known = tuple(known)
    tree = members(leader_pid, _look(leader_pid, known), known)
    return sum(send(entry, signal.SIGCONT) for entry in reversed(tree))


def kill_tree(
    leader_pid: int, known: Iterable[ProcessEntry] = (), group: KillGroup | None = None
) -> tuple[ProcessEntry, ...]:
    """SIGKILL to the whole tree; whom it was sent to.

    A tree of several processes is frozen first, so that what forks faster than it can be killed has an end; `group` is
    ended as a whole before that. Ask `still_alive` later who of them has survived.
    """
    known = tuple(known)
    if group is not None:
        group.kill()
    tree = members(leader_pid, _look(leader_pid, known), known)
    if any(entry.pid != leader_pid for entry in tree):
        tree = list(pause_tree(leader_pid, (*known, *tree)))
    killed: dict[tuple[int, int], ProcessEntry] = {}
    for _ in range(KILL_PASSES):
        new = [entry for entry in tree if entry.identity not in killed]
        if not new:
            break
        _signal_group(leader_pid, known, signal.SIGKILL)
        for entry in new:
            send(entry, signal.SIGKILL)
        killed.update((entry.identity, entry) for entry in new)
        if all(entry.pid == leader_pid for entry in new):
            break
        tree = members(leader_pid, _look(leader_pid, killed.values()), (*known, *killed.values()))
    return tuple(killed.values())


def still_alive(entries: Iterable[ProcessEntry]) -> tuple[ProcessEntry, ...]:
    """Those of `entries` that live now, as they are now; a zombie does not."""
    now = ((entry, proctable.read_entry(entry.pid)) for entry in entries)
    return tuple(seen for entry, seen in now if seen and seen.start_ticks == entry.start_ticks and seen.state != "Z")
