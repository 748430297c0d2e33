"""The help: what can be done now first, each action once, and found by what is typed."""

from __future__ import annotations

from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, dashboard, gone, shown, until
from tui.actions import ACTIONS
from tui.hang_actions import HANG_ACTIONS
from tui.render.pieces import line_text
from tui.screens.reading import HelpScreen, help_lines

REST = "Not here, or not now:"


def test_what_is_valid_comes_first_and_nothing_twice() -> None:
    """All of it is there; with the toggle only what is valid is."""
    valid = ACTIONS[:3]
    texts = [line_text(line) for line in help_lines(400, "", lambda action: action in valid)]
    middle = texts.index(REST)
    assert [any(action.help in text for text in texts[:middle]) for action in (*valid, ACTIONS[3])] == [True] * 3 + [
        False
    ]
    assert len(texts) - texts.count("") >= len(ACTIONS) + len(HANG_ACTIONS)
    only = [line_text(line) for line in help_lines(400, "", lambda action: action in valid, is_only_valid=True)]
    assert REST not in only
    assert not any(ACTIONS[3].help in text for text in only)


def test_a_filter_leaves_what_has_it() -> None:
    """In a sentence, a label or a key, moves included; nothing at all where nothing has it."""
    assert all(
        "sigkill" in line_text(line).lower() for line in help_lines(400, needle="SIGKILL") if line_text(line)[:1] == " "
    )
    assert any("pgup" in line_text(line) for line in help_lines(400, needle="pgup"))
    assert help_lines(400, needle="zzzz") == []


async def test_slash_filters_v_leaves_what_can_be_done_and_escape_goes_back_a_step() -> None:
    """Letters are letters while the filter is typed; the help is still there when it is cleared."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("question_mark", "slash", *"mark q")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await shown(pilot, 'No key is about "mark q"')
        await pilot.press("escape")
        await gone(pilot, "No key is about")
        await pilot.press("slash", *"sigstop", "enter")
        await shown(pilot, REST)
        await pilot.press("v")
        await gone(pilot, REST)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)
