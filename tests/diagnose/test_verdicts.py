"""Verdicts of scenes that are made up: kind, sentence word for word, culprit, warning, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from supervisor.diagnose.evidence import (
    ChildProcess,
    Dump,
    Frame,
    Holder,
    KernelWait,
    Look,
    Resource,
    Thing,
    ThreadReport,
)
from supervisor.diagnose.verdict import Verdict
from supervisor.diagnose.verdicts import BoardNote, Limits, judge
from tests.diagnose.scenes import child, dump_of, lock_wait, look_of, queue, reader, report, sem, semaphore

NOW_S = 1000.0
ONE, TWO = "the lock made at etl.py:12", "the lock made at etl.py:13"


def _judge(
    reports: Sequence[ThreadReport],
    holders: Mapping[str, Sequence[Holder]] | None = None,
    *,
    look: Look | None = None,
    dumps: Mapping[int, Dump] | None = None,
    boards: Mapping[str, BoardNote] | None = None,
    limits: Mapping[str, Limits] | None = None,
) -> Mapping[str, Verdict]:
    """The first verdict of each replica, the worst replica first."""
    found: dict[str, Verdict] = {}
    look = look if look is not None else look_of(reports)
    for verdict in judge(
        reports, look, dumps or {}, holders or {}, now_s=NOW_S, boards=boards or {}, limits=limits or {}
    ):
        found.setdefault(verdict.replica, verdict)
    return found


def _actions(verdict: Verdict) -> list[str]:
    return [way.action for way in verdict.ways_out]


def _told(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.kind, verdict.severity, verdict.warning


# --- rings ---


def test_two_locks_in_the_wrong_order_are_a_deadlock_at_once() -> None:
    """Both are named with what they hold and want; the ring is the chain."""
    load = lock_wait(11, 2, TWO, replica="load.1", at="etl.py:30", unchanged_s=1.0)
    save = lock_wait(12, 1, ONE, replica="save.1", at="etl.py:41", unchanged_s=1.0)
    found = _judge([load, save], {"sem:1": [Holder(11)], "sem:2": [Holder(12)]})
    verdict = found["load.1"]
    assert _told(verdict) == ("DEADLOCK", "stuck", "DEADLOCK")
    assert verdict.sentence == (
        "Deadlock: load.1 (pid 11) holds the lock made at etl.py:12 and waits for the lock made at etl.py:13; "
        "save.1 (pid 12) holds the lock made at etl.py:13 and waits for the lock made at etl.py:12."
    )
    assert verdict.is_cycle
    assert [(link.pid, link.frame.line if link.frame else 0) for link in verdict.chain] == [(11, 30), (12, 41)]
    assert verdict.confidence == "likely"
    assert _told(found["save.1"]) == ("DEADLOCK", "stuck", "DEADLOCK")
    assert verdict.blocks == ("save.1",)
    assert _actions(verdict)[:2] == ["restart", "kill"]


def test_one_look_is_not_enough_for_a_deadlock() -> None:
    """The threads may have moved since: it is told when asked, and no warning."""
    reports = [lock_wait(11, 2, unchanged_s=0.0), lock_wait(12, 1, unchanged_s=0.0)]
    found = _judge(reports, {"sem:1": [Holder(11)], "sem:2": [Holder(12)]})
    assert _told(found["w.11"]) == ("DEADLOCK", "waiting", "")


def test_deadlock_that_is_only_possible_takes_longer_to_be_told() -> None:
    """It says so, too."""
    holders = {"sem:1": [Holder(11, confidence="possible")], "sem:2": [Holder(12)]}
    soon = _judge([lock_wait(11, 2, TWO, unchanged_s=5.0), lock_wait(12, 1, ONE)], holders)["w.11"]
    assert _told(soon) == ("DEADLOCK", "waiting", "")
    late = _judge([lock_wait(11, 2, TWO), lock_wait(12, 1, ONE)], holders)["w.11"]
    assert _told(late) == ("DEADLOCK", "stuck", "DEADLOCK")
    assert late.sentence == (
        "Perhaps a deadlock: w.11 (pid 11) may hold the lock made at etl.py:12 and waits for the lock made at "
        "etl.py:13; w.12 (pid 12) holds the lock made at etl.py:13 and waits for the lock made at etl.py:12."
    )
    assert late.confidence == "possible"


def test_lock_that_is_taken_twice_is_a_deadlock_with_itself() -> None:
    """With the advice to use another kind of lock."""
    verdict = _judge([lock_wait(11, 1, ONE, replica="parse.1")], {"sem:1": [Holder(11, 11)]})["parse.1"]
    assert _told(verdict) == ("SELF_DEADLOCK", "stuck", "DEADLOCK")
    assert verdict.sentence == "Deadlock: parse.1 (pid 11) waits for the lock made at etl.py:12, which it holds itself."
    assert verdict.remedy == "Use an RLock, or do not take the lock again where it is held."


def test_locks_made_on_one_line_have_letters() -> None:
    """In the order in which they were made."""
    reports = [lock_wait(11, 2, ONE), lock_wait(12, 1, ONE)]
    sentence = _judge(reports, {"sem:1": [Holder(11)], "sem:2": [Holder(12)]})["w.11"].sentence
    assert "holds the lock made at etl.py:12 (A) and waits for the lock made at etl.py:12 (B);" in sentence


def test_who_waits_behind_a_deadlock_is_told_of_it() -> None:
    """It waits for a lock, and is in no ring."""
    reports = [lock_wait(11, 2, TWO), lock_wait(12, 1, ONE), lock_wait(13, 1, ONE)]
    verdict = _judge(reports, {"sem:1": [Holder(11)], "sem:2": [Holder(12)]})["w.13"]
    assert _told(verdict) == ("LOCK_WAIT", "warning", "BLOCKED")
    assert not verdict.is_cycle
    assert [link.pid for link in verdict.chain] == [13, 11, 12]


def test_parent_that_joins_a_child_whose_data_it_has_not_read_is_a_ring() -> None:
    """One cannot exit before the other reads, the other not read before it exits."""
    results = queue(7, "the queue made at etl.py:5")
    parent = report(11, "JOIN", child(12, "Process-1 (pid 12)"), kernel="child", replica="load.1")
    leaving = report(12, "EXIT_FLUSH", results, kernel="futex-private", replica="load.1")
    holders = {
        "pid:12": [Holder(12, confidence="certain")],
        "pipe:[7] readers": [Holder(11, 11, why="it alone has the reading end")],
    }
    dumps = {11: dump_of(11, children=(ChildProcess(12, "Process-1"),))}
    verdict = _judge([parent, leaving], holders, look=look_of([parent, leaving], parents={12: 11}), dumps=dumps)[
        "load.1"
    ]
    assert _told(verdict) == ("DEADLOCK", "stuck", "DEADLOCK")
    assert verdict.sentence == (
        "Deadlock: load.1 (pid 11) has the reading end of the queue made at etl.py:5 and waits for Process-1 (pid 12) "
        "to end; Process-1 of load.1 (pid 12) has finished and cannot exit, because what it put on the queue made at "
        "etl.py:5 was never read."
    )
    assert verdict.ways_out[0].action == "kill-process"
    assert (verdict.ways_out[0].pid, verdict.ways_out[0].start_ticks) == (12, 1012)


def test_ring_of_idle_waits_is_told_after_a_long_time_only() -> None:
    """A reader that waits for its joining parent's next message: nobody else could send it."""
    parent = report(11, "JOIN", child(12), kernel="child", unchanged_s=20.0)
    idle = reader(12, 7, unchanged_s=20.0)
    holders = {"pid:12": [Holder(12, confidence="certain")], "pipe:[7] writers": [Holder(11, 11)]}
    assert _told(_judge([parent, idle], holders)["w.11"]) == ("DEADLOCK", "waiting", "")
    late = [replace(one, unchanged_s=31.0) for one in (parent, idle)]
    assert _told(_judge(late, holders)["w.11"]) == ("DEADLOCK", "stuck", "DEADLOCK")


