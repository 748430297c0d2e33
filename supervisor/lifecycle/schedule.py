"""When a scheduled worker runs next, and what happens where it still runs when the next run is due. Pure.

::

    cron    wall clock, local time zone ──► Plan(due_at, due_s) ──► a timer on the monotonic clock
    every   monotonic clock ──────────────► Plan(due_s)                  │
                                               ▲── review: now and then, because only the wall clock jumps

However long a machine slept and however far its clock jumped: what was missed is one run, not a hundred.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

from cronsim import CronSim

Overlap = Literal["skip", "queue", "restart"]

EARLY_S: Final = 0.5
"""A run that began so shortly before its time was that time's run: the two clocks never agree to the millisecond."""

SET_BACK_LIMIT_S: Final = 3 * 3600.0
"""A clock set back by less than this repeats no run of a fixed time of day (as Debian's cron has it)."""

NEVER_S: Final = 50 * 366 * 86400.0
"""The delay to a time that does not come: 29 February on a fifth Monday."""


class Answer(StrEnum):
    """What to do when a run is due."""

    RUN = "run"
    SKIP = "skip"
    """The last run still goes on, and this one does not take place."""
    QUEUE = "queue"
    """It takes place as soon as the last one has ended. One waits at the most."""
    RESTART = "restart"
    """The last run is stopped, and this one takes place."""


@dataclass(frozen=True, slots=True)
class ScheduleRule:
    """When a worker runs: `cron` or `every_s` is given."""

    cron: str | None = None
    """Five fields, or six with seconds first; in the local time zone."""
    every_s: float | None = None
    """From one start to the next."""
    overlap: Overlap = "skip"
    at_start: bool = False
    """The first run is due at once."""

    @property
    def is_of_the_day(self) -> bool:
        """Whether it names minutes and hours, so that a clock that is set back would repeat them."""
        fields = (self.cron or "").split()
        return len(fields) == 5 and not fields[0].startswith("*") and not fields[1].startswith("*")

    def in_words(self) -> str:
        """``cron */5 * * * *; a run that is due while the last one goes on is skipped``."""
        told = f"cron {self.cron}" if self.cron is not None else f"every {self.every_s or 0.0:g} s"
        first = ", first at once" if self.at_start else ""
        then = {"skip": "is skipped", "queue": "follows it", "restart": "takes its place"}[self.overlap]
        return f"{told}{first}; a run that is due while the last one goes on {then}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The next run of a worker."""

    rule: ScheduleRule
    due_s: float
    """By the monotonic clock."""
    due_at: dt.datetime | None = None
    """For cron, by the wall clock."""


class LocalZone(dt.tzinfo):
    """The machine's time zone with its clock changes, which the fixed offset of ``astimezone()`` does not know."""

    def utcoffset(self, when: dt.datetime | None) -> dt.timedelta | None:
        return None if when is None else when.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, _when: dt.datetime | None) -> dt.timedelta | None:
        return None

    def tzname(self, when: dt.datetime | None) -> str | None:
        return None if when is None else when.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, when: dt.datetime) -> dt.datetime:
        there = when.replace(tzinfo=dt.UTC).astimezone()
        local = there.replace(tzinfo=self, fold=0)
        return local if local.utcoffset() == there.utcoffset() else local.replace(fold=1)


LOCAL: Final = LocalZone()


def when_due(rule: ScheduleRule, *, is_running: bool) -> Answer:
    """What to do with a run that is due now, where the last one goes on or not."""
    return Answer(rule.overlap) if is_running else Answer.RUN


def next_due(
    rule: ScheduleRule, now: dt.datetime, last_due: dt.datetime | None = None, zone: dt.tzinfo = LOCAL
) -> dt.datetime | None:
    """The first time of the rule's cron line after `now`, and not one that has had its run; None where none comes.

    A time that a clock change leaves out is due right after the change, one that comes twice is due the first time;
    lines with ``*`` minutes or hours go by the time that really passes.

    Args:
        rule: a rule with `cron`.
        now: an aware time.
        last_due: the time, as the clock had it then, of the last run.
        zone: the time zone of the cron line.
    """
    assert rule.cron is not None
    start = now
    ahead_s = 0.0 if last_due is None else _seconds(last_due, now)
    if last_due is not None and 0 < ahead_s <= (SET_BACK_LIMIT_S if rule.is_of_the_day else EARLY_S):
        start = last_due
    try:
        due = next(CronSim(rule.cron, start.astimezone(zone)))
        while _seconds(due, start) <= 0:  # of an hour that comes twice, it gives the first also in the second
            due = next(CronSim(rule.cron, due))
    except StopIteration:
        return None
    return due


def plan(
    rule: ScheduleRule,
    now: dt.datetime,
    now_s: float,
    started_s: float | None = None,
    last: Plan | None = None,
    zone: dt.tzinfo = LOCAL,
) -> Plan:
    """The next run.

    Args:
        rule: when it runs.
        now: the wall clock's time, aware.
        now_s: the monotonic clock's time.
        started_s: when the last run began, by the monotonic clock; None before the first.
        last: the plan of the last run, so that a clock that is set back does not repeat it.
        zone: the time zone of a cron line.
    """
    now = now.astimezone(dt.UTC)
    if started_s is None and rule.at_start:
        return Plan(rule, now_s, now if rule.cron else None)
    if rule.cron is None:
        return Plan(rule, _next_beat_s(rule.every_s or 0.0, now_s, started_s))
    had = [] if started_s is None else [now + dt.timedelta(seconds=started_s - now_s + EARLY_S)]
    if last is not None and last.due_at is not None:
        had.append(last.due_at)
    due_at = next_due(rule, now, max(had, default=None), zone)
    if due_at is None:
        return Plan(rule, now_s + NEVER_S)
    return Plan(rule, now_s + _seconds(due_at, now), due_at)


def review(made: Plan, now: dt.datetime, now_s: float, zone: dt.tzinfo = LOCAL) -> Plan:
    """The plan as it has to be now: the same one, unless the wall clock jumped or the machine slept.

    A time that has gone by meanwhile is due now, once.
    """
    if made.due_at is None:
        return made
    left_s = _seconds(made.due_at, now)
    set_back_s = left_s - (made.due_s - now_s)
    if abs(set_back_s) <= EARLY_S:
        return made
    if left_s <= 0:
        return replace(made, due_s=now_s)
    due_at = made.due_at
    if set_back_s > 0 and not (made.rule.is_of_the_day and set_back_s <= SET_BACK_LIMIT_S):
        due_at = next_due(made.rule, now, zone=zone) or made.due_at
    return replace(made, due_s=now_s + _seconds(due_at, now), due_at=due_at)


def delay_s(
    rule: ScheduleRule, now: dt.datetime, now_s: float, started_s: float | None = None, zone: dt.tzinfo = LOCAL
) -> float:
    """Seconds from now to the next run; the arguments are `plan`'s."""
    return max(0.0, plan(rule, now, now_s, started_s, zone=zone).due_s - now_s)


def _next_beat_s(every_s: float, now_s: float, started_s: float | None) -> float:
    """The next multiple of `every_s` after the last start; those that have gone by are left out."""
    if started_s is None:
        return now_s + every_s
    beats = max(1, math.floor((now_s - started_s) / every_s) + 1)
    return started_s + beats * every_s


def _seconds(later: dt.datetime, earlier: dt.datetime) -> float:
    """The time that really passes between the two, whatever the clocks on the wall do."""
    return (later.astimezone(dt.UTC) - earlier.astimezone(dt.UTC)).total_seconds()
