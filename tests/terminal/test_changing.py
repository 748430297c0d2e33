"""Pause, scale, signals and the reload of the profile in the real program, on a real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import wait_for
from tests.terminal.conftest import Open
from tests.terminal.deck import NAMES, PROFILE, api_pids, engine_of, row, wait_running, wait_state, write_deck
from tests.terminal.terminal import Terminal

pytestmark = pytest.mark.terminal

CTRL_C, CTRL_R = "\x03", "\x12"
SIZES = [(80, 24), (160, 45)]


def state_of(pid: int) -> str:
    """What the kernel says of a process: ``S`` ``R`` ``T``."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_worker_is_paused_resumed_and_scaled_by_its_keys(place: Path, procdeck: Open, columns: int, lines: int) -> None:
    """It stands still, as screen, engine and kernel say, and goes on; a third replica comes and goes again."""
    terminal = procdeck(directory=write_deck(place), columns=columns, lines=lines)
    pids = wait_running(terminal)
    terminal.press("p")
    assert wait_state(terminal, "steady", "paused").pid == pids["steady"]
    terminal.wait_text("p Resume", "paused for", "Paused steady")
    assert engine_of().row("steady").state == "paused"
    wait_for(lambda: state_of(pids["steady"]) == "T", "the process to be stopped")
    terminal.press("p")
    assert wait_running(terminal) == pids
    terminal.wait_text("Resumed steady")
    wait_for(lambda: state_of(pids["steady"]) != "T", "the process to go on")
    terminal.press("-")
    terminal.wait_text("steady has one replica: press s to stop it.")

    terminal.press("down", "down", "+")
    terminal.wait_text("pair: 2 -> 3")
    third = wait_state(terminal, "pair.3", "running").pid
    assert _names_in_table(terminal) == ["steady", "pair.1", "pair.2", "pair.3", "shell"]
    assert api_pids(engine_of()) == pids | {"pair.3": third}
    terminal.press("-")
    terminal.wait_text("pair: 3 -> 2")  # which may be gone again before the replica is
    terminal.wait_text("Workers 4")
    terminal.wait(lambda shown: row(shown, "pair.3") is None, "no third replica")
    wait_for(lambda: api_pids(engine_of()) == pids, "the others to be the same")
    terminal.press("r")  # the cursor is where it was
    wait_state(terminal, "pair.2", "running", other_than=pids["pair.2"])


def _names_in_table(terminal: Terminal) -> list[str]:
    places = {
        name: at
        for name in (*NAMES, "pair.3")
        for at, line in enumerate(terminal.text())
        if row([heading_of(terminal), line], name)
    }
    return sorted(places, key=lambda name: places[name])


def heading_of(terminal: Terminal) -> str:
    """The line with the table's headings."""
    return next(line for line in terminal.text() if line.startswith(" WORKER "))


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_reload_shows_its_plan_and_changes_only_what_it_says(
    place: Path, procdeck: Open, columns: int, lines: int
) -> None:
    """Enter cancels; a applies: one worker restarts, one comes, one goes, and the others keep their processes."""
    folder = write_deck(place)
    terminal = procdeck(directory=folder, columns=columns, lines=lines)
    pids = wait_running(terminal)
    changed = PROFILE.replace("pause_s = 0.2", "pause_s = 0.1").replace("[workers.shell]", "[workers.other]")
    (folder / "procdeck.toml").write_text(changed)
    terminal.press(CTRL_R)
    terminal.wait_text("Reload procdeck.toml?", "3 changes: 1 to add, 1 to remove, 1 to restart.", "Apply it", "Cancel")
    terminal.wait_text("steady  restart  args", "shell   remove", "other   add")
    terminal.press("enter")
    terminal.wait_text("Reload procdeck.toml?", absent=True)
    assert api_pids(engine_of()) == pids

    terminal.press(CTRL_R)
    terminal.wait_text("Reload procdeck.toml?", "Apply it")
    terminal.press("a")
    steady = wait_state(terminal, "steady", "running", other_than=pids["steady"]).pid
    other = wait_state(terminal, "other", "running").pid
    terminal.wait(lambda shown: row(shown, "shell") is None, "no shell worker")
    kept = {name: pids[name] for name in ("pair.1", "pair.2")}
    wait_for(lambda: api_pids(engine_of()) == kept | {"steady": steady, "other": other}, "the others to be the same")
    terminal.press(CTRL_R)
    terminal.wait_text("nothing differs")


