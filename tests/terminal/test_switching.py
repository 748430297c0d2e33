"""From one project to another in the same terminal, and what is shown where there is no profile at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor import paths
from tests.engines import is_alive, wait_for, write_profile
from tests.terminal.conftest import Open
from tests.terminal.deck import api_pids, engine_of, wait_running

pytestmark = pytest.mark.terminal

CTRL_O = "\x0f"
ALTERNATE_SCREEN = 1049


def write(directory: Path, name: str) -> None:
    directory.mkdir(exist_ok=True)
    text = f'name = "{name}"\n[workers.{name}-worker]\ncommand = "exec sleep 1000"\n'
    (directory / f"{name}.toml").write_text(text)


def test_dashboard_goes_from_one_project_to_another(place: Path, procdeck: Open) -> None:
    """The workers of the first go on and are there when one comes back; those of the second are stopped, as wished."""
    for name in ("alpha", "beta"):
        write(place / "p", name)
    terminal = procdeck("alpha.toml", directory=place / "p", columns=80, lines=24)
    first = wait_running(terminal, ["alpha-worker"])
    terminal.press(CTRL_O)
    terminal.wait_text("◉ shown", "✓ valid", "beta.toml")
    terminal.press(*"beta", "enter")
    terminal.wait_text("Open beta?", "1 worker of", "alpha goes on without this screen.")
    terminal.press("o")
    terminal.wait_text("procdeck beta", "alpha goes on: 1 worker running.")
    second = wait_running(terminal, ["beta-worker"])
    assert api_pids(engine_of("alpha")) == first
    assert b"\x1b[?1049l" not in terminal.output

    terminal.press(CTRL_O)
    terminal.wait_text("◉ runs", "◉ shown")
    terminal.press(*"alpha", "enter")
    terminal.wait_text("Open alpha?", "Stop all of beta first")
    terminal.press("s")
    terminal.wait_text("procdeck alpha", "Everything of beta was stopped.")
    assert wait_running(terminal, ["alpha-worker"]) == first
    wait_for(lambda: not paths.is_running("beta"), "the engine of beta to be gone")
    assert not is_alive(second["beta-worker"])

    terminal.press("q")
    terminal.wait_text("Quit procdeck?")
    terminal.press("d")
    assert terminal.exit_code() == 0
    assert "Detached. 1 worker still running." in "\n".join(terminal.text())
    assert "Still running too" not in "\n".join(terminal.text())
    assert terminal.modes_after == terminal.modes_before
    assert terminal.private_modes()[ALTERNATE_SCREEN] is False


def test_without_a_profile_one_is_offered_to_be_written(place: Path, procdeck: Open) -> None:
    """The first screen says how; the questions are asked in the terminal, which is as it was."""
    (place / "p").mkdir()
    terminal = procdeck(directory=place / "p", columns=80, lines=24)
    terminal.wait_text("No procdeck.toml in ", "Write a profile", "Shipped with procdeck", "census")
    terminal.press("enter")
    terminal.wait_text("What is to run?")
    assert terminal.private_modes()[ALTERNATE_SCREEN] is False
    terminal.press("sleep 1000", "enter")
    for question in ("Its name?", "How many copies?", "Start it again"):
        terminal.wait_text(question)
        terminal.press("enter")
    terminal.wait(lambda shown: sum("What is to run?" in line for line in shown) == 2, "to be asked for another one")
    terminal.press("enter")
    assert terminal.exit_code() == 0
    assert "it has 1 worker;" in "\n".join(terminal.text())
    assert terminal.modes_after == terminal.modes_before
    assert 'command = "sleep 1000"' in (place / "p" / "procdeck.toml").read_text()


def test_a_shipped_profile_is_opened_from_the_first_screen(place: Path, procdeck: Open) -> None:
    """One that runs already is attached to as well; nothing of the shell is shown in between."""
    path = write_profile(place / "elsewhere", 'name = "there"\n[workers.w]\ncommand = "exec sleep 1000"\n')
    (place / "p").mkdir()
    first = procdeck(str(path), directory=place / "p")
    pids = wait_running(first, ["w"])
    second = procdeck("open", directory=place / "p", columns=80, lines=24)
    second.wait_text("Running elsewhere", "there", "◉ runs")
    second.press("enter")
    second.wait_text("procdeck there")
    assert wait_running(second, ["w"]) == pids
    assert second.output.count(b"\x1b[?1049h") == 1
