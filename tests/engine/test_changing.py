"""A running fleet is changed: scaled, reloaded, restarted one after another."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.errors import RequestRefused
from supervisor.paths import loaded_profile_path
from tests.engines import RunningEngine, engine_on, is_alive, wait_for, write_profile

TWO = """
name = "change"
[workers.a]
command = "exec sleep 1000"
[workers.b]
command = "exec sleep 1000"
replicas = 2
"""


def names(engine: RunningEngine) -> list[str]:
    return [row.name for row in engine.fleet().rows]


def all_running(engine: RunningEngine) -> bool:
    return all(row.state == "running" for row in engine.fleet().rows)


def test_scale_adds_replicas_and_sends_the_last_ones_off(place: Path) -> None:
    """More run at once; fewer: those with the highest numbers stop gracefully and are no more."""
    with engine_on(write_profile(place / "p", TWO)) as engine:
        wait_for(lambda: all_running(engine), "all to run")
        reply = engine.client.scale("a", 3)
        assert (reply.before, reply.after) == (1, 3)
        assert names(engine) == ["a", "a.2", "a.3", "b.1", "b.2"]
        wait_for(lambda: all_running(engine), "the new ones to run")
        gone = engine.row("b.2").pid
        engine.client.scale("b", by=-1)
        wait_for(lambda: "b.2" not in names(engine), "b.2 to be no more")
        assert gone is not None
        assert not is_alive(gone)
        with pytest.raises(RequestRefused, match="stop it instead"):
            engine.client.scale("b", 0)
        with pytest.raises(RequestRefused, match="did you mean"):
            engine.client.scale("bb", 2)


def test_the_text_that_the_engine_goes_by_is_kept(place: Path) -> None:
    """For who asks what the file has become since; a refused reload leaves it, one that is applied renews it."""
    path = write_profile(place / "p", TWO)
    before = path.read_text()
    with engine_on(path) as engine:
        kept = loaded_profile_path(Path(engine.note.log_directory).parent)
        assert (kept.read_text(), kept.stat().st_mode & 0o777) == (before, 0o600)
        path.write_text(before + "[workers.c]\n")
        with pytest.raises(RequestRefused):
            engine.client.reload()
        assert kept.read_text() == before
        after = before + "[workers.c]\ncommand = 'exec sleep 1000'\n"
        path.write_text(after)
        engine.client.scale("a", 2)
        assert kept.read_text() == before
        engine.client.reload()
        assert kept.read_text() == after


def test_pool_has_members_and_no_replicas(place: Path) -> None:
    """A second process that takes the same items would do all of them twice."""
    pool = '[pools.p]\nfunction = "json:dumps"\nitems = 3\nautostart = false\n'
    with (
        engine_on(write_profile(place / "p", f'name = "change"\n{pool}')) as engine,
        pytest.raises(RequestRefused, match="p is a pool, which has members and no replicas"),
    ):
        engine.client.scale("p", 2)


def test_reload_resizes_a_pool_that_runs(place: Path) -> None:
    """Its process goes on, with more members below it."""
    pool = (
        '[pools.p]\nfunction = "time:sleep"\nitems = [1000, 1000, 1000]\nstart_method = "fork"\nstop_timeout = "1s"\n'
    )
    text = f'name = "change"\n{pool}processes = '
    with engine_on(write_profile(place / "p", f"{text}1\n")) as engine:

        def members() -> int:
            return sum(len(row.report.members) for row in engine.client.pools())

        wait_for(lambda: members() == 1, "its member to work")
        pid = engine.row("p").pid
        write_profile(place / "p", f"{text}3\n")
        reply = engine.client.reload()
        assert [(step.subject, step.change, step.keys) for step in reply.plan] == [("p", "update", ("processes",))]
        wait_for(lambda: members() == 3, "two more")
        assert engine.row("p").pid == pid


def test_scaled_consumers_share_the_queue_and_its_end(place: Path) -> None:
    """A replica that came later takes its share, and the stream ends for it too; none of the items is lost."""
    profile = """
    name = "shares"
    [queues.work]
    maxsize = 5
    [workers.make]
    target = "code:make"
    writes = { out = "work" }
    restart = "never"
    [workers.take]
    target = "code:take"
    reads = { inbox = "work" }
    restart = "never"
    """
    code = """
    import os, time
    def make(out):
        for number in range(60):
            out.put(number)
        while not os.path.exists("go"):
            time.sleep(0.02)
        for number in range(60, 120):
            out.put(number)
    def take(ctx, inbox):
        for item in inbox:
            ctx.log.info(f"took {item}")
    """
    path = write_profile(place / "p", profile, code=code)
    with engine_on(path) as engine:
        wait_for(lambda: any("took" in text for text in engine.messages("take")), "the first to work")
        engine.client.scale("take", 3)
        wait_for(lambda: engine.row("take.3").state == "running", "the third to run")
        (path.parent / "go").touch()
        engine.wait_completed()
        took = [text for name in ("take", "take.2", "take.3") for text in engine.messages(name) if "took" in text]
        assert sorted(took) == sorted(f"took {number}" for number in range(120))


def test_reload_shows_its_plan_and_touches_only_what_differs(place: Path) -> None:
    """Validate, plan, apply: added, removed, restarted, updated in place; others keep their process."""
    path = write_profile(place / "p", TWO + '[workers.c]\ncommand = "exec sleep 1000"\n')
    with engine_on(path) as engine:
        wait_for(lambda: all_running(engine), "all to run")
        before = {row.name: row.pid for row in engine.fleet().rows}
        text = TWO.replace("replicas = 2", 'replicas = 2\nstop_timeout = "9s"').replace(
            'command = "exec sleep 1000"', 'command = "exec sleep 2000"', 1
        )
        path.write_text(text + '[workers.d]\ncommand = "exec sleep 1000"\n')
        shown = engine.client.reload(dry_run=True)
        assert {(step.subject, step.change) for step in shown.plan} == {
            ("a", "restart"),
            ("b", "update"),
            ("c", "remove"),
            ("d", "add"),
        }
        assert {row.name: row.pid for row in engine.fleet().rows} == before, "a dry run does nothing"
        done = engine.client.reload(dry_run=False)
        assert done.is_applied
        wait_for(lambda: names(engine) == ["a", "b.1", "b.2", "d"] and all_running(engine), "the new fleet to run")
        after = {row.name: row.pid for row in engine.fleet().rows}
        assert after["a"] != before["a"]
        assert (after["b.1"], after["b.2"]) == (before["b.1"], before["b.2"])
        assert "SIGKILL after 9 s" in engine.client.detail("b.1").stop_policy


def test_bad_file_changes_nothing(place: Path) -> None:
    """Every mistake is told with its line, the old profile goes on, nothing is stopped (fault 42)."""
    path = write_profile(place / "p", TWO)
    with engine_on(path) as engine:
        wait_for(lambda: all_running(engine), "all to run")
        before = {row.name: row.pid for row in engine.fleet().rows}
        path.write_text(TWO.replace("replicas", "replica") + "[workers.x]\ndepends_on = ['nobody']\n")
        with pytest.raises(RequestRefused) as refused:
            engine.client.reload(dry_run=False)
        assert "did you mean" in str(refused.value)
        assert "nobody" in str(refused.value)
        assert {row.name: row.pid for row in engine.fleet().rows} == before


def test_reload_in_the_middle_of_a_stop_is_kept_for_the_next_start(place: Path) -> None:
    """A worker that is stopping is not started by a reload; it runs by its new table when it is (fault 43)."""
    slow = TWO.replace('"exec sleep 1000"', "\"trap '' TERM; while true; do sleep 0.05; done\"", 1)
    path = write_profile(place / "p", slow.replace("[workers.a]", '[workers.a]\nstop_timeout = "700ms"'))
    with engine_on(path) as engine:
        wait_for(lambda: all_running(engine), "all to run")
        engine.client.act("stop", ("a",))
        path.write_text(TWO)
        engine.client.reload(dry_run=False)
        engine.wait_state("a", "stopped")
        (job,) = engine.act("start", "a")
        assert job.state == "done"
        assert engine.client.detail("a").runs == "exec sleep 1000"


def test_rolling_restart_keeps_all_but_one_up(place: Path) -> None:
    """One after another: at no time are two of them away."""
    profile = """
    name = "rolling"
    [workers.w]
    command = "exec sleep 1000"
    replicas = 4
    """
    with engine_on(write_profile(place / "p", profile)) as engine:
        wait_for(lambda: all_running(engine), "all to run")
        jobs = engine.client.act("restart", ("w",), max_unavailable=1)
        assert len(jobs) == 4
        wait_for(lambda: all(engine.client.job(job.id).state == "done" for job in jobs), "all to be restarted")
        away = most = 0
        for text in engine.messages("engine"):
            away += text.endswith(": stopping")
            away -= ": running, pid" in text and "(incarnation 1)" not in text and away > 0
            most = max(most, away)
        assert most == 1


def test_rolling_restart_stops_at_the_first_that_does_not_come_back(place: Path) -> None:
    """The rest is left as it is, and the jobs say why."""
    profile = """
    name = "rollstop"
    [workers.w]
    command = "test -e bad && exit 1; echo good; exec sleep 1000"
    replicas = 3
    restart = "never"
    """
    path = write_profile(place / "p", profile)
    with engine_on(path) as engine:
        for name in ("w.1", "w.2", "w.3"):
            engine.wait_message(name, "good")
        (path.parent / "bad").touch()
        jobs = engine.client.act("restart", ("w",), max_unavailable=1)
        wait_for(lambda: all(engine.client.job(job.id).state != "running" for job in jobs), "the jobs to end")
        wait_for(lambda: engine.row("w.1").state == "failed", "the first to fail")
        assert {engine.row(name).incarnation for name in ("w.2", "w.3")} == {1}
        assert "w.1 did not come back: exit code 1" in engine.client.job(jobs[2].id).text


def test_signal_goes_to_the_leader(place: Path) -> None:
    """Any signal of the list, by name."""
    profile = """
    name = "signals"
    [workers.w]
    command = "trap 'echo hup' HUP; echo armed; while true; do sleep 0.02; done"
    """
    with engine_on(write_profile(place / "p", profile)) as engine:
        engine.wait_message("w", "armed")
        reply = engine.client.signal(("w",), "HUP")
        assert reply.signalled == ("w",)
        engine.wait_message("w", "hup")


def test_events_tell_who_did_what_and_go_on_after_a_cursor(place: Path) -> None:
    """States with from and to, actions with who asked; a cursor continues where it left off."""
    with engine_on(write_profile(place / "p", TWO)) as engine:
        wait_for(lambda: all_running(engine), "all to run")
        engine.act("restart", "a")
        events = engine.client.events(0).events
        assert [event.cursor for event in events] == list(range(1, len(events) + 1))
        wish = next(event for event in events if event.kind == "action")
        assert (wish.subject, wish.what) == ("a", "restart wished")
        assert wish.by.startswith("uid ")
        states = [(event.from_state, event.to_state) for event in events if event.subject == "a" and event.to_state]
        assert ("running", "stopping") in states
        last = events[-1].cursor
        assert engine.client.events(last).events == ()
        engine.act("stop", "b")
        assert all(event.cursor > last for event in engine.client.events(last).events)


def test_level_of_a_running_worker_can_be_changed(place: Path) -> None:
    """What its loggers write is more, or less, from the next call on; no restart, and the row says the level."""
    profile = """
    name = "levels"
    [workers.w]
    target = "code:work"
    """
    code = """
    import logging
    def work(ctx):
        number = 0
        while not ctx.stopping.wait(0.02):
            number += 1
            logging.getLogger("app").debug(f"debug {number}")
            ctx.heartbeat()
    """
    with engine_on(write_profile(place / "p", profile, code=code)) as engine:
        pid = engine.wait_state("w", "running").pid
        assert engine.messages("w", "log") == []
        reply = engine.client.set_level(("w",), "DEBUG")
        assert reply.told == ("w",)
        wait_for(lambda: any("debug" in text for text in engine.messages("w", "log")), "debug records to come")
        assert (engine.row("w").pid, engine.row("w").log_level) == (pid, "DEBUG")
