"""One record in full: nothing of it is left out, and what is laid out can be read."""

from __future__ import annotations

import json

from supervisor.logs.record import Record, decode
from tests.tui.fakes import stored_line
from tui.render.log_lines import traceback_lines
from tui.render.pieces import Ink, Line, Tone, line_text, line_width
from tui.render.record import MOST_CHARACTERS, json_in, record_view

TRACEBACK = """Traceback (most recent call last):
  File "census.py", line 41, in parse
    tree = ast.parse(source)
           ^^^^^^^^^^^^^^^^^
ValueError: source code cannot contain null bytes

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "census.py", line 50, in main
    parse(path)
RuntimeError: cannot parse bad.py"""


def told(record: Record, width: int = 60) -> list[str]:
    lines = record_view(record, width, 0)
    assert max(map(line_width, lines)) <= width
    return [line_text(line).rstrip() for line in lines]


def test_a_long_message_is_whole() -> None:
    """Folded, not cut: every character of it is there, wide ones too."""
    for message in ("abc def " * 5000, "日本語" * 4000, "x\x1b[31my" * 900):
        shown = "".join(line[1:] for line in told(decode(stored_line(message)))[5:])
        assert shown.replace(" ", "") == message.replace(" ", "").replace("\x1b[31m", "")


def test_a_message_of_megabytes_says_what_is_missing_and_where_it_is() -> None:
    """It costs no more than a long one."""
    lines = told(decode(stored_line("x" * (MOST_CHARACTERS + 5000))), 100)
    assert lines[-1] == " 5,000 characters more: `procdeck logs --json` has all of them"


def test_json_in_a_message_is_laid_out() -> None:
    """A message that is JSON, or ends with it, is shown as it is and once more to be read."""
    lines = told(decode(stored_line('request done {"status": 200, "tags": ["a", "日本"], "x": {"y": null}}')))
    at = lines.index(" as JSON")
    assert "".join(line[1:] for line in lines[5 : at - 1]).startswith("request done {")
    assert json.loads("\n".join(lines[at + 1 :])) == {"status": 200, "tags": ["a", "日本"], "x": {"y": None}}
    assert json_in("not [really} json]") is None
    assert json_in("[" * 100_000 + "]" * 100_000) is None
    assert json_in("[x] {}") is None
    assert json_in("[info] {'a'} {\"a\": 1}") is None
    assert json_in('took {"a": 1}') == {"a": 1}


def test_fields_that_hold_more_are_laid_out() -> None:
    """Extras are named; lists and objects of them are JSON; escapes of a worker are not obeyed there either."""
    extra = {"file": "bad\x1b[2J.py", "sizes": [1, 2], "text": "one\ntwo"}
    lines = told(decode(stored_line("m", extra=extra)))
    assert lines[-8:] == [" file bad.py", " sizes", " [", "   1,", "   2", " ]", " text one", "      two"]


def test_a_traceback_can_be_read() -> None:
    """Source lines stand out from the places they are in, errors from both, and advice follows."""

    def tones(lines: list[Line]) -> dict[str, object]:
        return {line_text(line).strip(): line[0][1] for line in lines}

    seen = tones(traceback_lines(TRACEBACK, 100))
    assert seen["tree = ast.parse(source)"] is Tone.PLAIN
    assert seen["^^^^^^^^^^^^^^^^^"] is Tone.AMBER
    assert seen['File "census.py", line 41, in parse'] is Tone.DIM
    assert seen["The above exception was the direct cause of the following exception:"] is Tone.DIM
    assert seen["ValueError: source code cannot contain null bytes"] is Tone.RED
    assert seen["RuntimeError: cannot parse bad.py"] is Tone.RED
    exception = {"type": "E", "message": "m", "traceback": TRACEBACK, "advice": "Skip such files."}
    assert told(decode(stored_line("m", exception=exception)))[-1] == " advice   Skip such files."


def test_what_is_special_about_a_record_is_said() -> None:
    """An unfinished line, one that goes on, and one that is no record."""
    assert " note     the stream ended without a newline here" in told(decode(stored_line("m", partial=True)))
    assert " note     this line of the store is no record" in told(decode(b"nonsense"))


def test_colours_of_a_worker_are_kept_in_full_view_too() -> None:
    """SGR becomes colours, the rest is taken away."""
    lines = record_view(decode(stored_line("\x1b[31mred\x1b[0m \x1b[2Jplain")), 60, 0)
    assert ("red", Ink(colour="color(1)")) in lines[-1]
