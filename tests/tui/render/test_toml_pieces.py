"""TOML in colours: nothing is added, nothing is lost, strings go on over lines."""

from __future__ import annotations

import pytest

from supervisor.paths import shipped_profiles
from tui.render.pieces import Line, Look, Tone, line_text
from tui.render.toml_pieces import KEY, STRING, VALUE, toml_lines


def looks(text: str) -> list[tuple[str, Look]]:
    return [piece for piece in toml_lines([text])[0] if piece[0].strip()]


@pytest.mark.parametrize(("text", "expected"), [
    ("[workers.a]  # note", [("[workers.a]", Tone.STRONG), ("# note", Tone.DIM)]),
    ("[[x]]", [("[[x]]", Tone.STRONG)]),
    ('a.b = "x # y"', [("a", KEY), (".", Tone.DIM), ("b", KEY), ("=", Tone.DIM), ('"x # y"', STRING)]),
    ('"a b"=1.5', [('"a b"', KEY), ("=", Tone.DIM), ("1.5", VALUE)]),
    ("a = true", [("a", KEY), ("=", Tone.DIM), ("true", VALUE)]),
    (r'a = "x\"y"', [("a", KEY), ("=", Tone.DIM), (r'"x\"y"', STRING)]),
    ("a = { b = 'c' }", [("a", KEY), ("=", Tone.DIM), ("{", Tone.DIM), ("b", KEY), ("=", Tone.DIM), ("'c'", STRING),
                         ("}", Tone.DIM)]),
    ("a = 1979-05-27T07:32:00Z", [("a", KEY), ("=", Tone.DIM), ("1979-05-27T07:32:00Z", VALUE)]),
    ('a = "never closed', [("a", KEY), ("=", Tone.DIM), ('"never closed', STRING)]),
])  # fmt: skip
def test_each_part_has_its_look(text: str, expected: list[tuple[str, Look]]) -> None:
    """Also where the text is no TOML yet."""
    assert looks(text) == expected


def test_a_string_may_go_on_over_lines() -> None:
    """What looks like a comment or a table in it is neither."""
    lines = toml_lines(['a = """one', "[no.table] # no comment", 'end""" # comment', "b = 1"])
    assert lines[1] == (("[no.table] # no comment", STRING),)
    assert [look for text, look in lines[2] if text.strip()] == [STRING, Tone.DIM]
    assert lines[3][0] == ("b", KEY)


def test_nothing_is_added_or_lost() -> None:
    """In every profile that is shipped."""
    for path in shipped_profiles():
        text = path.read_text().splitlines()
        shown: list[Line] = toml_lines(text)
        assert [line_text(line) for line in shown] == text
