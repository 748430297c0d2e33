"""`procdeck run --headless`, with a fake engine and with a real one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor import last_fleet
from supervisor.api.messages import DownReply, TreeProcess
from supervisor.journal import Journal
from supervisor.lifecycle.states import State
from supervisor.paths import is_running, note_engine_end
from tests.api.fake_port import FakeEngine, a_fleet, a_row, an_event, wait_until
from tests.engines import write_profile
from tui.cli.headless import HeadlessRun
from tui.cli.locating import client_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Command

ROOT = Path(__file__).parent.parent.parent
LINE = b'{"time":"2026-11-22T13:31:26.123456Z","level":"INFO","message":"%s","stream":"log","worker":"walk"}\n'


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    with FakeEngine(a_fleet(a_row("walk"), a_row("parse")), tmp_path / "logs") as engine:
        (tmp_path / "logs").mkdir()
        yield engine


def _follow(engine: FakeEngine, wishes: list[int], live_on: Callable[[], None], *, until_complete: bool = False) -> int:
    """Follow the engine to its end while `live_on` happens to it."""
    troubles: list[BaseException] = []

    def live() -> None:
        try:
            live_on()
        except BaseException as trouble:
            troubles.append(trouble)
            engine.end()

    living = threading.Thread(target=live)
    living.start()
    code = HeadlessRun(engine.note, client_of(engine.note), wishes, until_complete=until_complete).run()
    living.join()
    assert troubles == []
    return code


def _store(engine: FakeEngine, *messages: bytes) -> None:
    with open(Path(engine.note.log_directory) / "000001.ndjson", "ab") as segment:
        segment.write(b"".join(LINE % message for message in messages))


def _complete(engine: FakeEngine, **changes: object) -> None:
    rows = tuple(
        msgspec.structs.replace(row, state=State.FINISHED, pid=None, **changes) for row in engine.port.now.rows
    )
    engine.do(lambda port: port.change(phase="completed", outcome="2 finished.", rows=rows))


def test_completed_run_prints_all_logs_and_is_0(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """Every record up to the last one is on stdout, what became of the workers on stderr."""

    def live_on() -> None:
        _store(engine, b"one", b"two")
        wait_until(lambda: engine.port.fleets_read > 1)
        _complete(engine, exit_cause="exit code 0")
        wait_until(lambda: engine.port.downs == [False])
        _store(engine, b"last")

    engine.do(lambda port: port.down_may_end.set())
    assert _follow(engine, [], live_on, until_complete=True) == 0
    told = capfd.readouterr()
    assert [line.split()[-1] for line in told.out.splitlines()] == ["one", "two", "last"]
    assert told.err.splitlines() == [
        "walk running, pid 4711",
        "parse running, pid 4711",
        "walk finished: exit code 0",
        "parse finished: exit code 0",
        "census is complete: 2 finished.",
    ]


def test_completed_run_stays_until_it_is_told_to_end(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """Without --until-complete it says so and waits for Ctrl-C."""
    wishes: list[int] = []

    def live_on() -> None:
        _complete(engine)
        seen = engine.port.fleets_read
        wait_until(lambda: engine.port.fleets_read > seen + 2)
        assert engine.port.downs == []
        wishes.append(signal.SIGINT)

    assert _follow(engine, wishes, live_on) == 0
    assert "census is complete: 2 finished. Ctrl-C ends it" in capfd.readouterr().err


def test_first_ctrl_c_stops_and_the_second_kills(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """The first says what it waits for; the second forces it."""
    wishes: list[int] = []
    engine.do(lambda port: port.down_may_end.clear())

    def live_on() -> None:
        wait_until(lambda: engine.port.fleets_read > 0)
        wishes.append(signal.SIGINT)
        wait_until(lambda: engine.port.downs == [False])
        wishes.append(signal.SIGINT)

    assert _follow(engine, wishes, live_on) == 0
    assert engine.port.downs == [False, True]
    told = capfd.readouterr().err.splitlines()
    assert "stopping walk, parse; once more kills what is left" in told
    assert "killing what is left" in told


def test_survivors_are_listed_and_are_1(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """What would not die is not passed over."""
    engine.port.down_reply = DownReply(survivors=(TreeProcess(pid=77, parent_pid=1, command="cat /nfs"),))
    assert _follow(engine, [signal.SIGTERM], lambda: None) == 1
    assert "procdeck: process 77 would not die: cat /nfs\n" in capfd.readouterr().err


def test_engine_that_dies_is_told_and_is_1(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """What it had stored is printed all the same."""

    def live_on() -> None:
        _store(engine, b"last words")
        wait_until(lambda: engine.port.fleets_read > 0)
        engine.end()

    assert _follow(engine, [], live_on) == 1
    told = capfd.readouterr()
    assert told.out.endswith("last words\n")
    assert "procdeck: the engine of census ended by itself; " in told.err


def test_how_an_engine_was_lost_is_told(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """As its guardian has noted it."""

    def live_on() -> None:
        wait_until(lambda: engine.port.fleets_read > 0)
        note_engine_end(Path(engine.note.log_directory).parent, "killed by SIGKILL")
        engine.end()

    assert _follow(engine, [], live_on) == 1
    assert "procdeck: the engine of census was lost: killed by SIGKILL; " in capfd.readouterr().err


def test_down_from_elsewhere_ends_the_run(engine: FakeEngine) -> None:
    """`procdeck down` in another shell is a wish like Ctrl-C."""

    def live_on() -> None:
        engine.do(lambda port: port.change(phase="stopping"))
        seen = engine.port.fleets_read
        wait_until(lambda: engine.port.fleets_read > seen + 1)
        engine.end()

    assert _follow(engine, [], live_on) == 0


def test_down_from_elsewhere_may_be_over_before_it_is_seen(engine: FakeEngine) -> None:
    """The journal knows who asked for it."""

    def live_on() -> None:
        wait_until(lambda: engine.port.fleets_read > 0)
        journal = Journal(Path(engine.note.log_directory).parent / "journal.ndjson")
        journal.append(an_event(1, "down wished", subject="engine", kind="action", by="uid 1000 (ada)"))
        journal.close()
        engine.end()

    assert _follow(engine, [], live_on) == 0


def test_significant_worker_ends_the_run_with_its_code(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """The engine ends by itself; who ended it is said once, and the exit code is that worker's."""

    def live_on() -> None:
        why = "walk has ended, for which the run is: exit code 3"
        engine.do(lambda port: port.change(phase="stopping", exit_code=3, outcome=why))
        seen = engine.port.fleets_read
        wait_until(lambda: engine.port.fleets_read > seen + 2)
        engine.end()

    assert _follow(engine, [], live_on) == 3
    told = capfd.readouterr().err.splitlines()
    assert told.count("census ends: walk has ended, for which the run is: exit code 3") == 1


