"""The append-only file of a run's events, which outlives the engine: one line, and one write, for each.

::

    <run>/journal.ndjson      the newest events; 32 MiB, then it becomes
    <run>/journal.1.ndjson    the older ones

Writing never raises on disk trouble: what could not be written is kept, tried again with the next event, and counted
where it had to be given up. Reading needs no engine, and takes a torn or damaged file for what is still good in it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from supervisor.api.messages import Event, EventKind, WishStep
from supervisor.api.requests import EventList

JOURNAL_NAME: Final = "journal.ndjson"
JOURNAL_BYTES: Final = 32 * 1024 * 1024
"""A journal of this size becomes the older one, in place of the one before."""

PENDING_LIMIT: Final = 1000
"""Events that wait for a disk that takes no more."""

TAIL_BYTES: Final = 256 * 1024
_OPEN_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_IN_THE_WAY: Final = frozenset({errno.ELOOP, errno.EISDIR, errno.ENXIO})
"""What opening says of a symbolic link, a directory, and a FIFO that nobody reads."""

News = tuple[str, str]
"""A level and a sentence on the journal itself."""


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event as the journal has it: what every event has, then what only changes of state, or wishes, have."""

    cursor: int
    at: datetime
    level: str
    kind: EventKind
    subject: str
    what: str
    by: str
    from_state: str | None = msgspec.field(default=None, name="from")
    to_state: str | None = msgspec.field(default=None, name="to")
    incarnation: int | None = None
    pid: int | None = None
    cause: str | None = None
    step: WishStep = ""
    command: str = ""
    outcomes: int = 0
    answers: tuple[int, ...] = ()


_decoder = msgspec.json.Decoder(_Line)


def encode(event: Event) -> bytes:
    """The journal's line of `event`."""
    fields = msgspec.structs.asdict(event)
    fields["at"] = datetime.fromtimestamp(event.at, UTC)
    return msgspec.json.encode(_Line(**fields)) + b"\n"


def decode(line: bytes) -> Event | None:
    """The event of a journal's line; None for a line that is damaged."""
    try:
        seen = _decoder.decode(line)
        return Event(**{**msgspec.structs.asdict(seen), "at": seen.at.timestamp()})
    except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError, ValueError):
        return None


def older(path: Path) -> Path:
    """Where a full journal goes: ``journal.1.ndjson``."""
    return path.with_name(f"{path.stem}.1{path.suffix}")


