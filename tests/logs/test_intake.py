"""The intake on real pipes: nothing lost, nobody delayed, the last line kept."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs import gathering
from supervisor.logs import intake as intake_module
from supervisor.logs.intake import PIPES_BUDGET_BYTES, READ_BUDGET_BYTES, Intake, open_pipe, pipe_bytes
from supervisor.logs.lanes import Lane, Stream
from supervisor.logs.reading import LogReader
from supervisor.logs.record import Record, decode
from supervisor.logs.segments import SegmentWriter

STREAMS: tuple[Stream, ...] = ("stdout", "stderr", "stdout")


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


async def test_traceback_stands_in_one_piece_between_other_workers_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written a line at a time while another worker talks, it is stored without a foreign line in it."""
    monkeypatch.setattr(gathering, "MOST_S", 60.0)  # a busy machine may take longer than a burst is held
    writer = SegmentWriter(tmp_path)
    loop = asyncio.get_running_loop()
    intake = Intake(loop, writer)
    pipes = {}
    for name in ("a", "b"):
        read_end, pipes[name] = open_pipe(65536)
        intake.open_lane(read_end, Lane(name, 1, "stderr" if name == "a" else "stdout"))
    traceback = ["Traceback (most recent call last):", '  File "x.py", line 1', "    f()", "ValueError: no"]
    for number, line in enumerate(traceback):
        os.write(pipes["a"], line.encode() + b"\n")
        os.write(pipes["b"], b"%d\n" % number)
        while intake.backlogs() != {"a": 0, "b": 0}:
            await asyncio.sleep(0.001)
    for end in pipes.values():
        os.close(end)
    while intake.backlogs():
        await asyncio.sleep(0.001)
    intake.close()
    writer.close()
    records = stored(tmp_path)
    first = next(at for at, record in enumerate(records) if record.worker == "a")
    assert [record.message for record in records[first : first + 4]] == traceback
    assert [record.message for record in records if record.worker == "b"] == ["0", "1", "2", "3"]


async def test_held_burst_is_stored_when_the_log_closes(tmp_path: Path) -> None:
    """A grandchild that keeps the pipe open loses nothing when the engine ends."""
    writer = SegmentWriter(tmp_path)
    intake = Intake(asyncio.get_running_loop(), writer)
    read_end, write_end = open_pipe(65536)
    reader = intake.open_lane(read_end, Lane("a", 1, "stderr"))
    os.write(write_end, b"Traceback (most recent call last):\n")
    reader.read()
    intake.close()
    assert [record.message for record in stored(tmp_path)] == ["Traceback (most recent call last):"]
    os.close(write_end)
    reader.drain()
    writer.close()


async def test_no_more_gathers_than_is_appended_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lanes are full in one turn: what they gave goes to the store in pieces, and in order."""
    appended: list[int] = []

    class Counting(SegmentWriter):
        def append(self, blocks: Sequence[bytes], levels: Sequence[str] = ()) -> None:
            appended.append(sum(map(len, blocks)))
            super().append(blocks, levels)

    monkeypatch.setattr(intake_module, "GATHERED_BYTES", 10_000)
    writer = Counting(tmp_path)
    intake = Intake(asyncio.get_running_loop(), writer)
    ends = []
    for name in ("a", "b", "c"):
        read_end, write_end = open_pipe(65536)
        os.write(write_end, b"".join(b"%d\n" % number for number in range(100)))
        ends.append((intake.open_lane(read_end, Lane(name, 1, "stdout")), write_end))
    for reader, write_end in ends:
        os.close(write_end)
        reader.drain()
    intake.close()
    writer.close()
    of_one_lane = sum(appended) / len(ends)
    assert max(appended) < 10_000 + of_one_lane
    assert len(appended) > 1
    messages = [(record.worker, record.message) for record in stored(tmp_path)]
    assert messages == [(name, str(number)) for name in ("a", "b", "c") for number in range(100)]


async def test_backlog_of_a_lane_is_what_was_written_and_not_read(tmp_path: Path) -> None:
    """The depth of the log queue, for each replica."""
    writer = SegmentWriter(tmp_path)
    intake = Intake(asyncio.get_running_loop(), writer)
    ends = [open_pipe(65536) for _ in range(3)]
    readers = [
        intake.open_lane(read_end, Lane(name, 1, stream))
        for (read_end, _), name, stream in zip(ends, ("a", "a", "b"), STREAMS, strict=True)
    ]
    os.write(ends[0][1], b"12345\n")
    os.write(ends[1][1], b"67\n")
    assert [reader.backlog_bytes for reader in readers] == [6, 3, 0]
    assert readers[0].capacity_bytes == 65536
    assert intake.backlogs() == {"a": 9, "b": 0}
    for reader, (_, write_end) in zip(readers, ends, strict=True):
        os.close(write_end)
        reader.drain()
        assert reader.drain()
    assert (intake.backlogs(), readers[0].backlog_bytes) == ({}, 0)
    intake.close()
    writer.close()


async def test_line_of_many_megabytes_is_one_record(tmp_path: Path) -> None:
    """Stored whole; how much of it is shown is the reader's business."""
    writer = SegmentWriter(tmp_path)
    intake = Intake(asyncio.get_running_loop(), writer)
    read_end, write_end = open_pipe(1024 * 1024)
    reader = intake.open_lane(read_end, Lane("a", 1, "stdout"))
    for _ in range(10):
        os.write(write_end, b"x" * 1_000_000)
        reader.drain()
    os.write(write_end, b"\nnext\n")
    os.close(write_end)
    while not reader.drain():
        pass
    intake.close()
    writer.close()
    records = stored(tmp_path)
    assert [(len(record.message), record.continued) for record in records] == [(10_000_000, False), (4, False)]
    assert intake.pending_bytes == 0


