"""File locks as they are seen from outside."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from supervisor.diagnose.file_locks import file_lock_holder, parse_locks


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
