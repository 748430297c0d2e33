"""The index that a writer leaves says what a look at the lines would say."""

from __future__ import annotations

import os
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs import index_file
from supervisor.logs.block_index import BlockIndex
from supervisor.logs.index_file import BlockFacts, IndexWriter, facts_of, read_index, time_us
from supervisor.logs.lanes import Lane
from supervisor.logs.record import engine_line, time_text
from supervisor.logs.segment_files import BLOCK_BYTES, PlainFile
from supervisor.logs.segments import SegmentWriter


def test_facts_of_each_block_are_what_its_lines_say(tmp_path: Path) -> None:
    """Lines, levels and times, however the appends were cut; noted ones are what a reader counts."""
    rng = random.Random(5)
    writer = SegmentWriter(tmp_path)
    levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "TRACE")
    for number in range(400):
        batch = [
            engine_line(1000.0 + number, rng.choice(levels), "m" * rng.choice((0, 40, 3000)))
            for _ in range(rng.randrange(9))
        ]
        batch.append(Lane("a", 1, "stdout").feed(b'Z","level":"ERROR"\n', time_text(1000.0 + number)))
        writer.append(batch)
    writer.close()
    noted = list(read_index(tmp_path, 1))
    data = (tmp_path / "000001.ndjson").read_bytes()
    assert len(noted) == len(data) // BLOCK_BYTES > 3
    file = PlainFile(os.open(tmp_path / "000001.ndjson", os.O_RDONLY))
    counted = BlockIndex(file)
    counted.refresh()
    for block, facts in enumerate(noted):
        assert facts._replace(stored_us=0) == counted.facts(block)
        assert facts.stored_us > 0
    believed = BlockIndex(file, read_index(tmp_path, 1))
    assert believed.line_count == sum(facts.lines for facts in noted)
    totals = [sum(column) for column in zip(*noted, strict=True)]
    tail = counted.facts(len(noted))
    assert totals[0] + tail.lines == writer.records
    assert totals[3] + tail.warning == writer.warnings
    assert totals[4] + totals[5] + tail.error + tail.critical == writer.errors
    file.close()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 600), min_size=1, max_size=9)), min_size=1, max_size=9),
    st.integers(1, 9),
)
def test_block_of_one_level_is_counted_as_if_each_line_was_looked_at(
    batches: list[tuple[bool, list[int]]], spread: int
) -> None:
    """Printed lines of any length, cut by blocks at any place, in the middle of a level's mark too."""
    block_bytes, now = 64 * spread + spread, time_text(1000.0)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_file, "BLOCK_BYTES", block_bytes)
        directory = os.open(folder, os.O_RDONLY)
        writer = IndexWriter(directory, 1)
        os.close(directory)
        data = b""
        for is_stderr, lengths in batches:
            lane = Lane("a", 1, "stderr" if is_stderr else "stdout")
            text = b"".join(b'Z","level":"ERROR"'[: length % 19] + b"x" * length + b"\n" for length in lengths)
            lines = lane.feed(text, now)
            assert writer.add(lines, 1000.0, lane.level) == len(lengths)
            data += lines
        writer.close()
        noted = [facts._replace(stored_us=0) for facts in read_index(Path(folder), 1)]
    ends = range(block_bytes, len(data) + 1, block_bytes)
    assert noted == [facts_of(data, end - block_bytes, end) for end in ends]
    assert (writer.warnings, writer.errors) == (sum(len(lengths) for is_stderr, lengths in batches if is_stderr), 0)


def test_first_time_of_a_block_is_that_of_the_first_line_which_begins_there(tmp_path: Path) -> None:
    """A block inside of a long line has none."""
    writer = SegmentWriter(tmp_path)
    writer.append([engine_line(5.0, "INFO", "x" * 200_000), engine_line(6.5, "INFO", "y" * 100_000)])
    writer.close()
    assert [facts.first_us for facts in read_index(tmp_path, 1)] == [5_000_000, 0, 0, 6_500_000]


def test_time_of_a_record_in_microseconds() -> None:
    """What is no time is 0."""
    assert time_us(time_text(1795354286.25).encode()) == 1_795_354_286_250_000
    assert (time_us(b""), time_us(b"\xff" * 26), time_us(b"2026-11-22T13:31:26.12345x")) == (0, 0, 0)


def test_index_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    """Something stands where the index belongs: the lines are stored all the same."""
    (tmp_path / "000001.index").mkdir()
    writer = SegmentWriter(tmp_path)
    for _ in range(300):
        writer.append([engine_line(0.0, "WARNING", "x" * 400)])
    writer.close()
    assert (writer.records, writer.warnings, writer.lost, writer.last_trouble) == (300, 300, 0, "")
    assert list(read_index(tmp_path, 1)) == []


def test_unreadable_index_is_none(tmp_path: Path) -> None:
    """Missing, of another kind, or torn."""
    assert list(read_index(tmp_path, 1)) == []
    (tmp_path / "000001.index").write_bytes(b"something else")
    assert list(read_index(tmp_path, 1)) == []
    (tmp_path / "000001.index").write_bytes(b"pdindex2" + bytes(8 + 40) + b"torn")
    assert read_index(tmp_path, 1)[:] == [BlockFacts(0, 0, 0, 0, 0, 0, 0, 0)]
