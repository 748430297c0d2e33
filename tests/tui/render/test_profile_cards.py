"""Profiles to choose from, as lines: every state, every width, and what is typed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from supervisor.paths import EngineNote
from supervisor.profile.outline import Outline, Part
from tui.profiles import Card
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.pieces import line_text, line_width
from tui.render.profile_cards import card_line, card_page, chosen_cards, init_start, list_rows, start_page

NOW_AT = 10_000.0
PATH = Path("/srv/projects/census/procdeck.toml")
OUTLINE = Outline(
    str(PATH), "census", "counts things",
    (Part("worker", "walk", "census:walk", ("writes paths",)), Part("worker", "parse"), Part("queue", "paths")),
)  # fmt: skip
VALID = Card("here", PATH, 9_400.0, outline=OUTLINE)
NOTE = EngineNote("deck", str(PATH), 99, 98, "run", "/srv", NOW_AT - 720, "/logs")
BROKEN = replace(VALID, outline=Outline(str(PATH), "census", mistakes=(f"{PATH}:12: no key x; did you mean y?", "odd")))
GONE = Card("recent", Path("/srv/gone.toml"), is_there=False)


@pytest.mark.parametrize(("card", "word"), [
    (VALID, "+ valid"), (BROKEN, "! 2 mistakes"), (GONE, "gone"), (replace(VALID, outline=None), "checking~"),
    (replace(VALID, engine=NOTE), "* runs 12m"),
])  # fmt: skip
@pytest.mark.parametrize("width", [60, 79, 150])
def test_each_state_has_its_word_in_every_width(card: Card, word: str, width: int) -> None:
    """In exactly the width there is."""
    line = card_line(card, "", NOW_AT, width, ASCII)
    assert word in line_text(line)
    assert line_width(line) == width


def test_first_mistake_stands_in_the_list() -> None:
    """With its file and line; all of them are in the detail."""
    line = line_text(card_line(BROKEN, "", NOW_AT, 100, ASCII))
    assert "procdeck.toml:12: no key x; did you mean y?" in line


def test_what_is_looked_at_already_says_so() -> None:
    """By its project, whatever its profile is called."""
    assert "shown 12m" in line_text(card_line(replace(VALID, engine=NOTE), "deck", NOW_AT, 90, UNICODE))


def test_list_has_a_heading_for_each_group_that_has_any() -> None:
    """Headings and blank places cannot be chosen."""
    rows = list_rows([init_start([])], [VALID, GONE], "", NOW_AT, 90, UNICODE)
    assert [line_text(row.line).split("  ")[0].strip() for row in rows] == [
        "Write a profile", "Here", "", "Opened lately", "",
    ]  # fmt: skip
    assert [row.entry is not None for row in rows] == [True, False, True, False, True]


@pytest.mark.parametrize(("typed", "found"), [
    ("", 2), ("census", 1), ("GONE", 1), ("!census", 1), ("things", 1), ("~prcns", 1), ("!", 2), ("nothing", 0),
])  # fmt: skip
def test_what_is_typed_filters(typed: str, found: int) -> None:
    """By name, path or description; inverted; fuzzy."""
    assert len(chosen_cards([VALID, GONE], typed)) == found


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", [30, 78])
def test_detail_tells_all_there_is(glyphs: Glyphs, width: int) -> None:
    """The parts of a valid one; of another every mistake with its line."""
    told = "\n".join(line_text(line) for line in card_page(VALID, "", NOW_AT, width, glyphs))
    for words in ("counts things", "Valid; no engine", "Opened 10m ago", "Workers 2", "census:walk", "Channels 1"):
        assert words in told
    told = "\n".join(line_text(line) for line in card_page(BROKEN, "", NOW_AT, width, glyphs))
    for words in ("2 mistakes", "line 12: no key x", "odd", "mended"):
        assert words in told
    told = " ".join(line_text(line).strip() for line in card_page(GONE, "", NOW_AT, width, glyphs))
    assert "The file is gone" in told
    assert "Runs as deck for 12m now" in " ".join(
        line_text(line).strip() for line in card_page(replace(VALID, engine=NOTE), "", NOW_AT, width, glyphs)
    )


def test_what_init_would_do_is_told() -> None:
    """With the Python files that are there."""
    told = "\n".join(line_text(line) for line in start_page(init_start(["job.py", "b.py"]), 70))
    assert "procdeck init job.py" in told
    assert "Python files here: job.py, b.py." in told
    assert "procdeck init job.py" in "\n".join(line_text(line) for line in start_page(init_start([]), 70))
