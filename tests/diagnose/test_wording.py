"""The words of waits, of scenes that are made up: a queue's own locks are spoken of as the queue."""

from __future__ import annotations

import pytest

from supervisor.diagnose.evidence import Confidence, Holder
from tests.diagnose.scenes import child, judged, report, sem

QUEUE = "the queue made at code.py:7"


@pytest.mark.parametrize(
    ("kind", "label", "does"),
    [
        ("QUEUE_EMPTY", f"the read lock of {QUEUE}", f"waits for its turn to read {QUEUE}"),
        ("QUEUE_FULL", f"a place in {QUEUE}", f"waits for room in {QUEUE}, which is full"),
        ("WLOCK_WAIT", f"the write lock of {QUEUE}", f"waits for its turn to write to {QUEUE}"),
    ],
)
def test_who_waits_for_a_lock_of_a_queue_waits_for_the_queue(kind: str, label: str, does: str) -> None:
    """Nobody reads items from a lock, and who waits for a turn does not know whether there are any."""
    parent = report(11, "JOIN", child(12), replica="parse.1")
    reading = report(12, kind, sem(3, label), kernel="futex-shared", replica="parse.1")
    holder = report(13, "SLEEPING", kernel="sleep", replica="parse.1", is_idle=True)
    found = judged([parent, reading, holder], {"pid:12": [Holder(12)], "sem:3": [Holder(13)]})
    assert [does in link.does for link in found["parse.1"].chain][:2] == [False, True]


def test_a_ring_through_the_lock_of_a_queue_speaks_of_the_queue() -> None:
    """The lock itself is named only by who holds it."""
    reading = report(11, "QUEUE_EMPTY", sem(3, f"the read lock of {QUEUE}"), kernel="futex-shared", replica="a")
    locked = report(12, "LOCK_WAIT", sem(4, "the lock made at code.py:9"), kernel="futex-shared", replica="b")
    found = judged([reading, locked], {"sem:3": [Holder(12)], "sem:4": [Holder(11)]})
    assert found["a"].sentence == (
        f"Deadlock: a (pid 11) holds the lock made at code.py:9 and waits for its turn to read {QUEUE}; "
        f"b (pid 12) holds the read lock of {QUEUE} and waits for the lock made at code.py:9."
    )


@pytest.mark.parametrize(
    ("confidence", "sentence"),
    [
        ("possible", "Perhaps a deadlock: a (pid 11) waits for the lock, which it may hold itself."),
        ("likely", "Deadlock: a (pid 11) waits for the lock, which it holds itself."),
    ],
)
def test_a_process_that_did_not_answer_may_hold_a_lock(confidence: Confidence, sentence: str) -> None:
    """What is only possible is not told as a fact."""
    waiting = report(11, "LOCK_WAIT", sem(3, "the lock"), kernel="futex-shared", replica="a")
    assert judged([waiting], {"sem:3": [Holder(11, confidence=confidence)]})["a"].sentence == sentence


def test_whom_the_interpreter_lock_holds_up_is_told_once() -> None:
    """That nothing of the process runs is the sentence itself: its main thread waits, of course."""
    main = report(11, "GIL_WAIT", kernel="gil", replica="a")
    native = report(11, "GIL_HELD", tid=12, replica="a", name="thread")
    sentence = judged([main, native], {"gil:11": [Holder(11, 12)]})["a"].sentence
    assert "waits for it" not in sentence
