"""One worker in a real terminal: breakpoints, the look at an exception, Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import write_profile
from tests.terminal.conftest import Open

pytestmark = pytest.mark.terminal

PROFILE = """
name = "debugged"
[queues.numbers]
[workers.stops]
target = "code:stops"
[workers.divides]
target = "code:divides"
reads = { inbox = "numbers" }
[workers.waits]
target = "code:waits"
"""
CODE = """
import time

def stops():
    answer = 41
    breakpoint()
    print("the answer is", answer + 1)

def divides(inbox):
    for number in inbox:
        print(12 // number)

def waits():
    place = "here"
    print("waits now")
    while True:
        time.sleep(0.1)  # a signal that comes just before a long sleep is not heard until it is over
"""


def test_breakpoint_opens_pdb_and_goes_on(place: Path, procdeck: Open) -> None:
    """The worker's variables can be looked at and changed, and it goes on with them."""
    terminal = procdeck("debug", "stops", directory=write_profile(place / "p", PROFILE, code=CODE).parent)
    terminal.wait_text("(Pdb)")
    terminal.press("p answer * 1000", "enter")
    terminal.wait_text("41000")
    terminal.press("answer = 99", "enter", "c", "enter")
    terminal.wait_text("the answer is 100", "stops: finished")
    assert terminal.exit_code() == 0


def test_exception_opens_pdb_where_it_was_raised(place: Path, procdeck: Open) -> None:
    """With the item at hand; Ctrl-C there clears the line, q leaves, and the exit code is 1."""
    directory = write_profile(place / "p", PROFILE, code=CODE).parent
    (directory / "numbers.ndjson").write_text("4\n0\n3\n")
    terminal = procdeck("debug", "divides", "--feed", "inbox=numbers.ndjson", directory=directory, columns=80, lines=24)
    terminal.wait_text("ZeroDivisionError", "print(12 // number)", "(Pdb)")
    terminal.press("\x03")
    terminal.wait_text("--KeyboardInterrupt--")
    terminal.press("p 'number is', number", "enter")
    terminal.wait_text("('number is', 0)")
    terminal.press("q", "enter")
    terminal.wait_text("inbox: 1 left unread")
    assert terminal.exit_code() == 1


def test_interrupt_shows_where_a_worker_was(place: Path, procdeck: Open) -> None:
    """Ctrl-C interrupts it as it would a script, and pdb opens there."""
    terminal = procdeck("debug", "waits", directory=write_profile(place / "p", PROFILE, code=CODE).parent)
    terminal.wait_text("waits now")
    terminal.press("\x03")
    terminal.wait_text("waits: interrupted at code.py", "(Pdb)")
    terminal.press("p place", "enter")
    terminal.wait_text("'here'")
    terminal.press("q", "enter")
    assert terminal.exit_code() == 130
