"""What the index of a store tells: times as lines, the next error, and the bars of the histogram."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.tui.link.stores import BEGIN_US, reader_of, timed_line, write_store
from tui.link.timeline import Timeline
from tui.render.histogram import NO_BAR, Bar

SECOND_US = 1_000_000


def _known(directory: Path) -> Timeline:
    timeline = Timeline(reader_of(directory))
    while timeline.advance():
        pass
    return timeline


def _lines(count: int, step_us: int) -> list[tuple[int, str]]:
    levels = ["INFO"] * 96 + ["WARNING"] * 3 + ["ERROR"]
    return [(at * step_us, levels[at * 37 % 100]) for at in range(count)]


@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("step_us", [500, SECOND_US // 3, 40 * SECOND_US])
def test_a_time_is_the_first_line_that_is_as_young(tmp_path: Path, segments: int, step_us: int) -> None:
    """Within a block and over the borders of blocks and segments; before the first line, and after the last."""
    plan = _lines(4000, step_us)
    write_store(tmp_path, [timed_line(at, level) for at, level in plan], segments)
    timeline = _known(tmp_path)
    for number in (0, 1, 399, 400, 401, 1333, 1334, 2000, 3998, 3999):
        assert timeline.line_at(BEGIN_US + plan[number][0]) == number
        assert timeline.line_at(BEGIN_US + plan[number][0] - step_us // 2) == number
    assert timeline.line_at(0) == 0
    assert timeline.line_at(BEGIN_US * 2) == 3999
    times = (0, BEGIN_US, BEGIN_US + 1, BEGIN_US + plan[3999][0], BEGIN_US * 2)
    assert [timeline.count_before(at_us) for at_us in times] == [0, 0, 1, 3999, 4000]
    assert timeline.span_us == (BEGIN_US, BEGIN_US + plan[-1][0])


def test_an_empty_store_has_no_times(tmp_path: Path) -> None:
    """Nothing to go to, nothing to draw."""
    timeline = _known(tmp_path)
    assert timeline.line_at(BEGIN_US) is None
    assert timeline.count_before(BEGIN_US) == 0
    assert timeline.span_us == (0, 0)
    assert timeline.bars(SECOND_US) == {}


@pytest.mark.parametrize("step_us", [700, 90_000, 9 * SECOND_US])
@pytest.mark.parametrize("bar_s", [1, 60, 3600])
def test_bars_hold_every_record_at_its_level(tmp_path: Path, step_us: int, bar_s: int) -> None:
    """Whether a block spans many bars or a bar many blocks, each record is in the bar of its second."""
    plan = _lines(6000, step_us)
    write_store(tmp_path, [timed_line(at, level) for at, level in plan], 2)
    bar_us = bar_s * SECOND_US
    wanted: dict[int, Bar] = {}
    for at, level in plan:
        place = (BEGIN_US + at) // bar_us
        wanted[place] = wanted.get(place, NO_BAR) + Bar(1, int(level == "WARNING"), int(level == "ERROR"))
    bars = _known(tmp_path).bars(bar_us)
    assert sum(bar.records for bar in bars.values()) == 6000
    assert sum(bar.errors for bar in bars.values()) == sum(bar.errors for bar in wanted.values())
    if step_us > 90_000:  # then no bar shares a block that is counted as a whole
        assert {place: bar for place, bar in bars.items() if bar.records} == wanted


def test_each_second_keeps_its_bar_while_the_store_grows_line_by_line(tmp_path: Path) -> None:
    """Also where the newest block holds but the end of one line, which may be longer than blocks are.

    A line over the border of two blocks may count as of the second in which the next one was made.
    """
    write_store(tmp_path, [])
    timeline = Timeline(reader := reader_of(tmp_path))
    with open(tmp_path / "000001.ndjson", "ab") as segment:
        for second in range(200):
            size = 200_000 if second in (60, 61, 150) else 1000
            segment.write(timed_line(second * SECOND_US, message="x" * size) + b"\n")
            segment.flush()
            reader.refresh()
            while timeline.advance():
                pass
            bars = timeline.bars(SECOND_US).values()
            assert sum(bar.records for bar in bars) == second + 1
            assert max(bar.records for bar in bars) <= 2


def test_bars_grow_with_the_store_and_count_nothing_twice(tmp_path: Path) -> None:
    """The newest block is counted anew each time, all others once."""
    rng = random.Random(7)
    reader = reader_of(tmp_path)
    timeline = Timeline(reader)
    at_us, total = 0, 0
    for _ in range(40):
        lines = []
        for _ in range(rng.randrange(1, 400)):
            at_us += rng.randrange(100_000)
            lines.append(timed_line(at_us, rng.choice(["INFO", "WARNING", "ERROR"])))
        with (tmp_path / "000001.ndjson").open("ab") as segment:
            segment.write(b"".join(line + b"\n" for line in lines))
        total += len(lines)
        while reader.refresh():
            pass
        while timeline.advance():
            pass
        for step_s in (1, 10) if rng.random() < 0.2 else (10,):
            assert sum(bar.records for bar in timeline.bars(step_s * SECOND_US).values()) == total
    assert timeline.span_us == (timeline.span_us[0], BEGIN_US + at_us)


def test_a_storm_takes_no_more_room_than_seconds(tmp_path: Path) -> None:
    """Blocks within one second are one; what is in them is found and counted all the same, however they came."""
    reader = reader_of(tmp_path)
    timeline = Timeline(reader)
    lines = [timed_line(at * 100, "ERROR" if at == 7777 else "INFO", "x" * 400) for at in range(30_000)]
    for start in range(0, 30_000, 1000):
        with (tmp_path / "000001.ndjson").open("ab") as segment:
            segment.write(b"".join(line + b"\n" for line in lines[start : start + 1000]))
        while reader.refresh():
            pass
        while timeline.advance():
            pass
        assert sum(bar.records for bar in timeline.bars(SECOND_US).values()) == start + 1000
    assert (tmp_path / "000001.ndjson").stat().st_size > 200 * 64 * 1024
    assert timeline.stretches <= 9
    assert timeline.line_at(BEGIN_US + 1_234_500) == 12_345
    assert [at for at in timeline.seek(0, 1, "ERROR", lambda _: True) if at is not None] == [7777]
    assert [at for at in timeline.seek(29_999, -1, "ERROR", lambda _: True) if at is not None] == [7777]


@pytest.mark.parametrize("step", [1, -1])
def test_the_next_error_is_found_whatever_lies_between(tmp_path: Path, step: int) -> None:
    """From every place, in both directions, through blocks without one, and only where it is shown."""
    levels = {700: "ERROR", 701: "CRITICAL", 2500: "ERROR", 5999: "ERROR", 40: "WARNING"}
    lines = [timed_line(at, levels.get(at, "INFO"), worker=f"w.{at % 2}") for at in range(6000)]
    write_store(tmp_path, lines, 2)
    timeline = _known(tmp_path)

    def seek(start: int, minimum: str = "ERROR", mark: bytes = b"") -> int | None:
        found = [at for at in timeline.seek(start, step, minimum, lambda line: mark in line) if at is not None]
        return found[0] if found else None

    errors = [700, 701, 2500, 5999]
    for start in (0, 39, 699, 700, 701, 2499, 2500, 3000, 5998, 5999):
        there = [at for at in errors if (at - start) * step > 0]
        assert seek(start) == (min(there, default=None) if step > 0 else max(there, default=None))
    assert seek(30 if step > 0 else 50, "WARNING") == 40
    assert seek(0 if step > 0 else 6000, mark=b'"w.1"') == (701 if step > 0 else 5999)
