"""How a dashboard was left: it comes back as it was, whatever else is in the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui.layout import Layout
from tui.settings.kept import LARGEST_BYTES, LONGEST_CHARACTERS, Kept, KeptView, LogLook, forget
from tui.sorting import Sort

EVERYTHING = Kept(
    layout=Layout(
        place="channels",
        sorts={"workers": Sort("cpu", is_descending=True)},
        only_problems=frozenset({"pools"}),
        filters={"workers": "parse", "log": "re:a|b"},
        log_level="warning",
        grouping="kind",
        is_detail_open=False,
        table_lines=12,
        detail_columns=40,
        second_log_lines=12,
    ),
    logs=(LogLook(is_wrapped=True, has_histogram=False), LogLook(worker="walk", level="error", text="!x")),
    theme="light",
)


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    """In a file of its owner's alone, and no draft is left beside it."""
    path = tmp_path / "census" / "view.json"
    view = KeptView(path)
    assert view.kept == Kept()
    assert view.keep(EVERYTHING)
    assert KeptView(path).kept == EVERYTHING
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["view.json"]


def test_what_is_kept_already_is_not_written_again(tmp_path: Path) -> None:
    """A dashboard that nobody touches writes nothing."""
    path = tmp_path / "view.json"
    view = KeptView(path)
    view.keep(EVERYTHING)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert view.keep(EVERYTHING)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        '{"version": 2, "theme": "light"}',
        '{"theme": "light"}',
        '{"version": 1, "layout": 3, "logs": 4, "theme": 5}',
        '{"version": 1, "layout": {"place": "nowhere", "sorts": [], "table_lines": "many"}}',
        "[" * 5000,
    ],
)
def test_junk_is_as_nothing(tmp_path: Path, text: str) -> None:
    """What an older or a newer procdeck, a full disk or a person made of it."""
    path = tmp_path / "view.json"
    path.write_text(text)
    assert KeptView(path).kept == Kept()


def test_what_fits_is_taken_from_among_junk(tmp_path: Path) -> None:
    """Field by field."""
    path = tmp_path / "view.json"
    layout = {"place": "pools", "grouping": 7, "filters": {"workers": "a", "log": "x" * (LONGEST_CHARACTERS + 1)}}
    logs = [{"is_wrapped": True, "level": 3}, "junk", {"worker": "third"}]
    path.write_text(json.dumps({"version": 1, "layout": layout, "logs": logs, "more": 1}))
    assert KeptView(path).kept == Kept(layout=Layout(place="pools"), logs=(LogLook(is_wrapped=True), LogLook()))


def test_a_file_that_is_too_large_is_none_of_ours(tmp_path: Path) -> None:
    """It is not read into memory."""
    path = tmp_path / "view.json"
    path.write_text('{"version": 1, "theme": "light"}' + " " * LARGEST_BYTES)
    assert KeptView(path).kept == Kept()


def test_what_cannot_be_written_troubles_nobody(tmp_path: Path) -> None:
    """Where the folder is a file."""
    (tmp_path / "census").write_text("")
    assert not KeptView(tmp_path / "census" / "view.json").keep(EVERYTHING)


def test_a_text_that_no_file_can_have_troubles_nobody(tmp_path: Path) -> None:
    """Half a character, pasted into a filter; what was kept before stays."""
    view = KeptView(tmp_path / "view.json")
    view.keep(EVERYTHING)
    assert not view.keep(Kept(logs=(LogLook(text="\ud800"),)))
    assert KeptView(tmp_path / "view.json").kept == EVERYTHING
    assert [path.name for path in tmp_path.iterdir()] == ["view.json"]


def test_forgetting_is_for_good(tmp_path: Path) -> None:
    """And says whether there was anything."""
    path = tmp_path / "view.json"
    KeptView(path).keep(EVERYTHING)
    assert forget(path)
    assert not forget(path)
    assert KeptView(path).kept == Kept()
