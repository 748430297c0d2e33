"""The intake on real pipes: nothing lost, nobody delayed, the last line kept."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from supervisor.logs.intake import PIPES_BUDGET_BYTES, READ_BUDGET_BYTES, Intake, open_pipe, pipe_bytes
from supervisor.logs.lanes import Lane
from supervisor.logs.reading import LogReader
from supervisor.logs.record import Record, decode
from supervisor.logs.segments import SegmentWriter


def stored(directory: Path) -> list[Record]:
    reader = LogReader(directory)
    reader.refresh()
    records = [decode(line) for line in reader.lines(0, reader.line_count)]
    reader.close()
    return records


async def test_every_line_of_every_lane_arrives_in_order(tmp_path: Path) -> None:
    """Two lanes, more than their pipes hold, written by processes of their own."""
    writer = SegmentWriter(tmp_path)
    intake = Intake(asyncio.get_running_loop(), writer)
    ended = []
    processes = []
    for name in ("a", "b"):
        read_end, write_end = open_pipe(65536)
        reader = intake.open_lane(read_end, Lane(name, 1, "stdout"))
        done = asyncio.get_running_loop().create_future()
        reader.when_closed = lambda done=done: done.set_result(None)
        ended.append(done)
        processes.append(await asyncio.create_subprocess_exec("seq", "1", "60000", stdout=write_end))
        os.close(write_end)
    await asyncio.gather(*ended)
    for process in processes:
        await process.wait()
    intake.flush()
    writer.close()
    records = stored(tmp_path)
    expected = [str(number) for number in range(1, 60001)]
    assert [r.message for r in records if r.worker == "a"] == expected
    assert [r.message for r in records if r.worker == "b"] == expected


async def test_drain_takes_all_and_the_unterminated_line(tmp_path: Path) -> None:
    """After a death everything that is in the pipe is stored, more than one budget of it, and the last piece too."""
    writer = SegmentWriter(tmp_path)
    intake = Intake(asyncio.get_running_loop(), writer)
    read_end, write_end = open_pipe(1024 * 1024)
    reader = intake.open_lane(read_end, Lane("a", 1, "stdout"))
    line = b"x" * 999 + b"\n"
    count = 2 * READ_BUDGET_BYTES // len(line)
    os.write(write_end, line * count + b"the last words")
    assert reader.drain() is False
    os.close(write_end)
    assert reader.drain() is True
    intake.flush()
    writer.close()
    records = stored(tmp_path)
    assert len(records) == count + 1
    assert (records[-1].message, records[-1].partial) == ("the last words", True)


async def test_a_tap_sees_what_is_read_until_it_has_seen_enough(tmp_path: Path) -> None:
    """Each chunk as it came; one that has seen enough is asked no more, and the store misses nothing."""
    writer = SegmentWriter(tmp_path)
    intake = Intake(asyncio.get_running_loop(), writer)
    read_end, write_end = open_pipe(65536)
    reader = intake.open_lane(read_end, Lane("a", 1, "stdout"))
    seen: list[bytes] = []

    def tap(chunk: bytes) -> bool:
        seen.append(chunk)
        return len(seen) < 2

    reader.taps.append(tap)
    for piece in (b"one\ntw", b"o\n", b"three\n"):
        os.write(write_end, piece)
        reader.drain()
    os.close(write_end)
    assert reader.drain() is True
    assert seen == [b"one\ntw", b"o\n"]
    assert reader.taps == []
    intake.flush()
    writer.close()
    assert [record.message for record in stored(tmp_path)] == ["one", "two", "three"]


def test_pipes_of_many_workers_fit_an_ordinary_users_budget() -> None:
    """Few workers get a MiB each; many share, and none gets less than the kernel's own 64 KiB."""
    assert pipe_bytes(6) == 1024 * 1024
    assert pipe_bytes(300) * 300 <= PIPES_BUDGET_BYTES
    assert pipe_bytes(100_000) == 64 * 1024
