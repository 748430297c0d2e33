"""Actions followed to their outcome, on lives that the test leads itself."""

from __future__ import annotations

from supervisor.api.jobs import JobBook
from supervisor.lifecycle.events import (
    Event,
    ExitCause,
    Exited,
    Launched,
    ReportedRunning,
    Timer,
    TimerFired,
    WishKill,
    WishRestart,
    WishStart,
    WishStop,
)
from supervisor.lifecycle.machine import Life, step

OK = ExitCause("exit code 0", is_ok=True, exit_code=0)
BAD = ExitCause("exit code 3", is_ok=False, exit_code=3)


def lead(life: Life, *events: Event) -> Life:
    for event in events:
        life, _ = step(life, event)
    return life


RUNNING = lead(Life("w"), WishStart(1.0), Launched(1.0, 1, 100), ReportedRunning(1.0, 1, hears_stop=True))


def test_stop_tells_its_steps_and_ends_at_rest() -> None:
    """Asked, then at rest with the cause."""
    book = JobBook()
    job = book.open("stop", RUNNING, 2.0)
    stopping = lead(RUNNING, WishStop(2.0))
    (told,) = book.settle(stopping, 2.0)
    assert told.text == "stopping: asked, SIGTERM in 1.0 s, SIGKILL in 5.0 s"
    (done,) = book.settle(lead(stopping, Exited(2.5, 1, OK)), 2.5)
    assert (done.id, done.state, done.text) == (job.id, "done", "stopped: exit code 0")


def test_repeated_wish_joins_the_job_under_way() -> None:
    """Fifty presses of a key are one restart."""
    book = JobBook()
    jobs = {book.open("restart", RUNNING, 2.0).id for _ in range(50)}
    assert len(jobs) == 1


def test_restart_is_done_when_the_next_incarnation_runs() -> None:
    """Not before."""
    book = JobBook()
    book.open("restart", RUNNING, 2.0)
    life = lead(RUNNING, WishRestart(2.0), Exited(2.1, 1, OK))
    assert [job.state for job in book.settle(life, 2.1)] == ["running"]
    life = lead(life, Launched(2.2, 2, 101), ReportedRunning(2.3, 2))
    (job,) = book.settle(life, 2.3)
    assert (job.state, job.text) == ("done", "restarted, pid 101")


def test_start_that_crashes_at_once_has_failed() -> None:
    """The cause is the outcome."""
    book = JobBook()
    rest = lead(RUNNING, WishStop(2.0), Exited(2.1, 1, OK))
    book.open("start", rest, 3.0)
    life = lead(rest, WishStart(3.0))
    for number in (2, 3):
        life = lead(life, Launched(3.0, number, 100), Exited(3.1, number, BAD))
    (job,) = book.settle(life, 3.2)
    assert job.state == "failed"
    assert "exit code 3" in job.text


def test_kill_of_what_does_not_die_has_failed() -> None:
    """STUCK is told as such."""
    book = JobBook()
    book.open("kill", RUNNING, 2.0)
    life = lead(RUNNING, WishKill(2.0), TimerFired(4.0, 1, Timer.GRACE))
    (job,) = book.settle(life, 4.0)
    assert job.state == "failed"
    assert "pid 100" in job.text


def test_stop_of_what_rests_is_done_at_once() -> None:
    """Idempotent."""
    book = JobBook()
    book.open("stop", Life("w"), 1.0)
    (job,) = book.settle(lead(Life("w"), WishStop(1.0)), 1.0)
    assert (job.state, job.text) == ("done", "was not started")
