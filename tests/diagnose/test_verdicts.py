"""Verdicts of scenes that are made up: kind, sentence word for word, culprit, warning, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from supervisor.diagnose.evidence import Dump, Holder, Look, ThreadReport
from supervisor.diagnose.verdict import Verdict
from supervisor.diagnose.verdicts import BoardNote, Limits, judge
from tests.diagnose.scenes import lock_wait, look_of, reader, report

NOW_S = 1000.0


def _judge(
    reports: Sequence[ThreadReport],
    holders: Mapping[str, Sequence[Holder]],
    *,
    look: Look | None = None,
    dumps: Mapping[int, Dump] | None = None,
    boards: Mapping[str, BoardNote] | None = None,
    limits: Mapping[str, Limits] | None = None,
) -> Mapping[str, Verdict]:
    """The first verdict of each replica, in their order."""
    found: dict[str, Verdict] = {}
    look = look if look is not None else look_of(reports)
    for verdict in judge(reports, look, dumps or {}, holders, now_s=NOW_S, boards=boards or {}, limits=limits or {}):
        found.setdefault(verdict.replica, verdict)
    return found


def _actions(verdict: Verdict) -> list[str]:
    return [way.action for way in verdict.ways_out]


def test_two_locks_in_the_wrong_order_are_a_deadlock_at_once() -> None:
    """Both are named with what they hold and want; the ring is the chain."""
    one, two = "the lock made at etl.py:12", "the lock made at etl.py:13"
    load = lock_wait(11, 2, two, replica="load.1", at="etl.py:30", unchanged_s=1.0)
    save = lock_wait(12, 1, one, replica="save.1", at="etl.py:41", unchanged_s=1.0)
    found = _judge([load, save], {"sem:1": [Holder(11)], "sem:2": [Holder(12)]})
    verdict = found["load.1"]
    assert (verdict.kind, verdict.warning, verdict.severity) == ("DEADLOCK", "DEADLOCK", "stuck")
    assert verdict.sentence == (
        "Deadlock: load.1 (pid 11) holds the lock made at etl.py:12 and waits for the lock made at etl.py:13; "
        "save.1 (pid 12) holds the lock made at etl.py:13 and waits for the lock made at etl.py:12."
    )
    assert verdict.is_cycle
    assert [(link.pid, link.frame.line if link.frame else 0) for link in verdict.chain] == [(11, 30), (12, 41)]
    assert verdict.confidence == "likely"
    assert found["save.1"].kind == "DEADLOCK"
    assert verdict.blocks == ("save.1",)


def test_idle_reader_of_a_queue_is_idle_for_ever() -> None:
    """Also when it is known who would have to write."""
    waiting, busy = reader(11, 7, "queue paths"), report(12, "CPU_BOUND", kernel="running", at="report.py:40")
    found = _judge([waiting, busy], {"pipe:[7] writers": [Holder(12)]})
    assert (found["w.11"].severity, found["w.11"].warning) == ("idle", "")
    assert found["w.11"].ways_out == ()
    assert found["w.12"].sentence == "w.12 (pid 12) computes in report.py:40."
