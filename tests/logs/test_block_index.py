from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.logs.block_index import BlockIndex
from supervisor.logs.segment_files import BLOCK_BYTES, PlainFile


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path / "segment", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    yield fd
    os.close(fd)


def test_every_line_is_found_where_it_begins(file: int) -> None:
    """Offsets agree with a plain split, for short lines, long ones and any way of growing."""
    rng = random.Random(7)
    index = BlockIndex(PlainFile(file))
    starts = [0]
    data = b""
    for _ in range(60):
        batch = b"".join(
            b"x" * rng.choice((0, 3, 90, 5000, 200_000 if rng.random() < 0.02 else 1)) + b"\n" for _ in range(40)
        )
        os.write(file, batch)
        data += batch
        index.refresh(rng.choice((None, BLOCK_BYTES)))
    while index.refresh():
        pass
    for line in data.split(b"\n")[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    assert index.line_count == len(starts) - 1
    assert [index.offset(line) for line in range(len(starts))] == starts


def test_line_exactly_at_a_block_boundary(file: int) -> None:
    """A newline that is the last byte of a block belongs to that block."""
    os.write(file, b"x" * (BLOCK_BYTES - 1) + b"\n" + b"y\n" + b"z" * (BLOCK_BYTES - 3) + b"\n")
    index = BlockIndex(PlainFile(file))
    assert index.refresh()
    assert [index.offset(line) for line in range(4)] == [0, BLOCK_BYTES, BLOCK_BYTES + 2, 2 * BLOCK_BYTES]


def test_unfinished_line_does_not_exist_yet(file: int) -> None:
    """A line is there once its newline is; a torn end that is cut back leaves no trace."""
    index = BlockIndex(PlainFile(file))
    os.write(file, b"one\ntw")
    assert (index.refresh(), index.line_count) == (True, 1)
    assert (index.refresh(), index.line_count) == (False, 1)
    os.ftruncate(file, 4)
    os.write(file, b"2\nthree\n")
    assert (index.refresh(), index.line_count, index.offset(2)) == (True, 3, 6)


def test_line_longer_than_a_read_is_one_line(file: int) -> None:
    """Many megabytes without a newline are still one line."""
    os.write(file, b"x" * (3 * 1024 * 1024) + b"\nend\n")
    index = BlockIndex(PlainFile(file))
    index.refresh(BLOCK_BYTES)
    while index.refresh(BLOCK_BYTES):
        pass
    assert (index.line_count, index.offset(1)) == (2, 3 * 1024 * 1024 + 1)


def test_line_outside_of_the_file_is_refused(file: int) -> None:
    """A wrong number is an error, not a wrong line."""
    with pytest.raises(IndexError, match="line 1 of 0"):
        BlockIndex(PlainFile(file)).offset(1)
