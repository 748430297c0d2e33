"""The real dashboard over the real server, on a real engine: it shows, and acts only where that is allowed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from tests.engines import engine_on, is_alive
from tests.terminal.deck import write_deck
from tests.web.browser import until
from tests.web.visiting import visited


def dashboard_pids() -> list[int]:
    """The dashboards that this process has started for browsers."""
    children = [str(child.pid) for child in psutil.Process().children()]
    return [int(pid) for pid in children if b"tui.web.dashboard_process" in Path("/proc", pid, "cmdline").read_bytes()]


async def test_a_key_works_only_where_control_is_allowed(place: Path) -> None:
    """Read-only, a restart is refused with what would allow it, and `q` leaves; with control the worker gets a pid."""
    with engine_on(write_deck(place) / "procdeck.toml") as engine:
        first_pid = engine.wait_row("steady", lambda row: row.state == "running" and bool(row.pid), "to run").pid
        async with visited(command=()) as visitor:
            await visitor.enter(visitor.token)
            async with visitor.deck() as deck:
                await deck.shown("deck (read-only)")
                await deck.shown("steady")
                (pid,) = dashboard_pids()
                await deck.type("r")
                await deck.shown("--allow-control")
                await deck.type("q")
                assert await deck.closed() == (1000, "This dashboard was left.")
        assert not is_alive(pid)
        assert engine.row("steady").pid == first_pid
        assert not any(event.by for event in engine.events("steady"))
        async with visited(command=(), allows_control=True) as visitor:
            await visitor.enter(visitor.token)
            async with visitor.deck() as deck:
                await deck.shown("steady")
                await deck.type("r")

                async def is_another() -> bool:
                    return engine.row("steady").pid not in (None, first_pid)

                await until(is_another, "steady to run as another process")
                (pid,) = dashboard_pids()
            await until(lambda: _is_gone(pid), "the dashboard to be gone")


async def _is_gone(pid: int) -> bool:
    return not is_alive(pid)


def test_a_dashboard_ends_when_its_server_is_gone_without_a_word(place: Path) -> None:
    """Whoever held its pipes was killed: it hears the end of its stdin, and leaves."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tui.web.dashboard_process", "deck"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"__GANGLION__\n"
    process.stdin.close()
    process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=60) == 0


def test_who_may_only_look_writes_no_file_and_starts_no_program(tmp_path: Path) -> None:
    """But for the search, a program of its own that reads; what is refused says what would allow it."""
    code = """
import os, subprocess, sys
from supervisor.logs.search_process import search_command
from tui.web.dashboard_process import forbid_changes
kept = sys.argv[1]
forbid_changes()
def tried(what):
    try:
        what()
    except PermissionError as error:
        assert "--allow-control" in error.strerror
        return "refused"
    return "done"
search = lambda: subprocess.run(search_command(), stdin=subprocess.DEVNULL)
print([tried(lambda: open(kept, mode).close()) for mode in ("w", "x", "a", "r+")],
      tried(lambda: os.open(kept, os.O_RDWR)), tried(lambda: os.remove(kept)),
      tried(lambda: os.rename(kept, kept + "x")), tried(lambda: os.system("true")),
      tried(lambda: subprocess.run(["true"])))
print(tried(lambda: open(kept).close()), tried(search), tried(lambda: open(os.devnull, "w").close()))
"""
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    told = subprocess.run([sys.executable, "-c", code, str(kept)], capture_output=True, text=True, check=True)
    refused, done = told.stdout.splitlines()
    assert refused == "['refused', 'refused', 'refused', 'refused'] refused refused refused refused refused"
    assert done == "done done done"
    assert kept.read_text() == "as it was"
