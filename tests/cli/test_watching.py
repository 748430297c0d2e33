"""`procdeck status --watch` tells what changes, once, in plain lines."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from supervisor.api.messages import ChannelRow, EngineVitals, Event, Fleet, LogState, ReplicaRow
from supervisor.api.pools import PoolReport, PoolRow
from supervisor.api.requests import EventList
from supervisor.lifecycle.states import State
from tui.cli.watching import Follower, Watcher


def row(name: str = "parse.1", **changes: Any) -> ReplicaRow:
    usual = ReplicaRow(
        name=name, worker="parse", replica=1, kind="target", state=State.RUNNING, since_s=0, incarnation=1, pid=7
    )
    return replace(usual, **changes)


def fleet(*rows: ReplicaRow, **changes: Any) -> Fleet:
    usual = Fleet(
        project="census", profile_path="p", run_id="r", version="1", started_at=0, started_s=0, now_s=10.0,
        phase="running", rows=rows, engine=EngineVitals(pid=1),
    )  # fmt: skip
    return replace(usual, **changes)


def test_everybody_is_told_once() -> None:
    """The first look tells all, the second one nothing, however figures move."""
    watcher = Watcher()
    assert watcher.lines(fleet(row(cpu_percent=2.0, rss_bytes=2048))) == [
        "parse.1: running, pid 7, 2.0 % of a core, 2.0 K",
        "census: running",
    ]
    assert watcher.lines(fleet(row(cpu_percent=50.0))) == []


def test_a_change_of_state_is_told_with_its_cause() -> None:
    watcher = Watcher()
    watcher.lines(fleet(row()))
    failed = row(state=State.FAILED, pid=None, exit_cause="exit code 3")
    assert watcher.lines(fleet(failed)) == ["parse.1: failed, exit code 3"]


def passed(cursor: int, what: str, to: State, name: str = "parse.1") -> Event:
    return Event(cursor=cursor, at=0.0, subject=name, what=what, kind="state", to_state=to)


def test_states_between_two_looks_are_told_in_order() -> None:
    """A stop and a start within one look end where they began: that they were is told all the same."""
    watcher = Watcher()
    watcher.lines(fleet(row()))
    happened = [
        passed(1, "stopping", State.STOPPING),
        passed(2, "stopped: exit code 0", State.STOPPED),
        Event(cursor=3, at=0.0, subject="parse.1", what="start wished", kind="action"),
        passed(4, "starting (incarnation 2)", State.STARTING),
        passed(5, "running, pid 8", State.RUNNING),
    ]
    now = fleet(row(incarnation=2, pid=8))
    assert watcher.lines(now, happened) == [
        "parse.1: stopping",
        "parse.1: stopped: exit code 0",
        "parse.1: starting (incarnation 2)",
        "parse.1: running, pid 8",
    ]
    paused = [passed(6, "paused, pid 8 and its tree", State.PAUSED), passed(7, "goes on, pid 8", State.RUNNING)]
    assert watcher.lines(now, paused) == ["parse.1: paused, pid 8 and its tree", "parse.1: running, pid 8"]
    assert watcher.lines(now, []) == []


def test_what_happened_before_the_first_look_is_no_news() -> None:
    """Everybody is told as they are."""
    assert Watcher().lines(fleet(row()), [passed(1, "stopping", State.STOPPING)])[0] == "parse.1: running, pid 7"


class Engine:
    """Answers as one to which `coming` happens, one more after each fleet."""

    def __init__(self, *coming: Event) -> None:
        self.happened, self._coming = [passed(1, "running, pid 7", State.RUNNING)], list(coming)

    def fleet(self) -> Fleet:
        told = fleet(row(pid=self.happened[-1].cursor))
        self.happened += [self._coming.pop(0)] if self._coming else []
        return told

    def events(self, after: int) -> EventList:
        found = tuple(event for event in self.happened if event.cursor > after)[:1]
        return EventList(events=found, next_cursor=found[-1].cursor if found else after)


def test_a_fleet_and_what_led_to_it_belong_together() -> None:
    """What happens while the fleet is asked for makes it be asked for again; no event is given twice, none is lost."""
    engine = Engine(passed(2, "stopping", State.STOPPING), passed(3, "stopped", State.STOPPED))
    follower = Follower(engine)  # type: ignore[arg-type]
    seen, happened = follower.look()
    assert ([event.cursor for event in happened], seen.rows[0].pid) == ([2, 3], 3)
    assert follower.look()[1] == []


def test_a_fleet_that_never_rests_is_taken_as_it_is() -> None:
    engine = Engine(*(passed(cursor, "stopping", State.STOPPING) for cursor in range(2, 50)))
    follower = Follower(engine)  # type: ignore[arg-type]
    cursors = [event.cursor for _ in range(20) for event in follower.look()[1]]
    assert cursors == list(range(2, cursors[-1] + 1))
    assert cursors[-1] >= 48


def test_a_warning_whose_figure_grows_is_told_once() -> None:
    """Seconds that pass are no news; that it is over is."""
    watcher = Watcher()
    watcher.lines(fleet(row()))
    assert watcher.lines(fleet(row(warnings=("no heartbeat for 12 s",)))) == [
        "parse.1: running, pid 7, warning: no heartbeat for 12 s"
    ]
    assert watcher.lines(fleet(row(warnings=("no heartbeat for 13 s",)))) == []
    assert watcher.lines(fleet(row())) == ["parse.1: running, pid 7"]


def test_who_is_gone_and_who_comes_is_told() -> None:
    watcher = Watcher()
    watcher.lines(fleet(row("parse.1"), row("parse.2")))
    assert watcher.lines(fleet(row("parse.1"))) == ["parse.2: is no more"]
    assert watcher.lines(fleet(row("parse.1"), row("parse.2"))) == ["parse.2: running, pid 7"]


def test_a_full_queue_is_told_until_it_has_room() -> None:
    """Not at each item that goes in and out."""
    watcher = Watcher()
    lines = []
    for depth in (10, 95, 85, 95, 40, 95):
        channel = ChannelRow(name="paths", kind="queue", depth=depth, maxsize=100)
        lines += [line for line in watcher.lines(fleet(channels=(channel,))) if line.startswith("paths")]
    assert lines == [
        "paths: nearly full, 95 of 100 items",
        "paths: has room again, 40 of 100 items",
        "paths: nearly full, 95 of 100 items",
    ]


def test_a_pool_is_told_of_at_each_tenth() -> None:
    watcher = Watcher()
    lines = []
    for done in range(101):
        report = PoolReport(pool="thumbs", done=done, total=100, processes=4, rate=2.0, eta_s=60.0)
        pool = PoolRow(name="thumbs", replica="thumbs", report=report)
        lines += [line for line in watcher.lines(fleet(pools=(pool,))) if line.startswith("thumbs")]
    assert len(lines) == 11
    assert lines[5] == "thumbs: pool running, 50 of 100 done, 2.0 a second, 1m left, 4 processes"


def test_lost_records_and_the_end_are_told() -> None:
    watcher = Watcher()
    watcher.lines(fleet(row()))
    lost = fleet(row(), log=LogState(directory="d", lost=5), phase="completed", outcome="1 finished.")
    assert watcher.lines(lost) == [
        "log: 5 records could not be stored, 5 in all",
        "census: completed: 1 finished.",
    ]


def test_words_of_workers_are_inert() -> None:
    """A cause with control characters does nothing to the terminal."""
    (line, _) = Watcher().lines(fleet(row(state=State.FAILED, exit_cause="\x1b[2Jgone\nreally")))
    assert "\x1b" not in line
    assert "\n" not in line
