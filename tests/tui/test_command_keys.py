"""What the engine advises as a command is said as a key in the dashboard; what only a shell can do stays a command."""

from __future__ import annotations

import pytest

from supervisor.errors import RequestRefused
from tests.tui.fakes import FakeLink, census
from tests.tui.pool_fakes import pools
from tests.tui.screens.test_fleet import WIDE, dashboard, shown, until
from tui.actions import BY_ID
from tui.command_keys import in_keys
from tui.keymap import choose_keys


@pytest.mark.parametrize(
    ("advice", "told"),
    [
        ("it has finished; procdeck restart paint runs it again", "it has finished; r on paint runs it again"),
        ("stop it instead: procdeck stop parse", "stop it instead: s on parse"),
        ("a and b use it; first: procdeck stop a b", "a and b use it; first: s on a, b"),
        ("try again, or see: procdeck why parse.2", "try again, or see: w on parse.2"),
        ("It is whole. procdeck why p.1 says what is known", "It is whole. w on p.1 says what is known"),
        ("look again with procdeck why", "look again with w"),
        ("no dead letter 'x'; see: procdeck channels letters paths", "no dead letter 'x'; see: c, then paths"),
        ("it holds 3; see: `procdeck channels paths`", "it holds 3; see: c, then paths"),
    ],
)
def test_a_command_is_said_as_its_key(advice: str, told: str) -> None:
    """With the names that it is for."""
    assert in_keys(advice) == told


@pytest.mark.parametrize(
    "sentence", ["`procdeck web --allow-control` serves one", "procdeck stopped it", "procdeck why-not", "nothing"]
)
def test_what_has_no_key_stays_as_it_is(sentence: str) -> None:
    """Other commands, and words that only begin like one."""
    assert in_keys(sentence) == sentence


def test_elsewhere_the_key_of_the_workers_is_named_too() -> None:
    """The keys of workers do something else among the pools."""
    told = in_keys("it has finished; procdeck restart paint runs it again", is_elsewhere=True)
    assert told == "it has finished; r on paint (1 shows the workers) runs it again"


def test_a_chosen_key_is_the_one_that_is_named() -> None:
    """And where a person wants none: the way by the palette."""
    restart, stop = BY_ID["restart"], BY_ID["stop"]
    choose_keys({(restart.group, restart.id): ("f9",), (stop.group, stop.id): ()})
    try:
        assert in_keys("procdeck restart a runs it again") == "f9 on a runs it again"
        assert in_keys("first: procdeck stop a") == "first: : and stop on a"
    finally:
        choose_keys({})


async def test_a_toast_names_the_key_and_not_the_command() -> None:
    """What the engine refuses of a pool that has finished."""
    link = FakeLink(census(pools=pools()))
    link.pool_trouble = RequestRefused("pool thumbs has finished; procdeck restart thumbs runs it again")
    app = dashboard(link)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("b")
        await shown(pilot, "thumbs")
        await pilot.press("p")
        told = "pool thumbs has finished; r on thumbs (1 shows the workers) runs it again"
        await until(pilot, lambda: [note.message for note in app._notifications] == [told])
