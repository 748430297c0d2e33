"""What is pasted stays one paste, whatever is in it and in whatever pieces it arrives."""

from __future__ import annotations

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from tui.pastes import BEGIN, END, PasteCleaner

NASTY = "first\x1b[31mred\x1b[0m\x07\rK\x1b]0;title\x07 s\x1b[A\x1bOP"
WHOLE = f"a{BEGIN}{NASTY}{END}b"


def heard(*pieces: str) -> list[str]:
    """The keys and pastes that the parser makes of what arrives in `pieces`."""
    cleaner, parser = PasteCleaner(), XTermParser()
    told: list[str] = []
    for piece in pieces:
        cleaned = cleaner.clean(piece)
        for event in parser.feed(cleaned) if cleaned else ():  # an empty one ends the parser, and the driver feeds none
            told.append(f"paste {event.text}" if isinstance(event, events.Paste) else getattr(event, "key", "?"))
    return told


@pytest.mark.parametrize("size", range(1, len(WHOLE)))
def test_no_part_of_a_paste_becomes_a_key(size: int) -> None:
    """In pieces of any size; what stands before and after it is typed."""
    told = heard(*(WHOLE[at : at + size] for at in range(0, len(WHOLE), size)))
    assert (told[0], told[-1], len(told)) == ("a", "b", 3)
    assert told[1].startswith("paste first")
    assert "\x1b" not in told[1]


def test_a_clean_paste_and_keys_are_left_as_they_are() -> None:
    """An arrow, an Esc, a paste of several lines, two pastes in a row."""
    cleaner = PasteCleaner()
    for text in ("\x1b[A", "\x1b", "[B", f"{BEGIN}one\ntwo{END}{BEGIN}日本{END}", "q"):
        assert cleaner.clean(text) == text


def test_sequences_are_taken_out_whole() -> None:
    """Nothing of a colour is left where it arrives at once."""
    assert heard(f"{BEGIN}a\x1b[31mred\x1b[0m\x1b]0;title\x07b{END}") == ["paste aredb"]
