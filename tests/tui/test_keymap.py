"""Keys as people write them, as Textual names them and as they are shown."""

from __future__ import annotations

import string
from collections.abc import Iterator

import pytest
from textual.keys import _character_to_key

from tui.actions import ACTIONS, BY_ID, key_of, meant_by, place_keys
from tui.hang_actions import HANG_ACTIONS, WHY, title_of
from tui.keymap import UnusableKeyError, choose_keys, key_from_text, key_name
from tui.settings.keys import FIXED
from tui.situation import Situation


@pytest.fixture(autouse=True)
def _own_keys() -> Iterator[None]:
    """What a test chooses is its own."""
    yield
    choose_keys({})


def test_every_sign_is_called_as_textual_calls_it() -> None:
    """Else a binding would never be heard."""
    signs = string.ascii_letters + string.digits + string.punctuation
    assert [sign for sign in signs if key_from_text(sign) != _character_to_key(sign)] == []
    assert [sign for sign in signs if key_name(key_from_text(sign)) != sign] == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("F5", "f5"),
        ("Esc", "escape"),
        ("Ctrl+R", "ctrl+r"),
        ("shift+ctrl+up", "ctrl+shift+up"),
        ("alt+?", "alt+question_mark"),
        ("pgdn", "pagedown"),
        (" ", "space"),
        ("+", "plus"),
        ("ctrl+alt+x", "alt+ctrl+x"),
    ],
)
def test_keys_are_read_as_people_write_them(text: str, key: str) -> None:
    """Modifiers in any order, names in any case; a letter's case counts."""
    assert key_from_text(text) == key


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nope", 'is no key; write one character ("r", "R", "?")'),
        ("", "is no key"),
        ("ctrl+", "is no key"),
        ("ctrl+i", "is the same key as tab"),
        ("ctrl+c", "cannot be given away"),
        ("shift+a", 'write "A"'),
        ("ctrl+1", "is nothing that terminals send"),
        ("é̂", "is no key"),
    ],
)
def test_a_key_that_cannot_be_says_why(text: str, told: str) -> None:
    """What no terminal sends, what is another key there, and what is none at all."""
    with pytest.raises(UnusableKeyError) as raised:
        key_from_text(text)
    assert told in str(raised.value)


def test_every_key_that_comes_with_procdeck_can_be_written() -> None:
    """What is shown in the help can be put into the settings as it stands there."""
    keys = [key for action in (*ACTIONS, *HANG_ACTIONS) for key in action.own_keys if action.id not in FIXED]
    assert [key for key in keys if key_from_text(key_name(key)) != key] == []


def test_chosen_keys_reach_whoever_asks_an_action() -> None:
    """Its keys, what a key means, what a sentence calls it; and none is none."""
    restart = BY_ID["restart"]
    choose_keys({(restart.group, "restart"): ("f5",), (BY_ID["stop"].group, "stop"): ()})
    assert restart.keys == ("f5",)
    assert meant_by("f5", Situation()) is restart
    assert meant_by("r", Situation()).id == "pool_retry"
    assert (key_of("restart"), key_of("stop"), BY_ID["stop"].key_name) == ("f5", ": and stop", "")
    choose_keys({})
    assert meant_by("r", Situation()) is restart


def test_places_and_headings_follow_their_keys() -> None:
    """The number of a place may be another one; a heading names the key that opens its screen now."""
    assert ("channels", "2") in place_keys()
    channels, why = BY_ID["channels"], BY_ID["why"]
    choose_keys({(channels.group, "channels"): ("c", "f2"), (why.group, "why"): ("f9",)})
    assert ("channels", "f2") in place_keys()
    assert ("channels", "2") not in place_keys()
    assert title_of(WHY) == "Why a worker does not move (f9)"
