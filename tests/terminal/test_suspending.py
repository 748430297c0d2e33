"""A dashboard that is put aside and taken up again, and one whose terminal is hard to live with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import wait_for
from tests.terminal.conftest import PROGRAM, Open
from tests.terminal.deck import NAMES, api_pids, engine_of, row, wait_running, write_deck
from tests.terminal.terminal import Terminal
from tests.terminal.test_leaving import ALTERNATE_SCREEN, is_stopped

pytestmark = pytest.mark.terminal

SIZES = ((80, 24), (61, 16), (160, 45), (59, 14), (200, 60), (100, 30), (20, 5), (80, 24))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_suspended_dashboard_gives_the_terminal_to_the_shell_and_comes_back(place: Path) -> None:
    """Ctrl-Z, a command of the shell, `bg`, which shows nothing, and `fg`: the whole screen again, and it goes on."""
    terminal = Terminal(
        ["bash", "--norc", "--noprofile", "-i"], 80, 24, write_deck(place), {"PS1": "shell$ ", "HISTFILE": ""}
    )
    try:
        terminal.wait_text("shell$")
        terminal.press(f"{PROGRAM}", "enter")
        pids = wait_running(terminal)
        dashboard = next(pid for pid in children(terminal.process.pid))
        terminal.press("\x1a")
        terminal.wait_text("Stopped")
        wait_for(lambda: is_stopped(dashboard), "the dashboard to be stopped")
        assert terminal.private_modes()[ALTERNATE_SCREEN] is False
        assert api_pids(engine_of()) == pids
        terminal.press("echo so=$((6 * 7))", "enter")
        terminal.wait_text("so=42")
        terminal.press("bg; echo back=$((7 * 8))", "enter")
        terminal.wait_text("back=56")  # what the shell has done, not what was typed
        wait_for(lambda: is_stopped(dashboard), "the dashboard to be stopped again")
        terminal.press("fg", "enter")
        assert wait_running(terminal) == pids
        terminal.wait_text("so=42", absent=True)
        terminal.wait_text("procdeck deck", "Log")
        terminal.press("q")
        terminal.wait_text("Quit procdeck?")
        terminal.press("s")
        terminal.wait_text("Stopped all.")
        terminal.press("exit", "enter")
        terminal.exit_code()
    finally:
        terminal.close()


def test_sizes_that_change_in_a_storm_leave_a_whole_screen(place: Path, procdeck: Open) -> None:
    """Faster than it can paint, too small among them: the last size counts, and all rows are there."""
    terminal = procdeck(directory=write_deck(place), columns=160, lines=45)
    pids = wait_running(terminal)
    for _ in range(2):
        for columns, lines in SIZES:
            terminal.resize(columns, lines)
    assert wait_running(terminal) == pids
    terminal.wait(
        lambda lines: all(row(lines, name) for name in NAMES) and "Quit" in lines[-1], "the screen to be whole"
    )
    assert terminal.process.poll() is None
