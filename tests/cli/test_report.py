"""`procdeck report`: what is in it, what is not and why, and that no secret is."""

from __future__ import annotations

import io
import json
import os
import stat
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor import masking
from supervisor.api.hangs import StacksReply, WhyReply
from supervisor.journal import Journal
from supervisor.masking import MASK
from supervisor.paths import runs_directory
from tests.api.fake_port import FakeEngine, a_fleet, a_row, an_event
from tests.api.samples import a_deadlock, a_verdict
from tui.cli import last_records as last_records_module
from tui.cli.last_records import last_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Command

PROFILE = """\
name = "census"
[workers.left]
target = "etl:left"
env = { API_TOKEN = "of-the-table" }
# DB_PASSWORD = "of-a-comment"
"""


def _line(message: str, worker: str, clock: str = "13:31:26") -> bytes:
    record = {
        "time": f"2026-11-22T{clock}.123456Z",
        "level": "INFO",
        "message": message,
        "stream": "log",
        "worker": worker,
        "incarnation": 1,
    }
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    masking.forget()
    yield
    masking.forget()


@pytest.fixture
def run(tmp_path: Path, place: Path) -> Path:
    """The folder of a run of census, with a journal, a log and the engine's own; and its profile."""
    (tmp_path / "procdeck.toml").write_text(PROFILE)
    folder = runs_directory("census") / "run-1"
    (folder / "logs").mkdir(parents=True)
    journal = Journal(folder / "journal.ndjson")
    journal.append(an_event(1, f"run run-1 of {tmp_path / 'procdeck.toml'}", subject="engine"))
    journal.append(an_event(2, "exit code 3: of-the-table", subject="left"))
    journal.close()
    lines = _line("it is of-the-table", "left"), _line("password=of-the-log", "right"), _line("runs", "engine")
    (folder / "logs" / "000001.ndjson").write_bytes(b"".join(lines))
    (folder / "engine.log").write_text("the engine says of-the-table\n")
    return folder


@pytest.fixture
def engine(run: Path, tmp_path: Path) -> Iterator[FakeEngine]:
    fleet = a_fleet(a_row("left"), a_row("right", activity="of-the-table"), a_row("third"))
    with FakeEngine(fleet, run / "logs", profile_path=tmp_path / "procdeck.toml") as engine:
        engine.port.verdicts = (a_verdict("third"), a_deadlock())
        engine.port.stacks_of = {"left": StacksReply(replica="left", post_mortem=("of-the-table",))}
        yield engine


