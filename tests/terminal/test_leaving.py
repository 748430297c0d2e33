"""However the dashboard or its engine ends: what becomes of the workers, and of the terminal."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from supervisor import paths
from tests.engines import RunningEngine, is_alive, kill, wait_for
from tests.terminal.conftest import Open
from tests.terminal.deck import api_pids, engine_of, fill, wait_running, wait_state, write_deck
from tests.terminal.terminal import Terminal

pytestmark = pytest.mark.terminal

CURSOR, ALTERNATE_SCREEN, BRACKETED_PASTE, IN_BAND_RESIZE = 25, 1049, 2004, 2048
MOUSE = (1000, 1002, 1003, 1006, 1015, 1016)


def assert_restored(terminal: Terminal) -> None:
    """The terminal is as a shell wants it: the screen from before, a cursor, no mouse, echo."""
    modes = terminal.private_modes()
    assert modes[CURSOR] is True
    assert ALTERNATE_SCREEN in modes
    left_on = [mode for mode in (ALTERNATE_SCREEN, BRACKETED_PASTE, IN_BAND_RESIZE, *MOUSE) if modes.get(mode)]
    assert left_on == []
    assert terminal.modes_after == terminal.modes_before


def assert_running(pids: Iterable[int]) -> None:
    assert [pid for pid in pids if not is_alive(pid)] == []


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def everybody(engine: RunningEngine) -> set[int]:
    return {engine.note.engine_pid, engine.note.guardian_pid, *engine.descendants()}


def assert_found_again(procdeck: Open, pids: dict[str, int]) -> Terminal:
    """`procdeck attach` shows the same processes."""
    again = procdeck("attach", "--project", "deck", columns=80, lines=24)
    assert wait_running(again) == pids
    return again


def test_detached_dashboard_is_found_again_and_stops_all(place: Path, procdeck: Open) -> None:
    """q d leaves the workers and says how to come back; attach finds them; q s leaves nothing."""
    folder = write_deck(place)
    terminal = procdeck(directory=folder)
    pids = wait_running(terminal)
    terminal.press("q")
    terminal.wait_text("Quit procdeck?", "4 workers are running.", "Stop all and quit", "Detach", "Cancel")
    terminal.press("d")
    assert terminal.exit_code() == 0
    assert [line.strip() for line in terminal.text()[:3]] == [
        "Detached. 4 workers still running.",
        "Re-attach: procdeck attach --project deck",
        "Stop all:  procdeck down --project deck",
    ]
    assert_restored(terminal)
    assert_running(pids.values())

    again = procdeck("attach", directory=folder, columns=80, lines=24)
    assert wait_running(again) == pids
    engine = engine_of()
    family = everybody(engine)
    again.press("q", "s")
    assert again.exit_code() == 0
    assert "Stopped all." in again.text()
    assert_restored(again)
    wait_for(lambda: not any(is_alive(pid) for pid in family), "everybody to be gone")
    assert not paths.is_running("deck")
    assert not paths.socket_path("deck").exists()


def test_quit_is_cancelled_by_enter(place: Path, procdeck: Open) -> None:
    """Whoever presses q by mistake loses nothing."""
    terminal = procdeck(directory=write_deck(place), columns=80, lines=24)
    pids = wait_running(terminal)
    terminal.press("q")
    terminal.wait_text("Quit procdeck?")
    terminal.press("enter")
    terminal.wait_text("Quit procdeck?", absent=True)
    assert wait_running(terminal) == pids
    assert api_pids(engine_of()) == pids


def test_killed_dashboard_leaves_the_workers_running(place: Path, procdeck: Open) -> None:
    """SIGKILL of the dashboard: attach finds the same processes."""
    terminal = procdeck(directory=write_deck(place))
    pids = wait_running(terminal)
    kill(terminal.process.pid)
    assert terminal.exit_code() == -signal.SIGKILL
    assert_found_again(procdeck, pids)
    assert_running(pids.values())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_the_dashboard_and_restores_the_terminal(
    place: Path, procdeck: Open, number: signal.Signals
) -> None:
    """SIGTERM and SIGHUP detach: the terminal is as it was, the exit line says so, the workers run."""
    terminal = procdeck(directory=write_deck(place))
    pids = wait_running(terminal)
    os.kill(terminal.process.pid, number)
    assert terminal.exit_code() == 0
    assert terminal.text()[0].startswith("Detached. 4 workers still running.")
    assert_restored(terminal)
    assert_running(pids.values())
    assert api_pids(engine_of()) == pids


def test_closed_terminal_ends_the_dashboard_only(place: Path, procdeck: Open) -> None:
    """A window that is closed: no dashboard is left that waits for, or spins on, a dead terminal; the workers run."""
    terminal = procdeck(directory=write_deck(place))
    pids = wait_running(terminal)
    terminal.hang_up()
    wait_for(lambda: terminal.process.poll() is not None, "the dashboard to be gone")
    assert_found_again(procdeck, pids)


def test_closed_terminal_that_had_stalled_ends_the_dashboard_only(place: Path, procdeck: Open) -> None:
    """A broken line: nobody reads what the dashboard writes, for a while, then the terminal is gone."""
    terminal = procdeck(directory=write_deck(place))
    pids = wait_running(terminal)
    fill(terminal)
    terminal.hang_up()
    wait_for(lambda: terminal.process.poll() is not None, "the dashboard to be gone")
    assert_found_again(procdeck, pids)


def test_stopped_and_continued_dashboard_goes_on_and_restores_the_terminal(place: Path, procdeck: Open) -> None:
    """SIGSTOP and SIGCONT, as a shell's job control or a debugger does: it draws again, and leaves as ever."""
    terminal = procdeck(directory=write_deck(place), columns=80, lines=24)
    pids = wait_running(terminal)
    os.kill(terminal.process.pid, signal.SIGSTOP)
    wait_for(lambda: is_stopped(terminal.process.pid), "the dashboard to be stopped")
    before = terminal.text()
    os.kill(terminal.process.pid, signal.SIGCONT)
    terminal.wait(lambda lines: lines != before, "it to draw again")  # keys before that may be for the shell
    terminal.press("r")
    wait_state(terminal, "steady", "running", other_than=pids["steady"])
    terminal.press("q", "d")
    assert terminal.exit_code() == 0
    assert_restored(terminal)


