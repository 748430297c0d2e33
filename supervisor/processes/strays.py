"""Processes that have become the engine's own children without being launched by it: kept with their worker, or ended.

::

    child of the engine that it did not launch
        ├─ zombie                                  ─► reaped
        ├─ of a worker that lives (its session,    ─► adopted: shown with the worker, ended with it
        │  its environment, one of its pipes)
        └─ of nobody, or of a worker that is gone  ─► SIGTERM, SIGKILL a second later

The kernel has given it to the engine, the nearest subreaper, because its parent has ended: it is an orphan of a dead
worker, or has made itself a daemon (double fork) while its worker runs.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Set
from typing import Final, Protocol

from loguru import logger

from supervisor import proctable
from supervisor.processes import stopping
from supervisor.proctable import ProcessEntry

TERM_AFTER_S: Final = 0.4
"""How long an orphan has to end by itself: it is often on its way out, with the worker that it came from."""
KILL_AFTER_S: Final = 1.4


class Owner(Protocol):
    """A worker's incarnation, as far as its strays are concerned."""

    @property
    def name(self) -> str: ...
    @property
    def is_alive(self) -> bool:
        """Its leader is not reaped yet."""

    @property
    def own_pids(self) -> Set[int]:
        """What the engine itself launched for it: the leader, a stop command."""

    @property
    def environment_marks(self) -> frozenset[bytes]:
        """Words that stand, all of them, in the environment of what it executes and of nothing else."""

    @property
    def pipe_marks(self) -> frozenset[str]:
        """The engine's pipes that only its processes hold, as ``pipe:[4711]``."""

    def adopt(self, entry: ProcessEntry) -> None:
        """Take a process that has escaped from its tree for its own."""


class Strays:
    """Finds strays, gives each to its worker, and ends the rest: SIGTERM when seen again, SIGKILL a second later."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._first_seen_s: dict[int, float] = {}
        self._adopted: dict[tuple[int, int], Owner] = {}
        self._told: set[tuple[int, int]] = set()

    def sweep(self, ours: Set[int], now_s: float, owners: Iterable[Owner] = ()) -> None:
        """Look for strays among the engine's children.

        Args:
            ours: the pids that the engine launched and has not reaped, besides those of `owners`.
            now_s: monotonic.
            owners: the incarnations that live.
        """
        children = set(proctable.children(os.getpid()))
        for pid in [pid for pid in self._first_seen_s if pid not in children]:
            del self._first_seen_s[pid]
        unknown = children - ours
        if not unknown:
            self._told.clear()
            self._adopted.clear()
            return
        owners = [owner for owner in owners if owner.is_alive]
        self._adopted = {key: owner for key, owner in self._adopted.items() if key[0] in unknown and owner.is_alive}
        for pid in unknown.difference(*(owner.own_pids for owner in owners)):
            entry = proctable.read_entry(pid)
            if entry is not None:
                self._take(entry, now_s, owners)

    def _take(self, entry: ProcessEntry, now_s: float, owners: list[Owner]) -> None:
        if entry.state == "Z":
            logger.debug("reaped process {}, which was left to the engine: {}", entry.pid, entry.name)
            _reap(entry.pid)
        elif entry.identity in self._adopted:
            return
        elif owner := owner_of(entry, owners):
            self._adopted[entry.identity] = owner
            owner.adopt(entry)
            self._report(
                f"process {entry.pid} of {owner.name} has made itself a daemon; it is ended with the worker: "
                f"{proctable.command_line(entry.pid)}"
            )
        elif entry.pid in self._first_seen_s:  # after its owner: just executed, it has no words
            self._end(entry, now_s - self._first_seen_s[entry.pid])
        else:
            self._first_seen_s[entry.pid] = now_s

    def _end(self, entry: ProcessEntry, seen_for_s: float) -> None:
        """End a stray that does not end by itself: most of them have got their worker's SIGTERM already."""
        if seen_for_s < TERM_AFTER_S:
            return
        if entry.identity not in self._told:
            self._told.add(entry.identity)
            self._report(f"ended process {entry.pid}, left behind by a worker: {proctable.command_line(entry.pid)}")
            stopping.send(entry, signal.SIGTERM, signal.SIGCONT)
        elif seen_for_s >= KILL_AFTER_S:
            stopping.kill_tree(entry.pid, [entry])


def owner_of(entry: ProcessEntry, owners: Iterable[Owner]) -> Owner | None:
    """The worker that a process comes from: by its session, by what its environment says, by the pipes that it holds.

    One that was forked by a fork of the engine, has executed nothing, and has closed everything, is nobody's.
    """
    owners = list(owners)
    by_session = next((owner for owner in owners if entry.session in owner.own_pids), None)
    if by_session is not None or not owners:
        return by_session
    words = proctable.environment_words(entry.pid)
    by_words = next((owner for owner in owners if owner.environment_marks and owner.environment_marks <= words), None)
    if by_words is not None:
        return by_words
    pipes = proctable.open_pipes(entry.pid)
    return next((owner for owner in owners if owner.pipe_marks & pipes), None)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
