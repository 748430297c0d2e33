"""Letters are found where they stand close together in their order, as in the filters of lists."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs.close_letters import SPREAD, CloseLetters
from supervisor.logs.query import LogQuery, parse_query
from supervisor.logs.scanning import Finder, fastest_fold
from tests.logs.test_whole_chunks import chunks
from tui import needles


@pytest.mark.parametrize(
    ("letters", "found", "absent"),
    [
        ("cnwlk", "Census Walk", "walk census"),
        ("prtmt", "Parse timeout", "timeout parse"),
        ("ab", "a.......a...b", "a......b"),
        ("a.b", "A...b", "a-b"),
        ("[^-]", "[ ^ - ]", "[]^-"),
        ("\u00e9k", "\u00c9ta K", "ek"),
    ],
)
def test_letters_in_their_order_are_found_where_they_are_close(letters: str, found: str, absent: str) -> None:
    """Whatever their case; what is between them is as little as in the lists."""
    search = CloseLetters(letters).search
    assert (search(found) is not None, search(absent) is not None) == (True, False)


def test_letters_are_as_close_as_in_lists() -> None:
    """One grammar, one meaning."""
    assert SPREAD == needles.SPREAD


def _has_close(letters: str, text: str) -> bool:
    """The same, by trying every piece of `text` that is short enough."""
    most = SPREAD * len(letters)
    pieces = (iter(text[at : at + most]) for at in range(len(text)))
    return any(all(letter in piece for letter in letters) for piece in pieces)


@settings(max_examples=200, deadline=None)
@given(st.text("abc", min_size=1, max_size=4), st.text("ABC..", max_size=40))
def test_letters_are_found_where_any_way_to_find_them_is_close(letters: str, text: str) -> None:
    """A letter that comes early and is too far away hides none that come later."""
    assert (CloseLetters(letters).search(text) is not None) == _has_close(letters, text.lower())


def test_line_of_many_megabytes_costs_one_look() -> None:
    """There is one way to match at each place, so that no line takes for ever."""
    assert CloseLetters("aaaaaaaab").search("a" * 300_000) is None
    assert CloseLetters("abc").search("ab.." * 100_000) is None


@settings(max_examples=80, deadline=None)
@given(chunks, st.text('abTz0 .:{"\\\u00e9\u212ak', min_size=1, max_size=4), st.booleans())
def test_whole_chunks_are_searched_for_letters_as_lines_are(
    lines: list[bytes], letters: str, is_inverted: bool
) -> None:
    """Escapes, letters beyond ASCII, exceptions, lines that are no records."""
    data = b"".join(lines)
    query = LogQuery(letters, is_fuzzy=True, is_inverted=is_inverted)
    numbers = [number for number, line in enumerate(data[:-1].split(b"\n")) if query.matches(line)]
    assert list(Finder(query, bytes.lower).lines(data)) == numbers
    assert list(Finder(query, fastest_fold()).lines(data)) == numbers


def test_letters_are_typed_behind_a_tilde() -> None:
    """Blanks between them mean nothing; ``!`` hides what has them, and letters that are not there yet let all pass."""
    assert parse_query("~cns wlk") == LogQuery("cnswlk", is_fuzzy=True)
    assert parse_query("level:error !~a") == LogQuery("a", is_fuzzy=True, is_inverted=True, minimum_level="ERROR")
    assert [parse_query(typed).matches(b"{}") for typed in ("~", "!~")] == [True, True]


def test_shown_is_where_they_stand() -> None:
    """What the dashboard lights up."""
    shown = parse_query("~tmt").shown
    assert shown is not None
    assert [match[0] for match in shown.finditer("a timeout, a TMT")] == ["timeout", "TMT"]
    assert parse_query("!~tmt").shown is None
