"""Crash loops, and fleets that die at once: rows 39, 40 and 44 of the fault matrix, with real workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.api.messages import ReplicaRow
from tests.engines import RunningEngine, engine_on, kill, wait_for, write_profile
from tests.faults.oracle import unharmed

BYSTANDER = """
[workers.bystander]
command = "exec sleep 1000"
"""


def all_in(engine: RunningEngine, worker: str, state: str) -> bool:
    return all(row.state == state for row in engine.fleet().rows if row.worker == worker)


def fleet_of_life(engine: RunningEngine, incarnation: int) -> list[ReplicaRow]:
    """The replicas of w, once all of them run and are in this incarnation."""
    rows = [row for row in engine.fleet().rows if row.worker == "w"]
    return rows if {(row.state, row.incarnation) for row in rows} == {("running", incarnation)} else []


def has_one_process_each(engine: RunningEngine) -> bool:
    """Whether the engine's processes are those of its rows."""
    return engine.descendants() - {engine.note.engine_pid} == {row.pid for row in engine.fleet().rows}


@pytest.mark.parametrize("life", ["exit 1", "sleep 0.3; exit 1"])
def test_crash_loop_trips_the_limit_and_says_so(place: Path, life: str) -> None:
    """Row 39: all exits count, early or late; FAILED with the count and the window, a few lines for each."""
    profile = write_profile(
        place / "p",
        f"""
        name = "loops"
        [workers.w]
        command = "{life}"
        restart = {{ policy = "always", max = 4, within = "60s", backoff = "10ms..20ms" }}
        {BYSTANDER}
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "bystander"):
        row = engine.wait_state("w", "failed")
        assert row.incarnation == 5
        gave_up = "gave up: 5 exits within 60 s; the last: exit code 1"
        wait_for(lambda: any(gave_up in text for text in engine.messages("engine")), "the last word on it")
        told = [text for text in engine.messages("engine") if text.startswith("w: ")]
        assert len(told) <= 6 * row.incarnation
        (job,) = engine.act("stop", "w")
        assert (job.state, engine.row("w").state) == ("done", "failed")


def test_crash_loop_that_never_gives_up_is_slowed_down(place: Path) -> None:
    """Row 39: the pause doubles up to its limit and no further, less a jitter of its own each time."""
    profile = write_profile(
        place / "p",
        f"""
        name = "slowed"
        [workers.w]
        command = "exit 1"
        restart = {{ policy = "always", max = 1000000, backoff = "50ms..400ms", jitter = 0.5 }}
        {BYSTANDER}
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "bystander"):
        pauses_s: dict[int, float] = {}

        def look() -> bool:
            row = engine.row("w")
            if row.state == "backoff" and row.next_step_s is not None:
                pauses_s[row.incarnation] = row.next_step_s - row.since_s
            return row.incarnation >= 12 and sum(incarnation >= 6 for incarnation in pauses_s) >= 3

        wait_for(look, "a dozen incarnations, and some late pauses to be seen")
        late_s = [pause_s for incarnation, pause_s in pauses_s.items() if incarnation >= 6]
        assert all(0.199 <= pause_s <= 0.401 for pause_s in late_s), pauses_s
        assert len(set(late_s)) > 1, "each has its own share of the jitter"


def test_fleet_that_dies_at_once_comes_back_a_few_at_a_time(place: Path) -> None:
    """Row 40: sixty die together, twice: each has its own pause, requests are answered, all come back once."""
    profile = write_profile(
        place / "p",
        f"""
        name = "storm"
        [workers.w]
        command = "exec sleep 1000"
        replicas = 60
        restart = {{ policy = "always", max = 1000, within = "600s", backoff = "1s..1s", jitter = 0.5 }}
        {BYSTANDER}
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "bystander"):
        for incarnation in (1, 2):
            for row in wait_for(lambda: fleet_of_life(engine, incarnation), f"all to run as {incarnation}"):  # noqa: B023
                assert row.pid is not None
                kill(row.pid)
        pauses_s: dict[str, float] = {}

        def look() -> bool:
            for row in engine.fleet().rows:
                if row.state == "backoff" and row.next_step_s is not None:
                    pauses_s[row.name] = row.next_step_s - row.since_s
            return bool(fleet_of_life(engine, 3))

        wait_for(look, "all to be back")
        assert all(0.499 <= pause_s <= 1.001 for pause_s in pauses_s.values())
        assert len({round(pause_s, 4) for pause_s in pauses_s.values()}) >= len(pauses_s) * 0.9
        assert len({row.pid for row in fleet_of_life(engine, 3)}) == 60


def test_replica_that_was_scaled_away_is_not_restarted_by_a_roll(place: Path) -> None:
    """Row 44: a rolling restart whose turn comes to a replica that is no more starts nobody in its name."""
    profile = write_profile(
        place / "p",
        """
        name = "rolled"
        [workers.w]
        command = "exec sleep 1000"
        replicas = 4
        """,
    )
    with engine_on(profile) as engine, unharmed(engine):
        wait_for(lambda: all_in(engine, "w", "running"), "all to run")
        jobs = engine.client.act("restart", ("w",), max_unavailable=1)
        engine.client.scale("w", replicas=1)
        engine.client.scale("w", replicas=4)
        wait_for(lambda: all(engine.client.job(job.id).state != "running" for job in jobs), "the roll to end")
        wait_for(lambda: all_in(engine, "w", "running"), "all to run again")
        wait_for(lambda: has_one_process_each(engine), "one process for each")


def test_wishes_of_many_people_at_once_leave_one_incarnation(place: Path) -> None:
    """Row 44: stop, start, restart, kill, pause and resume in any order, fifty of them: one process at the most."""
    profile = write_profile(
        place / "p",
        f"""
        name = "spam"
        [workers.w]
        command = "exec sleep 1000"
        {BYSTANDER}
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "bystander"):
        engine.wait_state("w", "running")
        for number in range(50):
            action = ("restart", "stop", "start", "pause", "kill", "resume", "start")[number % 7]
            engine.client.act(action, ("w",))  # type: ignore[arg-type]
        engine.client.act("resume", ("w",), wait_s=20.0)
        engine.client.act("start", ("w",), wait_s=20.0)
        engine.wait_state("w", "running")
        wait_for(lambda: has_one_process_each(engine), "one process for each")
