"""`procdeck logs`."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from supervisor import paths
from supervisor.logs.lanes import Lane
from supervisor.logs.record import engine_line
from supervisor.logs.retention import Retention
from supervisor.logs.segments import SegmentWriter
from supervisor.paths import run_directory
from tests.api.fake_port import wait_until
from tui.cli.following import LogPrinter
from tui.cli.wanted import Wanted, worker_of

if TYPE_CHECKING:
    from tests.api.fake_port import FakeEngine
    from tests.cli.conftest import Command


def _line(worker: str, message: str) -> bytes:
    return (
        f'{{"time":"2026-11-22T13:31:26.123456Z","level":"INFO","message":"{message}","worker":"forged",'
        f'"stream":"log","worker":"{worker}","incarnation":1}}\n'
    ).encode()


def _write(directory: Path, *lines: bytes) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "000001.ndjson", "ab") as segment:
        segment.write(b"".join(lines))


def _messages(text: str) -> list[str]:
    return [line.split()[-1] for line in text.splitlines()]


@pytest.fixture
def stored(engine: FakeEngine) -> Path:
    """The running engine's store with 3,000 records of two replicas, and one of another."""
    directory = Path(engine.note.log_directory)
    lines = [_line(f"parse.{1 + number % 2}", f"m{number}") for number in range(3000)]
    _write(directory, _line("tally", "once"), *lines)
    return directory


def test_logs_are_the_last_records_of_all(command: Command, stored: Path) -> None:
    """Fifty without -n, oldest first."""
    assert _messages(command("logs").out) == [f"m{number}" for number in range(2950, 3000)]
    assert _messages(command("logs", "-n", "2").out) == ["m2998", "m2999"]
    assert command("logs", "-n", "0").out == ""


def test_logs_of_a_replica_or_of_a_worker(command: Command, stored: Path) -> None:
    """A worker's name means all its replicas; -n counts what is shown, however far back it is."""
    assert _messages(command("logs", "parse.2", "-n", "2").out) == ["m2997", "m2999"]
    assert _messages(command("logs", "parse", "-n", "2").out) == ["m2998", "m2999"]
    assert _messages(command("logs", "tally").out) == ["once"]
    assert _messages(command("logs", "--worker", "tally").out) == ["once"]
    assert _messages(command("logs", "--worker", "parse.2", "--worker", "tally", "-n", "1").out) == ["m2999"]
    assert _messages(command("logs", "tally", "parse.1", "-n", "1499").out)[:2] == ["m2", "m4"]


def test_unknown_worker_is_an_error_with_a_suggestion(command: Command, stored: Path) -> None:
    """Nothing is printed on stdout."""
    outcome = command("logs", "prase")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith('procdeck: census has no records of a worker "prase"; did you mean "parse"?\n')


def test_of_very_many_replicas_the_workers_are_listed(command: Command) -> None:
    """A typo in a large fleet fills no terminal."""
    lines = [_line(f"w{number // 40:02d}.{number % 40}", "x") for number in range(1600)]
    _write(run_directory("census", "20260101-1") / "logs", *lines)
    outcome = command("logs", "--project", "census", "v07")
    assert outcome.err.splitlines()[-1] == f"there are {', '.join(f'w{at:02d}' for at in range(30))} and 10 more"


def test_worker_that_has_said_nothing_is_no_error(command: Command, stored: Path) -> None:
    """It exists; there is nothing to show."""
    assert command("logs", "walk") == command("logs", "walk")
    assert (command("logs", "walk").code, command("logs", "walk").out) == (0, "")


def test_negative_count_is_refused(command: Command) -> None:
    """A usage error."""
    assert command("logs", "-n", "-3").code == 2


def _record(when: float, level: str = "INFO", message: str = "hello", worker: str = "walk", **extra: object) -> bytes:
    return Lane(worker, 1, "log").feed(engine_line(when, level, message, extra=extra)[: -len(_ENGINE)] + b"}\n", "")


_ENGINE = b',"stream":"engine","worker":"engine","incarnation":0}\n'


