"""Actions followed to their outcome, on lives that the test leads itself."""

from __future__ import annotations

from supervisor.api.jobs import JobBook
from supervisor.api.messages import Job
from supervisor.lifecycle.events import (
    Event,
    ExitCause,
    Exited,
    Launched,
    ReportedRunning,
    Timer,
    TimerFired,
    WishKill,
    WishPause,
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


class Book(JobBook):
    """A job book that keeps what it tells."""

    def __init__(self) -> None:
        self.told: list[Job] = []
        super().__init__(self.told.append)

    def hear(self, life: Life, now_s: float) -> list[Job]:
        """What a settling tells."""
        self.told.clear()
        self.settle(life, now_s)
        return list(self.told)


RUNNING = lead(Life("w"), WishStart(1.0), Launched(1.0, 1, 100), ReportedRunning(1.0, 1, hears_stop=True))


def test_stop_tells_its_steps_and_ends_at_rest() -> None:
    """Asked, then at rest with the cause."""
    book = Book()
    job = book.open("stop", RUNNING, 2.0)
    stopping = lead(RUNNING, WishStop(2.0))
    (told,) = book.hear(stopping, 2.0)
    assert told.text == "stopping: asked, SIGTERM in 1.0 s, SIGKILL in 5.0 s"
    (done,) = book.hear(lead(stopping, Exited(2.5, 1, OK)), 2.5)
    assert (done.id, done.state, done.text) == (job.id, "done", "stopped: exit code 0")


def test_repeated_wish_joins_the_job_under_way() -> None:
    """Fifty presses of a key are one restart."""
    book = Book()
    jobs = {book.open("restart", RUNNING, 2.0).id for _ in range(50)}
    assert len(jobs) == 1


def test_restart_is_done_when_the_next_incarnation_runs() -> None:
    """Not before."""
    book = Book()
    book.open("restart", RUNNING, 2.0)
    life = lead(RUNNING, WishRestart(2.0), Exited(2.1, 1, OK))
    assert [job.state for job in book.hear(life, 2.1)] == ["running"]
    life = lead(life, Launched(2.2, 2, 101), ReportedRunning(2.3, 2))
    (job,) = book.hear(life, 2.3)
    assert (job.state, job.text) == ("done", "restarted, pid 101")


def test_start_that_crashes_at_once_has_failed() -> None:
    """The cause is the outcome."""
    book = Book()
    rest = lead(RUNNING, WishStop(2.0), Exited(2.1, 1, OK))
    book.open("start", rest, 3.0)
    life = lead(rest, WishStart(3.0))
    for number in (2, 3):
        life = lead(life, Launched(3.0, number, 100), Exited(3.1, number, BAD))
    (job,) = book.hear(life, 3.2)
    assert job.state == "failed"
    assert "exit code 3" in job.text


def test_kill_of_what_does_not_die_has_failed() -> None:
    """STUCK is told as such."""
    book = Book()
    book.open("kill", RUNNING, 2.0)
    life = lead(RUNNING, WishKill(2.0), TimerFired(4.0, 1, Timer.GRACE))
    (job,) = book.hear(life, 4.0)
    assert job.state == "failed"
    assert "pid 100" in job.text


def test_stop_of_what_rests_is_done_at_once() -> None:
    """Idempotent."""
    book = Book()
    book.open("stop", Life("w"), 1.0)
    (job,) = book.hear(lead(Life("w"), WishStop(1.0)), 1.0)
    assert (job.state, job.text) == ("done", "was not started")


def test_pause_is_done_when_it_stands_still_and_refused_elsewhere() -> None:
    """Only what runs can be paused, and the refusal says what it is instead."""
    book = Book()
    book.open("pause", RUNNING, 2.0)
    (job,) = book.hear(lead(RUNNING, WishPause(2.0)), 2.0)
    assert (job.state, job.text) == ("done", "paused, pid 100 and its tree")
    book.open("pause", Life("w"), 3.0)
    (job,) = book.hear(lead(Life("w"), WishPause(3.0)), 3.0)
    assert (job.state, job.text) == ("failed", "only what runs can be paused; it is stopped")


def test_held_job_waits_for_its_turn() -> None:
    """A rolling restart's job does not settle before its own restart has begun."""
    book = Book()
    job = book.open("restart", RUNNING, 2.0, held_text="waits for its turn")
    assert book.hear(RUNNING, 2.1) == []
    book.begin(job, RUNNING)
    life = lead(RUNNING, WishRestart(3.0), Exited(3.1, 1, OK), Launched(3.2, 2, 101), ReportedRunning(3.3, 2))
    (done,) = book.hear(life, 3.3)
    assert (done.id, done.state) == (job.id, "done")


def test_job_on_a_replica_that_is_no_more_ends() -> None:
    """Scaled away: a stop is done, a restart has failed."""
    book = Book()
    book.open("stop", RUNNING, 2.0)
    book.open("restart", RUNNING, 2.0)
    book.forget("w", "scaled away")
    assert {(job.action, job.state) for job in book.told} == {("stop", "done"), ("restart", "failed")}
