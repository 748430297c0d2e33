"""Which words open a file in somebody's own editor."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tui.editing import NoEditor, editor_command

FILE = Path("/srv/my profile.toml")


@pytest.mark.parametrize(("environ", "words"), [
    ({"EDITOR": "nano"}, ["nano", "+12", "/srv/my profile.toml"]),
    ({"EDITOR": "nano", "VISUAL": "/usr/bin/nvim -p"}, ["/usr/bin/nvim", "-p", "+12", "/srv/my profile.toml"]),
    ({"EDITOR": "hx"}, ["hx", "/srv/my profile.toml:12"]),
    ({"EDITOR": "code -n"}, ["code", "-n", "--wait", "--goto", "/srv/my profile.toml:12"]),
    ({"EDITOR": "ed"}, ["ed", "/srv/my profile.toml"]),
])  # fmt: skip
def test_line_is_named_as_the_editor_has_it(environ: dict[str, str], words: list[str]) -> None:
    """One that is not known gets the file alone."""
    assert editor_command(environ, FILE, 12) == words


def test_without_one_what_is_there_is_taken_or_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of how easily one gets out of them again."""
    there = {"vi", "nano"}
    monkeypatch.setattr(shutil, "which", lambda name: name if name in there else None)
    assert editor_command({}, FILE, 1)[0] == "nano"
    there.clear()
    with pytest.raises(NoEditor, match="set EDITOR"):
        editor_command({}, FILE, 1)
    with pytest.raises(NoEditor, match="cannot be used"):
        editor_command({"EDITOR": "vi 'x"}, FILE, 1)
