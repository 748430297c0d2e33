"""Workers that restart when their files change, under a real engine."""

from __future__ import annotations

from pathlib import Path

from supervisor import paths, proctable
from tests.engines import RunningEngine, engine_on, is_alive, kill, wait_for, write_profile

PROFILE = """
name = "watch"

[workers.web]
command = ["sleep", "1000"]
watch = { paths = ["src/**/*.py"], debounce = "50ms" }

[workers.other]
command = ["sleep", "1000"]
watch = { paths = ["src/other.py"], debounce = "50ms" }
"""


def _touch_until_restarted(engine: RunningEngine, file: Path, name: str = "web") -> None:
    """Change `file` until the worker has another incarnation: nobody says from when on its files are watched."""
    before = engine.wait_state(name, "running").incarnation
    versions = iter(range(1_000_000))

    def look() -> bool:
        file.write_text(f"version = {next(versions)}\n")
        return engine.row(name).incarnation > before

    wait_for(look, f"{name} to restart")
    engine.wait_state(name, "running")


def _helper(engine: RunningEngine) -> int:
    """The engine's process that watches files."""

    def look() -> list[int]:
        told = {pid: proctable.command_line(pid) for pid in engine.descendants()}
        return [pid for pid, command in told.items() if "watcher of files" in command or "watching_child" in command]

    (pid,) = wait_for(look, "the watcher of files to be there")
    return pid


def test_worker_restarts_when_its_files_change(place: Path) -> None:
    """Gracefully, with the file in the events; others go on, and what a person stopped stays so."""
    profile = write_profile(place / "p", PROFILE)
    (place / "p/src").mkdir()
    with engine_on(profile) as engine:
        other = engine.wait_state("other", "running").pid
        _touch_until_restarted(engine, place / "p/src/app.py")
        told = [event.what + (event.cause or "") for event in engine.events("web")]
        assert any("src/app.py changed" in text for text in told), told
        assert engine.row("other").pid == other
        engine.act("stop", "web")
        _touch_until_restarted(engine, place / "p/src/other.py", "other")  # which web watches too
        assert engine.row("web").state == "stopped"


def test_watcher_that_is_killed_comes_back(place: Path) -> None:
    """It is said, it is no stray, and files are watched as before."""
    profile = write_profile(place / "p", PROFILE)
    (place / "p/src").mkdir()
    with engine_on(profile) as engine:
        _touch_until_restarted(engine, place / "p/src/app.py")
        first = _helper(engine)
        kill(first)
        engine.wait_event(lambda event: f"the watcher of files (pid {first}) ended" in event.what, "the death")
        _touch_until_restarted(engine, place / "p/src/app.py")
        assert _helper(engine) != first
        assert not any("left behind" in event.what for event in engine.events())


def test_watcher_ends_with_a_killed_engine(place: Path) -> None:
    """And there is none where nobody watches anything."""
    profile = write_profile(place / "p", PROFILE)
    with engine_on(profile) as engine:
        engine.wait_state("web", "running")
        helper = _helper(engine)
        kill(engine.note.engine_pid)
        wait_for(lambda: not paths.is_running("watch"), "the guardian to have ended what was left")
        assert not is_alive(helper)
    plain = write_profile(place / "q", 'name = "plain"\n[workers.a]\ncommand = ["sleep", "1000"]\n')
    with engine_on(plain) as engine:
        pid = engine.wait_state("a", "running").pid
        assert engine.descendants() == {engine.note.engine_pid, pid}
