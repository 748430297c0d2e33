"""The log in the real program: what is searched, coloured, marked, copied and grouped, as a terminal shows it."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from tests.engines import write_profile
from tests.terminal.conftest import Open
from tests.terminal.deck import wait_running
from tests.terminal.terminal import Terminal

pytestmark = pytest.mark.terminal

PROFILE = """
name = "logs"
[defaults]
stop_timeout = "2s"
start_method = "fork"
[workers.parse]
target = "code:parse"
[workers.colours]
command = "printf '\\\\033[38;5;208morange\\\\033[0m \\\\033[1;31mred\\\\033[2J and more\\\\n'; exec sleep 600"
"""

CODE = """
def parse(ctx):
    for number in range(400):
        if number == 150:
            try:
                int("x")
            except ValueError:
                ctx.log.exception("cannot parse file %d", number)
        ctx.log.info("parsed file %d%s", number, " with a needle" if number in (100, 200) else "")
    ctx.log.bind(request=7).warning('last words {"status": 200, "tags": ["a", "b"]}')
    ctx.stopping.wait()
"""


def _open_log(place: Path, procdeck: Open, columns: int, lines: int) -> Terminal:
    """The dashboard with the log focused and everything in it."""
    terminal = procdeck(directory=write_profile(place / "p", PROFILE, code=CODE).parent, columns=columns, lines=lines)
    wait_running(terminal, ("parse", "colours"))
    terminal.wait_text("last words")
    terminal.press("tab")
    terminal.wait_text("f Follow")
    return terminal


@pytest.mark.parametrize(("columns", "lines"), [(160, 45), (80, 24)])
def test_matches_and_errors_are_found_in_the_log(place: Path, procdeck: Open, columns: int, lines: int) -> None:
    """F searches and hides nothing, e goes to the error, Enter shows it whole, x groups it, o finds its worker."""
    terminal = _open_log(place, procdeck, columns, lines)
    terminal.press("F", "needle", "enter")
    terminal.wait_text("F needle  2 of 2", "parsed file 200 with a needle", "parsed file 199")
    terminal.press("N")
    terminal.wait_text("F needle  1 of 2", "parsed file 100 with a needle")
    terminal.press("e")
    terminal.wait_text("cannot parse file 150")
    terminal.press("enter")
    terminal.wait_text("Log record", "Traceback", 'int("x")', "left right")
    terminal.press("right")
    terminal.wait_text("parsed file 150", "INFO")
    terminal.press("esc")
    terminal.wait_text("Log record", absent=True)

    terminal.press("x")
    terminal.wait_text("Errors 1", "ValueError", "code.py:6 parse", "by last seen")
    terminal.press("enter")
    terminal.wait_text("cannot parse file 150", "f Follow")
    terminal.press("o")
    terminal.wait_text("Workers 2", "s Stop")


def test_levels_json_and_times(place: Path, procdeck: Open) -> None:
    """L leaves warnings and worse; a record's JSON is laid out; T goes to a time; the histogram says from when."""
    terminal = _open_log(place, procdeck, 120, 40)
    terminal.wait(lambda lines: any(len(re.findall(r" \d\d:\d\d:\d\d ", line)) == 2 for line in lines), "the histogram")
    terminal.press("L")
    terminal.wait_text("WARNING or worse", "cannot parse file 150", "last words")
    terminal.wait_text("parsed file 399", absent=True)
    terminal.press("E", "enter")
    terminal.wait_text("Log record", "cannot parse file 150")
    terminal.press("right")
    terminal.wait_text("as JSON", '"status": 200', "request 7")
    terminal.press("esc")
    terminal.wait_text("Log record", absent=True)
    terminal.press("esc")
    terminal.wait_text("WARNING or worse", absent=True)
    terminal.press("T", "1h ago", "enter")
    terminal.wait_text("PAUSED", "parsed file 0")


def test_colours_of_a_command_are_kept_and_nothing_else(place: Path, procdeck: Open) -> None:
    """256 colours and bold arrive at the terminal; a cleared screen does not."""
    terminal = _open_log(place, procdeck, 120, 40)
    terminal.press("/", "orange", "enter")
    terminal.wait_text("orange red and more")
    written = bytes(terminal.output)
    assert re.search(rb"\x1b\[[0-9;]*38;(?:5;208|2;255;135;0)[0-9;]*m(?:\x1b\[[0-9;]*m)?orange", written)
    assert b"\x1b[2J and more" not in written