def test_idle_wait_that_somebody_unseen_may_end_makes_no_deadlock() -> None:
    """That a parent which joins its reader could write as well is only possible: the writers may be elsewhere."""
    parent = report(11, "JOIN", child(12), kernel="child", unchanged_s=900.0)
    holders = {
        "pid:12": [Holder(12, confidence="certain")],
        "pipe:[7] writers": [Holder(11, 11, confidence="possible")],
    }
    found = _judge([parent, reader(12, 7, unchanged_s=900.0)], holders)
    assert _told(found["w.11"]) == ("JOIN", "waiting", "")
    assert _told(found["w.12"]) == ("QUEUE_EMPTY", "idle", "")


def test_event_that_a_joining_parent_could_set_makes_no_deadlock() -> None:
    """A handler of signals may set it: programs end so."""
    stop = Resource("signal", "sem:5", "the event made at app.py:3")
    parent = report(11, "JOIN", child(12), kernel="child", unchanged_s=900.0)
    serving = report(12, "SIGNAL_WAIT", stop, kernel="futex-shared", unchanged_s=900.0)
    holders = {"pid:12": [Holder(12, confidence="certain")], "sem:5": [Holder(11, 11, confidence="possible")]}
    found = _judge([parent, serving], holders)
    assert _told(found["w.11"]) == ("JOIN", "waiting", "")
    assert _told(found["w.12"]) == ("SIGNAL_WAIT", "waiting", "")


