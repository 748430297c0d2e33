"""The shipped census, run by the real engine, against an independent count in one process."""

from __future__ import annotations

import json
import shutil
import sysconfig
from functools import cache
from pathlib import Path

import pytest

from tests.configs.independent_count import Census, take
from tests.engines import engine_on, kill, wait_for

CENSUS = Path(__file__).parents[2] / "configs" / "census"
STDLIB = Path(sysconfig.get_path("stdlib"))


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few hundred real files: packages of the standard library, and some that are no good Python."""
    folder = tmp_path_factory.mktemp("library")
    for part in ("asyncio", "email", "json", "unittest", "logging", "xml", "importlib", "multiprocessing"):
        shutil.copytree(STDLIB / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "tests", "test"))
    (folder / "broken.py").write_text("def half(:\n")
    (folder / "not_text.py").write_bytes(b"\x80 = 1\n")
    return folder


@cache
def independent(folder: Path) -> Census:
    return take(folder)


def profile_for(place: Path, library: Path, method: str) -> Path:
    folder = place / "census"
    shutil.copytree(CENSUS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "census.toml"
    text = path.read_text()
    assert '"@stdlib"' in text
    assert 'start_method = "forkserver"' in text
    text = text.replace('"@stdlib"', json.dumps(str(library)))
    path.write_text(text.replace('start_method = "forkserver"', f'start_method = "{method}"'))
    return path


def compare(result: dict[str, object], library: Path) -> None:
    expected = independent(library)
    assert result["complete"] is True
    assert result["files"] == expected.files
    assert result["failed"] == sorted(expected.failed)
    for key in ("lines", "functions", "classes", "imports", "docstrings"):
        assert result[key] == getattr(expected, key), key


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_census_agrees_with_an_independent_count(place: Path, library: Path, method: str) -> None:
    """Every file is counted once, whatever the start method; broken files are logged exceptions and not a stop."""
    with engine_on(profile_for(place, library, method)) as engine:
        fleet = engine.wait_completed()
        assert {row.state for row in fleet.rows} == {"finished"}
        result = Path(fleet.outcome.partition("Result: ")[2])
        compare(json.loads(result.read_text()), library)
        errors = [r for r in engine.records() if r.level == "ERROR" and r.worker.startswith("parse")]
        assert len(errors) == 2
        assert all(r.exception is not None and "Traceback" in r.exception.traceback for r in errors)
        paths = next(channel for channel in fleet.channels if channel.name == "paths")
        assert (paths.depth, paths.is_ended, paths.maxsize) == (0, True, 200)
        assert paths.put_total == paths.got_total == independent(library).files


def test_simulated_census_has_the_same_result(place: Path, library: Path) -> None:
    """The same profile with threads in the place of processes ends with the same numbers in the same file."""
    with engine_on(profile_for(place, library, "spawn"), is_simulated=True) as engine:
        fleet = engine.wait_completed()
        assert {row.state for row in fleet.rows} == {"finished"}
        result = Path(fleet.outcome.partition("Result: ")[2])
        compare(json.loads(result.read_text()), library)
        assert engine.client.detail("parse.2").start_method == "thread"
        errors = [r for r in engine.records() if r.level == "ERROR" and r.worker.startswith("parse")]
        assert len(errors) == 2
        paths = next(channel for channel in fleet.channels if channel.name == "paths")
        assert (paths.depth, paths.is_ended, paths.got_total) == (0, True, independent(library).files)


def test_completed_run_can_be_run_again(place: Path, library: Path) -> None:
    """Restart of everything after completion counts everything anew."""
    with engine_on(profile_for(place, library, "forkserver")) as engine:
        first = engine.wait_completed()
        result = Path(first.outcome.partition("Result: ")[2])
        result.unlink()
        engine.act("restart", "*")
        wait_for(lambda: result.exists(), "the second result")
        engine.wait_completed()
        compare(json.loads(result.read_text()), library)


def test_killed_idle_reader_does_not_stop_its_siblings(place: Path, library: Path) -> None:
    """What wedges multiprocessing.Queue: SIGKILL of a reader that waits. Here the others go on, and it comes back."""
    profile = profile_for(place, library, "forkserver")
    text = profile.read_text().replace('target = "census:walk"', 'target = "census:walk"\nautostart = false')
    profile.write_text(text)
    with engine_on(profile) as engine:
        waiting = engine.wait_row("parse.1", lambda row: row.activity == "get paths", "to wait in get")
        assert waiting.pid is not None
        kill(waiting.pid)
        engine.wait_row("parse.1", lambda row: row.incarnation == 2 and row.activity == "get paths", "to be back")
        engine.act("start", "walk")
        fleet = engine.wait_completed()
        result = Path(fleet.outcome.partition("Result: ")[2])
        compare(json.loads(result.read_text()), library)
