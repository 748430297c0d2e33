"""What the real program shows when it is opened on a profile, in terminals of several sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal.conftest import Open
from tests.terminal.deck import NAMES, api_pids, engine_of, log_workers, row, wait_running, write_deck

pytestmark = pytest.mark.terminal

LARGE, SMALL = (160, 45), (80, 24)


@pytest.mark.parametrize(("first", "second"), [(LARGE, SMALL), (SMALL, LARGE)])
def test_all_workers_are_seen_in_every_size(
    place: Path, procdeck: Open, first: tuple[int, int], second: tuple[int, int]
) -> None:
    """State and pid of each, the log and the keys; another size shows the same, a tiny one says what it needs."""
    terminal = procdeck(directory=write_deck(place), columns=first[0], lines=first[1])
    pids = wait_running(terminal)
    assert pids == api_pids(engine_of())
    terminal.wait(lambda lines: set(log_workers(lines)) >= set(NAMES), "records of all workers")
    terminal.wait_text("procdeck deck", "Workers 4", "Log all workers", "FOLLOW", "? Help", "q Quit")

    terminal.resize(*second)
    terminal.wait(lambda lines: "q Quit" in lines[-1], "the hints on the last line")
    assert wait_running(terminal) == pids
    heading = terminal.wait(
        lambda lines: next((line for line in lines if line.startswith(" WORKER ")), ""), "the table's headings"
    )
    assert ("LAST ERROR" in heading) == (second == LARGE)

    terminal.resize(40, 10)
    terminal.wait_text("procdeck needs 60 columns", "and 15 lines.", "This terminal has 40 and 10.")
    assert row(terminal.text(), "steady") is None

    terminal.resize(*first)
    assert wait_running(terminal) == pids
    terminal.wait(lambda lines: "q Quit" in lines[-1], "the hints on the last line")