def test_level_text_and_fields_narrow_what_is_shown(command: Command, engine: FakeEngine) -> None:
    """Any of them together; the text is a pattern, and can be what is not to be seen."""
    lines = [
        _record(100.0, "DEBUG", "opened"),
        _record(101.0, "WARNING", "Slow_disk", file="ast.py"),
        _record(102.0, "ERROR", "timeout", worker="parse.1", n=7),
        _record(103.0, "CRITICAL", "gone", worker="parse.2"),
    ]
    _write(Path(engine.note.log_directory), *lines)

    def shown(*words: str) -> list[str]:
        outcome = command("logs", "--json", *words)
        assert (outcome.code, outcome.err) == (0, "")
        return [json.loads(line)["message"] for line in outcome.out.splitlines()]

    assert shown("--level", "warn") == ["Slow_disk", "timeout", "gone"]
    assert shown("--level", "error", "parse") == ["timeout", "gone"]
    assert shown("--grep", "slow|TIME") == ["Slow_disk", "timeout"]
    assert shown("--grep", "slow|time", "-v") == ["opened", "gone"]
    assert shown("--field", "extra.file=ast.py") == ["Slow_disk"]
    assert shown("--field", "extra.n", "-n", "5") == ["timeout"]
    assert shown("--since", "1970-01-01T00:01:41Z", "--until", "1970-01-01T00:01:42Z") == ["Slow_disk", "timeout"]
    assert shown("-n", "1", "--level", "debug") == ["gone"]
    assert shown("--since", "5m ago") == []


def test_since_shows_all_there_is_since_then(command: Command, engine: FakeEngine) -> None:
    """The fifty are for who names neither a number nor a time."""
    now = time.time()
    _write(
        Path(engine.note.log_directory), *(_record(now - 3600 + number, message=f"m{number}") for number in range(200))
    )
    assert len(command("logs").out.splitlines()) == 50
    assert len(command("logs", "--since", "2h ago").out.splitlines()) == 200
    assert len(command("logs", "--since", "2h ago", "-n", "7").out.splitlines()) == 7
    assert command("logs", "--since", "1m ago").out == ""


@pytest.mark.parametrize(
    ("words", "trouble"),
    [
        (("--level", "warnign"), '"warnign" is no level; did you mean "WARNING"?'),
        (("--grep", "("), '"(" is not a regular expression'),
        (("--since", "soon"), '"soon" is no time'),
        (("--field", "wrker=x"), '"wrker" is no field of a record'),
        (("--since", "2m ago", "--until", "5m ago"), "--until 5m ago is before --since 2m ago"),
        (("--invert",), "--invert shows what --grep does not find"),
        (("--run", "20260101-2"), 'census has no run "20260101-2"; did you mean "20260101-1"?'),
    ],
)
def test_word_that_cannot_be_understood_is_a_usage_error(
    command: Command, stored: Path, words: tuple[str, ...], trouble: str
) -> None:
    """Said with what to do, and nothing on stdout."""
    _write(run_directory("census", "20260101-1") / "logs", _line("walk", "old"))
    outcome = command("logs", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"procdeck: {trouble}")


def test_earlier_runs_are_named_or_the_last(command: Command, engine: FakeEngine, stored: Path) -> None:
    """While another one runs, the last is the one before it."""
    for run_id, message in (("20260101-1", "old"), ("20260102-1", "newer")):
        _write(run_directory("census", run_id) / "logs", _line("walk", message))
    assert _messages(command("logs", "--run", "20260101-1").out) == ["old"]
    assert _messages(command("logs", "--run", "last", "-f").out) == ["newer"]


def test_long_message_is_shown_cut_and_stored_whole(command: Command, engine: FakeEngine) -> None:
    """JSON has all of it."""
    _write(Path(engine.note.log_directory), _record(100.0, message="x" * 3_000_000))
    shown = command("logs", "--no-color").out
    assert len(shown) < 70_000
    assert shown.endswith("… (2,934,464 characters more; --json has all)\n")
    assert len(json.loads(command("logs", "--json").out)["message"]) == 3_000_000


def test_logs_of_the_last_run_are_read_without_an_engine(command: Command) -> None:
    """The newest run's, and it is said that nothing runs."""
    for run_id, message in (("20260101-1", "old"), ("20260102-1", "new")):
        _write(run_directory("census", run_id) / "logs", _line("walk", message))
    outcome = command("logs", "--project", "census")
    assert _messages(outcome.out) == ["new"]
    assert outcome.err == "census is not running; these are the logs of its last run\n"
    outcome = command("logs", "--project", "census", "wakl")
    assert (outcome.code, outcome.out) == (4, "")
    assert 'did you mean "walk"?' in outcome.err


