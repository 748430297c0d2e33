"""A run is in exactly the texts that the pattern matches, and what is left of a pattern finds what it found."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs.byte_runs import QUOTE, Run, quick_pattern, regex_runs, text_runs

PIECES = [
    *("a", "B", "7", "-", " ", r"\d", r"\w", r"\W", r"\s", r"\S", ".", "[a-c]", "[^a-c]", "[^7]", "[A-Z_]", r"[\d-]"),
    *(r"\b", r"\B", "^", "$", r"\A", r"\Z", "(?:a|b7)", "(b|-)", "(?:)", "a|b"),
]
REPEATS = ["", "", "", "+", "*", "?", "+?", "{2}", "{2,}", "{0,2}"]
EDGES = ("^", "$", r"\b", r"\B", r"\A", r"\Z", "(?:)", "a|b")
patterns = st.lists(
    st.builds(
        lambda piece, repeat: piece if piece in EDGES else piece + repeat, *map(st.sampled_from, (PIECES, REPEATS))
    ),
    min_size=1,
    max_size=4,
).map("".join)
texts = st.text("abAB7-_ .", max_size=8)


def _holds(run: Run, text: str) -> bool:
    """Whether `run` is in a message, the quotation marks around it included; as slowly as can be."""
    codes = f'":"{text}",'.encode()
    word = [chr(code).isalnum() or code == ord("_") for code in codes]
    for at in range(3 - run.is_from_start, 3 + len(text)):
        is_there = all(code in part for code, part in zip(codes[at:], run.parts, strict=False))
        if is_there and all((word[at + n] != word[at + n - 1]) == is_edge for n, is_edge in run.edges):
            return True
    return False


@settings(max_examples=200, deadline=None)
@given(patterns, texts)
def test_run_is_in_what_the_pattern_matches_and_in_nothing_else(pattern: str, text: str) -> None:
    """Classes, repeats at both ends, alternatives, anchors and the edges of words."""
    runs = regex_runs(pattern)
    if runs:
        expected = re.search(pattern, text, re.IGNORECASE) is not None
        assert any(_holds(run, text) for run in runs) == expected


@settings(max_examples=150, deadline=None)
@given(patterns, texts)
def test_quick_pattern_finds_something_in_the_same_texts(pattern: str, text: str) -> None:
    """What may be there more often at its ends need not be looked for."""
    expected = re.search(pattern, text, re.IGNORECASE) is not None
    assert (quick_pattern(pattern, re.IGNORECASE).search(text) is not None) == expected


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"\d++\d", ["77"]),
        (r"(a+)\1", ["aba", "aa"]),
        (r"a+(?<=aa)b", ["ab", "aab"]),
        (r"(?>a*)a", ["aa"]),
        (r".*a.*", ["", "bab"]),
        (r"b\d*", ["ab"]),
        ("\u017f+", ["S"]),
    ],
)
def test_pattern_that_has_only_one_way_keeps_it(pattern: str, texts: list[str]) -> None:
    """Possessive repeats, groups that come again, what must stand before."""
    quick, whole = quick_pattern(pattern, re.IGNORECASE), re.compile(pattern, re.IGNORECASE)
    assert [bool(quick.search(text)) for text in texts] == [bool(whole.search(text)) for text in texts]


@pytest.mark.parametrize(
    "pattern",
    [
        r"a\d+b",
        "(?s)a",
        "(?x)a b",
        "(a)\\1",
        "a(?=b)",
        'a"b',
        "\u00e9",
        "a^",
        "$a",
        r"\b^a",
        r"a$\b",
        "^$",
        "",
        "x*",
        "a" * 99,
    ],
)
def test_what_runs_cannot_say_has_none(pattern: str) -> None:
    """Somebody else has to look then."""
    assert regex_runs(pattern) == ()


def test_text_is_one_run_whatever_its_case() -> None:
    """Only of what a message holds as it is."""
    (run,) = text_runs("aB-7")
    assert run.parts == (frozenset(b"aA"), frozenset(b"bB"), frozenset(b"-"), frozenset(b"7"))
    assert [text_runs(text) for text in ('a"', "\\", "\u00e9", "a\tb")] == [()] * 4


def test_ends_of_a_message_are_quotation_marks() -> None:
    """An anchor is a byte like others."""
    assert [run.parts for run in regex_runs("^7$")] == [(QUOTE, frozenset(b"7"), QUOTE)]
