"""Filters, following, help, focus and detail: what changes only what a person sees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.terminal.conftest import Open
from tests.terminal.deck import NAMES, api_pids, engine_of, log_workers, row, wait_running, write_deck
from tests.terminal.terminal import Terminal

pytestmark = pytest.mark.terminal

LOG_HINTS = "f Follow"
"""On the hint bar while the log has the focus, and only then."""


WORKERS_BOX, LOG_BOX = "filter by name, state or activity", "filter the log"
"""What an empty filter box says."""


def focus_the_log(terminal: Terminal) -> None:
    terminal.wait_text("s Stop")
    terminal.press("tab")
    terminal.wait_text(LOG_HINTS)


def test_filter_of_the_log_shows_matching_records_only(place: Path, procdeck: Open) -> None:
    """Each letter filters, Enter keeps it, Esc shows all again."""
    terminal = procdeck(directory=write_deck(place))
    wait_running(terminal)
    terminal.wait(lambda lines: set(log_workers(lines)) >= set(NAMES), "records of all workers")
    focus_the_log(terminal)
    terminal.press("/")
    terminal.wait_text(LOG_BOX)
    terminal.press("pair.2 makes")
    terminal.wait(lambda lines: set(log_workers(lines)) == {"pair.2"}, "records of pair.2 only")
    terminal.press("enter")
    terminal.wait_text("/pair.2 makes", "esc clears", LOG_HINTS)
    (newest,) = terminal.wait(lambda lines: _records(lines)[-1:], "a record")
    lines = terminal.wait(lambda lines: lines if _records(lines)[-1:] not in ([], [newest]) else [], "a new record")
    assert set(log_workers(lines)) == {"pair.2"}
    assert all("pair.2 makes round" in line for line in lines if log_workers([line]))

    terminal.press("esc")
    terminal.wait(lambda lines: set(log_workers(lines)) >= set(NAMES), "records of all workers again")
    terminal.wait_text("/pair.2 makes", absent=True)


def test_filter_that_matches_nothing_says_so(place: Path, procdeck: Open) -> None:
    """An empty log pane teaches how to go back."""
    terminal = procdeck(directory=write_deck(place), columns=80, lines=24)
    wait_running(terminal)
    focus_the_log(terminal)
    terminal.press("/")
    terminal.wait_text(LOG_BOX)
    terminal.press("no such words")
    terminal.wait_text('No record matches "no such words"', "Esc clears the filter.")
    terminal.press("esc")
    terminal.wait(log_workers, "records again")


def test_filter_of_the_table_shows_matching_workers_only(place: Path, procdeck: Open) -> None:
    """By part of a name; the title counts; Esc shows all again."""
    terminal = procdeck(directory=write_deck(place))
    wait_running(terminal)
    terminal.press("/")
    terminal.wait_text(WORKERS_BOX)
    terminal.press("air")
    terminal.wait_text("Workers 2 of 4")
    terminal.press("enter")
    terminal.wait(
        lambda lines: [name for name in NAMES if row(lines, name)] == ["pair.1", "pair.2"], "pair.1 and pair.2 only"
    )
    terminal.press("esc")
    assert set(wait_running(terminal)) == set(NAMES)


def test_letters_typed_right_after_slash_are_the_filter(place: Path, procdeck: Open) -> None:
    """Keys that arrive together, as over a slow line: r is a letter of the filter, and restarts nothing."""
    terminal = procdeck(directory=write_deck(place))
    pids = wait_running(terminal)
    terminal.press("/", "air")
    terminal.wait_text("Workers 2 of 4")
    assert api_pids(engine_of()) == pids


def test_log_is_paused_and_followed_again(place: Path, procdeck: Open) -> None:
    """f holds the records in sight and counts those that come; f again shows the newest."""
    terminal = procdeck(directory=write_deck(place), columns=80, lines=24)
    wait_running(terminal)
    terminal.wait(
        lambda lines: len(log_workers(lines)) > 8 and "INFO  run " not in "".join(lines), "a log that scrolls"
    )
    terminal.press("f")
    terminal.wait_text("PAUSED +")
    # A later frame tells that the one which paused has come to its end; until then there may be half of it.
    first = _arrived(terminal.text())
    paused = terminal.wait(lambda lines: lines if _arrived(lines) > first else [], "another record")
    held, many = _records(paused), _arrived(paused)
    lines = terminal.wait(lambda lines: lines if _arrived(lines) >= many + 5 else [], "five more records")
    assert _records(lines) == held
    terminal.press("f")
    terminal.wait_text("FOLLOW")
    terminal.wait(lambda lines: not set(_records(lines)) & set(held), "newer records only")


def _records(lines: list[str]) -> list[str]:
    return [line[:79].rstrip() for line in lines if log_workers([line])]  # the scroll bar is in the last column


def _arrived(lines: list[str]) -> int:
    found = re.search(r"PAUSED \+([\d,]+)", "\n".join(lines))
    return int(found[1].replace(",", "")) if found else 0


def test_help_opens_and_closes(place: Path, procdeck: Open) -> None:
    """? shows every key, Esc brings the table back."""
    terminal = procdeck(directory=write_deck(place), columns=80, lines=24)
    pids = wait_running(terminal)
    terminal.press("?")
    terminal.wait_text("Keys", "Worker under the cursor", "Stop it: ask, then SIGTERM", "esc closes")
    terminal.press("esc")
    terminal.wait_text("esc closes", absent=True)
    assert wait_running(terminal) == pids


def test_tab_moves_the_focus_and_enter_shows_the_detail(place: Path, procdeck: Open) -> None:
    """Enter on a worker shows it, on the log a record in full; Esc goes back each time."""
    terminal = procdeck(directory=write_deck(place), columns=80, lines=24)
    wait_running(terminal)
    terminal.press("down", "enter")
    terminal.wait_text("pair.1", "What runs", "code:tick(pause_s=0.3)")
    terminal.wait(lambda lines: not log_workers(lines), "the detail in the log's place")
    terminal.press("esc")
    terminal.wait(log_workers, "the log again")

    focus_the_log(terminal)
    terminal.press("enter")
    terminal.wait_text("Log record", "incarnation 1", "level", "stream")
    terminal.press("esc")
    terminal.wait_text("Log record", absent=True)
    terminal.wait_text(LOG_HINTS)
    terminal.press("tab")
    terminal.wait_text("s Stop")