def _files(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        assert {member.mode for member in members} == {0o600}
        assert {Path(member.name).parent.name for member in members} != {""}
        contents = {Path(member.name).name: tar.extractfile(member) for member in members}
        return {name: file.read().decode() for name, file in contents.items() if file is not None}


def test_report_has_what_somebody_needs(command: Command, engine: FakeEngine, tmp_path: Path) -> None:
    """In one file that only its owner may read; where it is, on stdout; that it is masked, on stderr."""
    outcome = command("report")
    path = tmp_path / outcome.out.strip()
    assert (outcome.code, path.name.startswith("procdeck-report-census-")) == (0, True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "secrets are masked" in outcome.err
    files = _files(path)
    told = (
        "README.txt channels.txt details.json doctor.txt engine.log events.ndjson log.ndjson profile.toml stacks.json"
    )
    told += " stacks.txt status.json status.txt versions.txt waits.dot why.json why.txt"
    assert sorted(files) == told.split()
    assert files["why.txt"].startswith("left: left and right wait for each other")
    assert msgspec.json.decode(files["why.json"], type=WhyReply).verdicts == engine.port.verdicts
    assert files["waits.dot"].startswith("digraph waits {")
    stacks = msgspec.json.decode(files["stacks.json"], type=list[StacksReply])
    assert [each.replica for each in stacks] == ["left", "third", "right"]
    assert "census: running" in files["status.txt"]
    assert [json.loads(line)["subject"] for line in files["events.ndjson"].splitlines()] == ["engine", "left"]
    assert [json.loads(line)["worker"] for line in files["log.ndjson"].splitlines()] == ["left", "right", "engine"]
    assert "procdeck " in files["versions.txt"]
    assert all(f"{name:<16}" in files["README.txt"] for name in files if name != "README.txt")
    assert "Not in here" not in files["README.txt"]


def test_report_has_no_secret(command: Command, engine: FakeEngine, tmp_path: Path) -> None:
    """Of the profile's table, of its comments, of the log: wherever they turn up again."""
    files = _files(tmp_path / command("report").out.strip())
    for secret in ("of-the-table", "of-a-comment", "of-the-log"):
        assert [name for name, text in files.items() if secret in text] == []
    assert f'API_TOKEN = "{MASK}"' in files["profile.toml"]
    for name in ("log.ndjson", "engine.log", "events.ndjson", "stacks.txt", "stacks.json", "status.txt"):
        assert MASK in files[name], name


def test_report_on_some(command: Command, engine: FakeEngine, tmp_path: Path) -> None:
    """Their verdicts, stacks and log, and the engine's lines; into the file that was named, whatever was there."""
    target = tmp_path / "some.tgz"
    target.write_text("an older one")
    outcome = command("report", "left", "-o", str(target))
    assert outcome.out == f"{target}\n"
    files = _files(target)
    assert [each.replica for each in msgspec.json.decode(files["stacks.json"], type=list[StacksReply])] == ["left"]
    assert [json.loads(line)["worker"] for line in files["log.ndjson"].splitlines()] == ["left", "engine"]
    assert len(msgspec.json.decode(files["why.json"], type=WhyReply).verdicts) == 1


def test_report_that_cannot_be_written(command: Command, engine: FakeEngine, tmp_path: Path) -> None:
    """On nobody, or nowhere: nothing is left behind."""
    before = sorted(tmp_path.iterdir())
    outcome = command("report", "lefd")
    assert (outcome.code, 'did you mean "left"?' in outcome.err) == (4, True)
    assert command("report", "-o", str(tmp_path / "no" / "where.tgz")).code == 2
    assert command("report", "--minutes", "-1").code == 2
    assert sorted(tmp_path.iterdir()) == before


def test_report_of_a_run_that_is_over(command: Command, run: Path, tmp_path: Path) -> None:
    """Its events, log and profile; the rest is named, with the reason."""
    outcome = command("report", "--project", "census", "-o", "over.tgz")
    assert outcome.code == 0
    assert "not in it: verdicts, stacks, status, channels: no engine runs" in outcome.err
    files = _files(tmp_path / "over.tgz")
    assert {"events.ndjson", "log.ndjson", "engine.log", "profile.toml", "doctor.txt"} <= files.keys()
    assert "no engine runs; this is its last run" in files["README.txt"]
    assert "of-the-table" not in "".join(files.values())


def test_report_of_an_engine_that_does_not_answer(
    command: Command, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What there is on disk, and what the kernel says of the engine."""
    monkeypatch.setenv("PROCDECK_STATE_DIR", os.environ["PROCDECK_STATE_DIR"])
    engine.do(lambda port: setattr(port, "fleet", lambda: 1 / 0))
    outcome = command("report", "-o", "silent.tgz")
    assert outcome.code == 0, outcome.err
    files = _files(tmp_path / "silent.tgz")
    assert {"engine-kernel.txt", "log.ndjson", "events.ndjson"} <= files.keys()
    assert "State:" in files["engine-kernel.txt"]
    assert "why.txt" not in files


def test_report_without_a_part_says_which(command: Command, engine: FakeEngine, run: Path, tmp_path: Path) -> None:
    """A profile or a log that is gone keeps nobody from the rest."""
    (tmp_path / "procdeck.toml").unlink()
    (run / "engine.log").unlink()
    outcome = command("report", "--project", "census", "-o", "part.tgz")
    assert outcome.code == 0
    assert "not in it: the engine's own log: " in outcome.err
    assert "not in it: profile: " in outcome.err
    assert "why.txt" in _files(tmp_path / "part.tgz")


# --- the end of a log ---


def _messages(content: bytes) -> list[str]:
    return [json.loads(line)["message"] for line in io.BytesIO(content)]


def test_end_of_a_log_is_its_last_minutes_and_the_last_lines_of_each(tmp_path: Path) -> None:
    """In the order of the store; minutes count back from its end, not from now."""
    lines = [_line(f"quiet {number}", "quiet", "10:00:00") for number in range(4)]
    lines += [_line(f"old {number}", "busy", f"11:0{number}:00") for number in range(3)]
    lines += [_line(f"new {number}", "busy", f"11:5{number}:00") for number in range(3)]
    (tmp_path / "000001.ndjson").write_bytes(b"".join(lines))
    end = last_records(tmp_path, (), ["quiet", "busy"], minutes=5, lines=2)
    assert (_messages(end.content), end.note) == (["quiet 2", "quiet 3", "new 0", "new 1", "new 2"], "")
    end = last_records(tmp_path, ["quiet"], ["quiet"], minutes=5, lines=1)
    assert _messages(end.content) == ["quiet 3"]
    end = last_records(tmp_path, (), [], minutes=0, lines=0)
    assert _messages(end.content) == ["new 2"]
    assert last_records(tmp_path / "none", (), ["busy"], minutes=5, lines=5).content == b""


def test_end_of_a_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest lines are kept and the last ones of everybody; it is said that there were more."""
    quiet = _line("quiet", "quiet", "09:00:00")
    (tmp_path / "000001.ndjson").write_bytes(quiet + b"".join(_line(f"{number:03}", "busy") for number in range(100)))
    size_bytes = len(_line("000", "busy")) - 1
    monkeypatch.setattr(last_records_module, "KEPT_BYTES", 10 * size_bytes)
    end = last_records(tmp_path, (), ["busy", "quiet"], minutes=5, lines=5)
    assert _messages(end.content) == ["quiet", *(f"{number:03}" for number in range(90, 100))]
    assert end.note == "90 lines or more were too many"


def test_damaged_lines_are_in_the_end_of_a_log(tmp_path: Path) -> None:
    """As text; a store whose last line has no time is taken as a whole."""
    (tmp_path / "000001.ndjson").write_bytes(_line("fine", "busy") + b"torn password=abc\n")
    content = last_records(tmp_path, (), [], minutes=5, lines=5).content
    assert content.splitlines()[1] == f"torn password={MASK}".encode()
