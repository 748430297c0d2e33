"""A project belongs to one engine at a time, and what it holds is made anew when it is removed."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervisor import holding, paths
from supervisor.errors import AlreadyRunning, ProjectError
from supervisor.holding import Hold

NOTE = paths.EngineNote("web", "/p", 1, 2, "r", "/", 1.0, "/l")


@pytest.fixture
def take(place: Path) -> Iterator[Callable[[], Hold]]:
    """Takes the project ``web``; all is let go of afterwards."""
    held: list[Hold] = []

    def take() -> Hold:
        held.append(Hold("web"))
        return held[-1]

    yield take
    for hold in held:
        hold.let_go()


def test_project_that_is_held_is_refused_to_others(take: Callable[[], Hold]) -> None:
    """By the kernel's lock; a lock file that nobody holds means nothing."""
    hold = Hold("web")
    with pytest.raises(AlreadyRunning, match="is running already"):
        Hold("web")
    assert paths.is_running("web")
    hold.let_go()
    assert paths.lock_path("web").exists()
    take()


def test_removed_runtime_directory_lets_nobody_else_in(take: Callable[[], Hold]) -> None:
    """The second lock lies with the runs."""
    take()
    shutil.rmtree(paths.runtime_root())
    with pytest.raises(AlreadyRunning):
        Hold("web")


def test_file_system_without_locks_is_lived_with(take: Callable[[], Hold], monkeypatch: pytest.MonkeyPatch) -> None:
    """The state directory may be on a network; the runtime directory's lock is enough then."""
    real = holding._lock

    def no_locks(path: Path, project: str) -> int:
        if path.name.startswith("lock-"):
            raise OSError(37, "No locks available")
        return real(path, project)

    monkeypatch.setattr(holding, "_lock", no_locks)
    take()
    with pytest.raises(AlreadyRunning):
        Hold("web")


def test_everything_that_was_removed_is_made_anew(take: Callable[[], Hold]) -> None:
    """Directory (0700), lock, note and socket."""
    hold = take()
    hold.bind().close()
    hold.announce(NOTE)
    shutil.rmtree(paths.runtime_root())
    with hold.heal() as listener, socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(paths.socket_path("web")))
        assert listener.getsockname() == str(paths.socket_path("web"))
    assert paths.runtime_root().stat().st_mode & 0o777 == 0o700
    assert paths.is_running("web")
    assert paths.engine_note("web") == NOTE


def test_project_that_another_has_taken_meanwhile_is_not_taken_back(
    take: Callable[[], Hold], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the second lock another engine may have come in: its socket and note are not touched."""
    monkeypatch.setattr(holding, "_lock_beside_the_runs", lambda _project: -1)
    first = take()
    shutil.rmtree(paths.runtime_root())
    second = take()
    second.announce(NOTE)
    with pytest.raises(AlreadyRunning):
        first.heal()
    first.clear()
    assert paths.engine_note("web") == NOTE
    second.clear()
    assert not paths.engine_note_path("web").exists()


def test_link_in_the_place_of_the_lock_is_not_followed(place: Path) -> None:
    """Nobody has us open a file of theirs."""
    directory = paths.runtime_directory("web")
    (directory / "lock").symlink_to(place / "elsewhere")
    with pytest.raises((ProjectError, OSError)):
        Hold("web")
    assert not (place / "elsewhere").exists()


def test_refused_hold_keeps_no_descriptor(take: Callable[[], Hold]) -> None:
    """Tried again and again by somebody impatient."""
    take()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(AlreadyRunning):
            Hold("web")
    assert len(os.listdir("/proc/self/fd")) == before
