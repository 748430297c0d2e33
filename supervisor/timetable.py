"""Keeps the schedules of a run: says when each scheduled replica runs next, and what becomes of a run that overlaps.

The rules are `supervisor.lifecycle.schedule`'s; the timer of the next run is policy's own (`Timer.SCHEDULE`).
"""

from __future__ import annotations

import asyncio
import datetime as dt

from supervisor.clock import Clock
from supervisor.driving import Driver
from supervisor.lifecycle.events import RecycleDue, RunDue
from supervisor.lifecycle.life import Life, Wish
from supervisor.lifecycle.schedule import Answer, Plan, ScheduleRule, plan, review, when_due
from supervisor.lifecycle.states import LIVE, State
from supervisor.replica import Replica, schedule_of


class Timetable:
    """The next run of every scheduled replica."""

    def __init__(self, loop: asyncio.AbstractEventLoop, driver: Driver, clock: Clock) -> None:
        self._loop = loop
        self._driver = driver
        self._clock = clock
        self._plans: dict[str, Plan] = {}
        self._overlaps: dict[str, asyncio.TimerHandle] = {}
        self._queued: set[str] = set()

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock.wall_s(), dt.UTC)

    def plan_next(self, replica: Replica) -> None:
        """Say when a replica that is between two runs runs next."""
        rule = schedule_of(replica.worker)
        if rule is None:
            return
        self._forget_overlap(replica.name)
        now_s = self._clock.monotonic_s()
        if replica.name in self._queued:
            self._queued.discard(replica.name)
            self._driver.apply(replica, RunDue(now_s, now_s))
            return
        started_s = replica.life.launched_s if replica.life.incarnation else None
        made = plan(rule, self._now(), now_s, started_s, self._plans.get(replica.name))
        self._plans[replica.name] = made
        self._driver.apply(replica, RunDue(now_s, made.due_s))

    def review(self) -> None:
        """Notice that the wall clock has jumped, or that the machine has slept."""
        now, now_s = self._now(), self._clock.monotonic_s()
        for name, made in list(self._plans.items()):
            replica = self._driver.replicas.get(name)
            if replica is None:
                del self._plans[name]
            elif replica.life.state is State.SCHEDULED:
                again = review(made, now, now_s)
                if again != made:
                    self._plans[name] = again
                    self._driver.apply(replica, RunDue(now_s, again.due_s))

    def changed(self, replica: Replica, before: Life) -> None:
        """A run has begun: be there when the next one is due, in case this one still goes on then."""
        rule = schedule_of(replica.worker)
        has_begun = replica.life.incarnation != before.incarnation
        if rule is None or rule.overlap == "skip" or not has_begun:
            return
        self._forget_overlap(replica.name)
        now_s = self._clock.monotonic_s()
        due_s = plan(rule, self._now(), now_s, replica.life.launched_s, self._plans.get(replica.name)).due_s
        self._overlaps[replica.name] = self._loop.call_later(
            max(0.0, due_s - now_s), self._on_due, replica, rule, replica.life.incarnation
        )

    def _on_due(self, replica: Replica, rule: ScheduleRule, incarnation: int) -> None:
        self._overlaps.pop(replica.name, None)
        life = replica.life
        if life.wish is not Wish.RUN or life.incarnation != incarnation or life.state not in LIVE:
            return
        answer = when_due(rule, is_running=True)
        if answer is Answer.QUEUE:
            self._queued.add(replica.name)
        elif answer is Answer.RESTART:
            now_s = self._clock.monotonic_s()
            self._driver.apply(replica, RecycleDue(now_s, incarnation, "its next run is due", "schedule"))

    def _forget_overlap(self, name: str) -> None:
        handle = self._overlaps.pop(name, None)
        if handle is not None:
            handle.cancel()

    def close(self) -> None:
        """Forget every timer."""
        for name in list(self._overlaps):
            self._forget_overlap(name)
