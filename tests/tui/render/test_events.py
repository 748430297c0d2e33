"""Events as rows and in full, and the lanes above them, to the letter."""

from __future__ import annotations

import pytest
from msgspec import structs

from supervisor.api.messages import Job
from supervisor.api.requests import EventList
from tests.tui.event_fakes import ADA, event, history, state
from tests.tui.fakes import NOW_AT
from tests.tui.render.test_golden import golden
from tui.happenings import Happenings
from tui.needles import needle_of
from tui.render.event_lanes import lane_lines
from tui.render.events import (
    EventRow,
    Standing,
    asker_words,
    clock_words,
    columns_for_events,
    event_line,
    event_texts,
    standing_words,
    told_lines,
)
from tui.render.fleet_rows import header_line
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.pieces import Tone, line_text, line_width

STOPPING = Job(
    id=1,
    action="restart",
    target="parse.2",
    state="running",
    requested_s=0.0,
    text="stopping: asked, SIGTERM in 1.0 s, SIGKILL in 5.0 s",
)
RISING = structs.replace(STOPPING, text="runs, not ready yet")


def rows() -> tuple[EventRow, ...]:
    """The history, its wish with its outcomes."""
    happenings = Happenings()
    happenings.take(EventList(events=history(), next_cursor=22))
    return happenings.rows


def _table(width: int, glyphs: Glyphs = UNICODE) -> list[str]:
    columns = columns_for_events(width, rows())
    lines = [header_line(columns, width)]
    lines += [event_line(row, columns, glyphs, NOW_AT, width, 0) for row in rows()]
    assert {line_width(line) for line in lines} == {width}
    return [line_text(line).rstrip() for line in lines]


@pytest.mark.parametrize("width", [80, 160])
def test_events_are_rows(width: int) -> None:
    """When, who, what with how far a wish has come, by whom; with room the command line, too. Nothing is obeyed."""
    assert golden(f"events_{width}") == "\n".join(_table(width))


def test_a_long_sentence_runs_on_where_there_is_no_command_line() -> None:
    """Up to the edge; where there is one, it is cut before it."""
    words = "exit code 1; " + "the advice is long, " * 4
    lines = []
    for command in ("", "procdeck restart x"):
        row = EventRow("1", event(1, 1.0, "x", words, by="policy", command=command))
        columns = columns_for_events(160, (row,))
        line = event_line(row, columns, UNICODE, NOW_AT, 160, 0)
        assert line_width(line) == 160
        lines.append(line_text(line))
    assert words.strip() in lines[0]
    assert "…" not in lines[0]
    assert words.strip() not in lines[1]
    assert "… procdeck restart x" in " ".join(lines[1].split())


def test_events_in_ascii() -> None:
    """But for what workers are called."""
    assert "\n".join(_table(80, ASCII)).replace("日本語", "").isascii()


@pytest.mark.parametrize(("width", "span_s", "most"), [(80, 120.0, 2), (160, 120.0, 8)])
def test_lanes_make_a_crash_loop_visible(width: int, span_s: float, most: int) -> None:
    """The same signs again and again, most trouble first; what was up before the time that is shown, is."""
    lines = lane_lines([row.event for row in rows()], NOW_AT, span_s, width, most, UNICODE)
    assert {line_width(line) for line in lines} == {width}
    assert golden(f"event_lanes_{width}") == "\n".join(line_text(line).rstrip() for line in lines)


def test_lanes_in_ascii_and_without_anything() -> None:
    """No lane, and no times, where nothing has happened lately."""
    shown = lane_lines([row.event for row in rows()], NOW_AT, 120.0, 80, 3, ASCII)
    assert "".join(map(line_text, shown)).replace("日本語", "").isascii()
    assert lane_lines([row.event for row in rows()], NOW_AT + 10_000, 60.0, 80, 3, UNICODE) == []
    assert lane_lines([], NOW_AT, 60.0, 80, 3, UNICODE) == []


