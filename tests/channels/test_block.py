"""Blocks of shared memory: seen by all who have them, and gone with the last of them."""

from __future__ import annotations

import gc
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from supervisor.channels import Block, Queue, Value
from tests.channels.conftest import Crew
from tests.channels.sharing_actors import sum_of_array, write_back

needs_numpy = pytest.mark.skipif(find_spec("numpy") is None, reason="numpy is not installed")


def mapped_blocks() -> int:
    return Path("/proc/self/maps").read_text().count("procdeck-block")


def files_of_ours() -> list[str]:
    """What this process has in shared memory under its number."""
    return [name for name in os.listdir("/dev/shm") if f"-{os.getpid()}" in name]


def test_block_starts_as_zeros_and_holds_what_is_written() -> None:
    """Exactly the size asked for, readable and writable like bytes."""
    with Block(5000, name="frames") as block:
        assert (block.size, len(block), block.name, bytes(block.buf)) == (5000, 5000, "frames", bytes(5000))
        block.buf[4998:] = b"ok"
        assert bytes(block.buf[-3:]) == b"\0ok"
        assert repr(block) == "<Block 'frames' 5000 bytes>"


def test_block_passes_to_processes_of_every_start_method(crew: Crew) -> None:
    """What a child writes is seen here, without a copy and without a resource tracker."""
    block = Block(100)
    crew.start(write_back, block, b"from the child")
    assert crew.join() == [0]
    assert bytes(block.buf[:14]) == b"from the child"
    block.close()


def test_described_block_is_the_same_memory() -> None:
    """As the engine hands it over: a description that JSON can carry, and one descriptor."""
    block = Block(64, name="frames")
    assert block.describe() == {"kind": "block", "name": "frames", "size": 64, "fds": block.fds()}
    again = Block.from_description(block.describe(), [os.dup(fd) for fd in block.fds()])
    block.buf[3] = 7
    block.close()
    assert (again.name, again.size, again.buf[3]) == ("frames", 64, 7)
    again.close()


def test_descriptor_that_is_no_block_is_refused(tmp_path: Path) -> None:
    """A wrong descriptor is an error at the start, not a bus error later; it is not kept open."""
    fd = os.open(tmp_path / "short", os.O_RDWR | os.O_CREAT)
    with pytest.raises(ValueError, match="is not the described block of 64 bytes: it has 0"):
        Block.from_description({"kind": "block", "name": "frames", "size": 64}, [fd])
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_closed_block_says_so_and_its_views_stay_valid() -> None:
    """close() never fails, whoever still looks at the memory; unlink() has nothing to do."""
    before = mapped_blocks()
    block = Block(10)
    part = block.buf[2:4]
    block.buf[2] = 9
    block.close()
    block.close()
    block.unlink()
    assert part[0] == 9
    with pytest.raises(ValueError, match="<Block closed> is closed"):
        _ = block.buf
    del part
    assert mapped_blocks() == before


@pytest.mark.parametrize("size", [0, -1])
def test_block_without_a_size_is_refused(size: int) -> None:
    """There is no empty block."""
    with pytest.raises(ValueError, match=f"at least 1 byte, not {size}"):
        Block(size)


def test_block_passes_only_while_a_process_starts() -> None:
    """A block as an item of a queue is refused in words."""
    queue, block = Queue(), Block(10)
    with pytest.raises(RuntimeError, match="a block passes to another process only while that is started"):
        queue.put(block)
    block.close()
    queue.close()


def test_thousand_blocks_leave_nothing() -> None:
    """Made, used and closed, with and without close(): descriptors, mappings and /dev/shm are as before."""
    Block(1).close()
    gc.collect()  # what earlier tests have left must not go meanwhile
    before = (os.listdir("/proc/self/fd"), files_of_ours(), mapped_blocks())
    for round_number in range(1000):
        block = Block(8192)
        block.buf[0] = 1
        if round_number % 2:
            block.close()
        del block
    assert (os.listdir("/proc/self/fd"), files_of_ours(), mapped_blocks()) == before


@needs_numpy
def test_array_in_a_block_is_shared_without_a_copy(crew: Crew) -> None:
    """Both sides work in the same memory, and the array outlives close()."""
    block, answer = Block(800), Value("q")
    numbers = block.as_array("int64", (10, 10))
    numbers[:] = 3
    crew.start(sum_of_array, block, answer)
    assert crew.join() == [0]
    assert (answer.value, numbers[0, 0], numbers[0, 1]) == (300, -1, 3)
    block.close()
    assert numbers.sum() == 296


@needs_numpy
def test_array_that_does_not_fit_is_refused() -> None:
    """The error names the shape, the bytes it takes and the block."""
    with Block(100, name="small") as block:
        assert block.as_array().shape == (100,)
        with pytest.raises(ValueError, match=r"shape \(5, 5\) of float64 takes 200 bytes; <Block 'small' 100 bytes>"):
            block.as_array("float64", (5, 5))
        with pytest.raises(ValueError, match="is no whole number of float64"):
            block.as_array("float64")
