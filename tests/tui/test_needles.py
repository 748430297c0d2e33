"""Filters of tables: one grammar in all of them, its mistakes said, and a pattern that takes for ever given up."""

from __future__ import annotations

import pytest

from tests.tui.fakes import FakeLink, census, channels
from tests.tui.screens.test_fleet import WIDE, dashboard, gone, shown, until
from tui.needles import needle_of
from tui.widgets.finding import TOO_SLOW, Finder

TEXTS = ("parse.1", "running", "get paths")


@pytest.mark.parametrize(
    ("typed", "passes"),
    [
        ("", True),
        ("  ", True),
        ("!", True),
        ("PARSE", True),
        ("tally", False),
        ("!parse", False),
        ("!tally", True),
        ("~prs1", True),
        ("~rng", True),
        ("~p1zz", False),
        ("!~prs1", False),
        ("re:^parse\\.[12]$", True),
        ("re:^arse", False),
        ("!re:^parse", False),
        ("! parse", False),
        ("! re:^parse", False),
        ("re:RUN+ING", True),
    ],
)
def test_what_passes(typed: str, passes: bool) -> None:
    """Text, letters in their order, regular expressions, and each turned round; the case means nothing."""
    assert needle_of(typed).passes(TEXTS) == passes


def test_letters_that_are_far_apart_are_not_meant_together() -> None:
    """In a long sentence all letters of a short word are somewhere."""
    assert not needle_of("~pst").passes(("pipeline that is waiting for everything else to stop at last",))


def test_a_broken_pattern_lets_all_pass_and_says_why() -> None:
    """Nobody loses sight of a row because a bracket is not closed yet."""
    needle = needle_of("re:(par")
    assert needle.passes(TEXTS)
    assert "unterminated subpattern" in needle.trouble


def test_a_pattern_that_takes_for_ever_is_given_up() -> None:
    """It lets all pass from then on, until something else is typed."""
    finder = Finder()
    finder.use("re:^(a+)+$")
    rows = ("a" * 64 + "b",)
    found = finder.found(rows, lambda row, needle: needle_of(needle).passes((row,)))
    assert (found, finder.trouble) == (rows, TOO_SLOW)
    finder.use("b")
    assert finder.trouble == ""


@pytest.mark.parametrize(
    ("place", "typed", "names"),
    [
        ("1", "~prs2", ("parse.2",)),
        ("1", "re:^(disk|spare)$", ("disk", "spare")),
        ("2", "~gurd", ("guard",)),
        ("2", "!re:a", ("guard",)[:0]),
    ],
)
async def test_every_table_filters_so(place: str, typed: str, names: tuple[str, ...]) -> None:
    """As one types."""
    app = dashboard(FakeLink(census(channels=channels())))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press(place, "slash", *typed)
        await until(pilot, lambda: app.fleet_screen.place_table.shown_names == names)


async def test_the_title_says_what_is_wrong_while_it_is_typed() -> None:
    """And is content as soon as the pattern is."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("slash", *"re:(par")
        await shown(pilot, "/re:(par cannot be used: missing ), unterminated subpattern")
        assert len(app.fleet_screen.table.shown_names) == 8
        await pilot.press("right_parenthesis")
        await gone(pilot, "cannot be used")
        await until(pilot, lambda: len(app.fleet_screen.table.shown_names) == 4)
