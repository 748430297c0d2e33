"""One immutable picture: changes replace what differs and keep everything else the very same."""

from __future__ import annotations

import msgspec

from supervisor.api.messages import ChannelRow, EngineVitals, FleetChange, LogState
from supervisor.lifecycle.states import State
from tests.tui.fakes import NOW_S, census, replica
from tests.tui.pool_fakes import pools, thumbs
from tui.link.view import FleetView, LinkState, heard_change, heard_fleet, lost


def test_a_change_replaces_only_the_rows_it_names() -> None:
    """Rows that did not change stay the same objects, in their order, so that nothing of them is painted again."""
    before = heard_fleet(FleetView(), census(), NOW_S)
    stopped = replica("parse.2", State.STOPPED)
    change = FleetChange(now_s=NOW_S + 1, phase="running", rows=(stopped,))
    after = heard_change(before, change, NOW_S + 1)
    assert [row.name for row in after.rows] == [row.name for row in before.rows]
    assert after.row("parse.2") is stopped
    assert [new is old for new, old in zip(after.rows, before.rows, strict=False)].count(False) == 1
    assert after.heard_s == NOW_S + 1
    assert before.row("parse.2") is not stopped


def test_replicas_that_come_or_go_come_with_a_whole_fleet() -> None:
    """A change names rows that are there; the order of all replicas is the engine's alone."""
    before = heard_fleet(FleetView(), census(), NOW_S)
    after = heard_change(before, FleetChange(now_s=NOW_S, phase="running", rows=(replica("other"),)), NOW_S)
    assert [row.name for row in after.rows] == [row.name for row in before.rows]


def test_the_exit_code_of_a_run_that_ended_itself_is_kept() -> None:
    """A significant worker's code comes with the change that tells of its end."""
    before = heard_fleet(FleetView(), census(), NOW_S)
    after = heard_change(before, FleetChange(now_s=NOW_S, phase="stopping", exit_code=3), NOW_S)
    assert after.fleet is not None
    assert after.fleet.exit_code == 3


def test_a_change_without_log_and_engine_keeps_what_was_known() -> None:
    """The defaults of a message mean nothing new, not that the log is gone."""
    log = LogState(directory="/runs/1/logs", records=5)
    before = heard_fleet(FleetView(), census(log=log), NOW_S)
    after = heard_change(before, FleetChange(now_s=NOW_S, phase="completed", outcome="4 finished."), NOW_S)
    assert after.fleet is not None
    assert (after.fleet.phase, after.fleet.outcome) == ("completed", "4 finished.")
    assert (after.fleet.log, after.fleet.engine.pid) == (log, 99)
    newer = FleetChange(now_s=NOW_S, phase="running", log=LogState(directory="/x"), engine=EngineVitals(pid=7))
    fleet = heard_change(after, newer, NOW_S).fleet
    assert fleet is not None
    assert (fleet.log.directory, fleet.engine.pid) == ("/x", 7)


def test_channels_change_by_name() -> None:
    """A queue's new depth replaces its old one."""
    before = heard_fleet(FleetView(), census(), NOW_S)
    change = FleetChange(now_s=NOW_S, phase="running", channels=(ChannelRow(name="facts", kind="queue", depth=9),))
    after = heard_change(before, change, NOW_S)
    assert {name: channel.depth for name, channel in after.channels.items()} == {"paths": 120, "facts": 9}


def test_pools_change_by_name_and_new_ones_come_last() -> None:
    """Those that did not change stay the same objects; a replica's first pool is found by the replica's name."""
    first, second, *_ = pools()
    before = heard_fleet(FleetView(), census(pools=(first, second)), NOW_S)
    other = msgspec.structs.replace(second, name="more@parse.2")
    done = msgspec.structs.replace(first, report=thumbs(done=1999))
    after = heard_change(before, FleetChange(now_s=NOW_S, phase="running", pools=(other, done)), NOW_S)
    assert after.pools == {"thumbs": done, "tiles@parse.2": second, "more@parse.2": other}
    assert after.pools["tiles@parse.2"] is second
    assert (after.pools_of["parse.2"], after.pools_of["thumbs"]) == (second, done)


def test_a_lost_engine_leaves_the_last_picture() -> None:
    """What was seen last stays, marked as lost; what was never seen is still awaited."""
    seen = heard_fleet(FleetView(), census(), NOW_S)
    gone = lost(seen, "it closed the connection", NOW_S + 2)
    assert (gone.state, gone.rows, gone.heard_s) == (LinkState.LOST, seen.rows, NOW_S)
    assert lost(FleetView(), "no engine runs", NOW_S).state is LinkState.CONNECTING
    assert heard_fleet(gone, census(), NOW_S + 3).state is LinkState.LIVE


def test_a_change_before_any_snapshot_is_nothing() -> None:
    """A stream that does not begin with a snapshot shows nothing rather than half of a fleet."""
    view = FleetView()
    assert heard_change(view, FleetChange(now_s=NOW_S, phase="running"), NOW_S) is view
    assert msgspec.structs.asdict(census())["project"] == "census"


def test_tenths_are_told_of_what_comes_soon_and_of_no_other_wait() -> None:
    """So only then has a screen to be drawn several times a second; a line that is lost says when it tries again."""
    resting = heard_fleet(FleetView(), census(rows=(replica("walk"),)), NOW_S)
    again = heard_fleet(FleetView(), census(rows=(replica("walk", State.BACKOFF, next_step_s=NOW_S + 60.0),)), NOW_S)
    killed = heard_fleet(FleetView(), census(rows=(replica("walk", State.STOPPING, kill_s=NOW_S + 4.0),)), NOW_S)
    assert not resting.is_counting(NOW_S)
    assert [again.is_counting(NOW_S + after_s) for after_s in (0.0, 51.0, 60.0, 90.0)] == [False, True, True, False]
    assert killed.is_counting(NOW_S)
    assert lost(resting, "gone", NOW_S + 1.0).is_counting(NOW_S)
