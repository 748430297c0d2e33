"""Verdicts of scenes that are made up: kind, sentence word for word, culprit, warning, and what can be done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from supervisor.diagnose.evidence import ChildProcess, Dump, Frame, Holder, KernelWait, Resource, Thing, ThreadReport
from supervisor.diagnose.verdicts import judge
from tests.diagnose.scenes import (
    NOW_S,
    actions,
    child,
    dump_of,
    judged,
    lock_wait,
    look_of,
    queue,
    reader,
    report,
    sem,
    semaphore,
    told,
)

ONE, TWO = "the lock made at etl.py:12", "the lock made at etl.py:13"


# --- rings ---


def test_two_locks_in_the_wrong_order_are_a_deadlock_at_once() -> None:
    """Both are named with what they hold and want; the ring is the chain."""
    load = lock_wait(11, 2, TWO, replica="load.1", at="etl.py:30", unchanged_s=1.0)
    save = lock_wait(12, 1, ONE, replica="save.1", at="etl.py:41", unchanged_s=1.0)
    found = judged([load, save], {"sem:1": [Holder(11)], "sem:2": [Holder(12)]})
    verdict = found["load.1"]
    assert told(verdict) == ("DEADLOCK", "stuck", "DEADLOCK")
    assert verdict.sentence == (
        "Deadlock: load.1 (pid 11) holds the lock made at etl.py:12 and waits for the lock made at etl.py:13; "
        "save.1 (pid 12) holds the lock made at etl.py:13 and waits for the lock made at etl.py:12."
    )
    assert verdict.is_cycle
    assert [(link.pid, link.frame.line if link.frame else 0) for link in verdict.chain] == [(11, 30), (12, 41)]
    assert verdict.confidence == "likely"
    assert told(found["save.1"]) == ("DEADLOCK", "stuck", "DEADLOCK")
    assert verdict.blocks == ("save.1",)
    assert actions(verdict)[:2] == ["restart", "kill"]
    assert verdict.remedy.startswith("Take the locks in the same order")


def test_one_look_is_not_enough_for_a_deadlock() -> None:
    """The threads may have moved since: it is told when asked, and no warning."""
    reports = [lock_wait(11, 2, unchanged_s=0.0), lock_wait(12, 1, unchanged_s=0.0)]
    found = judged(reports, {"sem:1": [Holder(11)], "sem:2": [Holder(12)]})
    assert told(found["w.11"]) == ("DEADLOCK", "waiting", "")


def test_deadlock_that_is_only_possible_takes_longer_to_betold() -> None:
    """It says so, too."""
    holders = {"sem:1": [Holder(11, confidence="possible")], "sem:2": [Holder(12)]}
    soon = judged([lock_wait(11, 2, TWO, unchanged_s=5.0), lock_wait(12, 1, ONE)], holders)["w.11"]
    assert told(soon) == ("DEADLOCK", "waiting", "")
    late = judged([lock_wait(11, 2, TWO), lock_wait(12, 1, ONE)], holders)["w.11"]
    assert told(late) == ("DEADLOCK", "stuck", "DEADLOCK")
    assert late.sentence == (
        "Perhaps a deadlock: w.11 (pid 11) may hold the lock made at etl.py:12 and waits for the lock made at "
        "etl.py:13; w.12 (pid 12) holds the lock made at etl.py:13 and waits for the lock made at etl.py:12."
    )
    assert late.confidence == "possible"


def test_lock_that_is_taken_twice_is_a_deadlock_with_itself() -> None:
    """With the advice to use another kind of lock."""
    verdict = judged([lock_wait(11, 1, ONE, replica="parse.1")], {"sem:1": [Holder(11, 11)]})["parse.1"]
    assert told(verdict) == ("SELF_DEADLOCK", "stuck", "DEADLOCK")
    assert verdict.sentence == "Deadlock: parse.1 (pid 11) waits for the lock made at etl.py:12, which it holds itself."
    assert verdict.remedy == "Use an RLock, or do not take the lock again where it is held."


def test_locks_made_on_one_line_have_letters() -> None:
    """In the order in which they were made."""
    reports = [lock_wait(11, 2, ONE), lock_wait(12, 1, ONE)]
    sentence = judged(reports, {"sem:1": [Holder(11)], "sem:2": [Holder(12)]})["w.11"].sentence
    assert "holds the lock made at etl.py:12 (A) and waits for the lock made at etl.py:12 (B);" in sentence


def test_who_waits_behind_a_deadlock_is_told_of_it() -> None:
    """It waits for a lock, and is in no ring."""
    reports = [lock_wait(11, 2, TWO), lock_wait(12, 1, ONE), lock_wait(13, 1, ONE)]
    verdict = judged(reports, {"sem:1": [Holder(11)], "sem:2": [Holder(12)]})["w.13"]
    assert told(verdict) == ("LOCK_WAIT", "warning", "BLOCKED")
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
    verdict = judged([parent, leaving], holders, look=look_of([parent, leaving], parents={12: 11}), dumps=dumps)[
        "load.1"
    ]
    assert told(verdict) == ("DEADLOCK", "stuck", "DEADLOCK")
    assert verdict.sentence == (
        "Deadlock: load.1 (pid 11) has the reading end of the queue made at etl.py:5 and waits for Process-1 (pid 12) "
        "to end; Process-1 of load.1 (pid 12) has finished and cannot exit, because what it put on the queue made at "
        "etl.py:5 was never read."
    )
    assert verdict.ways_out[0].action == "kill-process"
    assert (verdict.ways_out[0].pid, verdict.ways_out[0].start_ticks) == (12, 1012)
    assert verdict.remedy.startswith("Before join(), read what the child sends")


def test_advice_on_a_ring_is_about_what_it_waits_for() -> None:
    """Two that send before they receive need no order of locks."""
    here = report(11, "PIPE_FULL", queue(7), kernel="write", replica="here")
    there = report(12, "PIPE_FULL", queue(8), kernel="write", replica="there")
    found = judged([here, there], {"pipe:[7] readers": [Holder(12)], "pipe:[8] readers": [Holder(11)]})
    assert told(found["here"]) == ("DEADLOCK", "stuck", "DEADLOCK")
    assert found["here"].remedy.startswith("Let one side receive before it sends")


def test_ring_of_idle_waits_is_told_after_a_long_time_only() -> None:
    """A reader that waits for its joining parent's next message: nobody else could send it."""
    parent = report(11, "JOIN", child(12), kernel="child", unchanged_s=20.0)
    idle = reader(12, 7, unchanged_s=20.0)
    holders = {"pid:12": [Holder(12, confidence="certain")], "pipe:[7] writers": [Holder(11, 11)]}
    assert told(judged([parent, idle], holders)["w.11"]) == ("DEADLOCK", "waiting", "")
    late = [replace(one, unchanged_s=31.0) for one in (parent, idle)]
    assert told(judged(late, holders)["w.11"]) == ("DEADLOCK", "stuck", "DEADLOCK")