# --- nobody is left ---


def test_lock_of_the_dead_is_told_at_once() -> None:
    """With who was killed, where the parent knows; no key releases a lock that guards what nobody knows."""
    waiting = lock_wait(11, 1, ONE, replica="parse.1", unchanged_s=1.0)
    dumps = {11: dump_of(11, children=(ChildProcess(14, "Process-2", exit_code=-9),))}
    verdict = _judge([waiting], {"sem:1": []}, dumps=dumps)["parse.1"]
    assert _told(verdict) == ("ORPHANED_LOCK", "stuck", "ORPHANED LOCK")
    assert verdict.sentence == (
        "parse.1 (pid 11) waits for the lock made at etl.py:12, and nobody who lives holds it: "
        "pid 14 (Process-2), which was killed, probably held it."
    )
    assert "pid 14 (Process-2) was ended by signal 9" in verdict.evidence
    assert _actions(verdict) == ["restart", "kill", "dump", "report"]


def _queue_dump(pid: int, part: str) -> Dump:
    link = "pipe:[7]"
    thing = Thing("q", "mp.Queue", "etl.py:5", facts={"read_pipe": link, "write_pipe": link, part: "p"})
    return dump_of(pid, thing, semaphore(3, 0, key="p"))


def test_read_lock_of_a_killed_reader_can_be_released() -> None:
    """A reader that waits has no part of a message in its hands."""
    turn = report(11, "QUEUE_EMPTY", sem(3, "the read lock of the queue made at etl.py:5"), kernel="futex-shared",
                  is_idle=True, replica="parse.1")  # fmt: skip
    look = look_of([turn], semaphores={11: [3]})
    verdict = _judge([turn], {"sem:3": []}, look=look, dumps={11: _queue_dump(11, "rlock")})["parse.1"]
    assert _told(verdict) == ("ORPHANED_LOCK", "stuck", "ORPHANED LOCK")
    assert verdict.sentence == (
        "parse.1 (pid 11) cannot read the queue made at etl.py:5: "
        "a reader was killed while waiting on it and took its read lock along."
    )
    way = verdict.ways_out[0]
    assert (way.action, way.replica, way.pid, way.resource) == ("release", "parse.1", 11, "sem:3")


