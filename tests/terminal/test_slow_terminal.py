"""A terminal that takes nothing for a while, or for good, in front of the real program."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.engines import RunningEngine, wait_for
from tests.terminal.conftest import Open
from tests.terminal.deck import api_pids, engine_of, fill, wait_running, write_deck
from tests.terminal.terminal import Terminal

pytestmark = pytest.mark.terminal

MOST_BYTES = 150_000
"""What a pty holds, two frames that wait and a whole one of 160 x 45 cells."""


def restart_unseen(terminal: Terminal, engine: RunningEngine, pids: dict[str, int]) -> None:
    """Have a worker restarted by a key, though nothing of it can be seen."""
    terminal.press("g", "r")
    wait_for(lambda: api_pids(engine).get("steady") not in (None, pids["steady"]), "the key to do its work")


def test_a_terminal_that_takes_nothing_holds_up_nothing_and_then_shows_what_is_there(
    place: Path, procdeck: Open
) -> None:
    """Keys and the engine are heard all the time; nothing is painted for later but what is newest."""
    terminal = procdeck(directory=write_deck(place))
    pids = wait_running(terminal)
    engine = engine_of()
    fill(terminal)
    before = len(terminal.output)
    restart_unseen(terminal, engine, pids)
    terminal.go_on()
    terminal.wait(lambda _: wait_running(terminal) == api_pids(engine), "the newest state of all workers")
    terminal.wait(lambda lines: "procdeck deck" in lines[0] and "Quit" in lines[-1], "a whole screen")
    assert len(terminal.output) - before < MOST_BYTES


def test_a_dashboard_whose_terminal_takes_nothing_can_be_left(place: Path, procdeck: Open) -> None:
    """SIGTERM ends it in time, the workers stay, and the terminal is as it was when it goes on."""
    terminal = procdeck(directory=write_deck(place))
    pids = wait_running(terminal)
    engine = engine_of()
    fill(terminal)
    os.kill(terminal.process.pid, signal.SIGTERM)
    wait_for(lambda: terminal.process.poll() is not None, "the dashboard to be gone")
    terminal.go_on()
    assert terminal.exit_code() == 0
    assert terminal.modes_after == terminal.modes_before
    assert not any(terminal.private_modes()[mode] for mode in (1049, 1000, 2004))
    terminal.wait_text("Detached. 4 workers still running.")
    assert api_pids(engine) == pids