def test_idle_wait_that_somebody_unseen_may_end_makes_no_deadlock() -> None:
    """That a parent which joins its reader could write as well is only possible: the writers may be elsewhere."""
    parent = report(11, "JOIN", child(12), kernel="child", unchanged_s=900.0)
    holders = {
        "pid:12": [Holder(12, confidence="certain")],
        "pipe:[7] writers": [Holder(11, 11, confidence="possible")],
    }
    found = judged([parent, reader(12, 7, unchanged_s=900.0)], holders)
    assert told(found["w.11"]) == ("JOIN", "waiting", "")
    assert told(found["w.12"]) == ("QUEUE_EMPTY", "idle", "")


def test_event_that_a_joining_parent_could_set_makes_no_deadlock() -> None:
    """A handler of signals may set it: programs end so."""
    stop = Resource("signal", "sem:5", "the event made at app.py:3")
    parent = report(11, "JOIN", child(12), kernel="child", unchanged_s=900.0)
    serving = report(12, "SIGNAL_WAIT", stop, kernel="futex-shared", unchanged_s=900.0)
    holders = {"pid:12": [Holder(12, confidence="certain")], "sem:5": [Holder(11, 11, confidence="possible")]}
    found = judged([parent, serving], holders)
    assert told(found["w.11"]) == ("JOIN", "waiting", "")
    assert told(found["w.12"]) == ("SIGNAL_WAIT", "waiting", "")


# --- nobody is left ---


def test_lock_of_the_dead_is_told_at_once() -> None:
    """With who was killed, where the parent knows; no key releases a lock that guards what nobody knows."""
    waiting = lock_wait(11, 1, ONE, replica="parse.1", unchanged_s=1.0)
    dumps = {11: dump_of(11, children=(ChildProcess(14, "Process-2", exit_code=-9),))}
    verdict = judged([waiting], {"sem:1": []}, dumps=dumps)["parse.1"]
    assert told(verdict) == ("ORPHANED_LOCK", "stuck", "ORPHANED LOCK")
    assert verdict.sentence == (
        "parse.1 (pid 11) waits for the lock made at etl.py:12, and nobody who lives holds it: "
        "pid 14 (Process-2), which was killed, probably held it."
    )
    assert "pid 14 (Process-2) was ended by signal 9" in verdict.evidence
    assert actions(verdict) == ["restart", "kill", "dump", "report"]


def _queue_dump(pid: int, part: str) -> Dump:
    link = "pipe:[7]"
    thing = Thing("q", "mp.Queue", "etl.py:5", facts={"read_pipe": link, "write_pipe": link, part: "p"})
    return dump_of(pid, thing, semaphore(3, 0, key="p"))


