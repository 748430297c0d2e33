"""Going about in the real program: labels, numbers, the mouse on a border and on rows, and a stop taken back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.terminal.conftest import Open
from tests.terminal.deck import wait_running, wait_state, write_deck
from tests.terminal.terminal import Terminal

pytestmark = pytest.mark.terminal


def _mouse(button: int, x: int, y: int, *, is_up: bool = False) -> str:
    """What a terminal sends for the mouse at a cell, counted from 0 (xterm's SGR encoding, mode 1006)."""
    return f"\x1b[<{button};{x + 1};{y + 1}{'m' if is_up else 'M'}"


def _log_at(lines: Sequence[str]) -> int:
    """The line of the log's title; 0 where there is none."""
    return next((index for index, line in enumerate(lines) if line.startswith(" Log all workers")), 0)


def _drag(terminal: Terminal, y: int, to: int) -> None:
    """Take hold of the log's title and pull until it follows: the hold is taken some time after the button is down."""
    terminal.press(_mouse(0, 4, y))
    for attempt in range(60):
        terminal.press(_mouse(32, 4, to - attempt % 2))
        try:
            terminal.wait(lambda lines: _log_at(lines) in (to - 1, to), "the border to be moved", 0.5)
        except AssertionError:
            continue
        terminal.press(_mouse(0, 4, to, is_up=True))
        return
    raise AssertionError(terminal.picture())


def test_one_goes_by_label_and_number_drags_a_border_and_takes_a_stop_back(place: Path, procdeck: Open) -> None:
    """Each is seen where a person looks for it."""
    terminal = procdeck(directory=write_deck(place), columns=80, lines=30)
    first = wait_running(terminal)

    terminal.press("J")
    terminal.wait_text("esc Stay here")
    label = terminal.wait(lambda lines: next((line[0].strip() for line in lines if "steady" in line), ""), "a label")
    terminal.press(label)
    terminal.wait_text("esc Stay here", absent=True)
    terminal.wait_text("s Stop")

    terminal.press("s")
    wait_state(terminal, "steady", "stopped")
    terminal.press_until("u", "Undo: steady was stopped")
    wait_state(terminal, "steady", "running", other_than=first["steady"])

    y = terminal.wait(_log_at, "the log's title")
    _drag(terminal, y, y + 4)

    terminal.press("8")
    terminal.wait_text("esc Back")
    terminal.wait(lambda lines: _log_at(lines) == 1, "the log on the whole screen")
    terminal.press("\x1b")
    terminal.wait(lambda lines: _log_at(lines) in (y + 3, y + 4), "the way back")
