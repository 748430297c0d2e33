"""Schedules, under a clock that the tests move: clock changes, jumps, sleep, and runs that take their time."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.lifecycle.schedule import (
    LOCAL,
    NEVER_S,
    Answer,
    Plan,
    ScheduleRule,
    delay_s,
    next_due,
    plan,
    review,
    when_due,
)

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@pytest.fixture(scope="module", autouse=True)
def _central_europe() -> Iterator[None]:
    """The machine's time zone: UTC+1, and +2 from the last Sunday of March to that of October."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def _due(cron: str, now: str, last_due: str | None = None) -> str:
    """The next time after the UTC time `now`, as the clock on the wall shows it."""
    last = None if last_due is None else _utc(last_due)
    due = next_due(ScheduleRule(cron=cron), _utc(now), last)
    assert due is not None
    return due.isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("cron", "now", "due"),
    [
        ("*/5 * * * *", "2026-07-01T10:02:30", "2026-07-01T12:05+02:00"),
        ("*/5 * * * *", "2026-07-01T10:05:00", "2026-07-01T12:10+02:00"),
        ("0 3 * * *", "2026-01-05T02:00:00", "2026-01-06T03:00+01:00"),
        ("0 9 * * MON", "2026-01-01T00:00:00", "2026-01-05T09:00+01:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00+01:00"),
        ("30 0 9 * * *", "2026-01-01T08:00:10", "2026-01-01T09:00+01:00"),
    ],
)
def test_cron_goes_by_the_local_time(cron: str, now: str, due: str) -> None:
    """The next time is after now, never now."""
    assert _due(cron, now) == due


def test_time_that_the_clock_leaves_out_is_due_right_after_the_change() -> None:
    """On 29 March, 02:00 is 03:00: what should run at 02:30 runs once, and on time the day after."""
    assert _due("30 2 * * *", "2026-03-28T12:00:00") == "2026-03-29T03:00+02:00"
    assert _due("30 2 * * *", "2026-03-29T01:00:00") == "2026-03-30T02:30+02:00"


def test_time_that_comes_twice_is_due_once() -> None:
    """On 25 October, 03:00 is 02:00 again: the first 02:30 counts."""
    assert _due("30 2 * * *", "2026-10-24T12:00:00") == "2026-10-25T02:30+02:00"
    assert _due("30 2 * * *", "2026-10-25T00:30:00") == "2026-10-26T02:30+01:00"
    assert _due("30 2 * * *", "2026-10-25T01:10:00") == "2026-10-26T02:30+01:00"


def test_every_hour_is_every_hour_that_passes() -> None:
    """Lines with a ``*`` have 25 runs on the day that has 25 hours, and 23 on the other."""
    rule = ScheduleRule(cron="0 * * * *")
    for day, hours in (("2026-10-25", 25), ("2026-03-29", 23), ("2026-06-01", 24)):
        now = dt.datetime.fromisoformat(day).astimezone(LOCAL) - dt.timedelta(seconds=1)
        end = (dt.datetime.fromisoformat(day) + dt.timedelta(hours=23, minutes=59)).astimezone(LOCAL)
        runs = 0
        while (due := next_due(rule, now)) is not None and due.astimezone(dt.UTC) < end.astimezone(dt.UTC):
            now, runs = due, runs + 1
        assert (day, runs) == (day, hours)


MINUTES: dict[str, Callable[[int], bool]] = {
    "*/7": lambda m: m % 7 == 0,
    "*": lambda _: True,
    "5,35": lambda m: m in {5, 35},
    "0": lambda m: m == 0,
}
HOURS: dict[str, Callable[[int], bool]] = {"*": lambda _: True, "*/3": lambda h: h % 3 == 0}


@settings(max_examples=60)
@given(
    minute=st.sampled_from(sorted(MINUTES)),
    hour=st.sampled_from(sorted(HOURS)),
    now=st.integers(0, 366 * 24 * 3600) | st.integers(84 * 86400, 90 * 86400) | st.integers(295 * 86400, 300 * 86400),
)
def test_next_time_is_the_first_minute_that_the_line_names(minute: str, hour: str, now: int) -> None:
    """Told by walking through all minutes of a year with two clock changes."""
    start = _utc("2026-01-01T00:00:00") + dt.timedelta(seconds=now)
    walk = start.replace(second=0)
    while True:
        walk += dt.timedelta(minutes=1)
        local = walk.astimezone()
        if MINUTES[minute](local.minute) and HOURS[hour](local.hour):
            break
    due = next_due(ScheduleRule(cron=f"{minute} {hour} * * *"), start)
    assert due is not None
    assert due.astimezone(dt.UTC) == walk


