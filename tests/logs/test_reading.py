from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.logs.open_files import OpenFiles
from supervisor.logs.reading import GONE_LINE, LogReader
from supervisor.logs.retention import Retention
from supervisor.logs.segments import SegmentWriter


def numbered(first: int, count: int) -> list[bytes]:
    return [b'{"n":%d}' % number for number in range(first, first + count)]


def write(writer: SegmentWriter, first: int, count: int) -> None:
    for line in numbered(first, count):
        writer.append([line + b"\n"])


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[SegmentWriter]:
    writer = SegmentWriter(tmp_path / "logs", segment_bytes=100)
    yield writer
    writer.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[LogReader]:
    reader = LogReader(tmp_path / "logs")
    yield reader
    reader.close()


def test_absent_directory_is_an_empty_log_that_can_begin(reader: LogReader, writer: SegmentWriter) -> None:
    """A reader may come before the first line."""
    assert (reader.refresh(), reader.line_count, reader.lines(0, 50)) == (False, 0, [])
    write(writer, 0, 1)
    assert (reader.refresh(), reader.lines(0, 50)) == (True, numbered(0, 1))


def test_lines_of_all_segments_are_one_list(reader: LogReader, writer: SegmentWriter) -> None:
    """Pages cross segments without a seam."""
    write(writer, 0, 95)
    assert reader.refresh()
    assert reader.line_count == 95
    assert [reader.lines(first, 10) for first in range(0, 100, 7)] == [
        numbered(first, 10)[: max(95 - first, 0)] for first in range(0, 100, 7)
    ]
    assert reader.block(90, 50) == b"".join(line + b"\n" for line in numbered(90, 5))


def test_growth_and_new_segments_are_followed(reader: LogReader, writer: SegmentWriter) -> None:
    """Every refresh sees what was appended since, in whatever segment, once."""
    seen: list[bytes] = []
    for first in range(0, 300, 6):
        write(writer, first, 6)
        assert reader.refresh()
        seen += reader.lines(len(seen), 1000)
        assert not reader.refresh()
    assert seen == numbered(0, 300)


def test_budget_spreads_a_big_store_over_calls(tmp_path: Path, reader: LogReader) -> None:
    """A screen can open a big log in slices; True means that there is more."""
    writer = SegmentWriter(tmp_path / "logs", segment_bytes=400_000)
    for first in range(0, 100_000, 10_000):
        writer.append([b"\n".join(numbered(first, 10_000)) + b"\n"])
    writer.close()
    for index in (tmp_path / "logs").glob("*.index"):
        index.unlink()
    counts = []
    while reader.refresh(budget_bytes=65536):
        counts.append(reader.line_count)
    assert counts == sorted(counts)
    assert len(counts) > 10
    assert reader.line_count == 100_000
    assert reader.lines(99_990, 20) == numbered(99_990, 10)


