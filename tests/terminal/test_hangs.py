"""Why and stacks of a real deadlock: two processes of one worker, two locks, another order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import write_profile
from tests.terminal.conftest import Open
from tests.terminal.deck import engine_of, wait_running, wait_state

pytestmark = pytest.mark.terminal

PROFILE = """
name = "knot"
[defaults]
start_method = "fork"
stop_timeout = "1s"
[workers.tied]
target = "code:tie"
"""

CODE = """
import multiprocessing

def tie():
    forked = multiprocessing.get_context("fork")
    orders, accounts, both = forked.Lock(), forked.Lock(), forked.Barrier(2)
    forked.Process(target=refund, args=(orders, accounts, both)).start()
    with orders:
        both.wait()
        with accounts:
            pass

def refund(orders, accounts, both):
    with accounts:
        both.wait()
        with orders:
            pass
"""


def test_a_deadlock_is_explained_and_its_stacks_are_shown(place: Path, procdeck: Open) -> None:
    """w names it with the lines that wait, t shows both processes there; Esc goes back each time."""
    directory = write_profile(place / "p", PROFILE, code=CODE).parent
    terminal = procdeck(directory=directory, columns=80, lines=24)
    pid = wait_running(terminal, ["tied"])["tied"]
    terminal.press_until("w", "Why tied", "DEADLOCK", "with accounts:", "with orders:", f"pid {pid}")

    terminal.press("t")
    terminal.wait_text("Stacks of tied", "with accounts:", "with orders:", "the same for")
    terminal.press("esc")
    terminal.wait_text("Why tied", "DEADLOCK")
    terminal.press("esc")
    terminal.wait_text("Workers 1")
    assert wait_state(terminal, "tied", "hung").pid == pid
    terminal.wait_text("1 warned (h)")

    terminal.press("w")
    terminal.wait_text("Why tied", "r Restart")
    terminal.press("K")
    terminal.wait_text("Kill tied?")
    terminal.press("K")
    terminal.wait_text("Why tied", "it has no process that could wait")
    assert engine_of("knot").row("tied").pid is None
