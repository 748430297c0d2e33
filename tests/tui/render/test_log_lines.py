"""Lines of the log pane: cut or folded, coloured by worker, with what a search finds shown in them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from supervisor.logs.record import Record, decode
from tests.tui.fakes import stored_line
from tui.render.log_lines import MOST_ROWS, Form, record_lines, worker_look
from tui.render.pieces import HUES, Found, Hue, Ink, Line, Tone, line_text, line_width

FORM = Form(width=60, name_width=8, utc_offset_s=0)
WRAPPED = replace(FORM, is_wrapped=True)


def record(message: str, **fields: object) -> Record:
    return decode(stored_line(message, **fields))  # type: ignore[arg-type]


def texts(lines: list[Line]) -> list[str]:
    return [line_text(line).rstrip() for line in lines]


@pytest.mark.parametrize(
    "message", ["short", "x" * 500, "日本語" * 60, "🎉" * 90, "\x1b[31mred" * 50, "a\nb\nc", "\t" * 9]
)
@pytest.mark.parametrize("width", [24, 40, 61, 100, 200])
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_every_line_is_exactly_as_wide_as_the_pane(message: str, width: int, is_wrapped: bool) -> None:
    """Wide characters, colours and tabs shift no column, folded or not."""
    form = replace(FORM, width=width, is_wrapped=is_wrapped)
    lines = record_lines(record(message), form)
    assert {line_width(line) for line in lines} == {width}
    assert 1 <= len(lines) <= MOST_ROWS
    assert is_wrapped or len(lines) == 1


def test_a_long_line_is_cut_with_a_mark() -> None:
    """Nobody takes a part for the whole; one of more characters than a screen holds says how many it has."""
    assert texts(record_lines(record("y" * 100), FORM))[0].endswith("yyy…")
    assert texts(record_lines(record("y" * 123_456), FORM))[0].endswith("… (121 K long)")


def test_a_wrapped_line_loses_nothing() -> None:
    """All of a message that is not too long is there, under its beginning; its exception has a line of its own."""
    exception = {"type": "ValueError", "message": "bad", "traceback": "Traceback\nValueError: bad\n"}
    message = "".join(chr(97 + at % 26) for at in range(100)) + "\nsecond"
    first, *rest = texts(record_lines(record(message, exception=exception), WRAPPED))
    indent = len(first) - len(first[25:])
    assert all(line.startswith(" " * indent) for line in rest)
    assert "".join(line[25:] for line in (first, *rest)) == message.replace("\n", "") + (
        "ValueError: bad (traceback: 2 lines)"
    )


def test_a_record_that_is_too_long_for_the_pane_says_so() -> None:
    """Twelve rows are enough of one record."""
    lines = texts(record_lines(record("\n".join(f"line {at}" for at in range(50))), WRAPPED))
    assert len(lines) == MOST_ROWS
    assert lines[-1].endswith("line 11 … (enter shows all)")


def test_a_worker_has_the_same_colour_in_every_run() -> None:
    """By its name alone; the engine has the accent; ten colours are used."""
    assert worker_look("parse.1") == worker_look("parse.1")
    assert worker_look("engine") is Tone.ACCENT
    looks = {worker_look(f"w.{number}") for number in range(200)}
    assert looks == {Hue(number) for number in range(HUES)}
    piece = next(look for text, look in record_lines(record("x", worker="walk"), FORM)[0] if text.startswith("walk"))
    assert piece == worker_look("walk")


@pytest.mark.parametrize("form", [FORM, WRAPPED])
def test_what_a_search_finds_is_shown(form: Form) -> None:
    """In name, message and exception, over the borders of colours, and nowhere else."""
    exception = {"type": "ValueError", "message": "no needle", "traceback": ""}
    told = record("a nee\x1b[31mdle and NEEDLE", worker="needle", exception=exception)
    lines = record_lines(told, replace(form, width=80, found=re.compile("needle", re.IGNORECASE)))
    found = [(text, look.look) for line in lines for text, look in line if isinstance(look, Found)]
    ink = Ink(colour="color(1)")
    assert [text for text, _ in found] == ["needle", "nee", "dle", "NEEDLE", "needle"]
    assert [look for _, look in found] == [worker_look("needle"), Tone.PLAIN, ink, ink, Tone.RED]


def test_a_pattern_that_finds_nothing_at_all_places_shows_nothing() -> None:
    """An empty match is no place."""
    line = record_lines(record("abc"), replace(FORM, found=re.compile("x*")))[0]
    assert not [piece for piece in line if isinstance(piece[1], Found)]
    assert cell_len(line_text(line)) == FORM.width
