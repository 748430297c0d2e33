"""Pipes and file locks as they are seen from outside."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

from supervisor.diagnose.evidence import Descriptor, Look, ProcessFacts
from supervisor.diagnose.pipes import End, PipeState, file_lock_holder, parse_locks, pipe_ends, pipe_state


def test_fill_is_seen_from_both_ends_and_nothing_is_taken() -> None:
    """Bytes inside and capacity, while the content stays; the descriptor is closed again."""
    reading, writing = os.pipe()
    capacity = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ)
    os.write(writing, b"seven b")
    before = len(os.listdir("/proc/self/fd"))
    for end in (reading, writing):
        assert pipe_state(os.getpid(), end) == PipeState(bytes_inside=7, capacity=capacity)
    assert len(os.listdir("/proc/self/fd")) == before
    assert os.read(reading, 100) == b"seven b"
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_only_pipes_are_opened(tmp_path: Path) -> None:
    """A file, a socket, a FIFO with a name and a descriptor that is not there are no pipes."""
    file = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    os.mkfifo(tmp_path / "fifo")
    fifo = os.open(tmp_path / "fifo", os.O_RDWR)
    with socket.socket() as one:
        for number in (file, fifo, one.fileno(), 10_000):
            assert pipe_state(os.getpid(), number) is None
    os.close(file)
    os.close(fifo)


def test_ends_are_gathered_by_pipe() -> None:
    """Who has which end of each pipe and socket; files are no ends."""

    def process(pid: int, *descriptors: Descriptor) -> ProcessFacts:
        return ProcessFacts(pid, 1, 1, "x", "S", descriptors=descriptors)

    seen = Look(
        0.0,
        {
            1: process(1, Descriptor(3, "pipe:[7]", "r"), Descriptor(4, "/dev/null", "rw")),
            2: process(2, Descriptor(5, "pipe:[7]", "w"), Descriptor(6, "socket:[8]", "rw")),
        },
        {},
    )
    assert pipe_ends(seen) == {"pipe:[7]": (End(1, 3, "r"), End(2, 5, "w")), "socket:[8]": (End(2, 6, "rw"),)}


def test_lines_of_locks_are_read() -> None:
    """Held and waiting, shared and exclusive, with and without a pid; other lines are skipped."""
    text = b"""1: FLOCK  ADVISORY  WRITE 4711 fd:01:262 0 EOF
1: -> FLOCK  ADVISORY  WRITE 4712 fd:01:262 0 EOF
2: OFDLCK ADVISORY  READ -1 00:1a:263 0 0
3: LEASE  ACTIVE    READ
"""
    held, waiting, open_file = parse_locks(text)
    assert (held.pid, held.inode, held.device, held.is_exclusive, held.is_waiting) == (
        4711,
        262,
        (0xFD, 1),
        True,
        False,
    )
    assert (waiting.pid, waiting.is_waiting) == (4712, True)
    assert (open_file.pid, open_file.is_exclusive) == (-1, False)


def test_holder_of_a_file_lock_is_found(tmp_path: Path) -> None:
    """By path and by inode; a file that nobody has locked, or that is not there, has none."""
    path = tmp_path / "lock"
    with open(path, "w") as file:
        assert file_lock_holder(str(path)) is None
        fcntl.flock(file, fcntl.LOCK_EX)
        assert file_lock_holder(str(path)) == os.getpid()
        assert file_lock_holder(os.stat(path).st_ino) == os.getpid()
    assert file_lock_holder(str(tmp_path / "nothing")) is None
