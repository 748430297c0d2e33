"""Tracebacks and stacks as this very Python prints them are found among other lines, and their places told."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from supervisor.logs.stack_texts import MOST_LINES, Gatherer, StackText, place_of


def printed(folder: Path, code: str) -> list[str]:
    """What a program writes on stderr, as lines."""
    script = folder / "job.py"
    script.write_text(textwrap.dedent(code))
    told = subprocess.run([sys.executable, str(script)], stderr=subprocess.PIPE, text=True, check=False)
    return told.stderr.removesuffix("\n").split("\n")


def gathered(lines: list[str]) -> list[StackText]:
    gatherer = Gatherer()
    found = [stack for line in lines if (stack := gatherer.take(line))]
    last = gatherer.finish()
    return [*found, *([last] if last else [])]


def test_traceback_among_other_lines(tmp_path: Path) -> None:
    """Type, message, the place in the user's own file, and nothing of the lines around it."""
    lines = printed(
        tmp_path,
        """
        import json
        def parse(text):
            return json.loads(text)
        parse("{")
        """,
    )
    [found] = gathered(["starting", "  indented", *lines, "going on"])
    assert (found.kind, found.type, found.place) == ("traceback", "json.decoder.JSONDecodeError", "job.py:4 parse")
    assert found.message.startswith("Expecting property name")
    assert found.text == "\n".join(lines) + "\n"


def test_chain_is_one(tmp_path: Path) -> None:
    """What caused it is a part of it."""
    code = """
        def parse():
            try:
                int("x")
            except ValueError as error:
                raise RuntimeError("no") from error
        parse()
    """
    lines = printed(tmp_path, code)
    [found] = gathered([*lines, "after"])
    assert (found.type, found.message, found.place) == ("RuntimeError", "no", "job.py:6 parse")
    assert "ValueError" in found.text


def test_two_in_a_row_are_two(tmp_path: Path) -> None:
    """A loop that prints and goes on."""
    code = """
        import traceback
        for number in range(2):
            try:
                raise ValueError(number)
            except ValueError:
                traceback.print_exc()
    """
    assert [found.message for found in gathered(printed(tmp_path, code))] == ["0", "1"]


def test_group_is_one(tmp_path: Path) -> None:
    """An exception group with all that is in it."""
    lines = printed(tmp_path, 'raise ExceptionGroup("two files", [ValueError(1), KeyError(2)])')
    [found] = gathered([*lines, "after"])
    assert (found.type, found.message) == ("ExceptionGroup", "two files (2 sub-exceptions)")
    assert found.place == "job.py:1 <module>"
    assert "KeyError: 2" in found.text


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (
            "import faulthandler, ctypes; faulthandler.enable()\ndef crash():\n ctypes.string_at(0)\ncrash()",
            "Segmentation",
        ),
        ("import faulthandler, os; faulthandler.enable()\ndef crash():\n os.abort()\ncrash()", "Aborted"),
    ],
)
def test_fatal_error_with_its_stack(tmp_path: Path, code: str, kind: str) -> None:
    """The user's own frame of the thread that fell."""
    [found] = gathered([*printed(tmp_path, "import resource; resource.setrlimit(4, (0, 0))\n" + code), "after"])
    assert found.kind == "fatal"
    assert found.type.startswith(f"Fatal Python error: {kind}")
    assert found.place == "job.py:4 crash"


def test_thread_and_syntax_error(tmp_path: Path) -> None:
    """Headlines before a traceback, and one without a function."""
    code = "import threading\ndef fall(): raise KeyError('x')\nthreading.Thread(target=fall).start()"
    [found] = gathered(printed(tmp_path, code))
    assert (found.type, found.message, found.place) == ("KeyError", "'x'", "job.py:2 fall")
    [found] = gathered(printed(tmp_path, "import ast\nast.parse('a b')"))
    assert found.type == "SyntaxError"
    assert found.place == "job.py:2 <module>"


def test_what_never_ends_is_let_go() -> None:
    """A line that only looks like the start of a traceback costs no memory."""
    gatherer = Gatherer()
    for line in ["Traceback (most recent call last):", *["  and so on"] * MOST_LINES]:
        assert gatherer.take(line) is None
    assert not gatherer.is_open
    assert place_of("no traceback at all") == ""