@pytest.mark.parametrize("damage", ["none", "missing", "cut", "garbage", "other"])
def test_index_is_believed_only_as_far_as_it_fits(tmp_path: Path, damage: str) -> None:
    """Whatever stands beside a segment, every line is found where it is."""
    directory = tmp_path / "logs"
    writer = SegmentWriter(directory)
    lines = [b'{"n":%d,"pad":"%s"}' % (number, b"x" * (number % 300)) for number in range(3000)]
    lines[1000] = b"y" * 300_000
    for first in range(0, 3000, 7):
        writer.append([b"\n".join(lines[first : first + 7]) + b"\n"])
    writer.close()
    index = directory / "000001.index"
    whole = index.read_bytes()
    assert len(whole) == 16 + 40 * ((directory / "000001.ndjson").stat().st_size // 65536)
    if damage == "missing":
        index.unlink()
    elif damage != "none":
        index.write_bytes(
            {"cut": whole[: 16 + 40 * 3 + 17], "garbage": whole[:16] + b"\xff" * 400, "other": b"no"}[damage]
        )
    reader = LogReader(directory)
    reader.refresh()
    assert reader.line_count == 3000
    assert reader.lines(0, 3000) == lines
    for blocks in (1, 3, 16):
        chunks = list(reader.chunks_back(blocks))[::-1]
        assert b"".join(chunk.data for chunk in chunks) == b"".join(line + b"\n" for line in lines)
        starts = [0]
        for chunk in chunks:
            starts.append(starts[-1] + chunk.data.count(b"\n"))
        assert [chunk.line for chunk in chunks] == starts[:-1]
    assert sum(block.facts.lines for block in reader.blocks()) == 3000
    with open(directory / "000001.ndjson", "ab") as segment:
        segment.write(b"one more\n")
    reader.refresh()
    assert reader.lines(2999, 5) == [lines[2999], b"one more"]
    reader.close()


def test_deleted_segment_keeps_the_numbers_of_the_others(
    tmp_path: Path, reader: LogReader, writer: SegmentWriter
) -> None:
    """Retention may delete under a reader; no line changes its number, and no call fails."""
    write(writer, 0, 40)
    reader.refresh()
    (tmp_path / "logs" / "000001.ndjson").unlink()
    assert reader.lines(0, 5) == numbered(0, 5)
    write(writer, 40, 40)
    reader.refresh()
    lines = reader.lines(0, 80)
    gone = lines.count(GONE_LINE)
    assert lines == [GONE_LINE] * gone + numbered(gone, 80 - gone)
    assert 0 < gone < 40


def test_deleted_segments_cost_no_memory(tmp_path: Path, reader: LogReader) -> None:
    """A store that is followed for weeks: for all that are gone one thing is held, and numbers stay."""
    writer = SegmentWriter(tmp_path / "logs", segment_bytes=100, retention=Retention(keep_bytes=500))
    held = []
    for first in range(0, 2000, 10):
        write(writer, first, 10)
        reader.refresh()
        held.append(len(reader._segments) + len(reader._starts) + len(reader._indexed))
    writer.close()
    assert len(held) == 200
    assert max(held) == max(held[:40]) <= 40
    lines = reader.lines(0, reader.line_count)
    gone = lines.count(GONE_LINE)
    assert lines[:gone] == [GONE_LINE] * gone
    kept = [line for line in lines[gone:] if line.startswith(b'{"n"')]
    assert kept == numbered(2000 - len(kept), len(kept))
    assert reader.line_at(1, 0) is None


def test_torn_end_of_a_killed_engine_is_not_shown(tmp_path: Path, reader: LogReader) -> None:
    """After a crash the store reads on in the next segment."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "000001.ndjson").write_bytes(b'{"n":0}\n{"n":')
    (tmp_path / "logs" / "000002.ndjson").write_bytes(b'{"n":1}\n')
    (tmp_path / "logs" / "notes.txt").write_bytes(b"not a segment\n")
    reader.refresh()
    assert reader.lines(0, 9) == numbered(0, 2)


def test_more_segments_than_may_be_open_are_read(
    tmp_path: Path, writer: SegmentWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any line of any of them, however few are open at a time, and none is left open."""
    monkeypatch.setattr(OpenFiles.__init__, "__defaults__", (3,))
    write(writer, 0, 300)
    reader = LogReader(tmp_path / "logs")
    before = len(os.listdir("/proc/self/fd"))
    reader.refresh()
    assert len(os.listdir("/proc/self/fd")) <= before + 3
    assert reader.lines(0, 300) == numbered(0, 300)
    assert [reader.lines(at, 1) for at in (250, 3, 170, 4)] == [numbered(at, 1) for at in (250, 3, 170, 4)]
    (tmp_path / "logs" / "000002.ndjson").unlink()
    write(writer, 300, 20)
    reader.refresh()
    lines = reader.lines(0, 320)
    assert 0 < lines.count(GONE_LINE) < 20
    assert [line for line in lines if line != GONE_LINE] == [n for n in numbered(0, 320) if n in lines]
    reader.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_only_some_segments_are_held_in_memory(
    monkeypatch: pytest.MonkeyPatch, reader: LogReader, writer: SegmentWriter
) -> None:
    """Where the lines of the others begin is found out again, with the same numbers; a deleted one stays gone."""
    monkeypatch.setattr("supervisor.logs.reading.MOST_INDEXED", 3)
    for first in range(0, 300, 30):
        write(writer, first, 30)
        reader.refresh()
    assert reader.line_count == 300
    for first in (0, 290, 95, 3, 150, 0):
        assert reader.lines(first, 10) == numbered(first, 10)
    assert b"".join(chunk.data for chunk in reversed(list(reader.chunks_back(1)))) == b"".join(
        line + b"\n" for line in numbered(0, 300)
    )
    assert sum(block.facts.lines for block in reader.blocks()) == 300
    writer.path.with_name("000002.ndjson").unlink()
    reader.refresh()
    assert reader.lines(0, 300).count(GONE_LINE) > 0
    assert reader.lines(290, 10) == numbered(290, 10)


def test_what_is_noted_of_new_blocks_is_taken_over_where_it_fits(tmp_path: Path, reader: LogReader) -> None:
    """The writer says when a block was stored, which nobody can count; a reader that has begun before learns it."""
    writer = SegmentWriter(tmp_path / "logs")
    write(writer, 0, 10)
    assert reader.refresh()
    writer.append([line + b"\n" for line in numbered(10, 30_000)])
    assert reader.refresh()
    facts = [block.facts for block in reader.blocks()]
    assert sum(each.lines for each in facts) == 30_010
    assert all(each.stored_us for each in facts[:-1])
    assert not facts[-1].stored_us

    end = (tmp_path / "logs" / "000001.index").stat().st_size
    writer.append([line + b"\n" for line in numbered(30_010, 30_000)])
    writer.close()
    index = bytearray((tmp_path / "logs" / "000001.index").read_bytes())
    index[end] ^= 1  # how many lines end in the first of the new blocks
    (tmp_path / "logs" / "000001.index").write_bytes(index)
    reader.refresh()
    assert sum(block.facts.lines for block in reader.blocks()) == 60_010


def test_truncated_segment_harms_nobody(tmp_path: Path, reader: LogReader, writer: SegmentWriter) -> None:
    """Somebody empties a segment with the shell: its lines are gone, the reader is not."""
    write(writer, 0, 5)
    reader.refresh()
    (tmp_path / "logs" / "000001.ndjson").write_bytes(b"")
    assert len(reader.lines(0, 5)) == 5
    reader.refresh()
    assert reader.lines(0, 5) == [GONE_LINE] * 5


def test_blocks_can_be_told_from_any_line_on(tmp_path: Path) -> None:
    """Who knows the older blocks is told only the newer ones, over the border of a segment too."""
    for number in (1, 2):
        text = "".join(f"line {number} {at:07d}\n" for at in range(20_000))
        (tmp_path / f"00000{number}.ndjson").write_text(text)
    reader = LogReader(tmp_path)
    while reader.refresh():
        pass
    whole = list(reader.blocks())
    assert len({block.line for block in whole}) == len(whole) > 8
    for at, block in enumerate(whole):
        assert list(reader.blocks(block.line)) == whole[at:]
        assert list(reader.blocks(block.line + block.facts.lines - 1)) == whole[at:]
    reader.close()


def test_lines_of_segments_that_nobody_has_opened_are_counted(
    tmp_path: Path, reader: LogReader, writer: SegmentWriter
) -> None:
    """Retention may be faster than a reader: each line has its number all the same, also those that it never saw."""
    write(writer, 0, 25)
    reader.refresh()
    write(writer, 25, 75)
    for number in (5, 6, 7):
        (tmp_path / "logs" / f"{number:06d}.ndjson").unlink()
    assert reader.refresh()
    assert reader.line_count == 100
    lines = reader.lines(0, 100)
    first, gone = lines.index(GONE_LINE), lines.count(GONE_LINE)
    assert 0 < gone < 50
    assert lines == numbered(0, first) + [GONE_LINE] * gone + numbered(first + gone, 100 - first - gone)
    assert [reader.gone_at(at) for at in (0, first - 1, first, first + gone - 1, first + gone)] == [0, 0, gone, 1, 0]
    assert reader.block(0, 100) == b"".join(line + b"\n" for line in lines if line != GONE_LINE)
    write(writer, 100, 5)
    reader.refresh()
    assert reader.lines(100, 9) == numbered(100, 5)


def test_a_reader_that_comes_late_counts_from_what_there_is(tmp_path: Path, writer: SegmentWriter) -> None:
    """What was deleted before it came is nothing that it has missed."""
    write(writer, 0, 50)
    (tmp_path / "logs" / "000001.ndjson").unlink()
    reader = LogReader(tmp_path / "logs")
    reader.refresh()
    write(writer, 50, 50)
    reader.refresh()
    assert GONE_LINE not in reader.lines(0, 100)
    assert reader.lines(reader.line_count - 60, 60) == numbered(40, 60)
    reader.close()