class Journal:
    """The one writer of a run's journal.

    Attributes:
        last_cursor: the highest cursor in the file as it was found; 0 for a new one.
        lost: events that were given up.
    """

    def __init__(self, path: Path, limit_bytes: int = JOURNAL_BYTES) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._fd = -1
        self._size_bytes = 0
        self._must_rotate = False
        self._is_torn = False
        self._is_in_trouble = False
        self._pending: deque[bytes] = deque()
        self._lost_unsaid = 0
        self.last_cursor = 0
        self.lost = 0

    def open(self) -> News | None:
        """Go on after what the file holds. A torn last line is cut off; a file that is no journal is moved aside."""
        try:
            seen = os.lstat(self._path)
        except OSError:
            return None
        try:
            return self._take_over(seen)
        except OSError as error:
            return "WARNING", f"the journal cannot be read: {_words(error, self._path)}"

    def append(self, event: Event) -> News | None:
        """Write `event` down, or keep it until that can be done; what there is to say about the journal itself."""
        self._pending.append(encode(event))
        if len(self._pending) > PENDING_LIMIT:
            self._pending.popleft()
            self.lost += 1
            self._lost_unsaid += 1
        try:
            self._write_pending()
        except OSError as error:
            return self._note_trouble(error)
        return self._note_recovery()

    def close(self) -> None:
        """Try once more to write what waits, and close the file."""
        try:
            self._write_pending()
        except OSError:
            self.lost += len(self._pending)
            self._pending.clear()
        self._close()

    def _take_over(self, seen: os.stat_result) -> News | None:
        if not stat.S_ISREG(seen.st_mode):
            return self._quarantine("is no file")
        if seen.st_size == 0:
            return None
        with self._path.open("r+b") as file:
            file.seek(max(0, seen.st_size - TAIL_BYTES))
            tail = file.read()
            whole = tail[: tail.rfind(b"\n") + 1]
            events = [event for event in map(decode, whole.splitlines()) if event is not None]
            if events:
                file.truncate(seen.st_size - len(tail) + len(whole))
        if events:
            self.last_cursor = max(event.cursor for event in events)
            return None
        self.last_cursor = max((event.cursor for event in _events_of(self._path)), default=0)
        return self._quarantine("is damaged")

    def _quarantine(self, trouble: str) -> News:
        number = 1
        while os.path.lexists(aside := self._path.with_name(f"{self._path.stem}.damaged-{number}{self._path.suffix}")):
            number += 1
        self._path.rename(aside)
        return "WARNING", f"{self._path} {trouble}; it is now {aside.name}, and a new journal begins"

    def _write_pending(self) -> None:
        while self._pending:
            self._make_room()
            self._write(self._pending[0])
            self._pending.popleft()

    def _make_room(self) -> None:
        """See to an open file that has its name and room."""
        if self._fd >= 0 and os.fstat(self._fd).st_nlink == 0:
            self._close()  # deleted under us: lines in it would be gone with the descriptor
        if self._fd < 0:
            self._open()
        if self._size_bytes and (self._size_bytes >= self._limit_bytes or self._must_rotate):
            self._rotate()

    def _rotate(self) -> None:
        try:
            self._path.replace(older(self._path))
        except OSError:
            if self._must_rotate:
                raise
            return  # better a journal too long than events lost
        self._close()
        self._open()
        self._must_rotate = False

    def _open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            fd = os.open(self._path, _OPEN_FLAGS, 0o600)
        except OSError as error:
            if error.errno not in _IN_THE_WAY:
                raise
            self._quarantine("is no file")
            fd = os.open(self._path, _OPEN_FLAGS, 0o600)
        self._fd, self._size_bytes, self._is_torn = fd, os.fstat(fd).st_size, False

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, line: bytes) -> None:
        """One line with one write, or none of it.

        Raises:
            OSError: the disk does not take it.
        """
        if self._is_torn:
            line = b"\n" + line
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            self._must_rotate = error.errno == errno.EFBIG  # this file takes no more, another one may
            raise
        if written < len(line):
            self._cut(written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size_bytes += written
        self._is_torn = False

    def _cut(self, torn_bytes: int) -> None:
        try:
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - torn_bytes)
        except OSError:
            self._is_torn = True  # readers leave out a damaged line, so one more line end is as good

    def _note_trouble(self, error: OSError) -> News | None:
        if self._is_in_trouble:
            return None
        self._is_in_trouble = True
        kept = f"up to {PENDING_LIMIT} events are kept and written when it can be"
        return "ERROR", f"the journal cannot be written: {_words(error, self._path)}; {kept}"

    def _note_recovery(self) -> News | None:
        if not self._is_in_trouble:
            return None
        self._is_in_trouble = False
        lost, self._lost_unsaid = self._lost_unsaid, 0
        return "WARNING" if lost else "INFO", f"the journal is written again; {lost} events were lost"


def _words(error: OSError, path: Path) -> str:
    return f"{error.strerror or error} ({path})"


def newest_journal(runs_directory: Path) -> Path | None:
    """The journal of the last run that has one; `runs_directory` is `supervisor.paths.runs_directory`'s."""
    try:
        names = sorted(os.listdir(runs_directory), reverse=True)
    except OSError:
        return None
    candidates = (runs_directory / name / JOURNAL_NAME for name in names)
    return next((path for path in candidates if path.is_file()), None)


def read_journal(path: Path, after: int = 0, limit: int | None = None, *, newest: bool = False) -> EventList:
    """The events of the journal at `path` whose cursor is higher than `after`, oldest first.

    Needs no engine and never raises: a missing file has no events, damaged lines and a torn last line are left out.

    Args:
        path: a run's ``journal.ndjson``; the older file beside it is read first.
        after: a cursor that was read before.
        limit: how many events at the most.
        newest: where there are more than `limit`, take the last of them, not the first.

    Returns:
        `missed` counts the cursors that are missing between those that are there, and after `after`.
    """
    later = (event for place in (older(path), path) for event in _events_of(place) if event.cursor > after)
    events = deque(later, limit) if newest else tuple(islice(later, limit))
    start = events[0].cursor - 1 if events and newest else after
    end = events[-1].cursor if events else after
    return EventList(events=tuple(events), next_cursor=end, missed=max(0, end - start - len(events)))


def _events_of(path: Path) -> Iterator[Event]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            for line in file:
                event = decode(line) if line.endswith(b"\n") else None
                if event is not None:
                    yield event
    except OSError:
        return
