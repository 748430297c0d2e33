"""Since when threads have not moved: successive looks compared, none of them enough by itself. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from supervisor.diagnose.evidence import KernelWait, Look, ProcessFacts, ThreadFacts
from supervisor.diagnose.kernel_words import is_still, kernel_wait

_Identity = tuple[int, int, int]
"""Of a thread: pid, the process's start, tid."""
Standstill = frozenset[tuple[int, float]]
"""Who stands still in a process, by tid, and since when: equal as long as nobody has moved and nobody else stopped."""


SPAN_S: Final = 0.5
"""The shortest time after which the rates of two looks can be compared."""


@dataclass(frozen=True, slots=True)
class _Thread:
    facts: ThreadFacts
    since_s: float
    """Since when it has looked like this."""
    looks: int
    """How often it has."""
    wakes_by_itself: bool


class Stillness:
    """What is known of every thread from the looks so far; those that are not in the last look are forgotten."""

    def __init__(self) -> None:
        self._threads: dict[_Identity, _Thread] = {}
        self._asked: Counter[int] = Counter()
        self._asked_before: Counter[int] = Counter()
        self.last: Look | None = None
        """The look that was noted last."""
        self._earlier: Look | None = None
        """The one before that."""

    def excuse(self, pids: Iterable[int]) -> None:
        """These are about to be asked something: that they move to answer does not count."""
        self._asked.update(pids)

    def note(self, look: Look) -> None:
        """Take one look at all processes that are watched."""
        seen: dict[_Identity, _Thread] = {}
        for process in look.processes.values():
            # An answer that was given while the last look was taken shows only in this one.
            asked = self._asked[process.pid] + self._asked_before[process.pid]
            for thread in process.threads:
                identity = process.pid, process.start_ticks, thread.tid
                seen[identity] = _compared(self._threads.get(identity), process, thread, look.at_s, asked)
        self._threads, self.last, self._earlier = seen, look, self.last
        self._asked, self._asked_before = Counter(), self._asked

    def before(self, at_s: float) -> Look | None:
        """The look with which one at `at_s` is compared: the last, or the one before where that was only just now.

        How often a thread has woken, and what it has spent, says nothing after a few milliseconds.
        """
        if self.last is not None and self._earlier is not None and at_s - self.last.at_s < SPAN_S:
            return self._earlier
        return self.last

    def since_s(self) -> Mapping[tuple[int, int], float]:
        """Since when each thread, by pid and tid, has not moved; those that moved since the look before are out."""
        return {(pid, tid): one.since_s for (pid, _, tid), one in self._threads.items() if one.looks > 1}

    def suspects(self) -> dict[int, Standstill]:
        """The processes with threads that have not moved and may wait for ever, each with its standstill."""
        found: dict[int, set[tuple[int, float]]] = {}
        for (pid, _, tid), one in self._threads.items():
            if one.looks > 1 and not one.wakes_by_itself:
                found.setdefault(pid, set()).add((tid, one.since_s))
        return {pid: frozenset(threads) for pid, threads in found.items()}


def _wakes_by_itself(wait: KernelWait) -> bool:
    return wait.has_timeout or wait.kind in ("running", "sleep", "accept", "signal", "zombie")


def _compared(before: _Thread | None, process: ProcessFacts, thread: ThreadFacts, now_s: float, asked: int) -> _Thread:
    if before is not None and asked and thread.state == "R":
        return replace(before, looks=before.looks + 1)  # it is giving its answer
    if before is not None and is_still(before.facts, thread, asked=asked):
        return _Thread(thread, before.since_s, before.looks + 1, before.wakes_by_itself)
    return _Thread(thread, now_s, 1, _wakes_by_itself(kernel_wait(process, thread)))
