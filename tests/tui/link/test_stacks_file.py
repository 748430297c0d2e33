"""A dump is a new file for the user alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tui.link.stacks_file import write_dump


def test_a_dump_is_never_written_over_another(tmp_path: Path) -> None:
    """Two of the same second stand side by side, each mode 0600."""
    paths = [write_dump(tmp_path, "stacks-1", text) for text in ("first", "second \udcff")]
    assert [path.name for path in paths] == ["stacks-1.txt", "stacks-1-1.txt"]
    assert paths[0].read_text() == "first"
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}


def test_a_dump_follows_no_link_that_somebody_has_laid(tmp_path: Path) -> None:
    """A symbolic link of that name is not written through."""
    (tmp_path / "stacks-1.txt").symlink_to(tmp_path / "victim")
    assert write_dump(tmp_path, "stacks-1", "text").name == "stacks-1-1.txt"
    assert not (tmp_path / "victim").exists()


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """OSError, for whoever tells it."""
    with pytest.raises(OSError, match="No such file"):
        write_dump(tmp_path / "gone", "stacks-1", "text")
