"""Who lives in a run, written down so that the next engine of the project can end what this one could not.

Engine and guardian end everything that they leave; when both are killed at once, nobody does. The file holds a line for
each process that came or went, by identity (pid, start, boot), so that no stranger is ever taken for one of ours::

    boot 0c5f...                                the machine's boot that all lines are of
    + 4711 993482 parse.2                       pid, start in clock ticks, replica
    - 4711 993482
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supervisor import paths, proctable
from supervisor.processes import cgroups, stopping
from supervisor.proctable import ProcessEntry

FILE_NAME: Final = "census"
LINES_LIMIT: Final = 20_000
"""Lines after which the file is written anew with those that live."""
PRUNE_EVERY: Final = 20
"""Calls of `prune` after which it looks: at every process that was ever seen, 10 µs each."""
RUNS_LOOKED_AT: Final = 50
"""Runs, newest first, in which a census is looked for."""
TERM_GRACE_S: Final = 1.0
"""How long leftovers have between SIGTERM and SIGKILL."""
GIVE_UP_S: Final = 5.0
"""When leftovers that do not die of SIGKILL are left alone."""


class Census:
    """The living processes of one run. Appending costs a microsecond or two; nothing is synced to disk.

    Args:
        directory: the run's own.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME
        self._alive: dict[tuple[int, int], str] = {}
        self._lines = 0
        self._calls = 0
        self._descriptor = -1
        self._begin()

    def on_launched(self, pid: int, name: str) -> None:
        """A process of replica `name` was launched."""
        entry = proctable.read_entry(pid)
        if entry is not None:
            self.on_seen([entry], name)

    def on_seen(self, entries: Iterable[ProcessEntry], name: str) -> None:
        """These processes of replica `name` were seen; those that are new are noted. Once a second is often enough."""
        new = [entry.identity for entry in entries if entry.identity not in self._alive]
        if new:
            self._alive.update(dict.fromkeys(new, name))
            self._append("".join(f"+ {pid} {ticks} {name}\n" for pid, ticks in new), len(new))

    def on_ended(self, pid: int) -> None:
        """A process that was launched is reaped; what was seen of its tree stays noted until it is gone too."""
        gone = [identity for identity in self._alive if identity[0] == pid]
        self._forget(gone)

    def prune(self) -> None:
        """Forget who is gone, now and then; cheap enough to be called every second."""
        self._calls += 1
        if self._calls % PRUNE_EVERY:
            return
        alive = {entry.identity for pid, _ in self._alive if (entry := proctable.read_entry(pid)) is not None}
        self._forget([identity for identity in self._alive if identity not in alive])

    def close(self) -> None:
        """Stop writing; the file stays until nothing is left (`forget`)."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _forget(self, identities: list[tuple[int, int]]) -> None:
        for identity in identities:
            del self._alive[identity]
        if identities:
            self._append("".join(f"- {pid} {ticks}\n" for pid, ticks in identities), len(identities))

    def _append(self, text: str, lines: int) -> None:
        if self._descriptor < 0:
            return
        self._lines += lines
        try:
            if self._lines > LINES_LIMIT:
                self._begin()
            else:
                os.write(self._descriptor, text.encode())
        except OSError:
            pass  # a full disk: the run goes on, and only a double kill would miss these lines

    def _begin(self) -> None:
        """Write the file anew, whole or not at all."""
        draft = self._path.with_suffix(".new")
        lines = [f"boot {proctable.boot_id()}\n"]
        lines += [f"+ {pid} {ticks} {name}\n" for (pid, ticks), name in self._alive.items()]
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
            os.write(descriptor, "".join(lines).encode())
            draft.replace(self._path)
        except OSError:
            return
        self.close()
        self._descriptor, self._lines = descriptor, len(lines)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process of an earlier run that still lives."""

    entry: ProcessEntry
    replica: str
    run_id: str
    command: str