def test_read_lock_of_a_killed_reader_can_be_released() -> None:
    """A reader that waits has no part of a message in its hands."""
    turn = report(11, "QUEUE_EMPTY", sem(3, "the read lock of the queue made at etl.py:5"), kernel="futex-shared",
                  is_idle=True, replica="parse.1")  # fmt: skip
    look = look_of([turn], semaphores={11: [3]})
    verdict = judged([turn], {"sem:3": []}, look=look, dumps={11: _queue_dump(11, "rlock")})["parse.1"]
    assert told(verdict) == ("ORPHANED_LOCK", "stuck", "ORPHANED LOCK")
    assert verdict.sentence == (
        "parse.1 (pid 11) cannot read the queue made at etl.py:5: "
        "a reader was killed while waiting on it and took its read lock along."
    )
    way = verdict.ways_out[0]
    assert (way.action, way.replica, way.pid, way.resource) == ("release", "parse.1", 11, "sem:3")


@pytest.mark.parametrize(
    "other",
    [
        report(12, "QUEUE_CORRUPT", queue(7), kernel=KernelWait("read", "pipe:[7]", count=900)),
        report(12, "FEEDER_FULL", queue(7), kernel="write"),
    ],
    ids=lambda other: other.kind,
)
def test_read_lock_is_not_released_while_a_message_may_be_in_pieces(other: ThreadReport) -> None:
    """What is read next would be taken for the rest of it: the dead reader may have had its first part."""
    turn = report(11, "QUEUE_EMPTY", sem(3), kernel="futex-shared", is_idle=True, replica="parse.1")
    look = look_of([turn, other], semaphores={11: [3]})
    found = judged([turn, other], {"sem:3": []}, look=look, dumps={11: _queue_dump(11, "rlock")})
    assert found["parse.1"].kind == "ORPHANED_LOCK"
    assert "release" not in actions(found["parse.1"])


def test_write_lock_of_a_killed_writer_is_never_released() -> None:
    """A part of its message may be in the pipe."""
    turn = report(11, "WLOCK_WAIT", sem(3, "the write lock of the queue made at etl.py:5"), kernel="futex-shared",
                  replica="parse.1")  # fmt: skip
    look = look_of([turn], semaphores={11: [3]})
    verdict = judged([turn], {"sem:3": []}, look=look, dumps={11: _queue_dump(11, "wlock")})["parse.1"]
    assert told(verdict) == ("WLOCK_ORPHAN", "stuck", "ORPHANED LOCK")
    assert verdict.sentence == (
        "parse.1 (pid 11) cannot write to the queue made at etl.py:5: "
        "a writer was killed while writing and took its write lock along."
    )
    assert "release" not in actions(verdict)


def test_reader_whose_writers_are_gone_is_starved() -> None:
    """After a while: a writer may be about to be started."""
    paths = "queue paths"
    soon = judged([reader(11, 7, paths, unchanged_s=9.0)], {"pipe:[7] writers": []})["w.11"]
    assert told(soon) == ("STARVED", "waiting", "")
    late = judged([reader(11, 7, paths)], {"pipe:[7] writers": []})["w.11"]
    assert told(late) == ("STARVED", "stuck", "STARVED")
    assert late.sentence == "w.11 (pid 11) waits for an item from queue paths, and nobody is left who could send one."


def test_writer_whose_readers_are_gone_keeps_its_name() -> None:
    """It is blocked, and nobody is left who reads."""
    full = report(11, "QUEUE_FULL", queue(7, "queue paths"), kernel="write")
    verdict = judged([full], {"pipe:[7] readers": []})["w.11"]
    assert told(verdict) == ("QUEUE_FULL", "warning", "BLOCKED")
    assert verdict.sentence == (
        "w.11 (pid 11) waits for room in queue paths, which is full; nobody is left who reads it."
    )


def test_answer_of_a_manager_that_is_gone_never_comes() -> None:
    """It is told who has ended."""
    manager = Resource("manager", "pid:12", "the manager (pid 12)")
    waiting = report(11, "MANAGER_WAIT", manager, kernel="read")
    verdict = judged([waiting], {"pid:12": [Holder(12, is_alive=False)]})["w.11"]
    assert told(verdict) == ("MANAGER_WAIT", "warning", "BLOCKED")
    assert verdict.sentence == "w.11 (pid 11) waits for an answer of the manager (pid 12); pid 12 has ended."


def test_wedged_pool_whose_lock_has_a_holder_is_none() -> None:
    """A rule saw all members wait; the graph knows better who has the lock."""
    waiting = report(11, "POOL_WEDGED", sem(3), kernel="futex-private")
    busy = report(12, "CPU_BOUND", kernel="running")
    assert told(judged([waiting, busy], {"sem:3": [Holder(12)]})["w.11"]) == ("POOL_WAIT", "waiting", "")
    assert told(judged([waiting], {"sem:3": []})["w.11"]) == ("POOL_WEDGED", "stuck", "ORPHANED LOCK")


