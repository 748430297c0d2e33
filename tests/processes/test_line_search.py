"""Lines out of chunks: whole ones, whatever the chunks are, and never much memory."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from supervisor.processes.line_search import LINE_LIMIT_BYTES, LineSearch, Stream

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x1b"), max_size=8), max_size=12)


def found_by(pattern: str, *chunks: bytes, stream: Stream = "stdout") -> list[str]:
    found: list[str] = []
    tap = LineSearch(pattern, found.append).tap(stream)
    for chunk in chunks:
        if not tap(chunk):
            break
    return found


@given(
    lines=LINES, sizes=st.lists(st.integers(1, 9), min_size=1, max_size=9), pattern=st.sampled_from(["^a", "b$", "é"])
)
def test_a_search_finds_what_a_look_at_every_line_finds(lines: list[str], sizes: list[int], pattern: str) -> None:
    """The first matching line, however the bytes were cut; once."""
    text = "".join(f"{line}\n" for line in lines).encode()
    chunks: list[bytes] = []
    while text:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(text[:size])
        text = text[size:]
    expected = [line for line in lines if re.search(pattern, line)][:1]
    assert found_by(pattern, *chunks) == expected


def test_a_line_that_never_ends_is_searched_in_pieces() -> None:
    """Memory stays within one piece, and what is in a piece is found before the line ends."""
    search = LineSearch("needle", lambda line: None)
    tap = search.tap("stdout")
    for _ in range(100):
        assert tap(b"x" * LINE_LIMIT_BYTES)
    rest = next(cell.cell_contents for cell in tap.__closure__ or () if isinstance(cell.cell_contents, bytes))
    assert len(rest) <= LINE_LIMIT_BYTES
    assert not tap(b"needle" + b"y" * 2 * LINE_LIMIT_BYTES)
    assert search.is_over


def test_a_long_line_that_ends_is_searched_whole_piece_by_piece() -> None:
    """One chunk may hold more than a piece."""
    assert len(found_by("needle", b"x" * 3 * LINE_LIMIT_BYTES + b"needle\n")) == 1


def test_of_a_record_its_message_is_searched() -> None:
    """Not its other fields; what is no record is searched as it is."""
    record = b'{"time":"t","level":"INFO","message":"ready \\u2713 \\"now\\"","logger":"serving"}\n'
    assert found_by('"now"', record, stream="log") == ['ready ✓ "now"']
    assert found_by("serving", record, stream="log") == []
    assert found_by("serving", b"serving {\n", stream="log") == ["serving {"]


def test_colours_and_carriage_returns_do_not_hide_a_line() -> None:
    """Servers like to paint what they say."""
    assert found_by("^listening on 80$", b"\x1b[1;32mlistening\x1b[0m on \x1b[4m80\x1b[0m\r\n") == ["listening on 80"]


def test_streams_are_not_mixed() -> None:
    """Half a line of stdout and half a line of stderr are no line."""
    found: list[str] = []
    search = LineSearch("ab", found.append)
    first, second = search.tap("stdout"), search.tap("stderr")
    first(b"a")
    second(b"b\n")
    assert found == []
    first(b"b\n")
    assert found == ["ab"]
