"""Compressed segments, plain files, and the process that makes them."""

from __future__ import annotations

import gzip
import os
import subprocess
import time
from pathlib import Path

import pytest

from supervisor.logs.keeping import keeping_command
from supervisor.logs.lanes import Lane
from supervisor.logs.packing import closed_segments, pack
from supervisor.logs.plain_files import PlainFiles
from supervisor.logs.reading import LogReader
from supervisor.logs.record import engine_line
from supervisor.logs.segment_files import segment_numbers
from supervisor.logs.segments import SegmentWriter

PATIENCE_S = 40.0


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Four segments of a few blocks each; the last is the one that grows."""
    writer = SegmentWriter(tmp_path, segment_bytes=200_000)
    for number in range(3000):
        writer.append([engine_line(float(number), "WARNING", f"number {number} " + "pad " * 50)])
    writer.close()
    assert segment_numbers(tmp_path)[:3] == [1, 2, 3]
    return tmp_path


def all_lines(directory: Path) -> list[bytes]:
    reader = LogReader(directory)
    reader.refresh()
    lines = reader.lines(0, reader.line_count)
    assert b"".join(chunk.data for chunk in list(reader.chunks_back(2))[::-1]) == b"".join(
        b"%s\n" % line for line in lines
    )
    reader.close()
    return lines


def test_compressed_segment_reads_as_before_and_gzip_reads_it_too(store: Path) -> None:
    """Same lines under the same numbers; any page of it; and what `zcat` would give."""
    before, plain = all_lines(store), (store / "000001.ndjson").read_bytes()
    changed_at = (store / "000001.ndjson").stat().st_mtime
    assert pack(store, 1)
    assert gzip.decompress((store / "000001.ndjson.gz").read_bytes()) == plain
    assert (store / "000001.ndjson.gz").stat().st_size < len(plain) / 2
    assert (store / "000001.ndjson.gz").stat().st_mtime == changed_at
    assert not (store / "000001.ndjson").exists()
    assert closed_segments(store) == segment_numbers(store)[1:-1]
    assert all_lines(store) == before
    (store / "000001.index").unlink()
    assert all_lines(store) == before


def test_reader_goes_on_while_its_segments_are_compressed(store: Path) -> None:
    """Open files are given back to the disk, and no line reads as gone."""
    reader = LogReader(store)
    reader.refresh()
    before = reader.lines(0, reader.line_count)
    for number in closed_segments(store):
        assert pack(store, number)
    (store / "000099.ndjson").write_bytes(b"another\n")
    reader.refresh()
    assert reader.lines(0, reader.line_count) == [*before, b"another"]
    reader.close()


def test_compression_that_was_interrupted_is_begun_anew(store: Path) -> None:
    """Killed before the rename, after it, or told to end: the lines are there once, and nothing is left over."""
    before = all_lines(store)
    assert not pack(store, 1, lambda: False)
    assert sorted(path.name for path in store.glob("000001*")) == ["000001.index", "000001.ndjson"]
    (store / "000001.ndjson.gz.part").write_bytes(b"torn")
    plain = (store / "000002.ndjson").read_bytes()
    assert pack(store, 1)
    assert pack(store, 2)
    (store / "000002.ndjson").write_bytes(plain)
    assert all_lines(store) == before
    assert pack(store, 2)
    assert all_lines(store) == before
    assert list(store.glob("*.part")) == []


def test_segment_that_was_deleted_needs_no_compression(store: Path) -> None:
    """Retention and compression meet; neither complains."""
    (store / "000001.ndjson").unlink()
    assert pack(store, 1)
    assert not (store / "000001.ndjson.gz").exists()


def test_damaged_compressed_segment_costs_its_own_lines(store: Path) -> None:
    """Cut off, or another program's: the others are read."""
    after = all_lines(store)
    pack(store, 1)
    packed = store / "000001.ndjson.gz"
    whole = packed.read_bytes()
    for damaged in (whole[:-10], gzip.compress(b"foreign\n"), b""):
        packed.write_bytes(damaged)
        left = all_lines(store)
        assert left == after[-len(left) :]
        assert 0 < len(left) < len(after)


def test_plain_files_hold_the_lines_of_each_worker(tmp_path: Path) -> None:
    """As text, in files named after the replicas; what comes later is appended, and a large file is put aside once."""
    writer = SegmentWriter(tmp_path)
    lanes = {name: Lane(name, 1, "stdout") for name in ("parse.1", "walk")}
    files = PlainFiles(tmp_path, file_bytes=1500)
    now = "2026-11-22T13:31:26.123456Z"
    for number in range(50):
        writer.append([lanes["parse.1"].feed(b"p%d\n" % number, now), lanes["walk"].feed(b"w\x1b[2J\n", now)])
        while files.advance():
            pass
    writer.close()
    files.close()
    plain = tmp_path / "plain"
    assert (plain / "walk.log").read_text().splitlines()[0] == "2026-11-22 13:31:26.123  INFO      w"
    assert {"parse.1.log", "parse.1.log.1", "walk.log"} <= {path.name for path in plain.iterdir()}
    text = (plain / "parse.1.log.1").read_text() + (plain / "parse.1.log").read_text()
    assert [line.split()[-1] for line in text.splitlines()] == [f"p{number}" for number in range(50)]
    assert (plain / "walk.log").stat().st_mode & 0o777 == 0o600


def test_keeper_compresses_and_writes_until_the_engine_is_gone(store: Path) -> None:
    """What was stored before the end of its stdin is in the plain files when it has ended."""
    before = all_lines(store)
    words = keeping_command(store, is_compressed=True, file_bytes=10**9)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:
        deadline_s = time.monotonic() + PATIENCE_S
        while closed_segments(store):
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        with open(store / "000099.ndjson", "ab") as segment:
            segment.write(engine_line(0.0, "INFO", "the last"))
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        keeper.stdin.close()
        assert keeper.stdout.read() == b""
        assert keeper.wait(PATIENCE_S) == 0
    assert all_lines(store)[: len(before)] == before
    assert len((store / "plain" / "engine.log").read_text().splitlines()) == len(before) + 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_keeper_says_what_it_cannot_do(store: Path) -> None:
    """Once, in words, on stdout; and it goes on."""
    store.chmod(0o500)
    words = keeping_command(store, is_compressed=True, file_bytes=None)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline().startswith(b"log segments cannot be compressed: Permission denied")
        assert keeper.stdin is not None
        keeper.stdin.close()
        assert keeper.stdout.read() == b""
    store.chmod(0o700)
