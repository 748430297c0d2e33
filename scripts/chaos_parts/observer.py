"""Reads /proc and the workers' own word, never the engine's, and counts what must not be.

::

    every process of a worker ──one line──► register ──┐
                                        /proc/*/stat ──┴─► Observer ──► overlaps, risen, orphans, zombies
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from supervisor import proctable

LOOK_EVERY_S = 0.05
ORPHAN_GRACE_S = 4.0
"""How long the children of a dead worker may live: found by the sweep of a second, SIGTERM, SIGKILL a second later."""
ZOMBIE_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Member:
    """A process that has told of itself."""

    replica: str
    incarnation: int
    leader_pid: int
    pid: int
    start_ticks: int

    @property
    def is_leader(self) -> bool:
        return self.pid == self.leader_pid

    @property
    def is_alive(self) -> bool:
        entry = proctable.read_entry(self.pid)
        return entry is not None and entry.start_ticks == self.start_ticks and entry.state not in "ZX"


@dataclass
class Findings:
    """What was seen that must not be, as sentences."""

    overlaps: list[str] = field(default_factory=list)
    """Two live incarnations of one replica."""
    duplicates: list[str] = field(default_factory=list)
    """Two live leaders of one incarnation."""
    risen: list[str] = field(default_factory=list)
    """A process of a replica that was stopped, before anybody wished a start."""
    orphans: list[str] = field(default_factory=list)
    zombies: list[str] = field(default_factory=list)
    looks: int = 0

    @property
    def violations(self) -> list[str]:
        return [*self.overlaps, *self.risen]


class Observer:
    """Looks on from a thread of its own, as long as the `with` lasts."""

    def __init__(self, register: Path, engine_pid: int) -> None:
        self.found = Findings()
        self.resting: dict[str, float] = {}
        """Replicas that have come to rest on a user's wish, since when (monotonic); the user takes them out."""
        self._register = register
        self._engine_pid = engine_pid
        self._offset = 0
        self._rest = b""
        self._living: dict[int, Member] = {}
        self._leader_died_s: dict[tuple[str, int, int], float] = {}
        self._zombie_since_s: dict[tuple[int, int], float] = {}
        self._reported: set[tuple[str, object]] = set()
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer")

    def __enter__(self) -> Observer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(LOOK_EVERY_S):
            self.look()

    def look(self) -> None:
        """One look at everything."""
        with self._lock:
            self._look()

    def _look(self) -> None:
        resting = dict(self.resting)
        self._read_register()
        table = proctable.look()
        for pid, member in list(self._living.items()):
            entry = table.get(pid)
            if entry is None or entry.start_ticks != member.start_ticks or entry.state in "ZX":
                del self._living[pid]
                if member.is_leader:
                    self._leader_died_s[member.replica, member.incarnation, pid] = time.monotonic()
        self._see_leaders()
        self._see_risen(resting)
        self._see_orphans()
        self._see_zombies(table)
        self.found.looks += 1

    def _read_register(self) -> None:
        try:
            with open(self._register, "rb") as file:
                file.seek(self._offset)
                new = file.read()
        except FileNotFoundError:
            return
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            replica, incarnation, leader_pid, pid = line.decode().split()
            entry = proctable.read_entry(int(pid))
            if entry is not None and entry.state not in "ZX":
                member = Member(replica, int(incarnation), int(leader_pid), entry.pid, entry.start_ticks)
                self._living[entry.pid] = member
            elif pid == leader_pid:
                self._leader_died_s[replica, int(incarnation), int(pid)] = time.monotonic()

    def _see_leaders(self) -> None:
        leaders: dict[str, list[Member]] = defaultdict(list)
        for member in self._living.values():
            if member.is_leader:
                leaders[member.replica].append(member)
        for replica, members in leaders.items():
            # Seen in one look is not yet at one time: the first may have died before the other was read.
            if len(members) < 2 or not all(member.is_alive for member in (*members, *members)):
                continue
            lives = sorted(member.incarnation for member in members)
            where = self.found.overlaps if len(set(lives)) > 1 else self.found.duplicates
            told = ", ".join(f"{member.incarnation} (pid {member.pid})" for member in members)
            self._report(where, (replica, tuple(lives)), f"{replica} lives {len(members)} times: {told}")

    def _see_risen(self, resting: dict[str, float]) -> None:
        for member in self._living.values():
            since_s = resting.get(member.replica)
            if since_s is None or self.resting.get(member.replica) != since_s or not member.is_alive:
                continue
            if not member.is_leader and time.monotonic() - since_s < ORPHAN_GRACE_S:
                continue  # what the stop could not see: the sweep will
            if self.resting.get(member.replica) == since_s:
                role = "leader" if member.is_leader else "child"
                told = f"{member.replica} was stopped, and its {role} {member.pid} lives"
                self._report(self.found.risen, member, told)

    def _see_orphans(self) -> None:
        for member in self._living.values():
            died_s = self._leader_died_s.get((member.replica, member.incarnation, member.leader_pid))
            if died_s is None or member.is_leader or time.monotonic() - died_s < ORPHAN_GRACE_S:
                continue
            if member.is_alive:
                told = f"child {member.pid} of {member.replica} ({member.incarnation}) outlives its leader"
                self._report(self.found.orphans, member, told)

    def _see_zombies(self, table: proctable.Table) -> None:
        now_s = time.monotonic()
        seen = {
            (entry.pid, entry.start_ticks)
            for entry in table.values()
            if entry.state == "Z" and entry.parent_pid == self._engine_pid
        }
        self._zombie_since_s = {each: self._zombie_since_s.get(each, now_s) for each in seen}
        for each, since_s in self._zombie_since_s.items():
            if now_s - since_s > ZOMBIE_GRACE_S:
                self._report(self.found.zombies, each, f"{each[0]} is dead and not reaped")

    def _report(self, where: list[str], what: object, text: str) -> None:
        if (text, what) not in self._reported:
            self._reported.add((text, what))
            where.append(text)

    def living(self) -> list[Member]:
        """All processes that have told of themselves and still live."""
        with self._lock:
            self._read_register()
            members = list(self._living.values())
        return [member for member in members if member.is_alive]