def test_read_lock_is_not_released_while_a_message_is_in_pieces() -> None:
    """What is read next would be taken for the rest of it."""
    turn = report(11, "QUEUE_EMPTY", sem(3), kernel="futex-shared", is_idle=True, replica="parse.1")
    broken = report(12, "QUEUE_CORRUPT", queue(7), kernel=KernelWait("read", "pipe:[7]", count=900))
    look = look_of([turn, broken], semaphores={11: [3]})
    found = _judge([turn, broken], {"sem:3": []}, look=look, dumps={11: _queue_dump(11, "rlock")})
    assert "release" not in _actions(found["parse.1"])
    assert _told(found["w.12"]) == ("QUEUE_CORRUPT", "stuck", "HANG")


def test_write_lock_of_a_killed_writer_is_never_released() -> None:
    """A part of its message may be in the pipe."""
    turn = report(11, "WLOCK_WAIT", sem(3, "the write lock of the queue made at etl.py:5"), kernel="futex-shared",
                  replica="parse.1")  # fmt: skip
    look = look_of([turn], semaphores={11: [3]})
    verdict = _judge([turn], {"sem:3": []}, look=look, dumps={11: _queue_dump(11, "wlock")})["parse.1"]
    assert _told(verdict) == ("WLOCK_ORPHAN", "stuck", "ORPHANED LOCK")
    assert verdict.sentence == (
        "parse.1 (pid 11) cannot write to the queue made at etl.py:5: "
        "a writer was killed while writing and took its write lock along."
    )
    assert "release" not in _actions(verdict)


def test_reader_whose_writers_are_gone_is_starved() -> None:
    """After a while: a writer may be about to be started."""
    paths = "queue paths"
    soon = _judge([reader(11, 7, paths, unchanged_s=9.0)], {"pipe:[7] writers": []})["w.11"]
    assert _told(soon) == ("STARVED", "waiting", "")
    late = _judge([reader(11, 7, paths)], {"pipe:[7] writers": []})["w.11"]
    assert _told(late) == ("STARVED", "stuck", "STARVED")
    assert late.sentence == "w.11 (pid 11) waits for an item from queue paths, and nobody is left who could send one."


def test_writer_whose_readers_are_gone_keeps_its_name() -> None:
    """It is blocked, and nobody is left who reads."""
    full = report(11, "QUEUE_FULL", queue(7, "queue paths"), kernel="write")
    verdict = _judge([full], {"pipe:[7] readers": []})["w.11"]
    assert _told(verdict) == ("QUEUE_FULL", "warning", "BLOCKED")
    assert verdict.sentence == (
        "w.11 (pid 11) waits for room in queue paths, which is full; nobody is left who reads it."
    )


def test_answer_of_a_manager_that_is_gone_never_comes() -> None:
    """It is told who has ended."""
    manager = Resource("manager", "pid:12", "the manager (pid 12)")
    waiting = report(11, "MANAGER_WAIT", manager, kernel="read")
    verdict = _judge([waiting], {"pid:12": [Holder(12, is_alive=False)]})["w.11"]
    assert _told(verdict) == ("MANAGER_WAIT", "warning", "BLOCKED")
    assert verdict.sentence == "w.11 (pid 11) waits for an answer of the manager (pid 12); pid 12 has ended."


def test_wedged_pool_whose_lock_has_a_holder_is_none() -> None:
    """A rule saw all members wait; the graph knows better who has the lock."""
    waiting = report(11, "POOL_WEDGED", sem(3), kernel="futex-private")
    busy = report(12, "CPU_BOUND", kernel="running")
    assert _told(_judge([waiting, busy], {"sem:3": [Holder(12)]})["w.11"]) == ("POOL_WAIT", "waiting", "")
    assert _told(_judge([waiting], {"sem:3": []})["w.11"]) == ("POOL_WEDGED", "stuck", "ORPHANED LOCK")


