"""When a wait becomes a concern: limits, what the board says, whom one waits for; and what is none, ever."""

from __future__ import annotations

from dataclasses import replace

from supervisor.diagnose.evidence import Frame, Holder, KernelWait, Resource
from supervisor.diagnose.verdicts import BoardNote, Limits
from tests.diagnose.scenes import NOW_S, actions, child, judged, lock_wait, reader, report, told

ONE = "the lock made at etl.py:12"


def test_idle_reader_of_a_queue_is_idle_for_ever() -> None:
    """Also when it is known who would have to write."""
    waiting, busy = reader(11, 7, "queue paths"), report(12, "CPU_BOUND", kernel="running", at="report.py:40")
    found = judged([waiting, busy], {"pipe:[7] writers": [Holder(12)]})
    assert told(found["w.11"]) == ("QUEUE_EMPTY", "idle", "")
    assert found["w.11"].ways_out == ()
    assert found["w.12"].sentence == "w.12 (pid 12) computes in report.py:40."
    assert found["w.12"].blocks == ()


def test_limits_of_the_profile_count() -> None:
    """A wait is a concern when it has lasted for as long as the worker may."""
    waiting = lock_wait(11, 1, ONE, unchanged_s=60.0)
    assert told(judged([waiting])["w.11"]) == ("LOCK_WAIT", "warning", "BLOCKED")
    patient = {"w.11": Limits(hang_after_s=600.0, blocked_after_s=300.0)}
    verdict = judged([waiting], limits=patient)["w.11"]
    assert told(verdict) == ("LOCK_WAIT", "waiting", "")
    assert verdict.since_s == NOW_S - 60.0
    assert actions(verdict) == ["wait", "dump"]


def test_wait_on_a_channel_of_ours_lasts_as_the_board_says() -> None:
    """It wakes up now and then, so that its counters do not tell."""
    full = report(11, "QUEUE_FULL", Resource("queue", "channel:paths", "queue paths"), kernel="poll", unchanged_s=0.0)
    board = BoardNote(channel="paths", operation="put", operation_since_s=NOW_S - 12.0)
    verdict = judged([full], boards={"w.11": board})["w.11"]
    assert told(verdict) == ("QUEUE_FULL", "warning", "BLOCKED")
    assert verdict.since_s == NOW_S - 12.0


def test_missed_heartbeat_of_a_busy_worker_is_a_hang() -> None:
    """Not of one that is idle, nor of one that waits in a channel."""
    busy = report(11, "CPU_BOUND", kernel="running", at="loop.py:4", unchanged_s=0.0)
    silent = BoardNote(heartbeat_s=10.0, last_sign_s=NOW_S - 40.0)
    verdict = judged([busy], boards={"w.11": silent})["w.11"]
    assert told(verdict) == ("CPU_BOUND", "warning", "HANG")
    assert verdict.sentence == "w.11 (pid 11) computes in loop.py:4. No heartbeat for 40 s."
    idle = report(11, "IDLE", kernel="read", is_idle=True)
    assert told(judged([idle], boards={"w.11": silent})["w.11"]) == ("IDLE", "idle", "")
    in_channel = replace(silent, operation="put", channel="paths")
    assert told(judged([busy], boards={"w.11": in_channel})["w.11"]) == ("CPU_BOUND", "busy", "")


def test_what_no_rule_knows_is_a_hang_only_where_a_stack_stands_still() -> None:
    """Without one, a program of another language may rest like that."""
    kernel = KernelWait("futex-private", text="a lock between threads")
    known = report(11, "UNKNOWN", kernel=kernel, at="odd.py:9", confidence="possible", unchanged_s=40.0)
    verdict = judged([known])["w.11"]
    assert told(verdict) == ("HANG", "stuck", "HANG")
    assert verdict.sentence == (
        "w.11 (pid 11) has not moved in odd.py:9 for 40 s; the kernel says: a lock between threads."
    )
    assert verdict.confidence == "possible"
    foreign = judged([replace(known, frames=())])["w.11"]
    assert told(foreign) == ("UNKNOWN", "waiting", "")
    assert foreign.sentence == (
        "w.11 (pid 11) waits for something that no rule knows; the kernel says: a lock between threads."
    )


def test_stop_that_does_not_end_istold() -> None:
    """Whatever it does instead."""
    stubborn = report(11, "SLEEPING", kernel="sleep", is_idle=True, at="nap.py:2")
    board = BoardNote(stopping_since_s=NOW_S - 12.0)
    verdict = judged([stubborn], boards={"w.11": board})["w.11"]
    assert told(verdict) == ("SLEEPING", "warning", "JOIN")
    assert verdict.sentence == "w.11 (pid 11) sleeps in nap.py:2. It was told to stop 12 s ago."


def test_children_of_an_ended_leader_are_leaked() -> None:
    """All are named; none of them leads the worker now."""
    left = [report(pid, "SLEEPING", kernel="sleep", is_idle=True, replica="load.1") for pid in (12, 13)]
    verdict = judged(left, boards={"load.1": BoardNote(ended_s=NOW_S)})["load.1"]
    assert told(verdict) == ("LEAKED_CHILDREN", "warning", "LEAKED CHILDREN")
    assert verdict.sentence == (
        "load.1 has ended and left 2 children behind: a child of load.1 (pid 12) and a child of load.1 (pid 13)."
    )
    assert [link.pid for link in verdict.chain] == [12, 13]


def test_replica_of_which_nothing_is_seen_has_a_verdict() -> None:
    """It says that nothing is known, and guesses nothing."""
    verdict = judged([], boards={"load.1": BoardNote()})["load.1"]
    assert told(verdict) == ("UNKNOWN", "waiting", "")
    assert verdict.sentence == "Nothing can be seen of load.1: it has no process, or may not be looked into."
    assert verdict.confidence == "possible"


def test_frames_of_the_parent_are_no_frames_of_the_child() -> None:
    """A fork has them on its stack, beneath its own root."""
    stack = (
        Frame("/usr/lib/python3.11/multiprocessing/util.py", 360, "_exit_function"),
        Frame("/usr/lib/python3.11/multiprocessing/process.py", 317, "BaseProcess._bootstrap"),
        Frame("/home/ada/etl.py", 26, "start_all"),
    )
    leaving = report(12, "EXIT_WAITS_CHILD", child(13), kernel="child", frames=stack)
    asleep = report(13, "SLEEPING", kernel="sleep")
    verdict = judged([leaving, asleep], {"pid:13": [Holder(13)]})["w.12"]
    assert verdict.chain[0].frame is None
    assert not any("etl.py" in line for line in verdict.evidence)
    assert len(verdict.stack) == 3
