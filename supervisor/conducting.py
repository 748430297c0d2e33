"""What one replica's change means for the others: who may start now, who restarts with whom, what ends the run.

It looks at lives after each change, never in the middle of one, and sends events to the driver; the rules themselves
are `supervisor.lifecycle.ordering` and `groups`; schedules are `supervisor.timetable`'s.

::

    changed ─► (next turn of the loop) ─► dependencies, schedules, the order of a stop ─► driver.apply
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from supervisor.clock import Clock
from supervisor.driving import Driver
from supervisor.lifecycle import groups, ordering
from supervisor.lifecycle.events import (
    DependenciesMet,
    DependencyFailed,
    RecycleDue,
    WishForce,
    WishStart,
    WishStop,
)
from supervisor.lifecycle.groups import Group
from supervisor.lifecycle.life import Life, Wish
from supervisor.lifecycle.ordering import Outlook
from supervisor.lifecycle.states import AT_REST, BETWEEN, State
from supervisor.processes.watching import WatchRule
from supervisor.profile.model import Profile
from supervisor.replica import Replica, dependencies_of
from supervisor.timetable import Timetable

_AGAIN_BY_FILES: Final = frozenset({State.BACKOFF, State.FAILED, State.FINISHED})
_OVER: Final = AT_REST | {State.STUCK}

Tell = Callable[[str, str, str, str], None]
"""level, subject, sentence, and who has brought it about"""


class Conductor:
    """Keeps the workers of a run in step with each other."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, profile: Profile, driver: Driver, clock: Clock, tell: Tell
    ) -> None:
        self._loop = loop
        self._driver = driver
        self._clock = clock
        self._tell = tell
        self._is_settling = False
        self._stopping: set[str] = set()
        """Replicas that are to be stopped when nobody depends on them any more."""
        self._timetable = Timetable(loop, driver, clock)
        driver.patterns_of = self._patterns_of
        driver.when_line = self.soon
        self.change(profile)

    def _patterns_of(self, worker: str) -> tuple[str, ...]:
        """The lines of `worker` that others wait for."""
        wanted = (d for dependencies in self._dependencies.values() for d in dependencies)
        return tuple(dict.fromkeys(d.pattern for d in wanted if d.on == worker and d.condition == "log"))

    def change(self, profile: Profile) -> None:
        """Go by `profile` from now on."""
        self._dependencies = {name: dependencies_of(worker) for name, worker in profile.workers.items()}
        self._dependents = ordering.dependents_of(self._dependencies)
        self._groups = {
            worker: Group(name, tuple(group.workers), group.strategy)
            for name, group in profile.groups.items()
            for worker in group.workers
        }
        self.soon()

    def group_of(self, worker: str) -> str:
        """The restart group of a worker in words; empty where it has none."""
        group = self._groups.get(worker)
        return group.in_words() if group else ""

    def changed(self, replica: Replica, before: Life) -> None:
        """A replica's life went on; what follows for others comes in the loop's next turn."""
        if replica.life.state is before.state and replica.life.incarnation == before.incarnation:
            return
        self._timetable.changed(replica, before)
        group = self._groups.get(replica.worker.name)
        if group is not None and replica.life.wish is Wish.RUN:
            if groups.is_restart_by_policy(before, replica.life):
                self._loop.call_soon(self._restart_with, replica, group)
            elif groups.has_given_up(before, replica.life):
                self._loop.call_soon(self._stop_with, replica, group)
        self.soon()

    def soon(self) -> None:
        """Look at everybody in the loop's next turn."""
        if not self._is_settling:
            self._is_settling = True
            self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        self._is_settling = False
        lives = self._lives()
        for replica in list(self._driver.replicas.values()):
            group = self._groups.get(replica.worker.name)
            replica.group = group.name if group is not None else ""
            if replica.life.state is State.WAITING:
                self._judge_waiting(replica, lives)
            elif replica.life.state is State.SCHEDULED and replica.life.next_step is None:
                self._timetable.plan_next(replica)
        self._stop_in_order()

    def _lives(self) -> dict[str, list[Life]]:
        lives: dict[str, list[Life]] = {}
        for replica in self._driver.replicas.values():
            lives.setdefault(replica.worker.name, []).append(replica.life)
        return lives

    # --- order ---

    def _judge_waiting(self, replica: Replica, lives: Mapping[str, Sequence[Life]]) -> None:
        prospect = ordering.prospect(self._dependencies.get(replica.worker.name, ()), lives, self._driver.has_logged)
        now_s = self._clock.monotonic_s()
        replica.waits_for = prospect.text if prospect.outlook is Outlook.OPEN else ""
        if prospect.outlook is Outlook.MET:
            self._driver.apply(replica, DependenciesMet(now_s))
        elif prospect.outlook is Outlook.LOST:
            self._driver.apply(replica, DependencyFailed(now_s, prospect.text))

    def stop_all(self, *, but: str = "") -> None:
        """Stop everybody, those first on whom nobody depends; the one named `but` is left."""
        self._stopping = {replica.name for replica in self._driver.replicas.values() if replica.name != but}
        self._timetable.close()
        self._stop_in_order()

    def force_all(self) -> None:
        """Wait for nothing any more: whoever lives is killed."""
        self._stopping.clear()
        for replica in list(self._driver.replicas.values()):
            now_s = self._clock.monotonic_s()
            self._driver.apply(replica, WishStop(now_s))
            self._driver.apply(replica, WishForce(now_s))

    def _stop_in_order(self) -> None:
        if not self._stopping:
            return
        live = {r.worker.name for r in self._driver.replicas.values() if r.life.state not in _OVER | BETWEEN}
        for name in sorted(self._stopping):
            replica = self._driver.replicas.get(name)
            if replica is None or replica.life.state in _OVER:
                self._stopping.discard(name)
            elif replica.life.state in BETWEEN or ordering.may_stop(replica.worker.name, self._dependents, live):
                self._stopping.discard(name)
                self._driver.apply(replica, WishStop(self._clock.monotonic_s()))

    # --- groups ---

    def _bound(self, replica: Replica, group: Group) -> Iterable[Replica]:
        bound = group.bound_to(replica.worker.name)
        return [r for r in self._driver.replicas.values() if r.worker.name in bound and r is not replica]

    def _restart_with(self, replica: Replica, group: Group) -> None:
        for other in self._bound(replica, group):
            now_s = self._clock.monotonic_s()
            if other.life.wish is not Wish.RUN:
                continue
            if other.life.state is State.FINISHED:
                self._driver.apply(other, WishStart(now_s))
            else:
                why = f"{replica.name} restarts, and its group {group.name} is {group.strategy}"
                self._driver.apply(other, RecycleDue(now_s, other.life.incarnation, why, "group"))

    def _stop_with(self, replica: Replica, group: Group) -> None:
        for other in self._bound(replica, group):
            if other.life.state not in AT_REST:
                told = f"stopped: {replica.name} of its group {group.name} has failed"
                self._tell("ERROR", other.name, told, "group")
                self._driver.apply(other, WishStop(self._clock.monotonic_s()))

    # --- recycling ---

    def each_second(self) -> None:
        """Recycle the replicas whose trees have grown over their limit, and look at the clock on the wall."""
        self._timetable.review()
        for replica in self._driver.replicas.values():
            limit, sample = replica.worker.max_memory_bytes, replica.seen.sample
            if limit is not None and sample is not None and sample.rss_bytes > limit:
                uses, most = sample.rss_bytes / 2**20, limit / 2**20
                why = f"its processes use {uses:.0f} MiB (max_memory {most:.0f} MiB)"
                now_s = self._clock.monotonic_s()
                self._driver.apply(replica, RecycleDue(now_s, replica.life.incarnation, why))

    def files_changed(self, worker: str, paths: Sequence[str]) -> None:
        """Files that `worker` watches have changed: restart it, unless somebody has stopped it."""
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        why = f"{paths[0] if paths else 'a file'}{more} changed"
        for replica in list(self._driver.replicas.values()):
            if replica.worker.name != worker or replica.life.wish is not Wish.RUN:
                continue
            now_s = self._clock.monotonic_s()
            if replica.life.state in _AGAIN_BY_FILES:
                self._tell("INFO", replica.name, f"starts again: {why}", "watch")
                self._driver.apply(replica, WishStart(now_s))
            else:
                self._driver.apply(replica, RecycleDue(now_s, replica.life.incarnation, why, "watch"))

    def close(self) -> None:
        """Forget every timer."""
        self._timetable.close()


def watch_rules(profile: Profile) -> dict[str, WatchRule]:
    """The files that each worker watches."""
    return {
        name: WatchRule(tuple(worker.watch.paths), tuple(worker.watch.ignore), worker.watch.debounce_s)
        for name, worker in profile.workers.items()
        if worker.watch is not None
    }