# --- behind somebody ---


def test_root_blocker_is_named_with_all_who_wait_for_it() -> None:
    """Seven workers put, directly or behind a lock, and one does not read."""
    paths = queue(7, "queue paths")
    slow = report(12, "CPU_BOUND", kernel="running", replica="save.1", at="report.py:40")
    full = [report(pid, "QUEUE_FULL", paths, kernel="write", replica=f"parse.{pid}") for pid in range(20, 26)]
    behind = lock_wait(30, 1, ONE, replica="load.1")
    holders = {"pipe:[7] readers": [Holder(12, 12, why="it reads there")], "sem:1": [Holder(20, 20)]}
    found = _judge([slow, *full, behind], holders)
    assert found["parse.21"].sentence == (
        "parse.21 (pid 21) waits for room in queue paths, which is full; "
        "save.1 (pid 12), which reads it, computes in report.py:40."
    )
    assert found["load.1"].sentence == (
        "load.1 (pid 30) waits for the lock made at etl.py:12; parse.20 (pid 20), which holds it, "
        "waits for room in queue paths, which is full; behind it all save.1 (pid 12) computes in report.py:40."
    )
    assert found["save.1"].sentence == "save.1 (pid 12) computes in report.py:40. 7 workers wait for it."
    assert _told(found["save.1"]) == ("CPU_BOUND", "busy", "")
    assert len(found["save.1"].blocks) == 7
    assert found["parse.20"].blocks == ("load.1",)
    assert [(way.action, way.replica) for way in found["load.1"].ways_out[:2]] == [
        ("restart", "save.1"),
        ("restart", "load.1"),
    ]


@pytest.mark.parametrize(
    ("holder", "told"),
    [
        (report(12, "CPU_BOUND", kernel="running"), ("JOIN", "waiting", "")),
        (report(12, "SLEEPING", kernel="sleep"), ("JOIN", "waiting", "")),
        (reader(12, 7), ("JOIN", "waiting", "")),
        (report(12, "STOPPED", kernel="stopped"), ("JOIN", "warning", "JOIN")),
        (lock_wait(12, 1, ONE), ("JOIN", "warning", "JOIN")),
        (lock_wait(12, 1, ONE, unchanged_s=0.0), ("JOIN", "waiting", "")),
    ],
)
def test_join_is_as_bad_as_the_child(holder: ThreadReport, told: tuple[str, str, str]) -> None:
    """A child that works, rests or serves is waited for as long as it likes."""
    joining = report(11, "JOIN", child(12), kernel="child")
    assert _told(_judge([joining, holder], {"pid:12": [Holder(12, confidence="certain")]})["w.11"]) == told


def test_child_that_has_ended_is_about_to_be_joined() -> None:
    """A look saw the parent before, and the child no more."""
    joining = report(11, "JOIN", child(12), kernel="child")
    assert _told(_judge([joining], {"pid:12": [Holder(12, is_alive=False)]})["w.11"]) == ("JOIN", "waiting", "")


def test_stopped_process_can_be_resumed() -> None:
    """Its threads are one verdict, and whoever waits for it is named."""
    stopped = [report(12, "STOPPED", kernel="stopped", tid=tid, replica="load.1") for tid in (12, 13)]
    waiting = reader(11, 7, "queue paths", replica="load.1")
    look = look_of([*stopped, waiting], parents={12: 11})
    reports = [*stopped, waiting]
    verdicts = judge(reports, look, {}, {"pipe:[7] writers": [Holder(12, 12)]}, now_s=NOW_S, boards={}, limits={})
    assert [verdict.kind for verdict in verdicts] == ["STOPPED", "QUEUE_EMPTY"]
    assert verdicts[0].sentence == ("a child of load.1 (pid 12) is stopped by a signal. load.1 (pid 11) waits for it.")
    assert [(way.action, way.pid) for way in verdicts[0].ways_out[:2]] == [("resume", 12), ("kill-process", 12)]


