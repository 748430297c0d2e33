"""The grammar, the price of start-up, and the way from errors to exit codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tui.cli.main import COMMANDS

if TYPE_CHECKING:
    from tests.api.fake_port import FakeEngine
    from tests.cli.conftest import Command

ROOT = Path(__file__).parent.parent.parent


def _python(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=60, env=environment, check=False
    )


def test_command_line_starts_without_what_is_expensive() -> None:
    """Importing the command line loads neither the screen nor the server nor the validation."""
    ran = _python("-c", "import sys, tui.cli.main; print(*sys.modules, sep='\\n')")
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert ran.returncode == 0, ran.stderr
    assert loaded & {"textual", "rich", "aiohttp", "pydantic", "psutil", "loguru", "asyncio", "msgspec"} == set()


def test_status_loads_no_more_than_the_client(engine: FakeEngine) -> None:
    """The whole command, against an engine, without anything that is expensive."""
    code = (
        "import sys; from tui.cli.main import main; code = main(['status']); print(*sys.modules, sep='\\n'); exit(code)"
    )
    ran = _python("-c", code)
    assert ran.returncode == 0, ran.stderr
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert loaded & {"textual", "rich", "aiohttp", "pydantic", "psutil", "loguru", "asyncio"} == set()


def test_program_is_the_same_from_outside(engine: FakeEngine) -> None:
    """As a process of its own: table on stdout, exit code 0."""
    ran = _python("-m", "tui.cli.main", "status")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("census: running, engine 4700")


def test_commands_are_those_of_the_readme() -> None:
    """Each has its place in the table of commands; what the table names is there."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Commands\n")[2].partition("\n## ")[0]
    firsts = [cell for line in section.splitlines() if (cell := line.partition(" | ")[0]).startswith("| `")]
    told = {word for cell in firsts for word in re.findall(r"(?:`procdeck |`)([a-z-]+)", cell)}
    assert sorted(COMMANDS - told) == []
    named = set(re.findall(r"`procdeck ([a-z-]+)", "\n".join(firsts)))
    assert sorted(named - COMMANDS) == []


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("statsu", "status"),
        ("stauts", "status"),
        ("log", "logs"),
        ("restrat", "restart"),
        ("sacle", "scale"),
        ("event", "events"),
    ],
)
def test_mistyped_command_is_not_taken_for_a_profile(command: Command, word: str, meant: str) -> None:
    """A word that is no file and comes close to a command suggests the command."""
    outcome = command(word, "--json")
    assert (outcome.code, outcome.err) == (2, f'procdeck: there is no command "{word}"; did you mean "{meant}"?\n')


def test_file_that_is_called_like_a_command_can_be_named(command: Command, tmp_path: Path) -> None:
    """A file that exists is a profile, however much it resembles a command."""
    (tmp_path / "statsu").write_text("")
    assert "no command" not in command("statsu").err
    assert "no command" not in command("./status").err


def test_mistyped_option_is_told_with_what_comes_close(command: Command) -> None:
    """Exit code 2, and where help is."""
    outcome = command("status", "--jsno")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "procdeck: Unknown option: --jsno. Did you mean --json?\nprocdeck status --help explains it\n"


def test_until_complete_needs_headless(command: Command) -> None:
    """The dashboard never ends by itself."""
    outcome = command("run", "x.toml", "--until-complete")
    assert (outcome.code, outcome.err.partition(";")[0]) == (2, "procdeck: --until-complete is for --headless")


def test_version_is_told(command: Command) -> None:
    """On stdout."""
    outcome = command("--version")
    assert (outcome.code, outcome.out) == (0, "procdeck 0.1.0\n")


def test_help_names_every_command(command: Command) -> None:
    """With a sentence each."""
    out = command("--help").out
    assert [name for name in COMMANDS if f"\n│ {name} " not in out] == []


def test_illegal_project_name_is_told(command: Command) -> None:
    """With the rule."""
    outcome = command("status", "--project", "no/name")
    assert outcome.code == 2
    assert "a letter first" in outcome.err


def test_reader_that_goes_away_ends_the_command_quietly(engine: FakeEngine) -> None:
    """`procdeck logs | head` leaves no traceback."""
    directory = Path(engine.note.log_directory)
    directory.mkdir()
    line = b'{"time":"2026-11-22T13:31:26.123456Z","level":"INFO","message":"x","worker":"walk","incarnation":1}\n'
    (directory / "000001.ndjson").write_bytes(line * 20_000)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "tui.cli.main", "logs", "-n", "20000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


@pytest.mark.parametrize("words", [(), ("status",), ("check",), ("profiles",), ("logs", "-f")])
def test_a_directory_that_is_gone_is_told(
    command: Command, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was asked for: nothing can be found from there."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    outcome = command(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("procdeck: the directory that you are in is gone")
