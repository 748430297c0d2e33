"""What workers print cannot reach the terminal but as text in its place."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from tests.engines import write_profile
from tests.terminal.conftest import Open
from tests.terminal.deck import log_workers, wait_running, wait_state

pytestmark = pytest.mark.terminal

SECRET = base64.b64encode(b"rm -rf the clipboard")

PROFILE = """
name = "hostile"
[defaults]
start_method = "fork"
[workers.printer]
target = "code:printer"
[workers.logger]
target = "code:logger"
[workers.shell]
command = "while true; do printf '\\\\033[2J\\\\033[Hraw \\\\033]0;owned\\\\007shell\\\\n'; sleep 1; done"
[workers.raiser]
target = "code:raiser"
restart = "never"
"""

CODE = r"""
PAUSE_S = 0.3  # each line has to come to the smallest screen before the next ones push it off

LINES = (
    "\x1b]0;owned title\x07after the title",
    "\x1b]2;owned title\x1b\\after the other title",
    "\x1b]52;c;SECRET\x07after the clipboard",
    "\x1bPq#0;2;0;0;0\x1b\\after the picture",
    "\x1b[2J\x1b[H\x1b[31;1mafter the cleared screen\x1b[0m",
    "\x1b[?1049l\x1b[?25h\x1bcafter the reset",
    "\x9b2J\x9d0;owned title\x9cafter the eight-bit ones",
    "[bold]after the markup[/bold] [link=https://example.org]x[/link] [/]",
    "tab\tand\rreturn\x08\x08\x7f",
    "\u202eafter the override\u202c",
    "wide \u65e5\u672c\u8a9e|end",
    "emoji \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f e\u0301|end",
)

def printer(ctx):
    import sys
    while True:
        for line in LINES:
            print(line, flush=True)
            sys.stderr.write(line + "\n")
            if ctx.stopping.wait(PAUSE_S):
                return

def logger(ctx):
    while True:
        for line in LINES:
            ctx.log.warning(line)
            ctx.doing(line)
            if ctx.stopping.wait(PAUSE_S):
                return

def raiser():
    raise ValueError(LINES[0] + LINES[2] + LINES[4] + "[red]")
""".replace("SECRET", SECRET.decode())

MARKS = (
    "after the title",
    "after the other title",
    "after the clipboard",
    "after the picture",
    "after the cleared screen",
    "after the reset",
    "after the eight-bit ones",
    "[bold]after the markup[/bold] [link=",
    "wide 日本語|end",
    "|end",
    "raw shell",
)
"""What is left of the lines, on the screen sooner or later."""

TOP = (
    " procdeck hostile ",
    " Workers 4",
    " WORKER ",
    " ◉ printer running ",
    " ◉ logger  running ",
    " ◉ shell   running ",
)

NAMES = ("printer", "logger", "shell")


@pytest.mark.parametrize(("columns", "lines"), [(160, 45), (80, 24)])
def test_worker_output_does_not_disturb_the_screen(place: Path, procdeck: Open, columns: int, lines: int) -> None:
    """Titles, the clipboard, cleared screens, markup and wide characters: all text, and all in its place."""
    terminal = procdeck(directory=write_profile(place / "p", PROFILE, code=CODE).parent, columns=columns, lines=lines)
    wait_running(terminal, NAMES)
    wait_state(terminal, "raiser", "failed")
    terminal.wait(lambda shown: {"printer", "logger", "shell"} <= set(log_workers(shown)), "records of all three")
    seen: set[str] = set()

    def marks(shown: list[str]) -> bool:
        """Collect over several frames: not all lines are on a small screen at once; the table never moves."""
        assert [line[: len(begin)] for line, begin in zip(shown, TOP, strict=False)] == list(TOP)
        seen.update(mark for mark in MARKS if mark in "\n".join(shown))
        return seen == set(MARKS)

    terminal.wait(marks, f"each of {MARKS}")
    terminal.press("q")
    terminal.wait_text("Quit procdeck?")
    terminal.press("d")
    assert terminal.exit_code() == 0
    assert_harmless(bytes(terminal.output))


def assert_harmless(written: bytes) -> None:
    """No sequence of a worker is in what the dashboard wrote; its own are cursor, colour, modes, pointer shape."""
    assert re.findall(rb"\x1b\](?!22;)", written) == []
    assert re.findall(rb"\x1b[P^_Xc]", written) == []
    assert written.count(b"\x1b[?1049l") == 1
    assert b"owned" not in written
    assert SECRET not in written
    text = re.sub("\x1b\\]22;[a-z-]*(\x07|\x1b\\\\)", "", written.decode())
    assert re.findall("[\x00-\x07\x08\x0b-\x0c\x0e-\x1a\x7f-\x9f\u202a-\u202e]", text) == []