def test_killed_engine_leaves_no_worker_and_a_dashboard_that_says_so(place: Path, procdeck: Open) -> None:
    """SIGKILL of the engine, keys pressed meanwhile: a banner, no process, and q leaves."""
    terminal = procdeck(directory=write_deck(place))
    pids = wait_running(terminal)
    engine = engine_of()
    family = everybody(engine)
    terminal.press("r")
    kill(engine.note.engine_pid)
    terminal.press("down", "j", "r", "s")
    terminal.wait_text("Engine lost", "Last seen", "Logs:", str(engine.note.log_directory))  # it may begin a line
    wait_for(lambda: not any(is_alive(pid) for pid in family | set(pids.values())), "everybody to be gone")
    wait_for(lambda: not paths.is_running("deck"), "the project to be free")
    assert terminal.process.poll() is None
    terminal.press("?")
    terminal.wait_text("Worker under the cursor")
    terminal.press("esc")
    terminal.wait_text("Worker under the cursor", absent=True)
    terminal.press("q")
    assert terminal.exit_code() == 0
    assert "No engine of deck answers any more." in terminal.text()
    assert_restored(terminal)


def test_failure_of_the_dashboard_restores_the_terminal(place: Path, procdeck: Open) -> None:
    """An exception in it: the terminal as it was, one sentence, a report, exit code 1; the workers run."""
    first = procdeck(directory=write_deck(place))
    pids = wait_running(first)
    broken = place / "broken.py"
    broken.write_text(
        "import sys\n"
        "from tui.cli.main import main\n"
        "from tui.screens.fleet import FleetScreen\n"
        "def fail(self):\n"
        "    raise LookupError('the help is [lost]')\n"
        "FleetScreen.do_help = fail\n"
        "sys.exit(main())\n"
    )
    terminal = Terminal([sys.executable, str(broken), "attach", "--project", "deck"])
    try:
        wait_running(terminal)
        terminal.press("?")
        assert terminal.exit_code() == 1
    finally:
        terminal.close()
    told = terminal.text()
    assert told[0] == "procdeck: the dashboard failed: LookupError: the help is [lost]"
    assert told[1] == "The workers are not affected. Come back with: procdeck attach --project deck"
    report = Path("".join(told[2:]).removeprefix("Report: "))
    assert "LookupError" in report.read_text()
    assert_restored(terminal)
    assert_running(pids.values())