def test_fork_that_cannot_exit_is_told_with_its_sender() -> None:
    """Nobody is left who reads: what is told is the thread that cannot send."""
    leaving = report(11, "EXIT_FLUSH", queue(7, "queue paths"), kernel="futex-private")
    leaving = replace(leaving, details={"sender": "15"})
    sender = report(11, "FEEDER_FULL", queue(7, "queue paths"), kernel="write", tid=15, name="QueueFeederThread")
    verdict = _judge([leaving, sender], {"pipe:[7] readers": []})["w.11"]
    assert _told(verdict) == ("EXIT_FLUSH", "stuck", "JOIN")
    assert [link.thread for link in verdict.chain] == ["MainThread", "QueueFeederThread"]
    assert verdict.chain[1].does == "waits for a reader of queue paths"


def test_things_tell_how_full_and_how_many() -> None:
    """A queue its items, a barrier who has come, a pool its members."""
    facts: dict[str, int | float | str | bool | list[int | str] | None]
    facts = {"read_pipe": "pipe:[7]", "size": 3, "maxsize": 3, "buffered": 2, "unfinished": 1}
    full = report(11, "QUEUE_FULL", queue(7), kernel="write")
    dumps = {11: dump_of(11, Thing("q", "mp.JoinableQueue", facts=facts))}
    assert _judge([full], dumps=dumps)["w.11"].evidence[:3] == (
        "the queue has 3 items, at most 3",
        "2 more have been put here and not been sent",
        "task_done() is missing for 1",
    )
    at = (Frame("/usr/lib/python3.11/threading.py", 700, "Barrier.wait", subject="b"),)
    early = report(11, "BARRIER_WAIT", Resource("signal", "sem:5"), kernel="futex-shared", frames=at)
    dumps = {11: dump_of(11, Thing("b", "mp.Barrier", facts={"parties": 3, "waiting": 2}))}
    assert "2 of 3 have come to the barrier" in _judge([early], dumps=dumps)["w.11"].evidence


# --- limits, boards, and no concern ---


def test_idle_reader_of_a_queue_is_idle_for_ever() -> None:
    """Also when it is known who would have to write."""
    waiting, busy = reader(11, 7, "queue paths"), report(12, "CPU_BOUND", kernel="running", at="report.py:40")
    found = _judge([waiting, busy], {"pipe:[7] writers": [Holder(12)]})
    assert _told(found["w.11"]) == ("QUEUE_EMPTY", "idle", "")
    assert found["w.11"].ways_out == ()
    assert found["w.12"].sentence == "w.12 (pid 12) computes in report.py:40."
    assert found["w.12"].blocks == ()


def test_limits_of_the_profile_count() -> None:
    """A wait is a concern when it has lasted for as long as the worker may."""
    waiting = lock_wait(11, 1, ONE, unchanged_s=60.0)
    assert _told(_judge([waiting])["w.11"]) == ("LOCK_WAIT", "warning", "BLOCKED")
    patient = {"w.11": Limits(hang_after_s=600.0, blocked_after_s=300.0)}
    verdict = _judge([waiting], limits=patient)["w.11"]
    assert _told(verdict) == ("LOCK_WAIT", "waiting", "")
    assert verdict.since_s == NOW_S - 60.0
    assert _actions(verdict) == ["wait", "dump"]


def test_wait_on_a_channel_of_ours_lasts_as_the_board_says() -> None:
    """It wakes up now and then, so that its counters do not tell."""
    full = report(11, "QUEUE_FULL", Resource("queue", "channel:paths", "queue paths"), kernel="poll", unchanged_s=0.0)
    board = BoardNote(channel="paths", operation="put", operation_since_s=NOW_S - 12.0)
    verdict = _judge([full], boards={"w.11": board})["w.11"]
    assert _told(verdict) == ("QUEUE_FULL", "warning", "BLOCKED")
    assert verdict.since_s == NOW_S - 12.0


