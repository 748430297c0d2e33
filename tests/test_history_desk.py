"""Each second's look becomes figures over time."""

from __future__ import annotations

from supervisor.api.messages import ChannelRow, ReplicaRow
from supervisor.api.pools import PoolReport, PoolRow
from supervisor.history_desk import HistoryDesk, Look
from supervisor.lifecycle.states import State


def row(name: str, cpu: float | None) -> ReplicaRow:
    return ReplicaRow(
        name=name,
        worker=name,
        replica=1,
        kind="target",
        state=State.RUNNING,
        since_s=0,
        cpu_percent=cpu,
        rss_bytes=1024,
    )


def pool(done: int, failed: int = 0) -> PoolRow:
    return PoolRow(name="thumbs", replica="thumbs", report=PoolReport(pool="thumbs", done=done, failed=failed))


def test_totals_become_what_was_done_in_each_second() -> None:
    """Of a pool what was done, of a log what was written; of the first look nothing is known."""
    desk = HistoryDesk()
    for second, done in ((10, 5), (11, 8), (12, 8)):
        desk.note(second, Look([row("parse", 10.0)], [], [pool(done)], {"parse": done * 100}))
    parse, thumbs = desk.reply((), 3, 0.0).subjects
    figures = {series.figure: series.values for series in (*parse.series, *thumbs.series)}
    assert figures["cpu"] == (10.0, 10.0, 10.0)
    assert figures["log"] == (0.0, 300.0, 0.0)
    assert figures["done"] == (0.0, 3.0, 0.0)


def test_a_look_that_comes_late_is_of_both_seconds() -> None:
    """A tick that slips over a second leaves no hole, and what has grown is spread."""
    desk = HistoryDesk()
    for second, done in ((10, 0), (12, 6), (15, 9)):
        desk.note(second, Look([], [], [pool(done)], {}))
    (thumbs,) = desk.reply((), 6, 0.0).subjects
    assert thumbs.series[0].values == (0.0, 3.0, 3.0, None, None, 3.0)


def test_a_pool_that_is_gone_has_no_figures() -> None:
    """What it said last is not noted again and again."""
    desk = HistoryDesk()
    desk.note(1, Look([], [], [pool(5)], {}))
    gone = PoolRow(name="thumbs", replica="thumbs", report=PoolReport(pool="thumbs", done=5), is_live=False)
    desk.note(2, Look([], [], [gone], {}))
    (thumbs,) = desk.reply(("thumbs",), 2, 0.0).subjects
    assert thumbs.series[0].values == (0.0, None)


def test_channels_without_a_depth_are_left_out() -> None:
    """A lock has no figures; a worker and its pool of the same name have their own."""
    desk = HistoryDesk()
    channels = [ChannelRow(name="paths", kind="queue", depth=3, put_rate=2.5), ChannelRow(name="gate", kind="lock")]
    desk.note(1, Look([row("thumbs", None)], channels, [pool(1)], {}))
    reply = desk.reply((), 1, 0.0)
    assert [(one.name, one.kind) for one in reply.subjects] == [
        ("thumbs", "worker"),
        ("paths", "channel"),
        ("thumbs", "pool"),
    ]
    assert desk.names() == {"thumbs", "paths"}


def test_a_long_time_is_told_by_the_minute() -> None:
    """Ten minutes second by second, more as means."""
    desk = HistoryDesk()
    for second in range(1300):
        desk.note(second, Look([row("parse", float(second // 60))], [], [], {}))
    reply = desk.reply(("parse",), 1200, 0.0)
    assert (reply.step_s, reply.subjects[0].series[0].values[-3:]) == (60.0, (18.0, 19.0, 20.0))
    assert desk.reply(("parse",), 600, 0.0).step_s == 1.0


def test_who_is_forgotten_is_gone() -> None:
    desk = HistoryDesk()
    desk.note(1, Look([row("parse", 1.0)], [], [], {"parse": 1}))
    desk.forget("parse")
    assert desk.reply((), 1, 0.0).subjects == ()
