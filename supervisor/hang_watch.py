"""Warns of workers that do not move before anybody asks, and takes it back when they do.

::

    every 2 s: look ─► nobody stands still, or only as long ago asked ──► nothing
                  └──► somebody new, or a verdict that ages ─► Inquiry ─► verdicts ─► warnings: rows, events, log
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Final

from loguru import logger

from supervisor.diagnose.kinds import KINDS
from supervisor.diagnose.looking import alook
from supervisor.diagnose.stillness import Standstill
from supervisor.diagnose.verdict import Verdict
from supervisor.inquiry import Finding, Inquiry

LOOK_EVERY_S: Final = 2.0
SHARE: Final = 0.004
"""Of a core, at most, for looks at workers that are no reason for concern: with very many of them, looks are rarer."""
LONGEST_PAUSE_S: Final = 10.0
"""Between two looks, whatever they cost: the first one, at whom nobody has looked before, costs many times as much."""
MISSES: Final = 3
"""So many examinations in a row do not find a warning any more, and it is over; that of a dead process at once."""
ASK_AGAIN_S: Final = 30.0
"""After this time an idle process that stands still anew is asked again what it waits for."""

Key = tuple[str, str, str]
"""Of a warning: replica, name, kind of verdict."""


class HangWatch:
    """The warnings of one run.

    Args:
        tell: called with level, replica and sentence when a warning comes or goes.
        changed: called when the warnings of a replica are others than before.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        inquiry: Inquiry,
        tell: Callable[[str, str, str], None],
        changed: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._inquiry = inquiry
        self._tell = tell
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._warnings: dict[Key, Verdict] = {}
        self._settled: dict[int, tuple[Standstill, float]] = {}
        """Standstills that are no reason for concern, by pid, and when that was found."""
        self._misses: dict[Key, int] = {}
        """Warnings that the last examinations did not find any more, and how many did not."""
        self._has_concerns = False
        self._has_failed = False

    def start(self) -> None:
        """Begin to watch."""
        self._task = self._loop.create_task(self._watch(), name="hang watch")

    def close(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def warnings_of(self, replica: str) -> tuple[str, ...]:
        """What a person should know now: ``DEADLOCK: loader and writer wait for each other's lock``."""
        return tuple(_told(verdict) for verdict in self._warnings.values() if verdict.replica == replica)

    async def _watch(self) -> None:
        pause_s = LOOK_EVERY_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                cost_s = await self.look_once()
            except Exception as error:  # noqa: BLE001 - a fault in a diagnosis must not end all of them
                logger.opt(exception=error).error("a look for stuck workers failed")
                if not self._has_failed:
                    self._has_failed = True
                    self._tell("ERROR", "engine", f"a fault of procdeck itself in the watch for hangs: {error!r}")
                cost_s = 0.0
            pause_s = min(max(LOOK_EVERY_S, cost_s / SHARE), LONGEST_PAUSE_S)

    async def look_once(self) -> float:
        """One look, and an examination where there is reason for one; what the look cost, in seconds of a core."""
        async with self._inquiry.turn:
            return await self._look()

    async def _look(self) -> float:
        stillness = self._inquiry.stillness
        look = await alook(self._inquiry.roots(), before=stillness.last)
        stillness.note(look)
        suspects = stillness.suspects()
        new = self._not_settled(suspects, look.at_s)
        if new or self._has_concerns:
            finding = await self._inquiry.examine(new)
            self._settle(finding, suspects, look.at_s)
            self._take(finding.verdicts, finding.look.processes)
        return look.cost_s

    def _not_settled(self, suspects: Mapping[int, Standstill], now_s: float) -> list[int]:
        """Who stands still otherwise than when it was found to be idle, and was not asked just now."""
        self._settled = {pid: known for pid, known in self._settled.items() if pid in suspects}
        new = []
        for pid, standstill in suspects.items():
            known, at_s = self._settled.get(pid, (frozenset(), 0.0))
            if standstill != known and now_s - at_s >= (ASK_AGAIN_S if known else 0.0):
                new.append(pid)
        return new

    def _settle(self, finding: Finding, suspects: Mapping[int, Standstill], now_s: float) -> None:
        worrying = {verdict.pid for verdict in finding.verdicts if _may_grow(verdict)}
        self._has_concerns = bool(worrying or self._warnings)
        for pid, standstill in suspects.items():
            if pid in worrying:
                self._settled.pop(pid, None)
            else:
                self._settled[pid] = standstill, now_s

    def _take(self, verdicts: Iterable[Verdict], living: Container[int]) -> None:
        """Make the warnings those of `verdicts`, and say which have come and which have gone."""
        now: dict[Key, Verdict] = {}
        for verdict in verdicts:
            if verdict.warning and verdict.severity in ("warning", "stuck"):
                now.setdefault((verdict.replica, verdict.warning, verdict.kind), verdict)
        before = self._warnings
        # What is not seen once may only have moved for an answer, or the machine be too busy to show it.
        misses = {key: self._misses.get(key, 0) + 1 for key in before if key not in now}
        self._misses = {key: count for key, count in misses.items() if count < MISSES and before[key].pid in living}
        now.update((key, before[key]) for key in self._misses)
        self._warnings = now
        for key, verdict in now.items():
            if key not in before:
                remedy = f" {verdict.remedy}" if verdict.remedy else ""
                self._tell("WARNING", verdict.replica, f"{_told(verdict)}{remedy}")
        for key, verdict in before.items():
            if key not in now:
                self._tell("INFO", verdict.replica, f"{verdict.warning} is over: {verdict.sentence}")
        if {key: one.sentence for key, one in before.items()} != {key: one.sentence for key, one in now.items()}:
            self._changed()


def _may_grow(verdict: Verdict) -> bool:
    """Whether it is a warning, or becomes one if it only lasts."""
    if verdict.severity in ("warning", "stuck"):
        return True
    kind = KINDS.get(verdict.kind)
    return verdict.severity == "waiting" and kind is not None and bool(kind.warning)


def _told(verdict: Verdict) -> str:
    return f"{verdict.warning}: {verdict.sentence.removeprefix('Deadlock: ')}"
