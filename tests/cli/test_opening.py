"""The way into the dashboard, with a dashboard that only notes that it was opened."""

from __future__ import annotations

import io
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from supervisor.errors import ProfileError
from supervisor.processes import ignition
from tests.api.fake_port import FakeEngine, a_fleet
from tui.cli import choosing, opening
from tui.cli.exits import ExitCode
from tui.first_run import Began

if TYPE_CHECKING:
    from pathlib import Path

    from supervisor.paths import EngineNote
    from tests.cli.conftest import Command

INSTEAD = "use `procdeck run PROFILE --headless`, `procdeck status` or `procdeck logs` instead\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class SentEngine:
    """An engine that is there as soon as somebody waits for it; a profile called ``bad`` has mistakes."""

    def __init__(self, path: Path, project: str | None, logs: Path) -> None:
        self._path, self._project, self._logs = path, project, logs

    def result(self) -> EngineNote:
        if self._path.stem == "bad":
            raise ProfileError([f"{self._path}:1: unknown key"])
        return FakeEngine(a_fleet(project=self._project or "census"), self._logs).note


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """(project, started_here) of every dashboard that was opened."""
    opened: list[tuple[str, bool]] = []
    module = ModuleType("tui.app")

    def run_dashboard(project: str, *, started_here: bool, ignition: SentEngine | None = None) -> int:
        if ignition is not None:
            ignition.result()
        opened.append((project, started_here))
        return 0

    module.run_dashboard = run_dashboard  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tui.app", module)
    return opened


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """What is typed at the terminal."""
    typed = Terminal()
    monkeypatch.setattr(sys, "stdin", typed)
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return typed


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Path, str | None]]:
    """(profile, project) of every engine that was started."""
    started: list[tuple[Path, str | None]] = []

    class Ignition(SentEngine):
        def __init__(self, path: Path, project: str | None = None, *, is_simulated: bool = False) -> None:
            assert not is_simulated
            super().__init__(path, project, tmp_path / "logs")
            started.append((path, project))

    monkeypatch.setattr(ignition, "Ignition", Ignition)
    monkeypatch.setattr(opening, "load_dashboard", lambda: None)
    return started


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "census.toml"
    path.write_text('name = "census"\n')
    return path


def test_profile_is_started_and_shown(
    command: Command, terminal: Terminal, started: list[object], opened: list[object], profile: Path
) -> None:
    """An engine for it, and the dashboard on that engine."""
    assert command("census.toml", "--project", "mine").code == 0
    assert command("run", str(profile)).code == 0
    assert started == [(profile, "mine"), (profile, None)]
    assert opened == [("mine", True), ("census", True)]


def test_engine_that_does_not_start_is_told_as_anywhere(
    command: Command, terminal: Terminal, started: list[object], opened: list[object], tmp_path: Path
) -> None:
    """Whether the dashboard was there meanwhile or, where only the engine knows the project's name, was not."""
    (tmp_path / "bad.toml").write_text('name = "bad"\nodd = 1\n')
    (tmp_path / "bad.yaml").write_text("odd: 1\n")
    for name in ("bad.toml", "bad.yaml"):
        outcome = command(name)
        assert outcome.code == ExitCode.PROFILE_INVALID
        assert "unknown key" in outcome.err
        assert "nothing was started" in outcome.err
    assert opened == []


def test_running_profile_is_attached_to(
    command: Command, terminal: Terminal, started: list[object], opened: list[object], profile: Path, tmp_path: Path
) -> None:
    """A second `procdeck` opens a second dashboard on the same engine and says so."""
    with FakeEngine(a_fleet(), tmp_path / "logs", profile_path=profile):
        outcome = command("census.toml")
    assert outcome.code == 0
    assert outcome.err.startswith("census is already running (engine ")
    assert (started, opened) == ([], [("census", False)])


def test_other_profile_of_the_same_name_is_refused(
    command: Command, terminal: Terminal, started: list[object], opened: list[object], profile: Path, tmp_path: Path
) -> None:
    """Both files are named, and both ways out."""
    with FakeEngine(a_fleet(), tmp_path / "logs"):
        outcome = command("census.toml")
    assert outcome.code == 4
    assert "already running another profile, /somewhere/census.toml" in outcome.err
    assert "--project NAME" in outcome.err
    assert "procdeck down --project census" in outcome.err
    assert (started, opened) == ([], [])