def test_project_that_never_ran_has_no_logs(command: Command) -> None:
    """Exit code 3."""
    outcome = command("logs", "--project", "census")
    assert (outcome.code, outcome.err) == (3, "procdeck: no engine runs for census, and it has left no logs\n")


def test_follow_shows_what_arrives_until_the_engine_ends(
    command: Command, engine: FakeEngine, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written after the command was given is shown too, up to the last record."""
    written: list[str] = []
    monkeypatch.setattr("tui.cli.following.tell_block", written.append)

    def live_on() -> None:
        wait_until(lambda: bool(written))
        _write(stored, _line("tally", "later"), _line("walk", "unwanted"))
        wait_until(lambda: any("later" in text for text in written))
        _write(stored, _line("tally", "last"))
        engine.end()

    living = threading.Thread(target=live_on)
    living.start()
    outcome = command("logs", "-f", "tally", "-n", "1")
    living.join()
    assert (outcome.code, outcome.err) == (0, "census has ended\n")
    assert _messages("".join(written)) == ["once", "later", "last"]


def test_follow_ends_with_its_run_though_another_one_has_begun(
    command: Command, engine: FakeEngine, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart may be over between two looks; the records of the next run are in another store."""
    note = paths.engine_note_path("census")

    def restart(_seconds: float) -> None:
        note.write_text(json.dumps({**json.loads(note.read_text()), "run_id": "20991231-1"}))

    monkeypatch.setattr("tui.cli.logs.time.sleep", restart)
    outcome = command("logs", "-f", "tally")
    assert (outcome.code, outcome.err) == (0, "census has ended\n")


def test_follow_says_once_how_many_lines_were_deleted_before_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where retention overtakes it, one line has the exact number, whoever is asked for; nothing is told twice."""
    writer = SegmentWriter(tmp_path, segment_bytes=2000, retention=Retention(keep_bytes=6000))
    everybody = LogPrinter(tmp_path, Wanted(()), as_json=True)
    nobody = LogPrinter(tmp_path, Wanted(("nobody",)), as_json=True)
    stored: list[int] = []
    for first in (0, 200):
        capsys.readouterr()
        for number in range(first, first + 200):
            writer.append([_line("walk", f"m{number}")])
        stored.append(writer.records)
        everybody.print_new()
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    mark, *shown = records
    assert mark["extra"]["lines"] == stored[1] - stored[0] - len(shown) > 100
    assert [record["message"] for record in shown if record["worker"] == "walk"][-5:] == [
        f"m{at}" for at in range(395, 400)
    ]
    assert "damaged" not in {record["stream"] for record in shown}
    nobody.print_new()
    assert (everybody.print_new(), capsys.readouterr().out) == (0, "")
    for number in range(400, 600):
        writer.append([_line("walk", f"m{number}")])
    nobody.print_new()
    (told,) = capsys.readouterr().out.splitlines()
    assert json.loads(told)["extra"]["lines"] > 100
    for each in (everybody, nobody, writer):
        each.close()


def test_clock_is_that_of_each_record(command: Command, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log may be older than the day on which the clocks were changed."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        summer, winter = (
            1_792_889_999.0,
            1_792_890_000.0,
        )  # 2026-10-25, a second before the change, and the hour after it
        _write(Path(engine.note.log_directory), _record(summer), _record(winter))
        shown = [line.split()[0] for line in command("logs", "--no-color").out.splitlines()]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert shown == ["02:59:59.000", "02:00:00.000"]


def test_interrupted_follow_is_130(command: Command, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends it without a traceback."""

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tui.cli.logs.time.sleep", interrupt)
    outcome = command("logs", "-f", "-n", "1")
    assert (outcome.code, outcome.err) == (130, "\n")


def test_owner_of_a_line_is_who_the_engine_says() -> None:
    """The key that the engine appended counts, not one that a worker wrote before it."""
    assert worker_of(_line("parse.2", "x")) == "parse.2"
    assert worker_of(b"not json at all") == ""
    assert worker_of(b'{"worker":"cut') == "cu"


def test_replica_is_not_wanted_because_its_name_begins_alike() -> None:
    """`parse` wants parse.1, not parser."""
    wanted = Wanted(("parse",))
    assert wanted.matches(_line("parse", "x"))
    assert wanted.matches(_line("parse.1", "x"))
    assert not wanted.matches(_line("parser", "x"))
    assert wanted.met == {"parse", "parse.1", "parser"}