def test_an_end_that_was_missed_is_read(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """The engine was gone before it could be asked how it ended: it has left word of it."""

    def live_on() -> None:
        wait_until(lambda: engine.port.fleets_read > 0)
        why = "walk has ended, for which the run is: exit code 3"
        last = msgspec.structs.replace(engine.port.now, phase="stopping", exit_code=3, outcome=why)
        last_fleet.keep(Path(engine.note.log_directory).parent, last)
        engine.end()

    assert _follow(engine, [], live_on) == 3
    assert "census ends: walk has ended, for which the run is: exit code 3" in capfd.readouterr().err.splitlines()


def test_another_run_of_the_project_is_not_taken_for_this_one(engine: FakeEngine) -> None:
    """It was started while nobody looked: what counts is how the own run ended."""

    last_fleet.keep(Path(engine.note.log_directory).parent, msgspec.structs.replace(engine.port.now, exit_code=5))
    engine.do(lambda port: port.change(run_id="another"))

    def live_on() -> None:
        wait_until(lambda: engine.port.fleets_read > 0)
        engine.end()

    assert _follow(engine, [], live_on) == 5


def test_warnings_are_told_as_they_come_and_go(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """On stderr, beside what becomes of the workers."""

    def look_again() -> None:
        looks = engine.port.fleets_read
        wait_until(lambda: engine.port.fleets_read > looks + 1)

    def live_on() -> None:
        engine.do(lambda port: port.change_row("parse", warnings=("STARVED: nobody can put into paths",)))
        look_again()
        engine.do(lambda port: port.change_row("parse", warnings=()))
        look_again()
        _complete(engine)

    assert _follow(engine, [], live_on, until_complete=True) == 0
    lines = capfd.readouterr().err.splitlines()
    came, gone = "parse STARVED: nobody can put into paths", "parse STARVED: that is over"
    assert [line for line in lines if "STARVED" in line] == [came, gone]


def test_replica_that_is_no_more_is_told(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """Scaled down or reloaded away, from elsewhere."""

    def live_on() -> None:
        wait_until(lambda: engine.port.fleets_read > 0)
        engine.do(lambda port: port.change(rows=port.now.rows[:1]))
        seen = engine.port.fleets_read
        wait_until(lambda: engine.port.fleets_read > seen + 1)
        _complete(engine)

    assert _follow(engine, [], live_on, until_complete=True) == 0
    assert "parse is no longer part of the run" in capfd.readouterr().err.splitlines()


def test_running_project_is_refused(command: Command, engine: FakeEngine, tmp_path: Path) -> None:
    """Its logs can be followed instead."""
    (tmp_path / "procdeck.toml").write_text('name = "census"\n')
    outcome = command("run", "procdeck.toml", "--headless")
    assert outcome.code == 4
    assert "already running another profile, /somewhere/census.toml" in outcome.err


WORK = """
    import sys, time
    from pathlib import Path

    def finish(ctx):
        print("a line")
        ctx.log.info("a record")

    def fail():
        print("about to fail", flush=True)
        sys.exit(7)

    def wait_and_fail():
        print("waits", flush=True)
        go = Path(__file__).with_name("go")
        while not go.exists():
            time.sleep(0.01)
        sys.exit(7)

    def tick(ctx):
        while not ctx.stopping:
            print("tick", flush=True)
            time.sleep(0.01)
"""


def _run(profile: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tui.cli.main", "run", str(profile), "--headless", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def _profile(folder: Path, name: str, *targets: str) -> Path:
    workers = "\n".join(
        f'[workers.{target}]\ntarget = "work:{target}"\nrestart = "never"\nstart_method = "spawn"' for target in targets
    )
    return write_profile(folder, f'name = "{name}"\n{workers}\n', work=WORK)


def test_real_run_ends_with_the_failed_workers_exit_code(place: Path) -> None:
    """Logs of all on stdout, exit code of the one that failed; nothing runs afterwards."""
    with _run(_profile(place, "failing", "finish", "fail"), "--until-complete") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 7, err
    for said in ("a line", "a record", "about to fail"):
        assert said in out
    assert "finish finished: " in err
    assert "fail failed: " in err
    assert not is_running("failing")


def test_real_run_ends_with_its_significant_worker(place: Path) -> None:
    """Without --until-complete: its end stops the others, is said with its cause, and its exit code is the run's."""
    profile = write_profile(
        place,
        """
        name = "meant"
        defaults = { start_method = "spawn", restart = "never" }
        [workers.tick]
        target = "work:tick"
        [workers.main]
        target = "work:fail"
        significant = true
        """,
        work=WORK,
    )
    with _run(profile) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 7, err
    assert "about to fail" in out
    assert "meant ends: main has ended, for which the run is: " in err
    assert "exit code 7" in err
    assert not is_running("meant")


def test_real_run_whose_client_got_no_core_at_the_end_has_its_exit_code(place: Path) -> None:
    """It stood still until the engine was gone."""
    profile = write_profile(
        place,
        """
        name = "slept"
        defaults = { start_method = "spawn", restart = "never" }
        [workers.main]
        target = "work:wait_and_fail"
        significant = true
        """,
        work=WORK,
    )
    with _run(profile) as process:
        assert process.stdout is not None
        while "waits" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGSTOP)
        try:
            (place / "go").touch()
            wait_until(lambda: not is_running("slept"), 60.0)
        finally:
            process.send_signal(signal.SIGCONT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 7, err
    assert "slept ends: main has ended, for which the run is: " in err


def test_real_run_is_stopped_by_one_signal(place: Path) -> None:
    """Everything is stopped, and that is success."""
    with _run(_profile(place, "ticking", "tick")) as process:
        assert process.stdout is not None
        while "tick" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "stopping tick; once more kills what is left" in err
    assert not is_running("ticking")


def test_real_run_whose_reader_goes_away_leaves_nothing(place: Path) -> None:
    """`procdeck run --headless | head` stops everything and ends as SIGPIPE would have ended it."""
    with _run(_profile(place, "piping", "tick")) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while "tick" not in process.stdout.readline():
            pass
        process.stdout.close()
        assert process.wait(60) == 141
        assert "Traceback" not in process.stderr.read()
    assert not is_running("piping")
