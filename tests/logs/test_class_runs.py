"""Sorting out lines by character classes never hides one that matches."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs.class_runs import MARKER, class_needles
from supervisor.logs.lanes import Lane
from supervisor.logs.query import LogQuery
from supervisor.logs.record import decode
from supervisor.logs.scanning import Finder, fastest_fold

NOW = "2026-11-22T13:31:26.123456Z"
ANY = bytes([MARKER])


@pytest.mark.parametrize(
    ("pattern", "needles"),
    [
        (r"\d{3}-\d{4}", [ANY * 3 + b"-" + ANY * 4]),
        (r"\b[0-9]{9}\b", [ANY * 9]),
        (r"x\d+Y", [b"x" + ANY]),
        (r"\d+\.\d+\.\d+", [ANY + b"." + ANY]),
        (r"(\d\d):(?:\d\d)", [ANY * 2 + b":" + ANY * 2]),
        (r"(\d:){2}x", [(ANY + b":") * 2 + b"x"]),
        (r"\d{2,3}x\d*", [ANY * 2 + b"x"]),
        (r"\d\d\d|[0-9]x\d\d", [ANY * 3, ANY + b"x" + ANY * 2]),
        (r"[a-f]\w\w", [ANY * 3]),
        (r"\d\d(?=x)z", [ANY * 2 + b"z"]),
        (r"\d\dé\d", [ANY * 2]),
        (r'\d\d"\d', [ANY * 2]),
        (r"\d|x*", None),
        (r"[^a]\d?", None),
        (r"\s+", None),
        (r"[\u017fk]", None),
        (r"(?x) \d \d", None),
        (r"(?i:a)", None),
        ("no class", None),
        ("", None),
    ],
)
def test_needles_of_classes(pattern: str, needles: list[bytes] | None) -> None:
    """The longest run of each alternative, every byte of the class as one; nothing where a run may be empty."""
    found = class_needles(pattern)
    assert (found and sorted(found.needles)) == (needles and sorted(needles))


ATOMS = r"""
\d \d+ \d* \d{2} \d{1,2} \w \w+ [a-c] [0-4] [a-z]+ [^a] a A . : - \. \s ^ $ \b | (\d) (\d|a) (?:\d:)+ (?:ab)? (\d\d){2}
é \" \\ [é1] (?=\d) (?!a) \d?? \d+? (?:\d|\d\d)
"""
MESSAGES = st.one_of(st.text('abAB12.:-"\\ékKſ\u212a\u0663\x1b\t{}|', max_size=12), st.text("12:a", max_size=6))
KINDS = st.sampled_from(["as the agent", "escaped", "printed", "of another time", "no record", "torn"])


def _stored(message: str, kind: str) -> bytes:
    """A line as it gets into the store."""
    if kind in ("printed", "no record"):
        stream = "stdout" if kind == "printed" else "log"
        return Lane("w", 1, stream).feed(message.encode() + b"\n", NOW)  # type: ignore[arg-type]
    time = "12Z" if kind == "of another time" else NOW
    fields = {"time": time, "level": "INFO", "message": message, "logger": "1:1"}
    text = json.dumps(fields, ensure_ascii=kind == "escaped", separators=(",", ":"))
    return Lane("w", 1, "log").feed(text[5 * (kind == "torn") :].encode() + b"\n", NOW)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(ATOMS.split()), min_size=1, max_size=5).map("".join),
    st.lists(st.tuples(MESSAGES, KINDS), min_size=1, max_size=5),
    st.booleans(),
)
def test_classes_never_change_the_answer(pattern: str, messages: list[tuple[str, str]], is_inverted: bool) -> None:
    """Whatever the pattern, the lines that are found are those in which it is found once they are decoded."""
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error:
        return
    stored = [_stored(message, kind) for message, kind in messages]
    records = [decode(line) for line in stored]
    is_found = [any(map(compiled.search, (each.message, each.worker, each.logger))) for each in records]
    expected = [at for at, each in enumerate(is_found) if each is not is_inverted]
    query = LogQuery(pattern, is_regex=True, is_inverted=is_inverted)
    for fold in (bytes.lower, fastest_fold()):
        assert list(Finder(query, fold).lines(b"".join(stored))) == expected
