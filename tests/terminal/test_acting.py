"""Every action on workers, by its key, as the screen and the engine tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import is_alive, wait_for
from tests.terminal.conftest import Open
from tests.terminal.deck import (
    NAMES,
    api_pids,
    engine_of,
    row,
    wait_running,
    wait_state,
    write_deck,
)

pytestmark = pytest.mark.terminal


def test_worker_is_restarted_stopped_started_and_killed_by_its_keys(place: Path, procdeck: Open) -> None:
    """The worker under the cursor gets a new process, none, one again; a kill asks, and Cancel is its default."""
    terminal = procdeck(directory=write_deck(place), columns=80, lines=24)
    first = wait_running(terminal)
    engine = engine_of()

    terminal.press("r")
    second = wait_state(terminal, "steady", "running", other_than=first["steady"])
    terminal.wait_text("Restarted steady")
    assert engine.row("steady").pid == second.pid
    assert engine.row("steady").incarnation == 2
    assert not is_alive(first["steady"])

    terminal.press("s")
    assert wait_state(terminal, "steady", "stopped").pid is None
    terminal.wait_text("a Start")
    assert engine.row("steady").state == "stopped"

    terminal.press("a")
    third = wait_state(terminal, "steady", "running").pid
    assert engine.row("steady").pid == third
    assert third is not None

    terminal.wait_text("K Kill")
    terminal.press("K")
    terminal.wait_text("Kill steady?", "Cancel")
    terminal.press("enter")
    terminal.wait_text("Kill steady?", absent=True)
    assert wait_running(terminal) == first | {"steady": third}
    assert is_alive(third)

    terminal.press("K")
    terminal.wait_text("Kill steady?")
    terminal.press("K")
    wait_state(terminal, "steady", "stopped")
    wait_for(lambda: not is_alive(third), "the killed process to be gone")
    assert "SIGKILL" in engine.row("steady").exit_cause
    others = {name: pid for name, pid in first.items() if name != "steady"}
    assert api_pids(engine) == others


def test_cursor_chooses_the_worker_that_is_meant(place: Path, procdeck: Open) -> None:
    """Two lines down is pair.2, which alone is restarted."""
    terminal = procdeck(directory=write_deck(place))
    first = wait_running(terminal)
    terminal.press("down", "j", "r")
    second = wait_state(terminal, "pair.2", "running", other_than=first["pair.2"])
    terminal.wait_text("Restarted pair.2")
    assert wait_running(terminal) == first | {"pair.2": second.pid}


def test_all_workers_are_restarted_after_a_question(place: Path, procdeck: Open) -> None:
    """Esc does nothing; R, confirmed, gives each another process."""
    terminal = procdeck(directory=write_deck(place))
    first = wait_running(terminal)
    terminal.press("R")
    terminal.wait_text("Restart all 4 workers?")
    terminal.press("esc")
    terminal.wait_text("Restart all 4 workers?", absent=True)
    assert api_pids(engine_of()) == first

    terminal.press("R")
    terminal.wait_text("Restart all 4 workers?")
    terminal.press("R")

    def all_new(lines: list[str]) -> dict[str, int]:
        seen = {name: found.pid for name in NAMES if (found := row(lines, name)) and found.state == "running"}
        pids = {name: pid for name, pid in seen.items() if pid is not None and pid != first[name]}
        return pids if len(pids) == len(NAMES) else {}

    pids = terminal.wait(all_new, "four new pids")
    terminal.wait_text("Restarted all 4 workers")
    assert api_pids(engine_of()) == pids
    assert not any(is_alive(pid) for pid in first.values())


def test_what_is_typed_in_one_go_is_done_in_its_order(place: Path, procdeck: Open) -> None:
    """A filter, a correction, Enter and a key in one read; then a paste with keys and escape sequences in it."""
    terminal = procdeck(directory=write_deck(place), columns=80, lines=24)
    pids = wait_running(terminal)
    terminal.press("/pair.1\x15pair.2\rs")
    wait_state(terminal, "pair.2", "stopped")
    terminal.press("\x1b[200~s\x1b[31mKs\rq\x1b[201~", ":go to she\x15go to steady\rs")
    wait_state(terminal, "steady", "stopped")
    assert set(api_pids(engine_of()).items()) == {(name, pids[name]) for name in ("pair.1", "shell")}