def test_reload_of_a_bad_profile_tells_every_mistake_and_changes_nothing(place: Path, procdeck: Open) -> None:
    """Lines and suggestions; Esc goes back to workers that never noticed."""
    folder = write_deck(place)
    terminal = procdeck(directory=folder, columns=80, lines=24)
    pids = wait_running(terminal)
    (folder / "procdeck.toml").write_text(PROFILE.replace("replicas = 2", "replcas = 2\nnice = 'x'"))
    terminal.press(CTRL_R)
    terminal.wait_text("Not reloaded: 2 mistakes; nothing was changed", '"replcas"', 'did you mean "replicas"?', "nice")
    terminal.press("esc")
    terminal.wait_text("Not reloaded", absent=True)
    assert wait_running(terminal) == pids
    assert api_pids(engine_of()) == pids


def test_signal_is_chosen_and_arrives(place: Path, procdeck: Open) -> None:
    """S, h: the shell's trap for SIGHUP says so in the log."""
    folder = write_deck(place)
    trapping = PROFILE.replace('command = "while', "command = \"trap 'echo heard the signal' HUP; while")
    (folder / "procdeck.toml").write_text(trapping)
    terminal = procdeck(directory=folder, columns=80, lines=24)
    pids = wait_running(terminal)
    engine_of().wait_message("shell", "shell says hello")
    terminal.press("G")
    terminal.press_until("S", "Send shell a signal", f"process {pids['shell']}")
    terminal.press("h")
    terminal.wait_text("SIGHUP sent to shell")
    engine_of().wait_message("shell", "heard the signal")
    assert wait_running(terminal) == pids


def test_second_ctrl_c_kills_what_does_not_stop(place: Path, procdeck: Open) -> None:
    """The stop of all is asked for once; Ctrl-C while it goes on waits no longer, and nothing is left."""
    folder = write_deck(place)
    stubborn = PROFILE.replace('stop_timeout = "2s"', 'stop_timeout = "300s"')
    stubborn = stubborn.replace('command = "while', "command = \"trap '' TERM; while")
    (folder / "procdeck.toml").write_text(stubborn)
    terminal = procdeck(directory=folder, columns=80, lines=24)
    pids = wait_running(terminal)
    engine_of().wait_message("shell", "shell says hello")
    terminal.press(CTRL_C)
    terminal.wait_text("Quit procdeck?")
    terminal.press("s")
    terminal.wait_text("Stopping all: waiting for 1 worker: shell")
    terminal.wait(_counts_down, "the time that is left until SIGKILL")
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 0
    assert "Stopped all." in terminal.text()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.values()), "every worker to be gone")


def _counts_down(lines: list[str]) -> bool:
    return any("stopping" in line and "SIGKILL in 4 m" in line for line in lines)


def test_waiting_and_skipped_workers_say_for_whom(place: Path, procdeck: Open) -> None:
    """Who depends on one that is not ready names it; who depends on one that failed says why it does not start."""
    folder = write_deck(place)
    (folder / "procdeck.toml").write_text(
        PROFILE
        + """
[workers.broken]
command = "exit 3"
restart = "never"
[workers.migrate]
command = "true"
depends_on = { broken = "completed-ok" }
[workers.never]
command = "sleep 600"
ready = { log = "never said" }
[workers.web]
command = "sleep 600"
depends_on = ["never"]
"""
    )
    terminal = procdeck(directory=folder)
    wait_state(terminal, "web", "waiting")
    wait_state(terminal, "never", "unready")
    wait_state(terminal, "migrate", "skipped")
    terminal.wait_text("waits for never to be ready", "broken has failed: exit code 3", "1 unready", "1 waiting")
    terminal.wait(lambda lines: any("unready" in line and " left" in line for line in lines), "its start timeout")
    _ask_for(terminal, "web")
    terminal.wait_text("web starts by itself; it waits for never to be ready")


def _ask_for(terminal: Terminal, name: str) -> None:
    """Put the cursor on `name`, which is last, and try to start it."""
    terminal.press("G")
    terminal.wait(lambda lines: any(line.endswith(f"  {name}") for line in lines), f"the detail of {name}")
    terminal.press("a")
