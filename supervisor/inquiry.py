"""Finds out why workers do not move: looks at their processes, asks their agents, and has both judged.

::

    look (with descriptors) ─► ask the named ─► classify ─► who shares what is waited for? ─► ask them ─► ... ─► judge
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from supervisor.api import view
from supervisor.channel_desk import ChannelDesk
from supervisor.clock import Clock
from supervisor.diagnose import semaphores
from supervisor.diagnose.classify import classify
from supervisor.diagnose.evidence import Dump, Look, ProcessFacts, ThreadFacts, ThreadReport
from supervisor.diagnose.file_locks import file_lock_holder
from supervisor.diagnose.holders import find_holders, who_else_to_ask
from supervisor.diagnose.kernel_words import is_still
from supervisor.diagnose.looking import alook
from supervisor.diagnose.stillness import Standstill, Stillness
from supervisor.diagnose.verdict import Verdict
from supervisor.diagnose.verdicts import BoardNote, Limits, judge
from supervisor.driving import Driver
from supervisor.lifecycle.states import LIVE, State
from supervisor.processes import questions
from supervisor.processes.plumbing import OVER
from supervisor.processes.staged import StagedIncarnation
from supervisor.replica import Replica
from supervisor.stack_desk import ask_otherwise

ROUNDS: Final = 4
"""How far a chain of waits is followed by asking."""
ASK_LIMIT_S: Final = 0.3
LOOK_LIMIT_S: Final = 10.0
"""Of work, for one look at everything: whoever it leaves out would be left out the next time as well."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one examination found."""

    verdicts: tuple[Verdict, ...]
    look: Look
    dumps: Mapping[int, Dump]
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer, and the standstill in which it was given."""

    dump: Dump
    start_ticks: int
    standstill: Standstill


class Inquiry:
    """Examines replicas. Answers are kept as long as nobody in the process moves, so that it need not be asked again.

    Attributes:
        stillness: what the looks so far say; whoever looks regularly notes it there.
        turn: held by whoever looks or asks: what is asked moves the threads that another looks at.
    """

    def __init__(self, driver: Driver, desk: ChannelDesk, clock: Clock) -> None:
        self._driver = driver
        self._desk = desk
        self._clock = clock
        self._known: dict[int, _Known] = {}
        self._full: Look | None = None
        self.stillness = Stillness()
        self.turn = asyncio.Lock()

    def roots(self) -> dict[int, str]:
        """The leader of each live replica's tree, with the replica's name, and what lives on outside of the tree."""
        simulated = self.simulated()
        roots = {pid: name for name, pid in self._driver.pids().items() if name not in simulated}
        for replica in self._driver.replicas.values():
            incarnation = replica.incarnation
            if incarnation is not None and replica.name not in simulated:
                left = () if incarnation.is_alive else incarnation.known_tree
                roots.update((entry.pid, replica.name) for entry in (*left, *incarnation.daemonized))
        return roots

    def simulated(self) -> frozenset[str]:
        """The replicas that are threads of one process: a verdict is on processes, and could name the wrong one."""
        replicas = self._driver.replicas.values()
        return frozenset(replica.name for replica in replicas if isinstance(replica.incarnation, StagedIncarnation))

    async def examine(self, pids: Collection[int], *, is_asked_for: bool = False) -> Finding:
        """Judge all replicas, with the answers of the processes `pids` and of whoever holds up one of them.

        The caller has the turn.

        Args:
            pids: whom to ask first.
            is_asked_for: a person waits for it: whoever of `pids` cannot answer is looked into in other ways.
        """
        look = await alook(self.roots(), has_descriptors=True, before=self._full, budget_s=LOOK_LIMIT_S)
        self._full = look
        before = self.stillness.before(look.at_s)
        standstills = self.stillness.suspects()
        dumps = self._remembered(look, standstills)
        troubles: dict[int, str] = {}
        asked: set[int] = set()
        to_ask = (set(pids) & look.processes.keys()) - dumps.keys()
        reports: tuple[ThreadReport, ...] = ()
        for _ in range(ROUNDS):
            self.stillness.excuse(to_ask)
            answers = await questions.ask_many(sorted(to_ask), "all", deadline_s=ASK_LIMIT_S) if to_ask else {}
            asked |= to_ask
            for pid, first in answers.items():
                is_pressed = is_asked_for and first.dump is None and pid in pids and pid in look.processes
                answer = await ask_otherwise(look.processes[pid], first) if is_pressed else first
                if answer.dump is not None:
                    dumps[pid] = answer.dump
                else:
                    troubles[pid] = answer.trouble
            reports = classify(look, dumps, before=before, still_since_s=self.stillness.since_s())
            to_ask = set(who_else_to_ask(reports, look, dumps)) - asked
            if not to_ask:
                break
        if asked:
            still = await self._still(look, asked)
            reports = classify(look, dumps, before=before, still_since_s=still)
        self._remember(look, dumps, standstills)
        verdicts = self._judged(reports, look, dumps)
        return Finding(verdicts, look, dumps, self._told(look, troubles))

    def _told(self, look: Look, troubles: Mapping[int, str]) -> tuple[str, ...]:
        """What could not be seen; that programs, and what workers have started, have no agent is nothing to tell."""
        python = {replica.life.pid for replica in self._driver.replicas.values() if replica.worker.kind != "command"}
        return tuple(
            f"pid {pid} ({look.owners.get(pid, '?')}): {text}"
            for pid, text in sorted(troubles.items())
            if text and (pid in python or not text.startswith("has no agent"))
        )

    async def _still(self, look: Look, asked: Collection[int]) -> Mapping[tuple[int, int], float]:
        """Since when threads have not moved, but for those that have since the look: their answer is newer than it."""
        now = await alook({pid: look.owners[pid] for pid in asked if pid in look.owners}, before=look)
        moved = {
            (pid, thread.tid)
            for pid in asked
            for thread in look.processes[pid].threads
            if not _is_there_still(thread, now.processes.get(pid))
        }
        return {thread: since_s for thread, since_s in self.stillness.since_s().items() if thread not in moved}

    def _remembered(self, look: Look, standstills: Mapping[int, Standstill]) -> dict[int, Dump]:
        found = {}
        for pid, known in list(self._known.items()):
            process = look.processes.get(pid)
            if process is None or process.start_ticks != known.start_ticks:
                del self._known[pid]
            elif standstills.get(pid) == known.standstill:
                found[pid] = known.dump
        return found

    def _remember(self, look: Look, dumps: Mapping[int, Dump], standstills: Mapping[int, Standstill]) -> None:
        for pid, dump in dumps.items():
            if pid in look.processes and pid in standstills:
                self._known[pid] = _Known(dump, look.processes[pid].start_ticks, standstills[pid])

    def _judged(self, reports: tuple[ThreadReport, ...], look: Look, dumps: Mapping[int, Dump]) -> tuple[Verdict, ...]:
        now_s = self._clock.monotonic_s()
        holders = find_holders(
            reports,
            look,
            dumps,
            semaphores=semaphores,
            channels=self._channel_users(),
            file_locks=file_lock_holder,
        )
        live = [self._driver.replicas[name] for name in set(look.owners.values()) if name in self._driver.replicas]
        for replica in live:
            replica.read_board()
        return judge(
            reports,
            look,
            dumps,
            holders,
            now_s=now_s,
            boards={replica.name: board_note(replica, now_s) for replica in live},
            limits={
                replica.name: Limits(replica.worker.hang_after_s, replica.worker.blocked_after_s) for replica in live
            },
        )

    def _channel_users(self) -> dict[str, tuple[int, ...]]:
        """Who could end a wait in each channel of the profile: a lock's holders, the users of a queue.

        No entry for a queue that somebody may come back to who is at rest now.
        """
        self._desk.refresh(self._clock.monotonic_s())
        users: dict[str, tuple[int, ...]] = {}
        for row in self._desk.rows:
            holding = [user.pid for user in row.holding if user.pid is not None]
            if row.kind in ("queue", "pipe"):
                names = dict.fromkeys((*row.readers, *row.writers))
                replicas = [replica for name in names for replica in self._replicas_of(name)]
                if any(replica.life.state not in LIVE | OVER for replica in replicas):
                    continue
                holding += [replica.life.pid for replica in replicas if replica.life.pid is not None]
            users[row.name] = tuple(dict.fromkeys(holding))
        return users

    def _replicas_of(self, name: str) -> list[Replica]:
        replica = self._driver.replicas.get(name)
        return self._driver.of_worker(name) if replica is None else [replica]


def _is_there_still(thread: ThreadFacts, process: ProcessFacts | None) -> bool:
    now = process.thread(thread.tid) if process is not None else None
    return now is not None and (now.state == "R" or is_still(thread, now, asked=ROUNDS))


def board_note(replica: Replica, now_s: float) -> BoardNote:
    """What the engine knows of a replica without asking it, as far as a verdict depends on it."""
    page, life = replica.seen.page, replica.life
    has_ended = replica.incarnation is not None and not replica.incarnation.is_alive
    return BoardNote(
        activity=page.activity if page is not None else "",
        last_sign_s=view.last_sign_of_life_s(replica.seen) if replica.seen.started_s is not None else None,
        heartbeat_s=replica.worker.heartbeat_s if life.state is State.RUNNING else None,
        channel=page.channel if page is not None else "",
        operation=page.operation if page is not None else "",
        operation_since_s=page.operation_since_s if page is not None else None,
        stopping_since_s=life.since_s if life.state is State.STOPPING else None,
        ended_s=now_s if has_ended else None,
        pid=life.pid,
    )
