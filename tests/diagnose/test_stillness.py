"""Who does not move, as several looks tell it."""

from __future__ import annotations

from supervisor.diagnose.evidence import Look, ProcessFacts, Syscall, ThreadFacts
from supervisor.diagnose.stillness import Stillness

FUTEX = Syscall(202, (0x7F00, 0x109, 0, 0, 0, 0))
OTHER_FUTEX = Syscall(202, (0x8F00, 0x109, 0, 0, 0, 0))
SLEEP = Syscall(230, (1, 0, 0, 0, 0, 0))


def _thread(tid: int, syscall: Syscall, voluntary: int = 5) -> ThreadFacts:
    return ThreadFacts(tid, "python", "S", 10, voluntary, 0, syscall)


def _look(at_s: float, *threads: ThreadFacts, start_ticks: int = 1) -> Look:
    process = ProcessFacts(7, start_ticks, 1, "python", "S", threads)
    return Look(at_s, {7: process}, {7: "w"})


def test_one_look_makes_no_suspect() -> None:
    """Nothing is said of a thread that was seen once."""
    stillness = Stillness()
    stillness.note(_look(1.0, _thread(7, FUTEX)))
    assert (stillness.suspects(), stillness.since_s()) == ({}, {})


def test_two_equal_looks_make_one() -> None:
    """It stands still since the first of them."""
    stillness = Stillness()
    for at_s in (1.0, 3.0, 5.0):
        stillness.note(_look(at_s, _thread(7, FUTEX)))
    assert stillness.suspects() == {7: frozenset({(7, 1.0)})}
    assert stillness.since_s() == {(7, 7): 1.0}


def test_who_moves_begins_anew() -> None:
    """A switch in between is a move, whatever it waits for now."""
    stillness = Stillness()
    stillness.note(_look(1.0, _thread(7, FUTEX)))
    stillness.note(_look(3.0, _thread(7, FUTEX)))
    stillness.note(_look(5.0, _thread(7, FUTEX, voluntary=6)))
    assert stillness.suspects() == {}
    stillness.note(_look(7.0, _thread(7, FUTEX, voluntary=6)))
    assert stillness.suspects() == {7: frozenset({(7, 5.0)})}


def test_sleepers_stand_still_without_being_suspects() -> None:
    """What wakes by itself is no reason to ask."""
    stillness = Stillness()
    stillness.note(_look(1.0, _thread(7, SLEEP)))
    stillness.note(_look(3.0, _thread(7, SLEEP)))
    assert stillness.suspects() == {}
    assert stillness.since_s() == {(7, 7): 1.0}


def test_an_answer_is_no_move() -> None:
    """Who was asked and waits for the same again has stood still all the time; a move after that counts."""
    stillness = Stillness()
    stillness.note(_look(1.0, _thread(7, FUTEX)))
    stillness.note(_look(3.0, _thread(7, FUTEX)))
    stillness.excuse([7])
    stillness.note(_look(5.0, _thread(7, FUTEX, voluntary=8)))
    assert stillness.since_s() == {(7, 7): 1.0}
    stillness.note(_look(7.0, _thread(7, FUTEX, voluntary=8)))
    stillness.note(_look(9.0, _thread(7, FUTEX, voluntary=11)))
    assert stillness.since_s() == {}


def test_an_answer_that_is_given_during_a_look_is_no_move() -> None:
    """It may be seen while it answers, and have moved on since that look."""
    stillness = Stillness()
    stillness.note(_look(1.0, _thread(7, FUTEX)))
    stillness.note(_look(3.0, _thread(7, FUTEX)))
    stillness.excuse([7])
    stillness.note(_look(5.0, ThreadFacts(7, "python", "R", 10, 6, 0, None)))
    stillness.note(_look(7.0, _thread(7, FUTEX, voluntary=8)))
    assert stillness.since_s() == {(7, 7): 1.0}


def test_an_answer_excuses_no_other_wait() -> None:
    """Who waits for another thing after it has moved."""
    stillness = Stillness()
    stillness.note(_look(1.0, _thread(7, FUTEX)))
    stillness.note(_look(3.0, _thread(7, FUTEX)))
    stillness.excuse([7])
    stillness.note(_look(5.0, _thread(7, OTHER_FUTEX, voluntary=8)))
    assert stillness.since_s() == {}


def test_another_process_with_the_same_number_is_another() -> None:
    """Pids come back; a standstill does not go over to the next one who has it."""
    stillness = Stillness()
    stillness.note(_look(1.0, _thread(7, FUTEX), start_ticks=1))
    stillness.note(_look(3.0, _thread(7, FUTEX), start_ticks=2))
    assert stillness.suspects() == {}


def test_rates_are_taken_over_a_span_that_says_something() -> None:
    """A look is compared with the last one, or with the one before where that was taken only just now."""
    stillness = Stillness()
    assert stillness.before(1.0) is None
    first, second = _look(1.0, _thread(7, FUTEX)), _look(3.0, _thread(7, FUTEX))
    stillness.note(first)
    assert stillness.before(1.1) is first
    stillness.note(second)
    assert stillness.before(3.1) is first
    assert stillness.before(4.0) is second
