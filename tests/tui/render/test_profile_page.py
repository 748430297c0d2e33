"""The profile as a page: numbers, marks, mistakes in their places; what a reload would do in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.api.requests import PlanStep, ReloadReply
from tui.profile_file import FileLine, Mark, ProfileFile
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.pieces import line_text, line_width
from tui.render.profile_page import Standing, file_page, plan_page, position_of

LINES = (
    FileLine(1, "[workers.a]"),
    FileLine(None, 'command = "old"', "-"),
    FileLine(2, 'command = "new"', "+"),
    FileLine(3, "x = 1", "", ("there is no key x; remove it",)),
    FileLine(4, "日本語 = '" + "長い " * 30 + "'"),
)
FILE = ProfileFile(Path("/srv/p.toml"), LINES, is_compared=True)
PLAN = ReloadReply(
    plan=(PlanStep(subject="a", change="restart", keys=("command",), text="is restarted"),), is_applied=False, text=""
)
NOTHING = ReloadReply(plan=(), is_applied=False, text="")


def one(mark: Mark = "", *mistakes: str) -> ProfileFile:
    return ProfileFile(Path("/srv/p.toml"), (FileLine(1, "a = 1", mark, mistakes),), is_compared=True)


@pytest.mark.parametrize("width", [20, 40, 90])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_no_line_is_wider_than_the_screen(width: int, glyphs: object) -> None:
    """Wide characters too; and every line of the screen knows its line of the file."""
    page = file_page(FILE, width, UNICODE if glyphs is UNICODE else ASCII)
    assert max(map(line_width, page.lines)) <= width
    assert len(page.numbers) == len(page.lines)
    assert (page.numbers[0], page.numbers[-1]) == (1, 4)


def test_marks_numbers_and_mistakes_stand_in_their_columns() -> None:
    """What is gone has no number; a mistake stands below its line, and is gone to."""
    page = file_page(FILE, 60, ASCII)
    shown = [line_text(line).rstrip() for line in page.lines[:5]]
    assert shown == [
        "  1 [workers.a]",
        '-   command = "old"',
        '+ 2 command = "new"',
        "  3 x = 1",
        "  ! there is no key x; remove it",
    ]
    assert page.numbers[:5] == [1, 2, 2, 3, 3]
    assert (page.stops, page.wrong) == ([1, 3], [3])


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_long_line_is_broken_at_blanks_and_says_so(glyphs: Glyphs) -> None:
    """In no word; a word that is longer than the line has to be. Nothing is left out."""
    text = 'command = "procdeck-worker --from here --to there" # ' + "x" * 60
    page = file_page(ProfileFile(Path("/srv/p.toml"), (FileLine(7, text),), is_compared=True), 40, glyphs)
    shown = [line_text(line) for line in page.lines]
    assert shown[0].rstrip() == '  7 command = "procdeck-worker --from'
    assert [line[:4] for line in shown[1:]] == [f"{glyphs.branch} ".rjust(4)] * (len(shown) - 1)
    assert shown[1][4:].startswith('here --to there" # ')
    assert "".join(line[4:] for line in shown) == text


def test_one_goes_round_the_stops() -> None:
    """From the last to the first; where there are none, nowhere."""
    assert [position_of([2, 5], at, 1) for at in (0, 2, 5)] == [2, 5, 2]
    assert [position_of([2, 5], at, -1) for at in (9, 5, 2)] == [5, 2, 5]
    assert position_of([], 3, 1) is None


@pytest.mark.parametrize(("file", "standing", "words"), [
    (one(), Standing(NOTHING), "Nothing has changed"),
    (one("+"), Standing(NOTHING), "1 line new since the engine read it. A reload would change nothing"),
    (one("+"), Standing(PLAN), "A reload would make 1 change: 1 to restart."),
    (one("+", "wrong"), Standing(refusal="p.toml:1: wrong"), "1 mistake: a reload is refused until all are mended."),
    (one(), Standing(trouble="no engine answers"), "cannot be told: no engine answers."),
    (one("+"), Standing(refusal="the queue is in use"), "A reload would be refused, and change nothing:"),
    (one(), Standing(), "Asking the engine"),
])  # fmt: skip
def test_what_a_reload_would_do_is_a_sentence(file: ProfileFile, standing: Standing, words: str) -> None:
    """Whatever stands in its way."""
    told = " ".join(line_text(line).strip() for line in plan_page(file, standing, "ctrl+r", 200, "~"))
    assert words in told
    assert ("ctrl+r applies it" in told) == bool(standing.reply and standing.reply.plan)
    for_looking = [line_text(line) for line in plan_page(file, standing, "", 200, "~")]
    assert not any("applies it" in line for line in for_looking)


def test_trouble_is_told_before_the_lines() -> None:
    """A file that is gone is shown as the engine read it."""
    gone = ProfileFile(Path("/p"), (FileLine(None, "a = 1", "-"),), "/p is gone: moved, renamed or deleted", True)
    page = file_page(gone, 60, UNICODE)
    assert "/p is gone" in line_text(page.lines[0])
    assert "since the engine read it" not in "".join(
        line_text(line) for line in plan_page(gone, Standing(trouble="no engine answers"), "ctrl+r", 60, "~")
    )
