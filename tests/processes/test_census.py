"""Who lived in a run, for the engine after it: exactly those, and no stranger."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from supervisor import paths, proctable
from supervisor.processes import census
from supervisor.processes.census import Census, end_leftovers, find_leftovers, read_living
from supervisor.proctable import ProcessEntry
from tests.engines import is_alive, wait_for

RUN = "20260101-120000-1"


@pytest.fixture
def run(place: Path) -> Path:
    """The directory of an earlier run of the project ``web``."""
    return paths.run_directory("web", RUN)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as process:
        yield process
        process.kill()


def entry_of(process: subprocess.Popen[bytes]) -> ProcessEntry:
    entry = proctable.read_entry(process.pid)
    assert entry is not None
    return entry


def test_census_holds_who_lives(run: Path, sleeper: subprocess.Popen[bytes]) -> None:
    """Launched and seen processes by identity; those that ended are no part of it."""
    book = Census(run)
    mine = proctable.read_entry(os.getpid())
    assert mine is not None
    book.on_launched(sleeper.pid, "parse.2")
    book.on_seen([mine, entry_of(sleeper)], "parse.2")
    assert read_living(run / "census") == {mine.identity: "parse.2", entry_of(sleeper).identity: "parse.2"}
    book.on_ended(sleeper.pid)
    book.close()
    assert read_living(run / "census") == {mine.identity: "parse.2"}


def test_census_stays_short(run: Path, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """After many comings and goings it is written anew, with who lives."""
    monkeypatch.setattr(census, "LINES_LIMIT", 20)
    book = Census(run)
    book.on_launched(sleeper.pid, "w")
    for number in range(100):
        book.on_seen([replace(entry_of(sleeper), pid=10_000_000 + number)], "x")
        book.on_ended(10_000_000 + number)
    book.close()
    assert len((run / "census").read_text().splitlines()) <= 21
    assert read_living(run / "census") == {entry_of(sleeper).identity: "w"}


def test_who_is_gone_is_forgotten_now_and_then(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children of workers are seen, and nobody tells when they end."""
    monkeypatch.setattr(census, "PRUNE_EVERY", 2)
    book = Census(run)
    with subprocess.Popen(["sleep", "1000"]) as child:
        book.on_launched(child.pid, "w")
        child.kill()
    book.prune()
    assert read_living(run / "census") != {}
    book.prune()
    book.close()
    assert read_living(run / "census") == {}


def test_torn_or_foreign_census_is_read_as_far_as_it_goes(run: Path) -> None:
    """A crash of the machine may cut a line; another boot's pids mean nothing; no file is nobody."""
    path = run / "census"
    assert read_living(path) == {}
    path.write_text(f"boot {proctable.boot_id()}\n+ 11 22 a b\n+ 12 x\n+ 13\nnonsense\n- 99 99\n+ 14 5")
    assert read_living(path) == {(11, 22): "a b", (14, 5): ""}
    path.write_text("boot another\n+ 11 22 a\n")
    assert read_living(path) == {}


def test_leftovers_of_a_double_kill_are_found_and_ended(run: Path, sleeper: subprocess.Popen[bytes]) -> None:
    """By identity, with their children, and by what they say in their environment; told one by one."""
    mark = {**os.environ, "PROCDECK_RUN": RUN}
    with (
        subprocess.Popen(["sh", "-c", "sleep 1000 & wait"], start_new_session=True) as shell,
        subprocess.Popen(["sleep", "1000"], env=mark, start_new_session=True) as escapee,
    ):
        book = Census(run)
        book.on_launched(shell.pid, "shell")
        book.close()
        wait_for(lambda: len(proctable.tree_of(shell.pid, proctable.look())) == 2, "the shell's child")
        wait_for(lambda: proctable.environment_words(escapee.pid), "the escapee to have its environment")
        tree = {entry.pid for entry in proctable.tree_of(shell.pid, proctable.look())}
        left = find_leftovers("web")
        assert {one.entry.pid for one in left} == {*tree, escapee.pid}
        assert {one.replica for one in left} == {"shell", ""}
        told: list[str] = []
        assert end_leftovers("web", told.append) == ()
        assert not any(map(is_alive, [*tree, escapee.pid]))
        assert sum(f"left by run {RUN}" in text for text in told) == 3
    assert sleeper.poll() is None
    assert not (run / "census").exists()


def test_stranger_who_has_the_pid_by_now_is_left_alone(run: Path, sleeper: subprocess.Popen[bytes]) -> None:
    """The pid is noted with another start (reuse is simulated)."""
    book = Census(run)
    book.on_seen([replace(entry_of(sleeper), start_ticks=1)], "w")
    book.close()
    assert find_leftovers("web") == []
    assert end_leftovers("web", lambda _text: None) == ()
    assert sleeper.poll() is None


def test_project_without_runs_has_no_leftovers(place: Path) -> None:
    """Nothing to look at."""
    assert end_leftovers("never", lambda _text: None) == ()
