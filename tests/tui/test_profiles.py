"""Which profiles are offered: each once, in its group, with the engine that runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.api.fake_port import FakeEngine, a_fleet
from tui import profiles
from tui.profiles import Outlines, candidates
from tui.recent import remember_profile


def write(path: Path, name: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'name = "{name}"\n[workers.a]\ncommand = "sleep 1"\n')
    return path


def test_each_profile_is_offered_once_in_its_group(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here, running elsewhere, opened lately (gone ones too), shipped."""
    here, shipped = write(tmp_path / "here" / "procdeck.toml", "mine"), write(tmp_path / "configs" / "s.toml", "s")
    elsewhere, gone = write(tmp_path / "else" / "x.toml", "census"), tmp_path / "gone.toml"
    old = write(tmp_path / "old" / "old.toml", "old")
    monkeypatch.setattr(profiles, "shipped_profiles", lambda: [shipped])
    for at, path in enumerate((old, gone, here, shipped, elsewhere)):
        remember_profile(path, float(at))
    with FakeEngine(a_fleet(), place / "logs", profile_path=elsewhere):
        cards = candidates(tmp_path / "here")
    assert [(card.group, card.path, card.opened_at, card.is_there) for card in cards] == [
        ("here", here, 2.0, True),
        ("running", elsewhere, 4.0, True),
        ("recent", gone, 1.0, False),
        ("recent", old, 0.0, True),
        ("shipped", shipped, 3.0, True),
    ]
    assert [card.engine.project for card in cards if card.engine] == ["census"]
    assert [card.name for card in cards] == ["here", "census", "gone", "old", "s"]


def test_outlines_are_made_again_when_a_file_changes(tmp_path: Path) -> None:
    """Otherwise the same one is given, without a look at the file's text."""
    path, outlines = write(tmp_path / "p.toml", "first"), Outlines()
    first = outlines.of(path)
    assert outlines.of(path) is first
    write(path, "second-one")
    os.utime(path, ns=(1, 1))
    assert outlines.of(path).name == "second-one"
    path.unlink()
    assert "there is no such file" in outlines.of(path).mistakes[0]
