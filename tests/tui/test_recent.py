"""Which profiles were opened lately is remembered in the state directory, and never in anybody's way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.recent import MOST, Recent, recent_profiles, remember_profile


def test_newest_is_first_and_each_is_there_once(place: Path) -> None:
    """Relative paths are made absolute; files that are gone stay."""
    assert recent_profiles() == []
    remember_profile(Path("/srv/a.toml"), 10.0)
    remember_profile(Path("/srv/b.toml"), 20.0)
    remember_profile(Path("/srv/a.toml"), 30.0)
    assert recent_profiles() == [Recent(Path("/srv/a.toml"), 30.0), Recent(Path("/srv/b.toml"), 20.0)]
    remember_profile(Path("here.toml"), 40.0)
    assert recent_profiles()[0].path == Path.cwd() / "here.toml"
    assert [entry.name for entry in (place / "s").iterdir()] == ["recent.json"]


def test_only_so_many_are_remembered(place: Path) -> None:
    """The oldest go."""
    for number in range(MOST + 5):
        remember_profile(Path(f"/srv/{number}.toml"), float(number))
    assert len(recent_profiles()) == MOST
    assert recent_profiles()[-1].path == Path("/srv/5.toml")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "[1, null]",
        '[{"path": 3, "opened_at": 1}]',
        '[{"path": "x"}]',
        "[[]]",
        '[{"path": "/srv/\\u0000", "opened_at": 1}]',
        '[{"path": "/srv/a.toml", "opened_at": Infinity}]',
    ],
)
def test_a_file_that_is_no_list_of_them_is_empty(place: Path, text: str) -> None:
    """And the next one that is opened makes it whole."""
    (place / "s").mkdir()
    (place / "s" / "recent.json").write_text(text)
    assert recent_profiles() == []
    remember_profile(Path("/srv/a.toml"), 1.0)
    assert len(recent_profiles()) == 1


def test_what_cannot_be_written_is_not_remembered(place: Path) -> None:
    """No error, and no draft beside it."""
    (place / "s").write_text("no directory")
    remember_profile(Path("/srv/a.toml"), 1.0)
    assert recent_profiles() == []