@given(st.integers(0, 2**31).map(lambda s: dt.datetime.fromtimestamp(s, dt.UTC)))
def test_local_zone_is_the_machines(when: dt.datetime) -> None:
    """There and back, with the offset that the platform says."""
    local = when.astimezone(LOCAL)
    assert local.astimezone(dt.UTC) == when
    assert (local.utcoffset(), local.tzname()) == (when.astimezone().utcoffset(), when.astimezone().tzname())


def test_time_that_never_comes_is_far_away() -> None:
    """No error, and a number that a timer can take."""
    assert delay_s(ScheduleRule(cron="0 0 */8 * MON#5"), _utc("2026-01-01"), 5.0) == NEVER_S


def test_run_that_began_a_little_early_was_that_times_run() -> None:
    """A timer of the monotonic clock may fire some milliseconds before the wall clock's time."""
    rule = ScheduleRule(cron="0 3 * * *")
    now = _utc("2026-01-05T01:59:59.995000")
    assert delay_s(rule, now, 1000.0, started_s=999.99) == pytest.approx(DAY_S + 0.005)
    assert delay_s(rule, now, 1000.0, started_s=900.0) == pytest.approx(0.005)


def test_first_run_is_at_once_only_where_that_is_said() -> None:
    """``at_start``, for cron and for every; after it the schedule goes on as ever."""
    now = _utc("2026-01-05T10:00:00")
    for cron, every_s, later_s in (("0 * * * *", None, HOUR_S), (None, 10.0, 10.0)):
        assert delay_s(ScheduleRule(cron, every_s), now, 50.0) == later_s
        rule = ScheduleRule(cron, every_s, at_start=True)
        assert delay_s(rule, now, 50.0) == 0.0
        assert delay_s(rule, now, 50.0, started_s=50.0) == later_s


def test_every_leaves_out_the_runs_that_have_gone_by() -> None:
    """A run of 25 s every 10 s: the next is 30 s after its start."""
    rule = ScheduleRule(every_s=10.0)
    now = _utc("2026-01-05T10:00:00")
    assert delay_s(rule, now, 125.0, started_s=100.0) == 5.0
    assert delay_s(rule, now, 130.0, started_s=100.0) == 10.0
    assert delay_s(rule, now, 1_000_101.0, started_s=100.0) == 9.0


def test_overlap_rule_answers_for_a_run_that_goes_on() -> None:
    """And nothing stands in the way of a run where none goes on."""
    for overlap, answer in (("skip", Answer.SKIP), ("queue", Answer.QUEUE), ("restart", Answer.RESTART)):
        rule = ScheduleRule(every_s=1.0, overlap=overlap)  # type: ignore[arg-type]
        assert when_due(rule, is_running=True) is answer
        assert when_due(rule, is_running=False) is Answer.RUN


def test_schedule_is_told_in_words() -> None:
    """For the detail of a worker."""
    assert ScheduleRule(every_s=10.0).in_words() == (
        "every 10 s; a run that is due while the last one goes on is skipped"
    )
    assert ScheduleRule(cron="0 3 * * *", overlap="queue", at_start=True).in_words() == (
        "cron 0 3 * * *, first at once; a run that is due while the last one goes on follows it"
    )


def test_plan_follows_a_clock_that_jumps() -> None:
    """Forward over the time: due now. Forward before it, or asleep: earlier by the monotonic clock."""
    rule = ScheduleRule(cron="0 3 * * *")
    made = plan(rule, _utc("2026-01-05T00:00:00"), 1000.0)
    assert made.due_s == 1000.0 + 2 * HOUR_S
    assert review(made, _utc("2026-01-05T01:00:00.200000"), 1000.0 + HOUR_S) is made
    assert review(made, _utc("2026-01-05T01:30:00"), 1010.0).due_s == 1010.0 + HOUR_S / 2
    late = review(made, _utc("2027-06-05T01:30:00"), 1020.0)
    assert (late.due_s, late.due_at) == (1020.0, made.due_at)


def test_clock_that_is_set_back_repeats_no_time_of_the_day() -> None:
    """Not the run that was, nor one before it; a line with ``*`` goes on by the new time at once."""
    rule = ScheduleRule(cron="30 1,2 * * *")
    ran = plan(rule, _utc("2026-01-05T00:50:00"), 1000.0)
    following = plan(rule, _utc("2026-01-05T00:20:00"), 4000.0, started_s=3990.0, last=ran)
    assert following.due_at == _utc("2026-01-06T00:30:00")
    assert review(ran, _utc("2026-01-05T00:10:00"), 1000.0).due_at == ran.due_at
    often = plan(ScheduleRule(cron="*/10 * * * *"), _utc("2026-01-05T00:52:00"), 1000.0)
    assert review(often, _utc("2026-01-05T00:03:00"), 1000.0).due_at == _utc("2026-01-05T00:10:00")
    far = review(ran, _utc("2026-01-03T00:10:00"), 1000.0)
    assert far.due_at == _utc("2026-01-03T00:30:00")


