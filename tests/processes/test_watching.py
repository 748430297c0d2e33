"""Watched files, with the real helper process and a real directory."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from supervisor.processes import watching
from supervisor.processes.watching import FileWatch, WatchRule
from tests.engines import is_alive
from tests.processes.patience import until

RULE = WatchRule(("src/**/*.py", "settings.toml"), ("src/generated",), debounce_s=0.3)


class Watched:
    """A directory that is watched for two workers, and what was told of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "src" / "deep").mkdir(parents=True)
        self.told: list[tuple[str, tuple[str, ...]]] = []
        self.reports: list[str] = []
        self.watch = FileWatch(
            asyncio.get_running_loop(),
            {"web": RULE},
            directory,
            lambda worker, paths: self.told.append((worker, paths)),
            self.reports.append,
        )

    async def begin(self) -> None:
        self.watch.start()
        await self.ready()

    async def ready(self) -> None:
        await until(lambda: self.watch.directories, "the watch to begin")

    def write(self, name: str, text: str = "x = 1\n") -> None:
        (self.directory / name).parent.mkdir(parents=True, exist_ok=True)
        (self.directory / name).write_text(text)

    @property
    def paths(self) -> set[str]:
        return {path for _, paths in self.told for path in paths}

    async def until_told(self, path: str) -> None:
        await until(lambda: path in self.paths, f"{path} to be told; reports: {self.reports}")

    def pid(self) -> int:
        (pid,) = self.watch.pids()
        return pid


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    watched = Watched(tmp_path / "p")
    yield watched
    watched.watch.close()
    await until(lambda: not watched.watch.pids(), "the helper to be gone")


async def test_change_is_told_with_its_worker_and_path(watched: Watched) -> None:
    """Made, changed, replaced as editors do it, deleted; and no thread has come to live here."""
    threads = threading.active_count()
    await watched.begin()
    watched.write("src/a.py")
    await watched.until_told("src/a.py")
    assert {*watched.told} == {("web", ("src/a.py",))}
    watched.told.clear()
    watched.write("src/.a.py.new")
    (watched.directory / "src/.a.py.new").rename(watched.directory / "src/a.py")
    await watched.until_told("src/a.py")
    watched.told.clear()
    (watched.directory / "src/a.py").unlink()
    await watched.until_told("src/a.py")
    watched.write("settings.toml")
    await watched.until_told("settings.toml")
    watched.told.clear()
    watched.write("settings.toml.new")
    (watched.directory / "settings.toml.new").rename(watched.directory / "settings.toml")
    await watched.until_told("settings.toml")
    assert threading.active_count() == threads
    assert watched.reports == []


async def test_burst_is_told_once(watched: Watched) -> None:
    """Saving fifty files at a time is one restart."""
    watched.watch = FileWatch(
        asyncio.get_running_loop(),
        {"web": RULE, "jobs": WatchRule(("src/9.py",))},
        watched.directory,
        lambda worker, paths: watched.told.append((worker, paths)),
        watched.reports.append,
    )
    await watched.begin()
    os.kill(watched.pid(), signal.SIGSTOP)  # so that no load can make two bursts of it
    for number in range(50):
        watched.write(f"src/{number}.py")
    os.kill(watched.pid(), signal.SIGCONT)
    await until(lambda: len(watched.told) == 2, "both workers to be told")
    told = dict(watched.told)
    assert set(told["web"]) == {f"src/{number}.py" for number in range(50)}
    assert told["jobs"] == ("src/9.py",)


async def test_ignored_files_are_silent(watched: Watched) -> None:
    """What does not match, what is ignored, and what editors and interpreters leave."""
    await watched.begin()
    for name in ("src/a.txt", "b.py", "src/generated/c.py", "src/__pycache__/d.py", "src/.e.py.swp", "src/.git/f.py"):
        watched.write(name)
    (watched.directory / "src/empty").mkdir()
    watched.write("src/last.py")
    await watched.until_told("src/last.py")
    assert watched.paths == {"src/last.py"}


