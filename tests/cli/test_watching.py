"""`procdeck status --watch` tells what changes, once, in plain lines."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from supervisor.api.messages import ChannelRow, EngineVitals, Fleet, LogState, ReplicaRow
from supervisor.api.pools import PoolReport, PoolRow
from supervisor.lifecycle.states import State
from tui.cli.watching import Watcher


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
