from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.logs.inert import inert


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ünïcode 😀", "plain ünïcode 😀"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;cm0gLXJm\x1b\\after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPqsixel\x1b\\after", "after"),
        ("\x1b]0;never ended", ""),
        ("\x9b31mC1\x9d0;t\x9c", "C1"),
        ("\x1bcreset\x1b(B", "reset"),
        ("bell\x07 nul\x00 del\x7f", "bell\\x07 nul\\x00 del\\x7f"),
        ("10%\r20%", "10%\\r20%"),
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),
        ("a\tb", "a       b"),
        ("one\ntwo", "one\ntwo"),
        ("\x1b", ""),
    ],
)
def test_terminal_never_obeys_a_worker(text: str, expected: str) -> None:
    """Titles, clipboard, links, colours, cursor and direction stay ours."""
    assert inert(text) == expected


def test_one_line_stays_one_line() -> None:
    """In a table a newline would break the row."""
    assert inert("one\ntwo\x1b[2J", keeps_newlines=False) == "one⏎two"


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b\x9b\x9d[]P\\;m07\x07\x9c"))))
def test_nothing_active_is_left(text: str) -> None:
    """No order of characters builds a sequence out of what remains."""
    left = {c for c in inert(text) if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or "\u202a" <= c <= "\u202e"}
    assert left <= {"\n"}