def test_two_changes_in_one_cell_show_the_graver_one() -> None:
    """A start must not hide the failure before it."""
    told = [state(1, 30.0, "x", "failed"), state(2, 30.0, "x", "starting"), state(3, 29.9, "x", "running")]
    assert "✗" in line_text(lane_lines(told, NOW_AT, 60.0, 40, 1, UNICODE)[0])


def test_who_asked_is_a_word_or_two() -> None:
    """A person by name, with what they used."""
    assert asker_words(ADA) == "ada, command line"
    assert asker_words("uid 1000 (ada)") == "ada"
    assert asker_words("uid 1000") == "uid 1000"
    assert asker_words("policy") == "policy"
    assert asker_words("") == "engine"


def test_a_time_of_another_day_says_so() -> None:
    """The day of the month in the place of the seconds."""
    assert clock_words(NOW_AT, 0, NOW_AT, is_exact=True) == "13:31:26.000"
    assert clock_words(NOW_AT - 86_400, 0, NOW_AT) == "21 13:31"


@pytest.mark.parametrize(
    ("standing", "words", "tone"),
    [
        (
            Standing(1, job=STOPPING, job_at=NOW_AT - 1.0),
            "accepted, stopping: asked, SIGTERM in 0 s, SIGKILL in 4 s",
            Tone.COOL,
        ),
        (Standing(3, done=1, job=RISING, job_at=NOW_AT), "1 of 3 done, parse.2 runs, not ready yet", Tone.COOL),
        (Standing(1), "accepted", Tone.COOL),
        (Standing(3, done=2, last_at=NOW_AT), "2 of 3 done", Tone.COOL),
        (Standing(1, done=1, last_at=NOW_AT), "done in 2.5 s", Tone.GOOD),
        (
            Standing(1, done=1, last_at=NOW_AT, how="stopped: exit code 0"),
            "done in 2.5 s: stopped: exit code 0",
            Tone.GOOD,
        ),
        (Standing(2, done=2, last_at=NOW_AT, how="stopped"), "done in 2.5 s", Tone.GOOD),
        (
            Standing(1, failed=1, last_at=NOW_AT, why="restart failed: exit code 3"),
            "failed after 2.5 s: exit code 3",
            Tone.RED,
        ),
        (Standing(3, done=1, failed=2, why="no such"), "2 of 3 failed: no such", Tone.RED),
    ],
)
def test_how_far_a_wish_has_come(standing: Standing, words: str, tone: Tone) -> None:
    assert standing_words(event(1, 2.5, "x", "restart wished"), standing, NOW_AT) == (words, tone)


def test_one_event_in_full_with_the_command_that_asks_for_the_same() -> None:
    """Three lines always; what nobody has asked for says what else is known."""
    by_cursor = {row.event.cursor: row for row in rows()}
    told = [line_text(line).rstrip() for line in told_lines(by_cursor[16], 80, UNICODE, NOW_AT)]
    assert told[0] == " restart wished: 1 of 2 failed: exit code 3"
    assert told[2] == " $ procdeck restart parse --project census   (y copies it)"
    told = [line_text(line).rstrip() for line in told_lines(by_cursor[2], 80, UNICODE, NOW_AT)]
    assert told == [" running, pid 4007", "", " was running, incarnation 1, pid 4007, by engine"]
    long = EventRow("9", event(9, 0.0, "x", "word " * 100))
    assert {line_width(line) for line in told_lines(long, 60, UNICODE, NOW_AT)} == {60}
    assert len(told_lines(None, 60, UNICODE, NOW_AT)) == 3


@pytest.mark.parametrize(
    ("needle", "count"),
    [("", 22), ("restart", 7), ("!parse", 4), ("~pid4008", 2), ("re:^parse\\.[12]$", 5), ("!re:parse", 4), ("ADA", 6)],
)
def test_a_filter_looks_in_all_that_is_told(needle: str, count: int) -> None:
    """Subject, sentence, who asked, the command line; case does not matter."""
    assert sum(needle_of(needle).passes(event_texts(row)) for row in rows()) == count