@dataclass
class _Machine:
    """An engine with one scheduled worker, and the clocks of its machine."""

    rule: ScheduleRule
    takes_s: float = 0.0
    now_s: float = 5000.0
    at: float = 1_767_222_000.0
    runs_s: list[float] = field(default_factory=list)
    of: list[dt.datetime | None] = field(default_factory=list)
    """The time that each run was for."""

    def __post_init__(self) -> None:
        self.made: Plan = plan(self.rule, self.wall, self.now_s)

    @property
    def wall(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.at, dt.UTC)

    def look(self) -> None:
        """What the engine does each second, and when its timer fires."""
        self.made = review(self.made, self.wall, self.now_s)
        if self.made.due_s <= self.now_s:
            self.runs_s.append(self.now_s)
            self.of.append(self.made.due_at)
            started_s = self.now_s
            self.now_s += self.takes_s
            self.at += self.takes_s
            self.made = plan(self.rule, self.wall, self.now_s, started_s, self.made)

    def stay_awake(self, for_s: float) -> None:
        end_s = self.now_s + for_s
        while self.now_s < end_s:
            self.look()
            step_s = max(0.001, min(self.made.due_s, end_s, self.now_s + 600.0) - self.now_s)
            self.now_s += step_s
            self.at += step_s
        self.look()

    def sleep(self, for_s: float) -> None:
        self.at += for_s
        self.look()


_steps = st.lists(
    st.tuples(st.just("awake"), st.floats(0.0, 4 * HOUR_S))
    | st.tuples(st.just("asleep"), st.floats(0.0, 3 * DAY_S))
    | st.tuples(st.just("jump"), st.floats(-2 * HOUR_S, 2 * DAY_S)),
    max_size=8,
)


@settings(max_examples=60)
@given(steps=_steps, cron=st.sampled_from(["*/5 * * * *", "0 * * * *", "30 2 * * *", "15 1,2,13 * * *"]))
def test_what_was_missed_is_one_run(steps: list[tuple[str, float]], cron: str) -> None:
    """However long the machine slept and however far its clock jumped."""
    machine = _Machine(ScheduleRule(cron=cron))
    for kind, for_s in steps:
        before = len(machine.runs_s)
        if kind == "awake":
            machine.stay_awake(for_s)
            assert len(machine.runs_s) - before <= for_s / 300.0 + 2
        else:
            machine.sleep(for_s)
            assert len(machine.runs_s) - before <= 1
    assert machine.made.due_s > machine.now_s


@settings(max_examples=60)
@given(steps=_steps, cron=st.sampled_from(["30 2 * * *", "15 1,2,13 * * *"]))
def test_no_time_of_the_day_has_two_runs(steps: list[tuple[str, float]], cron: str) -> None:
    """Where the clock is set back by less than three hours."""
    machine = _Machine(ScheduleRule(cron=cron))
    newest = machine.at
    for kind, for_s in steps:
        if kind == "awake":
            machine.stay_awake(for_s)
        elif newest - (machine.at + for_s) < 3 * HOUR_S:
            machine.sleep(for_s)
        newest = max(newest, machine.at)
    assert machine.of == sorted(set(machine.of), key=lambda due: due or machine.wall)


@given(
    every_s=st.floats(1.0, 100.0),
    takes_s=st.floats(0.0, 300.0),
    steps=st.lists(st.floats(0.0, 500.0), max_size=5),
    slept_s=st.floats(-HOUR_S, 10 * DAY_S),
)
def test_every_keeps_its_distance(every_s: float, takes_s: float, steps: list[float], slept_s: float) -> None:
    """Never sooner than that after the last start, never later than one more after its end, whatever the wall says."""
    machine = _Machine(ScheduleRule(every_s=every_s), takes_s)
    for for_s in steps:
        machine.stay_awake(for_s)
        machine.sleep(slept_s)
    for earlier_s, later_s in zip(machine.runs_s, machine.runs_s[1:], strict=False):
        assert later_s - earlier_s >= every_s - 0.01
        assert later_s - earlier_s - takes_s <= every_s + 0.01
