"""`procdeck screenshot` says what it wants, and what is not there; each picture has a name of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tui.cli.exits import ExitCode, UsageError
from tui.cli.screenshot import path_of, size_of


def test_without_an_engine_it_says_how_to_start_one(command: Command) -> None:
    outcome = command("screenshot")
    assert (outcome.code, outcome.out) == (ExitCode.NO_ENGINE, "")
    assert "no engine runs" in outcome.err


def test_a_time_is_for_a_recording(command: Command) -> None:
    outcome = command("screenshot", "--at", "02:13")
    assert outcome.code == ExitCode.USAGE
    assert "--recording" in outcome.err


def test_a_size_is_columns_and_lines() -> None:
    assert size_of("120x34") == (120, 34)
    for text in ("120", "x", "120x", "59x34", "120x14", "501x34", "120x201"):
        with pytest.raises(UsageError, match="--size is"):
            size_of(text)


def test_several_pictures_go_into_files_of_their_own() -> None:
    """A name that no file should have is made one that it can have."""
    assert path_of(Path("a/x.svg"), "census", "why:parse.2", is_alone=False) == Path("a/x-why-parse.2.svg")
    assert path_of(Path("a/x.svg"), "census", "why:../p", is_alone=True) == Path("a/x.svg")
    assert path_of(None, "census", "why:../p", is_alone=True).name.startswith("procdeck-census-why-..-p-")