async def test_new_directories_are_watched_with_what_is_in_them(watched: Watched) -> None:
    """Also the files that got there before the watch."""
    await watched.begin()
    before = watched.watch.directories
    shutil.copytree(Path(watching.__file__).parent, watched.directory / "src/new/deep")
    await watched.until_told("src/new/deep/watching.py")
    await until(lambda: watched.watch.directories == before + 2, "the new directories to be watched")
    watched.told.clear()
    watched.write("src/new/deep/later.py")
    await watched.until_told("src/new/deep/later.py")


async def test_directory_that_is_deleted_and_made_anew_is_watched_again(watched: Watched) -> None:
    """The pattern's own directory, and the profile's with it."""
    await watched.begin()
    all_of_them = watched.watch.directories
    for gone in (watched.directory / "src", watched.directory, watched.directory):
        shutil.rmtree(gone)
        await until(lambda: watched.watch.directories < all_of_them, "the directory to be missed")
        watched.told.clear()
        watched.write("src/deep/again.py")
        await watched.until_told("src/deep/again.py")
        await until(lambda: watched.watch.directories == all_of_them, "the directory to be watched again")
        watched.told.clear()
        watched.write("src/deep/other.py")
        await watched.until_told("src/deep/other.py")
    assert watched.reports == []


async def test_directory_that_does_not_exist_yet_is_waited_for(watched: Watched) -> None:
    """A pattern may lead to what is only going to be there."""
    shutil.rmtree(watched.directory / "src")
    await watched.begin()
    watched.write("src/a.py")
    await watched.until_told("src/a.py")


async def test_killed_helper_comes_back_and_misses_nothing(watched: Watched) -> None:
    """It says so, and what changed meanwhile is told."""
    await watched.begin()
    watched.write("src/before.py")
    await watched.until_told("src/before.py")
    watched.told.clear()
    pid = watched.pid()
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not watched.watch.directories, "the death to be noticed")
    watched.write("src/meanwhile.py")
    await watched.ready()
    await watched.until_told("src/meanwhile.py")
    assert watched.pid() != pid
    assert watched.reports == [
        f"the watcher of files (pid {pid}) ended: killed by SIGKILL from outside; tried again in 0.5 s"
    ]
    watched.write("src/after.py")
    await watched.until_told("src/after.py")


async def test_helper_that_cannot_run_is_tried_again_later_and_later(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each trouble is told once, not with every try; when it is over, all is well."""
    monkeypatch.setattr(watching, "FIRST_RETRY_S", 0.01)
    monkeypatch.setattr(watched.watch, "_retry_s", 0.01)
    executable = sys.executable
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    watched.watch.start()
    await until(lambda: watched.watch._retry_s > 0.1, "some tries")
    assert watched.reports == ["files cannot be watched: No such file or directory; tried again in 0.01 s"]
    monkeypatch.setattr(sys, "executable", executable)
    await watched.ready()
    assert watched.watch._retry_s == 0.01


async def test_rules_can_change(watched: Watched) -> None:
    """Another helper goes by the new ones; none runs where nothing is to be watched."""
    await watched.begin()
    first = watched.pid()
    watched.watch.change({"web": RULE})
    assert watched.pid() == first
    watched.watch.change({"jobs": WatchRule(("src/*.txt",))})
    await watched.ready()
    watched.write("src/a.py")
    watched.write("src/a.txt")
    await watched.until_told("src/a.txt")
    assert {*watched.told} == {("jobs", ("src/a.txt",))}
    await until(lambda: not is_alive(first), "the first helper to end")
    watched.watch.change({})
    await until(lambda: not watched.watch.pids(), "the helper to end")
    assert watched.reports == []


async def test_helper_ends_with_the_engine(watched: Watched) -> None:
    """The end of its stdin is enough; one that stands still is killed."""
    await watched.begin()
    pid = watched.pid()
    watched.watch.close()
    await until(lambda: not is_alive(pid), "the helper to end")


async def test_helper_that_stands_still_is_killed(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGSTOP does not keep it."""
    monkeypatch.setattr(watching, "PATIENCE_S", 0.05)
    await watched.begin()
    os.kill(watched.pid(), signal.SIGSTOP)
    watched.watch.close()
    await until(lambda: not watched.watch.pids(), "the helper to be killed and reaped")


async def test_files_are_looked_at_where_the_kernel_reports_none(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on file systems of other machines."""
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    await watched.begin()
    watched.write("src/a.py")
    await watched.until_told("src/a.py")
