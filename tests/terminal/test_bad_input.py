"""What a person reads after a mistake: at the command line, in a terminal and in a pipe, and on the screen."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from supervisor import paths
from tests.engines import PATIENCE_S, wait_for, write_profile
from tests.terminal.conftest import PROGRAM, Open
from tests.terminal.deck import api_pids, engine_of, wait_running, wait_state, write_deck

pytestmark = pytest.mark.terminal

INSTEAD = "use `procdeck run PROFILE --headless`, `procdeck status` or `procdeck logs` instead"

MISTAKES = {
    "syntax.toml": ('name = "syntax"\n[workers.w\ncommand = "date"\n', "syntax.toml:2: "),
    "key.toml": (
        'name = "key"\n[workers.w]\ncommand = "date"\nrestrat = "never"\n',
        'key.toml:4: unknown key "restrat" in [workers.w]; did you mean "restart"?',
    ),
}


def in_pipes(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *words], cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S
    )


def test_missing_profile_is_told_with_what_comes_close(place: Path, procdeck: Open) -> None:
    """In a terminal and in a pipe alike; the terminal is not touched."""
    write_deck(place)
    told = 'procdeck: no such profile: p/procdek.toml; did you mean "procdeck.toml"?'
    terminal = procdeck("p/procdek.toml")
    assert terminal.exit_code() == 2
    assert terminal.text()[0] == told
    assert b"\x1b" not in terminal.output
    piped = in_pipes(place, "p/procdek.toml")
    assert (piped.returncode, piped.stdout, piped.stderr) == (2, "", told + "\n")


@pytest.mark.parametrize("file", MISTAKES)
def test_mistake_in_a_profile_is_told_with_its_line(place: Path, procdeck: Open, file: str) -> None:
    """Exit code 5, nothing started; `check` says the same."""
    text, told = MISTAKES[file]
    (place / file).write_text(text)
    terminal = procdeck(file)
    assert terminal.exit_code() == 5
    lines = terminal.text()
    assert told in lines[0]
    assert lines[1] == "procdeck: nothing was started: the profile has to be mended first"
    assert b"\x1b" not in terminal.output
    piped = in_pipes(place, "run", file, "--headless")
    assert (piped.returncode, piped.stdout) == (5, "")
    assert told in piped.stderr
    checked = in_pipes(place, "check", file)
    assert (checked.returncode, checked.stderr) == (5, "")
    assert told in checked.stdout
    assert paths.running_projects() == []


def test_no_terminal_is_told_what_to_use_instead(place: Path) -> None:
    """In a pipe: exit code 2, nothing on stdout, nothing started."""
    write_deck(place)
    piped = in_pipes(place, "p")
    assert (piped.returncode, piped.stdout) == (2, "")
    assert piped.stderr == f"procdeck: the dashboard needs a terminal, and stdin or stdout is none; {INSTEAD}\n"
    assert paths.running_projects() == []


def test_dumb_terminal_is_told_what_to_use_instead(place: Path, procdeck: Open) -> None:
    """TERM=dumb: the same, without a single escape sequence."""
    terminal = procdeck("p", directory=write_deck(place).parent, term="dumb")
    assert terminal.exit_code() == 2
    whole = "".join(terminal.text())
    assert "the dashboard needs a terminal that can move its cursor, and TERM is dumb" in whole
    assert b"\x1b" not in terminal.output
    assert paths.running_projects() == []


def test_second_dashboard_attaches_and_says_so(place: Path, procdeck: Open) -> None:
    """Both show the same processes, and what one does the other sees."""
    folder = write_deck(place)
    first = procdeck(directory=folder)
    pids = wait_running(first)
    engine = engine_of()
    second = procdeck(directory=folder, columns=80, lines=24)
    assert wait_running(second) == pids
    said = f"deck is already running (engine {engine.note.engine_pid}); attaching to it"
    assert bytes(second.output).startswith(said.encode())
    second.press("s")
    for terminal in (first, second):
        wait_state(terminal, "steady", "stopped")
    second.press("q", "d")
    assert second.exit_code() == 0
    assert said in second.text()
    assert "3 workers still running." in second.text()[1]
    assert api_pids(engine) == {name: pid for name, pid in pids.items() if name != "steady"}


def test_other_profile_of_the_same_name_is_refused_with_what_to_do(place: Path, procdeck: Open) -> None:
    """Exit code 4, both ways out, and the running one goes on."""
    first = procdeck(directory=write_deck(place))
    pids = wait_running(first)
    (place / "other.toml").write_text('name = "deck"\n[workers.w]\ncommand = "date"\n')
    second = procdeck("other.toml")
    assert second.exit_code() == 4
    whole = "".join(second.text())
    assert "project deck is already running another profile" in whole
    assert "--project NAME" in whole
    assert "procdeck down --project deck" in whole
    assert api_pids(engine_of()) == pids

    third = procdeck("other.toml", "--project", "mine")
    wait_state(third, "w", "finished")
    third.press("q", "s")
    assert third.exit_code() == 0
    wait_for(lambda: [note.project for note in paths.running_projects()] == ["deck"], "only deck to be left")


@pytest.mark.parametrize(("columns", "lines"), [(160, 45), (80, 24)])
def test_broken_worker_is_failed_on_the_screen_while_others_run(
    place: Path, procdeck: Open, columns: int, lines: int
) -> None:
    """A module that is not there and a command that is not there: each with its error, in full on its detail."""
    profile = """
    name = "broken"
    [defaults]
    restart = "never"
    [workers.absent]
    target = "no_such_module:work"
    [workers.command]
    command = ["no-such-command", "--now"]
    [workers.fine]
    command = "while true; do sleep 1; done"
    """
    terminal = procdeck(directory=write_profile(place / "p", profile).parent, columns=columns, lines=lines)
    for name in ("absent", "command"):
        wait_state(terminal, name, "failed")
    wait_running(terminal, ["fine"])
    terminal.wait_text("uncaught ModuleNotFoundError", "no such command: no-such-command")
    terminal.wait_text("a Start")
    terminal.press("enter")
    terminal.wait_text("✗ failed for", "no_such_module:work")
    terminal.wait_text("enter Detail", absent=True)
    terminal.press_until("G", "ModuleNotFoundError: No module named 'no_such_module'")
