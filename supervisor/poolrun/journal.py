"""The results file, which is the journal of a run as well: one JSON object a line, and what a killed run has done.

::

    NAME              {"index": 7, "item": "a.jpg", "result": 81, "attempts": 1, "took_s": 0.3}
    NAME.errors...    the items that failed: index, item, error, kind, traceback, attempts

An item is done when its line is whole. A line goes to the kernel with one write, so the death of this process loses
none; the file is brought to the disk once a second and at the end, so a power failure may lose the last second.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import time
from array import array

from supervisor.poolrun.ending import RunFailed
from supervisor.poolrun.wording import as_json, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SYNC_S = 1.0
_BLOCK = 4096
_READ_BYTES = 1 << 20
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class JournalTaken(RunFailed):
    """Another process writes the file."""


def told(item: object) -> str:
    """An item as the file tells it: its JSON, or its repr as a JSON string."""
    text = as_json(item)
    if text is None:
        # The order of a set is another one in each process.
        shown = f"{{{', '.join(sorted(map(plain, item)))}}}" if isinstance(item, (set, frozenset)) else plain(item)
        text = json.dumps(shown)
    return text


def digest_of(text: str) -> int:
    """A number for what `told` gives, addresses of objects left out; the same in every process, and never 0."""
    data = _ADDRESS.sub("", text).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") or 1


class Done:
    """Which items are done, by index, with their digests: 8 bytes each, wherever the indices lie."""

    def __init__(self) -> None:
        self._blocks: dict[int, array[int]] = {}
        self.count = 0

    def add(self, index: int, digest: int) -> None:
        block = self._blocks.get(index // _BLOCK)
        if block is None:
            block = self._blocks[index // _BLOCK] = array("Q", bytes(8 * _BLOCK))
        self.count += not block[index % _BLOCK]
        block[index % _BLOCK] = digest

    def digest(self, index: int) -> int:
        """The digest of a done item; 0 for one that is not done."""
        block = self._blocks.get(index // _BLOCK)
        return block[index % _BLOCK] if block is not None else 0


def _parsed(line: bytes) -> tuple[int, int] | None:
    """Index and digest of a line; None for one that is not ours."""
    try:
        entry = json.loads(line)
        index, text = int(entry["index"]), json.dumps(entry["item"])
        is_ours = index >= 0 and "result" in entry
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return (index, digest_of(text)) if is_ours else None


def result_line(index: int, item: object, result: object, attempts: int, took_s: float) -> bytes:
    """The line of an item that is done."""
    text = as_json(result)
    mark = "" if text is not None else ', "repr": true'
    shown = text if text is not None else json.dumps(plain(result))
    tail = f'"attempts": {attempts}, "took_s": {took_s:.6f}}}\n'
    return f'{{"index": {index}, "item": {told(item)}, "result": {shown}{mark}, {tail}'.encode()


def error_line(index: int, item: object, error: str, kind: str, traceback: str, attempts: int) -> bytes:
    """The line of an item that has failed."""
    rest = json.dumps({"error": error, "kind": kind, "traceback": traceback, "attempts": attempts})
    return f'{{"index": {index}, "item": {told(item)}, {rest[1:]}\n'.encode()


class Journal:
    """One results file and the errors beside it, for one run.

    Args:
        path: of the results; folders on the way are made.
        resume: go on behind what is there; else what is there is kept under ``NAME.previous``.

    Raises JournalTaken while another process has it, OSError where it cannot be made.

    Attributes:
        done: what an earlier run has done.
    """

    def __init__(self, path: str, *, resume: bool) -> None:
        self.path = path
        self.errors_path = errors_path(path)
        self._errors_fd = -1
        self._is_dirty = False
        self._synced_s = time.monotonic()
        self.done = Done()
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self._fd = self._open()
        if resume:
            self._take_up()
        elif os.fstat(self._fd).st_size:
            os.replace(path, f"{path}.previous")
            os.close(self._fd)
            self._fd = self._open()
        if os.path.exists(self.errors_path):
            os.replace(self.errors_path, f"{self.errors_path}.previous")

    def _open(self) -> int:
        """Make the file ours; the lock ends with this process, however that ends."""
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            if error.errno in (errno.EACCES, errno.EAGAIN):
                text = f"another run writes its results to {self.path}: stop it, or name another file"
                raise JournalTaken(text) from None
            raise
        return fd

    def _take_up(self) -> None:
        """Read what is done; a last line that is not whole is cut off, and its item done again."""
        self.done, whole = read_done(self._fd)
        if whole < os.fstat(self._fd).st_size:
            os.ftruncate(self._fd, whole)

    def write(self, index: int, item: object, result: object, attempts: int, took_s: float) -> None:
        """An item is done. OSError when the disk takes no more."""
        _write_all(self._fd, result_line(index, item, result, attempts, took_s))
        self._is_dirty = True
        now_s = time.monotonic()
        if now_s - self._synced_s >= SYNC_S:
            self._synced_s = now_s
            self.sync()

    def write_error(self, index: int, item: object, error: str, kind: str, traceback: str, attempts: int) -> None:
        """An item has failed for good."""
        if self._errors_fd < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._errors_fd = os.open(self.errors_path, flags, 0o644)
        _write_all(self._errors_fd, error_line(index, item, error, kind, traceback, attempts))

    def sync(self) -> None:
        """Bring it to the disk."""
        if self._is_dirty:
            self._is_dirty = False
            os.fdatasync(self._fd)

    def close(self) -> None:
        """Bring it to the disk and let go of it."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            try:
                os.fdatasync(fd)
            except OSError:
                pass  # a file system that cannot, or a disk that is full: what was written was told already
            os.close(fd)
        if self._errors_fd >= 0:
            os.close(self._errors_fd)
            self._errors_fd = -1


def read_done(fd: int) -> tuple[Done, int]:
    """What a results file says is done, and the length of its whole lines in bytes.

    Through its descriptor: to open and close the file once more would let go of its lock.
    """
    done, whole = Done(), 0
    for line in _lines_of(fd):
        if not line.endswith(b"\n"):
            break
        whole += len(line)
        found = _parsed(line)
        if found is not None:
            done.add(*found)
    return done, whole


def _lines_of(fd: int) -> Iterator[bytes]:
    at, rest = 0, b""
    while piece := os.pread(fd, _READ_BYTES, at):
        at += len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


def errors_path(path: str) -> str:
    """``hashes.errors.ndjson`` for ``hashes.ndjson``."""
    return f"{path.removesuffix('.ndjson')}.errors.ndjson"


def _write_all(fd: int, line: bytes) -> None:
    written = os.write(fd, line)
    while written < len(line):
        written += os.write(fd, line[written:])