def test_no_color_means_none(place: Path, procdeck: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither workers nor commands nor levels are coloured; what is found is bold."""
    monkeypatch.setenv("NO_COLOR", "1")
    profile = write_profile(place / "p", PROFILE, code=CODE).parent
    terminal = procdeck(directory=profile, columns=120, lines=40, environment={"NO_COLOR": "1"})
    wait_running(terminal, ("parse", "colours"))
    terminal.wait_text("last words")
    terminal.press("tab")
    terminal.wait_text("f Follow")
    terminal.press("F", "needle", "enter")
    terminal.wait_text("F needle  2 of 2", "parsed file 200 with a needle")
    colours = re.findall(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m", bytes(terminal.output))
    assert colours == []


def test_marked_lines_are_copied_and_written(place: Path, procdeck: Open) -> None:
    """y asks the terminal to take them (OSC 52); > writes what is shown, and asks before it overwrites."""
    terminal = _open_log(place, procdeck, 120, 40)
    terminal.press("e")
    terminal.wait_text("PAUSED", "cannot parse file 150")
    terminal.press("m")
    terminal.wait_text("1 mark")
    terminal.press("y")
    terminal.wait_text("Copied 1 line")
    copied = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", bytes(terminal.output))
    assert "cannot parse file 150" in base64.b64decode(copied[-1]).decode()

    target = place / "p" / "logs-log.txt"
    terminal.press("/", "needle", "enter")
    terminal.wait_text("2 of ")
    terminal.press(">", "enter")
    terminal.wait_text("Wrote 2 lines")
    assert [line.split("parsed ")[1] for line in target.read_text().splitlines()] == [
        "file 100 with a needle",
        "file 200 with a needle",
    ]
    terminal.press(">", "enter")
    terminal.wait_text("Overwrite the file?")
    terminal.press("esc")
    terminal.wait_text("Overwrite the file?", absent=True)


@pytest.mark.parametrize(("columns", "lines"), [(160, 45), (80, 24)])
def test_two_logs_are_shown_one_below_the_other(place: Path, procdeck: Open, columns: int, lines: int) -> None:
    """Z shows a second log, with a filter and a worker of its own; tab goes between them; Q closes it."""
    terminal = _open_log(place, procdeck, columns, lines)
    terminal.press("z")
    terminal.wait_text("Workers 2", absent=True)
    terminal.press("Z")
    terminal.wait(lambda screen: sum(line.startswith(" Log all workers") for line in screen) == 2, "two logs")
    terminal.press("/", "needle", "enter")
    terminal.wait(
        lambda screen: [" /needle  2 of " in line for line in screen if line.startswith(" Log ")] == [False, True],
        "a filter in the second log only",
    )
    terminal.wait_text("parsed file 399", "parsed file 100 with a needle")
    terminal.press("tab")
    terminal.press("L")
    terminal.wait(
        lambda screen: ["WARNING or worse" in line for line in screen if line.startswith(" Log ")] == [True, False],
        "a level in the first log only",
    )
    terminal.wait_text("cannot parse file 150", "parsed file 200 with a needle")
    terminal.press("Q")
    terminal.wait(lambda screen: sum(line.startswith(" Log ") for line in screen) == 1, "one log")
    terminal.wait_text("WARNING or worse", "cannot parse file 150")
    terminal.wait_text("with a needle", absent=True)


def test_a_search_a_time_and_marks_lead_through_the_log(place: Path, procdeck: Open) -> None:
    """n and N go from match to match, T to a time, ' and \" from mark to mark, a click in the histogram to its time."""
    terminal = _open_log(place, procdeck, 120, 40)
    terminal.press("F", "needle", "enter")
    terminal.wait_text("F needle  2 of 2")
    terminal.press("N")
    terminal.wait_text("F needle  1 of 2", "parsed file 100 with a needle")
    terminal.press("m")
    terminal.wait_text("1 mark")
    terminal.press("n")
    terminal.wait_text("F needle  2 of 2", "parsed file 200 with a needle")
    terminal.press("m")
    terminal.wait_text("2 marks")
    terminal.press("T", "1h ago", "enter")
    terminal.wait_text("parsed file 0")
    terminal.press("n")
    terminal.wait_text("F needle  1 of 2")
    terminal.press("n")
    terminal.wait_text("F needle  2 of 2")
    terminal.press("n")
    terminal.wait_text("No match after this line.")
    terminal.press('"')
    terminal.wait_text("F needle  1 of 2")
    terminal.press("'")
    terminal.wait_text("F needle  2 of 2")
    terminal.press("M")
    terminal.wait_text("2 marks", absent=True)
    two_times = re.compile(r" \d\d:\d\d:\d\d .+ \d\d:\d\d:\d\d ")
    row = terminal.wait(
        lambda screen: next((y for y, line in enumerate(screen) if two_times.match(line)), 0), "the histogram"
    )
    terminal.press("f")
    terminal.wait_text(" FOLLOW ")
    terminal.press(f"\x1b[<0;13;{row + 1}M\x1b[<0;13;{row + 1}m")
    terminal.wait_text(" PAUSED ")
