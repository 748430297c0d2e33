"""What the log says of itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from supervisor.api.messages import LogState
from supervisor.logs.record import Record
from tui.render.log_words import LogFacts, log_title, lost_of, no_lines, subject_of
from tui.render.pieces import line_text, line_width

FACTS = LogFacts(shown=12_345, total=12_345)


@pytest.mark.parametrize(
    ("facts", "title"),
    [
        (FACTS, " Log all workers  12,345"),
        (replace(FACTS, worker="parse.1", shown=45), " Log parse.1 only  45 of 12,345"),
        (replace(FACTS, level="WARNING", shown=3, is_filtering=True),
         " Log all workers  WARNING or worse  3 of 12,345, searching"),
        (replace(FACTS, needle="abc", shown=3), " Log all workers  /abc  3 of 12,345  esc clears"),
        (replace(FACTS, needle="re:(", trouble="is broken"), " Log all workers  /re:(  cannot be used: is broken"),
        (replace(FACTS, sought="abc", hits=340, hit=12, is_seeking=True, is_following=False),
         " Log all workers  12,345  F abc  12 of 340 (searching…)"),
        (replace(FACTS, sought="abc", hits=100_000, has_older_hits=True),
         " Log all workers  12,345  F abc  the newest 100,000"),
        (replace(FACTS, sought="re:[", search_trouble="is broken"),
         " Log all workers  12,345  F re:[  cannot be used: is broken"),
        (replace(FACTS, waits_for="error"), " Log all workers  12,345  looking for the error, esc stops"),
        (replace(FACTS, marks=2, is_wrapped=True), " Log all workers  12,345  2 marks  wrapped"),
        (replace(FACTS, store_trouble="No space left on device (/l)", lost=12),
         " Log all workers  12,345  not stored: No space left on device (/l)  12 records lost"),
        (replace(FACTS, removed_bytes=3 << 30), " Log all workers  12,345  oldest 3.0 G deleted"),
    ],
)  # fmt: skip
def test_the_title_says_what_is_shown_and_what_is_going_on(facts: LogFacts, title: str) -> None:
    """Worker, level, filter, search, marks."""
    text = line_text(log_title(facts, 120))
    assert text.startswith(title)
    assert text.removeprefix(title).strip() in ("FOLLOW", "PAUSED +0 lines")


def test_the_state_of_the_log_stays_in_sight_in_any_width() -> None:
    """Whether it follows, and how many lines have come since it was paused."""
    facts = replace(FACTS, needle="a" * 100, is_following=False, arrived=1234)
    for width in (60, 80, 160):
        line = log_title(facts, width)
        assert line_width(line) == width
        assert line_text(line).endswith(" PAUSED +1,234 lines ")
    assert line_text(log_title(replace(facts, arrived=1), 80)).endswith(" PAUSED +1 line ")


def test_what_a_worker_has_lost_is_told_of_it() -> None:
    """All of its lanes together; of all workers where none is chosen."""
    state = LogState(directory="/l", lost=20, lost_of={"parse.1 log": 5, "parse.1 stdout": 6, "parse.10 log": 9})
    assert [lost_of(state, name) for name in ("", "parse.1", "parse.10", "parse")] == [20, 11, 9, 0]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (LogFacts(),
         ("No log records yet", "What workers print, write to stderr and log arrives here.", "Stored in /l")),
        (LogFacts(worker="a"), ("a has logged nothing yet", "l shows the log of all workers.")),
        (LogFacts(level="ERROR"), ("No record is ERROR or worse", "Esc shows all levels.")),
        (LogFacts(needle="x", worker="a", level="ERROR"),
         ('No record of a, ERROR or worse, matches "x"', "Esc clears the filter.")),
        (LogFacts(needle="x", is_filtering=True), ("Searching", "Esc clears the filter.")),
    ],
)  # fmt: skip
def test_an_empty_log_says_why(facts: LogFacts, words: tuple[str, ...]) -> None:
    """And how to see something again."""
    assert no_lines(facts, "/l") == words


def test_a_record_of_the_engine_is_of_whom_it_speaks() -> None:
    """So that a person gets from there to the worker."""
    assert subject_of(Record(worker="parse.1")) == "parse.1"
    assert subject_of(Record(worker="engine", extra={"subject": "walk"})) == "walk"
    assert subject_of(Record(worker="engine", extra={"subject": 3})) == "engine"


@pytest.mark.parametrize("is_following", [True, False])
def test_the_title_of_a_recording_says_the_moment(is_following: bool) -> None:
    """Nothing arrives in it, so that nothing is followed, or paused."""
    title = line_text(log_title(replace(FACTS, recorded="02:13:05", is_following=is_following), 80))
    assert title.endswith(" REPLAY 02:13:05 ")
    assert "PAUSED" not in title