def read_living(path: Path) -> dict[tuple[int, int], str]:
    """Who the census at `path` says lives, by identity; empty for one of another boot, or none that can be read."""
    alive: dict[tuple[int, int], str] = {}
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return alive
    if not lines or lines[0] != f"boot {proctable.boot_id()}":
        return alive
    for line in lines[1:]:
        sign, _, rest = line.partition(" ")
        words = rest.split(" ", 2)
        if len(words) < 2 or not (words[0].isdigit() and words[1].isdigit()):
            continue  # torn by a full disk or a crash of the machine
        identity = int(words[0]), int(words[1])
        if sign == "+":
            alive[identity] = words[2] if len(words) > 2 else ""
        elif sign == "-":
            alive.pop(identity, None)
    return alive


def find_leftovers(project: str) -> list[Leftover]:
    """What lives of earlier runs of `project`. Only to be asked while no engine of it runs.

    A process counts by its identity in a run's census, as a descendant of one that does, or by saying in its
    environment that it is of that run.
    """
    found: dict[int, Leftover] = {}
    table = None
    for path in _censuses(project):
        run_id = path.parent.name
        noted = read_living(path)
        table = table or proctable.look()
        mark = os.fsencode(f"PROCDECK_RUN={run_id}")
        names = dict(_by_identity(noted, table))
        for pid in list(names):
            for entry in proctable.tree_of(pid, table):
                names.setdefault(entry.pid, names[pid])
        if noted:
            for pid in table.keys() - names.keys():
                if mark in proctable.environment_words(pid):
                    names[pid] = ""
        for pid, name in names.items():
            entry = table[pid]
            if entry.state != "Z" and pid not in (os.getpid(), os.getppid()):
                found[pid] = Leftover(entry, name, run_id, proctable.command_line(pid))
    return list(found.values())


def _by_identity(noted: dict[tuple[int, int], str], table: proctable.Table) -> list[tuple[int, str]]:
    return [(pid, name) for (pid, ticks), name in noted.items() if pid in table and table[pid].start_ticks == ticks]


def _censuses(project: str) -> list[Path]:
    try:
        runs = sorted(paths.runs_directory(project).iterdir(), reverse=True)
    except OSError:
        return []
    return [path for run in runs[:RUNS_LOOKED_AT] if (path := run / FILE_NAME).is_file()]


def end_leftovers(project: str, report: Callable[[str], None]) -> tuple[Leftover, ...]:
    """End what earlier runs of `project` have left: SIGTERM, then SIGKILL; who did not die of that.

    It blocks, for a few seconds at the most where something is left, and for a millisecond where nothing is. Only to be
    called by who holds the project's lock, before an engine starts.
    """
    left = find_leftovers(project)
    for leftover in left:
        report(
            f"ended process {leftover.entry.pid}, left by run {leftover.run_id} when engine and guardian were killed: "
            f"{leftover.command}"
        )
        stopping.send(leftover.entry, signal.SIGTERM, signal.SIGCONT)
    _end_groups(project)
    start_s = time.monotonic()
    while left and time.monotonic() - start_s < GIVE_UP_S:
        time.sleep(0.02)
        if time.monotonic() - start_s > TERM_GRACE_S:
            for leftover in left:
                stopping.kill_tree(leftover.entry.pid, [leftover.entry])
        left = find_leftovers(project)
    if not left:
        for path in _censuses(project):
            path.unlink(missing_ok=True)
    return tuple(left)


def _end_groups(project: str) -> None:
    """End what lives in control groups of the project's earlier runs."""
    place = cgroups.find_place()
    if place.directory is not None and not place.obstacle:
        name = re.compile(rf"procdeck-{re.escape(project)}-\d{{8}}-\d{{6}}-\d+")
        for directory in place.directory.glob("procdeck-*"):
            if name.fullmatch(directory.name):
                cgroups.Cgroup(directory).end()


def forget(directory: Path) -> None:
    """Remove a run's census: everybody in it has ended."""
    (directory / FILE_NAME).unlink(missing_ok=True)
