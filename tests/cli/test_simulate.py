"""`procdeck run --simulate`: which run each spelling asks for."""

from __future__ import annotations

from typing import Any

import pytest

from tui.cli import headless, main, opening, simulating


@pytest.mark.parametrize(
    ("words", "is_simulated"),
    [
        (["run", "p.toml", "--headless"], False),
        (["run", "p.toml", "--headless", "--simulate"], True),
        (["run", "--simulate", "p.toml", "--headless"], True),
        (["run", "p.toml", "--simulate=threads", "--headless"], True),
    ],
)
def test_headless_run_is_simulated_where_asked(
    monkeypatch: pytest.MonkeyPatch, words: list[str], is_simulated: bool
) -> None:
    """Bare, before and after the profile, and spelled out."""
    seen: list[Any] = []

    def run(profile: str, project: str | None, *, until_complete: bool, is_simulated: bool = False) -> int:
        seen.append((profile, project, until_complete, is_simulated))
        return 0

    monkeypatch.setattr(headless, "run_headless", run)
    assert main.main(words) == 0
    assert seen == [("p.toml", None, False, is_simulated)]


def test_dashboard_opens_on_a_simulated_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on any other."""
    seen: list[Any] = []

    def open_it(profile: str | None, project: str | None, *, is_simulated: bool = False) -> int:
        seen.append((profile, project, is_simulated))
        return 0

    monkeypatch.setattr(opening, "open_profile", open_it)
    assert main.main(["run", "p.toml", "--simulate", "--project", "other"]) == 0
    assert seen == [("p.toml", "other", True)]


def test_sequential_is_a_run_in_this_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no engine."""
    seen: list[Any] = []

    def run(profile: str, project: str | None = None) -> int:
        seen.append((profile, project))
        return 3

    monkeypatch.setattr(simulating, "run_sequentially", run)
    assert main.main(["run", "p.toml", "--simulate=sequential"]) == 3
    assert seen == [("p.toml", None)]


def test_other_word_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the words that there are."""
    assert main.main(["run", "p.toml", "--simulate=processes"]) == 2
    assert "threads" in capsys.readouterr().err
