"""Payloads above the size of a message: they arrive whole, without a copy where they can, and leave nothing behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from supervisor.channels import Full, Pipe, Queue
from supervisor.channels.spill import _MOST_MAPPED
from tests.channels.actors import Blob, answer_lengths, put_one, sleep_for_ever
from tests.channels.conftest import Crew, until

FIVE_MEGABYTES = 5_000_000


def directory_of(queue: Queue) -> Path:
    return Path(queue.describe()["spill_directory"])


def test_five_megabytes_arrive_under_each_start_method(crew: Crew) -> None:
    """Bytes far above any buffer of the kernel pass both ways."""
    inbox, outbox = Queue(2), Queue()
    crew.start(answer_lengths, inbox, outbox)
    crew.start(put_one, inbox, b"x" * FIVE_MEGABYTES)
    assert outbox.get(timeout=60) == FIVE_MEGABYTES
    inbox.put(bytes(FIVE_MEGABYTES + 1))
    assert outbox.get(timeout=60) == FIVE_MEGABYTES + 1
    inbox.end()
    assert crew.join() == [0, 0]
    assert not directory_of(inbox).exists()
    inbox.close()
    outbox.close()


@pytest.mark.parametrize("size", [65_000, 65_535, 65_536, 65_537, 70_000, 1_000_000])
def test_every_size_around_the_limit_arrives(size: int) -> None:
    """What fits a message and what does not look the same to the user."""
    queue = Queue()
    item = {"data": os.urandom(size), "name": "x" * 10}
    queue.put(item)
    assert queue.census().bytes_in > size
    assert queue.get() == item
    queue.task_done()
    assert not directory_of(queue).exists()
    queue.close()


@pytest.mark.parametrize("buffer_bytes", [2048, 16_384, 212_992])
def test_any_item_passes_through_any_buffer(forked: Crew, buffer_bytes: int) -> None:
    """As much as an ordinary user may have, and less: whatever the size of the items, they pass."""
    inbox, outbox = Queue(buffer_bytes=buffer_bytes), Queue()
    forked.start(answer_lengths, inbox, outbox)
    sizes = [1, 500, 1000, 5000, 20_000, 60_000, 65_000, 100_000] * 5
    for size in sizes:
        inbox.put(b"x" * size)
    inbox.end()
    assert [outbox.get(timeout=60) for _ in sizes] == sizes
    assert forked.join() == [0]
    inbox.close()
    outbox.close()


def test_buffers_arrive_writable_and_without_a_copy() -> None:
    """A buffer beside the pickle is mapped, not copied; writing to it does not reach anybody else."""
    queue = Queue()
    data = bytearray(os.urandom(200_000))
    queue.put(Blob(data))
    blob = queue.get()
    assert bytes(blob.data) == bytes(data)
    assert not blob.data.readonly
    blob.data[0] ^= 0xFF
    assert blob.data[0] == data[0] ^ 0xFF
    mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if str(directory_of(queue)) in line]
    assert len(mapped) == 1
    del blob
    assert str(directory_of(queue)) not in Path("/proc/self/maps").read_text()
    queue.close()


def test_read_only_buffers_stay_read_only() -> None:
    """What was immutable where it came from is immutable where it arrives."""
    queue = Queue()
    queue.put([Blob(bytes(100_000)), Blob(bytearray(100_000))])
    fixed, open_ = queue.get()
    assert (fixed.data.readonly, open_.data.readonly) == (True, False)
    queue.close()


def test_many_kept_buffers_do_not_use_up_the_descriptors() -> None:
    """A consumer that collects hundreds of arrays keeps a bounded number of descriptors."""
    queue = Queue()
    queue.put("first")
    queue.get()
    gc.collect()  # what other tests left mapped
    before = len(os.listdir("/proc/self/fd"))
    kept = []
    for number in range(_MOST_MAPPED + 50):
        queue.put(Blob(bytearray([number % 251]) * 70_000))
        kept.append(queue.get())
    queue.task_done()
    assert [blob.data[69_999] for blob in kept] == [number % 251 for number in range(_MOST_MAPPED + 50)]
    assert len(os.listdir("/proc/self/fd")) <= before + _MOST_MAPPED
    kept.clear()
    assert len(os.listdir("/proc/self/fd")) == before
    queue.close()


def test_numpy_arrays_arrive_equal_and_writable() -> None:
    """The case this exists for, where numpy is installed."""
    numpy = pytest.importorskip("numpy")
    queue = Queue()
    array = numpy.arange(1_000_000, dtype="f8").reshape(1000, 1000)
    queue.put({"array": array})
    arrived = queue.get()["array"]
    assert (arrived == array).all()
    arrived += 1
    queue.close()


def test_put_that_fails_leaves_no_file() -> None:
    """A big item that found no room, or no reader, is not left in shared memory."""
    queue = Queue(1)
    queue.put(b"x" * 100_000)
    with pytest.raises(Full):
        queue.put(b"x" * 100_000, timeout=0.01)
    assert len(list(directory_of(queue).iterdir())) == 1
    queue.get()
    queue.task_done()
    assert not directory_of(queue).exists()
    queue.close()


def test_unread_items_go_with_the_last_end() -> None:
    """When nobody is left who could receive them, big items are removed."""
    queue = Queue()
    directory = directory_of(queue)
    queue.put(b"x" * 100_000)
    assert directory.exists()
    queue.close()
    assert not directory.exists()


def test_unread_items_stay_while_another_process_can_read(forked: Crew) -> None:
    """close() here takes nothing from a consumer that has not got round to it yet."""
    queue = Queue()
    directory = directory_of(queue)
    queue.put(b"x" * 100_000)
    forked.start(sleep_for_ever, queue)
    queue.close()
    assert len(list(directory.iterdir())) == 1
    forked.dismiss()
    forked.members.clear()
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()


def test_maker_that_exits_removes_what_nobody_read() -> None:
    """A program that ends with unread big items leaves nothing in shared memory; its children read first."""
    program = textwrap.dedent(
        """
        import multiprocessing, sys, time
        from supervisor.channels import Pipe, Queue

        def late(queue):
            time.sleep(0.3)
            print(len(queue.get()))

        if __name__ == "__main__":
            context = multiprocessing.get_context("fork")
            queue, other = Queue(), Queue()
            ends = Pipe()
            ends[0].send(b"x" * 100_000)
            other.put(b"x" * 100_000)
            context.Process(target=late, args=(queue,)).start()
            queue.put(b"x" * 300_000)
            print(queue.describe()["spill_directory"], other.describe()["spill_directory"],
                  ends[0].describe()["spill_directory"], flush=True)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    directories, length = done.stdout.splitlines()
    assert length == "300000"
    assert [Path(directory).exists() for directory in directories.split()] == [False, False, False]