def test_missed_heartbeat_of_a_busy_worker_is_a_hang() -> None:
    """Not of one that is idle, nor of one that waits in a channel."""
    busy = report(11, "CPU_BOUND", kernel="running", at="loop.py:4", unchanged_s=0.0)
    silent = BoardNote(heartbeat_s=10.0, last_sign_s=NOW_S - 40.0)
    verdict = _judge([busy], boards={"w.11": silent})["w.11"]
    assert _told(verdict) == ("CPU_BOUND", "warning", "HANG")
    assert verdict.sentence == "w.11 (pid 11) computes in loop.py:4. No heartbeat for 40 s."
    idle = report(11, "IDLE", kernel="read", is_idle=True)
    assert _told(_judge([idle], boards={"w.11": silent})["w.11"]) == ("IDLE", "idle", "")
    in_channel = replace(silent, operation="put", channel="paths")
    assert _told(_judge([busy], boards={"w.11": in_channel})["w.11"]) == ("CPU_BOUND", "busy", "")


def test_what_no_rule_knows_is_a_hang_only_where_a_stack_stands_still() -> None:
    """Without one, a program of another language may rest like that."""
    kernel = KernelWait("futex-private", text="a lock between threads")
    known = report(11, "UNKNOWN", kernel=kernel, at="odd.py:9", confidence="possible", unchanged_s=40.0)
    verdict = _judge([known])["w.11"]
    assert _told(verdict) == ("HANG", "stuck", "HANG")
    assert verdict.sentence == (
        "w.11 (pid 11) has not moved in odd.py:9 for 40 s; the kernel says: a lock between threads."
    )
    assert verdict.confidence == "possible"
    foreign = _judge([replace(known, frames=())])["w.11"]
    assert _told(foreign) == ("UNKNOWN", "waiting", "")
    assert foreign.sentence == (
        "w.11 (pid 11) waits for something that no rule knows; the kernel says: a lock between threads."
    )


def test_stop_that_does_not_end_is_told() -> None:
    """Whatever it does instead."""
    stubborn = report(11, "SLEEPING", kernel="sleep", is_idle=True, at="nap.py:2")
    board = BoardNote(stopping_since_s=NOW_S - 12.0)
    verdict = _judge([stubborn], boards={"w.11": board})["w.11"]
    assert _told(verdict) == ("SLEEPING", "warning", "JOIN")
    assert verdict.sentence == "w.11 (pid 11) sleeps in nap.py:2. It was told to stop 12 s ago."


def test_children_of_an_ended_leader_are_leaked() -> None:
    """All are named; none of them leads the worker now."""
    left = [report(pid, "SLEEPING", kernel="sleep", is_idle=True, replica="load.1") for pid in (12, 13)]
    verdict = _judge(left, boards={"load.1": BoardNote(ended_s=NOW_S)})["load.1"]
    assert _told(verdict) == ("LEAKED_CHILDREN", "warning", "LEAKED CHILDREN")
    assert verdict.sentence == (
        "load.1 has ended and left 2 children behind: a child of load.1 (pid 12) and a child of load.1 (pid 13)."
    )
    assert [link.pid for link in verdict.chain] == [12, 13]


def test_replica_of_which_nothing_is_seen_has_a_verdict() -> None:
    """It says that nothing is known, and guesses nothing."""
    verdict = _judge([], boards={"load.1": BoardNote()})["load.1"]
    assert _told(verdict) == ("UNKNOWN", "waiting", "")
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
    verdict = _judge([leaving, asleep], {"pid:13": [Holder(13)]})["w.12"]
    assert verdict.chain[0].frame is None
    assert not any("etl.py" in line for line in verdict.evidence)
    assert len(verdict.stack) == 3
