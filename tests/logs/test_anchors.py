"""Sorting out lines as bytes never hides one that matches."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs.anchors import regex_anchors, text_anchors
from supervisor.logs.lanes import Lane
from supervisor.logs.query import LogQuery

NOW = "2026-11-22T13:31:26.123456Z"


@pytest.mark.parametrize(
    ("pattern", "anchors"),
    [
        ("Timeout", [b"timeout"]),
        (r"took \d+ ms", [b"took "]),
        (r"\d+\.py:\d+ parse", [b" parse"]),
        ("colou?r", [b"colo"]),
        ("ab+c", [b"ab"]),
        ("a{2,3}bc", [b"bc"]),
        ("lost|gone", [b"lost", b"gone"]),
        ("lost|[0-9]", []),
        ("(lost|gone) away", [b" away"]),
        ("(lost|gone) at", [b"lost", b"gone"]),
        (r"\d (?:(?P<what>lost|is gone)|torn)+", [b"lost", b"is gone", b"torn"]),
        (r"(lost|\d)", []),
        ("(lost)?(gone){0,2} x(?=abc)", [b" x"]),
        (r"a[)(]bc(x[)]y)", [b"bc"]),
        (r'say "hi\\there"', [rb"say \"hi\\there\""]),
        (r"gr\u00f6sse", []),
        ("größe klein", [b"e klein"]),
        ("(?i)x", []),
        ("(?x) a b", []),
        (r"(a)\1bcd", []),
        ("^$", []),
        ("a{b", [b"a{b"]),
    ],
)
def test_anchors_of_a_regular_expression(pattern: str, anchors: list[bytes]) -> None:
    """The longest text that must occur, for each alternative; none where one has none."""
    assert sorted(regex_anchors(pattern)) == sorted(anchors)


def test_anchor_of_a_text_is_its_longest_ascii_part() -> None:
    """As JSON spells it, in lower case."""
    assert text_anchors('ÄCode "X"') == (rb"code \"x\"",)
    assert text_anchors("é") == ()


ATOMS = r"""
a b ab . \d \. [ab] [^a] (a|b) (?:ab) x? b* a+ b{2} a{0,1} | ^ $ " \\ é \bab []a] (?=a) { a{,2} \(
(ab|b(a|ba)) (?P<n>ab) (ab)? (ab){0} (ab){2} (ab)+ (a|) (?!a)
"""


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(ATOMS.split()), min_size=1, max_size=6).map("".join),
    st.text(alphabet='abABx1."\\é(){}|', max_size=10),
)
def test_regex_anchors_never_change_the_answer(pattern: str, message: str) -> None:
    """Whatever the pattern, what it finds in the decoded text is found by way of the bytes."""
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error:
        return
    line = Lane("w", 1, "stdout").feed(message.encode() + b"\n", NOW)[:-1]
    query = LogQuery(pattern, is_regex=True)
    expected = any(map(compiled.search, (message, "w", "")))
    assert query.matches(line) is expected
    assert query.may_match(line) or not expected