def test_run_directory_belongs_to_the_engine(tmp_path: Path) -> None:
    """In a supervised run the files go where the engine says, and the directory stays."""
    queue = Queue(spill_directory=str(tmp_path))
    queue.put(b"x" * 100_000)
    assert len(list(tmp_path.iterdir())) == 1
    assert len(queue.get()) == 100_000
    queue.task_done()
    assert list(tmp_path.iterdir()) == []
    queue.put(b"x" * 100_000)
    (tmp_path / "of-another-channel").touch()
    queue.close()
    assert [path.name for path in tmp_path.iterdir()] == ["of-another-channel"], "nobody can receive ours any more"


def test_payload_that_vanished_is_an_error_of_its_get_only(tmp_path: Path) -> None:
    """Somebody cleaned up: the get() says what was lost, the next one goes on."""
    queue = Queue(spill_directory=str(tmp_path))
    queue.put(b"x" * 100_000)
    queue.put("next")
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(OSError, match="payload was removed before it was received"):
        queue.get()
    assert queue.get() == "next"
    queue.close()


def test_pipe_passes_big_messages_and_cleans_up() -> None:
    """Objects, buffers and bytes above the limit, both ways; unread ones go when the ends are closed."""
    first, second = Pipe()
    directory = Path(first.describe()["spill_directory"])
    first.send({"big": b"x" * 200_000})
    assert second.recv() == {"big": b"x" * 200_000}
    second.send_bytes(b"y" * 300_000)
    assert first.recv_bytes() == b"y" * 300_000
    first.send(Blob(bytearray(100_000)))
    assert len(second.recv().data) == 100_000
    assert not directory.exists()
    first.send(b"x" * 100_000)
    second.close()
    until(directory.exists, "the unread file")
    first.close()
    assert not directory.exists()