def test_profile_of_the_directory_is_found(
    command: Command, terminal: Terminal, started: list[object], opened: list[object], tmp_path: Path
) -> None:
    """Without an argument, procdeck.toml."""
    (tmp_path / "procdeck.toml").write_text('name = "here"\n')
    assert command().code == 0
    assert started == [(tmp_path / "procdeck.toml", None)]


def test_without_a_profile_a_person_may_choose(
    command: Command,
    terminal: Terminal,
    opened: list[tuple[str, bool]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was chosen is shown; `procdeck open` asks although there is a profile; nothing chosen is no failure."""
    asked: list[tuple[Path, bool]] = []
    note = FakeEngine(a_fleet(), tmp_path / "logs").note
    answers = [Began("engine", note, is_started=True), Began("engine", note), None]

    def choose_first(directory: Path, *, is_asked_for: bool) -> Began | None:
        asked.append((directory, is_asked_for))
        return answers[len(asked) - 1]

    monkeypatch.setattr(sys.modules["tui.app"], "choose_first", choose_first, raising=False)
    assert command().code == 0
    assert opened == [("census", True)]
    (tmp_path / "procdeck.toml").write_text('name = "here"\n')
    assert command("open").code == 0
    assert command("open").code == 0
    assert opened == [("census", True), ("census", False)]
    assert asked == [(tmp_path, False), (tmp_path, True), (tmp_path, True)]


def test_having_a_profile_written_is_what_init_does(
    command: Command, terminal: Terminal, opened: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same questions in the same terminal, once the screen is gone."""
    chosen = Began("init")
    monkeypatch.setattr(sys.modules["tui.app"], "choose_first", lambda *_, **__: chosen, raising=False)
    terminal.write("sleep 5\n\n\n\n\n")
    terminal.seek(0)
    outcome = command()
    assert outcome.code == 0, outcome.err
    assert 'command = "sleep 5"' in (tmp_path / "procdeck.toml").read_text()
    assert opened == []


def test_demo_is_a_shipped_profile(
    command: Command,
    terminal: Terminal,
    started: list[object],
    opened: list[object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By its folder's name."""
    shipped = []
    for name in ("census", "services"):
        (tmp_path / name).mkdir()
        shipped.append(tmp_path / name / f"{name}.toml")
        shipped[-1].write_text(f'name = "{name}"\ndescription = "the {name} one"\n')
    monkeypatch.setattr(choosing, "shipped_profiles", lambda: shipped)
    assert command("demo").code == 0
    assert command("demo", "census").code == 0
    assert started == [(shipped[1], None), (shipped[0], None)]
    outcome = command("demo", "cenus")
    assert (outcome.code, outcome.err) == (
        2,
        "procdeck: no demo 'cenus'; did you mean \"census\"?; there are census, services\n",
    )


def test_attach_opens_the_running_engine(
    command: Command, terminal: Terminal, opened: list[object], tmp_path: Path
) -> None:
    """Nothing is started."""
    with FakeEngine(a_fleet(), tmp_path / "logs"):
        assert command("attach").code == 0
    assert opened == [("census", False)]


def test_pipe_is_told_what_to_use_instead(command: Command, opened: list[object], profile: Path) -> None:
    """Exit code 2, nothing started."""
    outcome = command("census.toml")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"procdeck: the dashboard needs a terminal, and stdin or stdout is none; {INSTEAD}"


def test_dumb_terminal_is_told_what_to_use_instead(
    command: Command, terminal: Terminal, opened: list[object], profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Likewise."""
    monkeypatch.setenv("TERM", "dumb")
    outcome = command("census.toml")
    assert outcome.code == 2
    assert outcome.err == (
        f"procdeck: the dashboard needs a terminal that can move its cursor, and TERM is dumb; {INSTEAD}"
    )
    assert opened == []


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("cencus.toml", 'no such profile: cencus.toml; did you mean "census.toml"?'),
        ("nowhere/x.toml", "no such profile: nowhere/x.toml; there is no directory nowhere"),
        ("services", "no such profile: services; the one that comes with procdeck is `procdeck demo services`"),
        ("zzz", "no such profile: zzz; `procdeck --help` lists the commands"),
        (".", ". has neither procdeck.toml nor pyproject.toml with [tool.procdeck]; name the file: census.toml"),
    ],
)
def test_missing_profile_is_told_with_what_comes_close(command: Command, profile: Path, word: str, told: str) -> None:
    """A riddle has a hint."""
    outcome = command(word)
    assert (outcome.code, outcome.err) == (2, f"procdeck: {told}\n")