# --- behind somebody ---


def test_root_blocker_is_named_with_all_who_wait_for_it() -> None:
    """Seven workers put, directly or behind a lock, and one does not read."""
    paths = queue(7, "queue paths")
    slow = report(12, "CPU_BOUND", kernel="running", replica="save.1", at="report.py:40")
    full = [report(pid, "QUEUE_FULL", paths, kernel="write", replica=f"parse.{pid}") for pid in range(20, 26)]
    behind = lock_wait(30, 1, ONE, replica="load.1")
    holders = {"pipe:[7] readers": [Holder(12, 12, why="it reads there")], "sem:1": [Holder(20, 20)]}
    found = judged([slow, *full, behind], holders)
    assert found["parse.21"].sentence == (
        "parse.21 (pid 21) waits for room in queue paths, which is full; "
        "save.1 (pid 12), which reads it, computes in report.py:40."
    )
    assert found["load.1"].sentence == (
        "load.1 (pid 30) waits for the lock made at etl.py:12; parse.20 (pid 20), which holds it, "
        "waits for room in queue paths, which is full; behind it all save.1 (pid 12) computes in report.py:40."
    )
    assert found["save.1"].sentence == "save.1 (pid 12) computes in report.py:40. 7 workers wait for it."
    assert told(found["save.1"]) == ("CPU_BOUND", "busy", "")
    assert len(found["save.1"].blocks) == 7
    assert found["parse.20"].blocks == ("load.1",)
    assert [(way.action, way.replica) for way in found["load.1"].ways_out[:2]] == [
        ("restart", "save.1"),
        ("restart", "load.1"),
    ]


@pytest.mark.parametrize(
    ("holder", "wanted"),
    [
        (report(12, "CPU_BOUND", kernel="running"), ("JOIN", "waiting", "")),
        (report(12, "SLEEPING", kernel="sleep"), ("JOIN", "waiting", "")),
        (reader(12, 7), ("JOIN", "waiting", "")),
        (report(12, "STOPPED", kernel="stopped"), ("JOIN", "warning", "JOIN")),
        (lock_wait(12, 1, ONE), ("JOIN", "warning", "JOIN")),
        (lock_wait(12, 1, ONE, unchanged_s=0.0), ("JOIN", "waiting", "")),
    ],
)
def test_join_is_as_bad_as_the_child(holder: ThreadReport, wanted: tuple[str, str, str]) -> None:
    """A child that works, rests or serves is waited for as long as it likes."""
    joining = report(11, "JOIN", child(12), kernel="child")
    assert told(judged([joining, holder], {"pid:12": [Holder(12, confidence="certain")]})["w.11"]) == wanted


def test_child_that_has_ended_is_about_to_be_joined() -> None:
    """A look saw the parent before, and the child no more."""
    joining = report(11, "JOIN", child(12), kernel="child")
    assert told(judged([joining], {"pid:12": [Holder(12, is_alive=False)]})["w.11"]) == ("JOIN", "waiting", "")


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
    verdict = judged([leaving, sender], {"pipe:[7] readers": []})["w.11"]
    assert told(verdict) == ("EXIT_FLUSH", "stuck", "JOIN")
    assert [link.thread for link in verdict.chain] == ["MainThread", "QueueFeederThread"]
    assert verdict.chain[1].does == "waits for a reader of queue paths"


def test_things_tell_how_full_and_how_many() -> None:
    """A queue its items, a barrier who has come, a pool its members."""
    facts: dict[str, int | float | str | bool | list[int | str] | None]
    facts = {"read_pipe": "pipe:[7]", "size": 3, "maxsize": 3, "buffered": 2, "unfinished": 1}
    full = report(11, "QUEUE_FULL", queue(7), kernel="write")
    dumps = {11: dump_of(11, Thing("q", "mp.JoinableQueue", facts=facts))}
    assert judged([full], dumps=dumps)["w.11"].evidence[:3] == (
        "the queue has 3 items, at most 3",
        "2 more have been put here and not been sent",
        "task_done() is missing for 1",
    )
    at = (Frame("/usr/lib/python3.11/threading.py", 700, "Barrier.wait", subject="b"),)
    early = report(11, "BARRIER_WAIT", Resource("signal", "sem:5"), kernel="futex-shared", frames=at)
    dumps = {11: dump_of(11, Thing("b", "mp.Barrier", facts={"parties": 3, "waiting": 2}))}
    assert "2 of 3 have come to the barrier" in judged([early], dumps=dumps)["w.11"].evidence
