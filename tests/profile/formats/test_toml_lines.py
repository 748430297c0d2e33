"""Every key of a TOML document is found on the line it stands on."""

from __future__ import annotations

import json
import textwrap
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.profile.formats.toml_lines import KeyPath, key_lines, line_of


def lines_of(text: str) -> dict[KeyPath, int]:
    text = textwrap.dedent(text)
    tomllib.loads(text)
    return key_lines(text)


def test_tables_and_keys_stand_where_they_are_written() -> None:
    """Headers, keys below them and keys at the top."""
    assert lines_of("""\
        # a comment = 1
        name = "x"

        [workers.walk]   # [not.a.header]
        target = "a:b"
          replicas = 3
        """) == {
        ("name",): 2,
        ("workers",): 4,
        ("workers", "walk"): 4,
        ("workers", "walk", "target"): 5,
        ("workers", "walk", "replicas"): 6,
    }


def test_dotted_and_quoted_keys_are_followed() -> None:
    """Dots in keys go down; dots and brackets in quotes do not."""
    assert lines_of("""\
        a . "b.c" . 'd]e' = 1
        ["x.y" . z]
        "q\\u0041\\"=" = 1
        """) == {
        ("a",): 1,
        ("a", "b.c"): 1,
        ("a", "b.c", "d]e"): 1,
        ("x.y",): 2,
        ("x.y", "z"): 2,
        ("x.y", "z", 'qA"='): 3,
    }


def test_values_are_never_read_as_keys() -> None:
    """Multi-line strings, arrays and inline tables hold no headers and no keys."""
    assert lines_of('''\
        a = """
        [fake]
        b = 1 \\"""
        """
        c = [
          "]", # ] b = 2
          [1, 2],
          { d = "}" },
        ]
        e = \'\'\'
        [fake2]
        f = "\'\'\'
        g = { h = "[x]", i = [ "#", \'"\' ] } # j = 1
        k = "\\"[" # "
        l = \'\\\'
        m = """x"""""
        n = ""
        o = [ "", \'\', """""", "a" ]
        p = 1
        ''') == {(key,): line for key, line in zip("acegklmnop", (1, 5, 10, 13, 14, 15, 16, 17, 18, 19), strict=True)}


def test_arrays_of_tables_count_their_elements() -> None:
    """`[[a]]` makes a new element; `[a.b]` below it belongs to the last one."""
    assert lines_of("""\
        [[a]]
        x = 1
        [[a]]
        [a.b]
        x = 2
        [[a.c]]
        y = 3
        """) == {
        ("a",): 1,
        ("a", 0): 1,
        ("a", 0, "x"): 2,
        ("a", 1): 3,
        ("a", 1, "b"): 4,
        ("a", 1, "b", "x"): 5,
        ("a", 1, "c"): 6,
        ("a", 1, "c", 0): 6,
        ("a", 1, "c", 0, "y"): 7,
    }


def test_a_key_inside_an_inline_table_stands_where_its_holder_does() -> None:
    """What has no line of its own has that of what is around it; nothing known is the first line."""
    lines = lines_of("\n\n[w]\nrestart = { max = 3 }\n")
    paths: list[KeyPath] = [("w", "restart", "max"), ("w", "absent"), ("elsewhere",), ()]
    assert [line_of(lines, path) for path in paths] == [4, 3, 1, 1]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "a = 1", "a = '''\n'''", "a=1#"])
def test_small_documents_are_scanned_to_their_end(text: str) -> None:
    """No newline at the end, no content at all: the scanner stops by itself."""
    assert set(key_lines(text)) == {(key,) for key in tomllib.loads(text)}


@given(st.text(alphabet="[]{}=.\"'#\\\n ab1,", max_size=60))
def test_any_text_is_survived(text: str) -> None:
    """The scanner ends without an error on what is no TOML, and finds every key of what is."""
    lines = key_lines(text)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert {path[0] for path in lines} == set(tables)


KEYS = st.text(alphabet="ab-_.\"'# ]=\té\\", max_size=4)
SCALARS = st.one_of(
    st.integers(), st.booleans(), st.text(alphabet="a[]{}\"'#=\n\\", max_size=8), st.floats(allow_nan=False)
)
LISTS = st.lists(SCALARS, max_size=3)
TABLES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(KEYS, st.one_of(SCALARS, LISTS), max_size=3),
    lambda inner: st.dictionaries(KEYS, st.one_of(SCALARS, LISTS, inner), max_size=3),
    max_leaves=12,
)


class Writer:
    """Writes tables as TOML in styles drawn by Hypothesis, and notes on which line it put each key."""

    def __init__(self, draw: Any) -> None:
        self.text = ""
        self.lines: dict[KeyPath, int] = {}
        self._draw = draw

    def write(self, tables: dict[str, Any], path: KeyPath = ()) -> None:
        inner = {key: value for key, value in tables.items() if isinstance(value, dict)}
        for key in (key for key in tables if key not in inner):
            self._filler()
            self._note((*path, key))
            self.text += (
                f"{self._key(key)} = {self._value(tables[key])}{self._draw(st.sampled_from(['', ' # c = 1']))}\n"
            )
        for key, value in inner.items():
            self._filler()
            self._note((*path, key))
            self.text += f"[{' . '.join(self._key(str(part)) for part in (*path, key))}]\n"
            self.write(value, (*path, key))

    def _filler(self) -> None:
        self.text += self._draw(st.sampled_from(["", "\n", "# [x]\n", "  \t", "\n# a = '''\n"]))

    def _note(self, path: KeyPath) -> None:
        self.lines[path] = self.text.count("\n") + 1

    def _key(self, key: str) -> str:
        is_bare = key != "" and all(character in "ab-_" for character in key)
        return key if is_bare and self._draw(st.booleans()) else json.dumps(key)

    def _value(self, value: object) -> str:
        if isinstance(value, list):
            gap = self._draw(st.sampled_from(["", " ", "\n", " # ]\n"]))
            return f"[{gap}{''.join(f'{self._value(item)},{gap}' for item in value)}]"
        if isinstance(value, str) and self._draw(st.booleans()):
            escaped = value.replace("\\", "\\\\").replace('"""', '""\\"')
            return f'"""\n{escaped}"""' if not escaped.endswith('"') else json.dumps(value)
        return repr(value) if isinstance(value, float) else json.dumps(value)


@given(st.data(), TABLES)
def test_every_key_of_any_document_is_found_on_its_line(data: st.DataObject, tables: dict[str, Any]) -> None:
    """Whatever the tables and however they are written: scanner, writer and parser agree."""
    writer = Writer(data.draw)
    writer.write(tables)
    assert tomllib.loads(writer.text) == tables
    assert key_lines(writer.text) == writer.lines