async def test_unfinished_lines_share_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all lanes hold more than they may together, the long ones are cut, and say so."""
    monkeypatch.setattr(intake_module, "PENDING_BYTES", 5000)
    monkeypatch.setattr(intake_module, "CUT_BYTES", 2000)
    writer = SegmentWriter(tmp_path)
    intake = Intake(asyncio.get_running_loop(), writer)
    ends, readers = [], []
    for name in ("a", "b"):
        read_end, write_end = open_pipe(65536)
        ends.append(write_end)
        readers.append(intake.open_lane(read_end, Lane(name, 1, "stdout")))
    for _ in range(5):
        for reader, end in zip(readers, ends, strict=True):
            os.write(end, b"y" * 1000)
            reader.read()
            assert intake.pending_bytes <= 6000
    for reader, end in zip(readers, ends, strict=True):
        os.close(end)
        while not reader.drain():
            pass
    intake.close()
    writer.close()
    records = stored(tmp_path)
    for name in ("a", "b"):
        mine = [record for record in records if record.worker == name]
        assert "".join(record.message for record in mine) == "y" * 5000
        assert mine[-1].partial
    assert any(record.continued for record in records)
    assert intake.pending_bytes == 0


chunks = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=3000),
        st.sampled_from(
            [
                b"\n",
                b"\r\n",
                b"\x00",
                b"\x1b[31m",
                b"Traceback (most recent call last):\n",
                "é😀".encode()[:-1],
                b'"}\n',
            ]
        ),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(chunks, chunks)
def test_what_comes_out_equals_what_went_in(first: list[bytes], second: list[bytes]) -> None:
    """Arbitrary bytes in arbitrary pieces on two streams: every line is in the store, byte for byte and in order."""
    with TemporaryDirectory() as folder:
        asyncio.run(_store_pieces(Path(folder), {"stdout": first, "stderr": second}))
        records = stored(Path(folder))
    for stream, pieces in (("stdout", first), ("stderr", second)):
        *whole, last = b"".join(pieces).split(b"\n")
        expected = [line.removesuffix(b"\r") for line in whole] + ([last] if last else [])
        mine = [record for record in records if record.stream == stream]
        assert [base64.b64decode(r.raw) if r.raw else r.message.encode() for r in mine] == expected
        assert [record.partial for record in mine] == [False] * len(whole) + [True] * bool(last)


async def _store_pieces(directory: Path, pieces: dict[str, list[bytes]]) -> None:
    writer = SegmentWriter(directory)
    intake = Intake(asyncio.get_running_loop(), writer)
    for stream, chunks in pieces.items():
        read_end, write_end = open_pipe(65536)
        reader = intake.open_lane(read_end, Lane("a", 1, stream))  # type: ignore[arg-type]
        for chunk in chunks:
            os.write(write_end, chunk)
            reader.read()
        os.close(write_end)
        while not reader.drain():
            pass
    intake.close()
    writer.close()


def test_pipes_of_many_workers_fit_an_ordinary_users_budget() -> None:
    """Few workers get a MiB each; many share, and none gets less than the kernel's own 64 KiB."""
    assert pipe_bytes(6) == 1024 * 1024
    assert pipe_bytes(300) * 300 <= PIPES_BUDGET_BYTES
    assert pipe_bytes(100_000) == 64 * 1024
