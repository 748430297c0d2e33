"""TOML that cannot be read says why and on which line."""

from __future__ import annotations

import pytest

from supervisor.profile.formats.toml import MalformedDocument, read_toml


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a = 1\nb = \n", 2, "not valid TOML: invalid value at column 5"),
        ("a = 1\na = 2\n", 2, "a key is written twice in the same table; keep one of them"),
        ("[w.x]\n[y]\n[w.x]\n", 3, "the table [w.x] is written twice; rename one or join them"),
        ("[w]\n[w]\n", 2, "the table [w] is written twice; rename one or join them"),
        ('a = 1\nb = """\n\n', 2, "not valid TOML: unterminated string at the end of the file"),
        ("a = [\n1\n", 2, "not valid TOML: unclosed array at the end of the file"),
        ("\r\n\r\nx\r\n", 3, "not valid TOML: expected '=' after a key in a key/value pair at column 2"),
        ("a = " + "[" * 5000, 1, "tables or lists are nested too deep to be read"),
    ],
)
def test_a_syntax_error_is_told_with_its_line(text: str, line: int, reason: str) -> None:
    """The parser's one complaint, in words."""
    with pytest.raises(MalformedDocument) as caught:
        read_toml(text)
    assert (caught.value.line, str(caught.value)) == (line, reason)


def test_a_number_that_no_computer_wants_is_a_syntax_error() -> None:
    """What makes the parser raise something else is still told as a mistake of the file."""
    with pytest.raises(MalformedDocument, match="not valid TOML"):
        read_toml("a = " + "1" * 5000)


def test_lines_count_the_same_with_any_line_end() -> None:
    """CRLF files have the same lines."""
    document = read_toml("a = 1\r\n\r\n[b]\r\nc = '''\r\n'''\r\nd = 1\r\n")
    assert document.lines == {("a",): 1, ("b",): 3, ("b", "c"): 4, ("b", "d"): 6}
