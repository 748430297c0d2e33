"""Signals to whole process trees, and to what is left of one whose leader is gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

from supervisor import proctable
from supervisor.proctable import ProcessEntry, Table

KILL_PASSES = 5
"""How often a tree is looked at again after SIGKILL, for children forked in the meantime."""


def send(entry: ProcessEntry, *numbers: int) -> None:
    """Signal one process, unless it is gone or another has its pid."""
    if entry.pid <= 1 or entry.pid == os.getpid():
        return
    now = proctable.read_entry(entry.pid)
    if now is None or now.start_ticks != entry.start_ticks:
        return
    for number in numbers:
        try:
            os.kill(entry.pid, number)
        except (ProcessLookupError, PermissionError):  # gone meanwhile, or not ours to signal: listed as a survivor
            return


def members(leader_pid: int, table: Table, known: Iterable[ProcessEntry] = ()) -> list[ProcessEntry]:
    """All living processes of the leader's tree: descendants, its session, and those of `known` that still live."""
    found = {entry.pid: entry for entry in proctable.tree_of(leader_pid, table)}
    found.update((entry.pid, entry) for entry in proctable.in_sessions([leader_pid], table))
    for entry in known:
        now = table.get(entry.pid)
        if now is not None and now.start_ticks == entry.start_ticks and now.state != "Z":
            for descendant in proctable.tree_of(entry.pid, table):
                found.setdefault(descendant.pid, descendant)
    return list(found.values())


def term_tree(leader_pid: int, known: Iterable[ProcessEntry] = ()) -> int:
    """SIGTERM to the whole tree, then SIGCONT so that stopped processes can obey; how many were signalled."""
    tree = members(leader_pid, proctable.look(), known)
    for entry in tree:
        send(entry, signal.SIGTERM, signal.SIGCONT)
    return len(tree)


def kill_tree(leader_pid: int, known: Iterable[ProcessEntry] = ()) -> None:
    """SIGKILL to the whole tree, and again to what it forked meanwhile."""
    known = tuple(known)
    for _ in range(KILL_PASSES):
        tree = members(leader_pid, proctable.look(), known)
        if not tree:
            return
        for entry in tree:
            send(entry, signal.SIGKILL)
        known = (*known, *tree)
        if all(entry.pid == leader_pid for entry in tree):
            return
