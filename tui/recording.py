"""A session on disk: what the engine said of its fleet, second by second, with the log of the run beside it.

::

    states.ndjson.gz   {"at": ..., "message": {"fleet" | "change": ...}}, a line each, on the disk every 5 seconds
    logs/  journal     the run's own files up to the last look at them (`tui.recorded_files`)

A recording is read whole at once: a night of a hundred workers is some megabytes.
"""

from __future__ import annotations

import os
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from supervisor.api.history import HistoryReply
from supervisor.api.messages import Event, Fleet, StreamMessage
from supervisor.api.requests import EVENTS_LIMIT, EventList
from supervisor.api.streaming import fleet_message
from supervisor.errors import ProcdeckError
from supervisor.history_desk import HistoryDesk, Look
from supervisor.journal import JOURNAL_NAME, read_journal
from tui.link.view import FleetView, LinkState, heard_change, heard_fleet
from tui.recorded_files import LOGS_NAME, RecordedFiles

STATES_NAME: Final = "states.ndjson.gz"
WHOLE_EVERY_S: Final = 60.0
"""How often a whole fleet is written, so that a moment is found without all that was before."""
FLUSH_EVERY_S: Final = 5.0
"""How often all that is known is given to the disk, and the log taken along: who is killed leaves that."""


class RecordingError(ProcdeckError):
    """A recording that cannot be written or read: what, where, what to do."""


class Frame(msgspec.Struct, frozen=True):
    """What was heard at one moment, a Unix timestamp."""

    at: float
    message: StreamMessage


_decoder = msgspec.json.Decoder(Frame)


class Recorder:
    """Writes a recording into `directory`, which it makes.

    Raises:
        RecordingError: it is there already, or cannot be written.
    """

    def __init__(self, directory: Path, log_directory: Path) -> None:
        self._told: Fleet | None = None
        self._noted_at = self._written_at = float("-inf")
        self._whole_at = self._flushed_at = float("-inf")
        self._packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        self.frames = 0
        self.bytes = 0
        self.directory = directory
        try:
            directory.mkdir(mode=0o700, parents=True)
            (directory / LOGS_NAME).mkdir(mode=0o700)
            self._file = os.open(directory / STATES_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise RecordingError(f"{directory} is there already; name another place with --output") from None
        except OSError as error:
            raise RecordingError(f"cannot record to {directory}: {error.strerror}") from None
        self._files = RecordedFiles(log_directory, directory)

    def note(self, fleet: Fleet, at: float) -> None:
        """Write what has changed since the last time, and take the log along now and then.

        Raises:
            RecordingError: the disk refuses it.
        """
        is_whole = at - self._whole_at >= WHOLE_EVERY_S
        message = StreamMessage(fleet=fleet) if is_whole else fleet_message(self._told, fleet)
        self._told, self._noted_at = fleet, at
        try:
            if message is not None:
                self._write_frame(message)
            if at - self._flushed_at >= FLUSH_EVERY_S:
                self._flushed_at = at
                self._write(self._packer.flush(zlib.Z_SYNC_FLUSH))
                self._files.take()
        except OSError as error:
            raise self._refused(error) from None

    def _write_frame(self, message: StreamMessage) -> None:
        if message.fleet is not None:
            self._whole_at = self._noted_at
        self._written_at = self._noted_at
        self.frames += 1
        self._write(self._packer.compress(msgspec.json.encode(Frame(self._noted_at, message)) + b"\n"))

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = os.write(self._file, rest)
            self.bytes += written
            rest = rest[written:]

    def close(self) -> None:
        """Write what is left; the recording ends with the last look, whether anything had changed or not.

        Raises:
            RecordingError: the disk refuses it.
        """
        try:
            if self._told is not None and self._written_at < self._noted_at:
                self._write_frame(StreamMessage(fleet=self._told))
            self._write(self._packer.flush())
        except OSError as error:
            raise self._refused(error) from None
        finally:
            os.close(self._file)
            self._end_files()

    def _end_files(self) -> None:
        try:
            self._files.close()
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> RecordingError:
        return RecordingError(f"cannot go on recording to {self.directory}: {error.strerror}")


class Recording:
    """A recording to look at.

    Raises:
        RecordingError: there is none in `directory`, or none that can be read.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            packed = (directory / STATES_NAME).read_bytes()
        except OSError as error:
            why = "there is no recording" if isinstance(error, FileNotFoundError) else error.strerror
            raise RecordingError(f"{directory}: {why}; `procdeck record` makes one") from None
        self._frames = list(_frames(packed))
        self._times = [frame.at for frame in self._frames]
        if not self._frames or self._frames[0].message.fleet is None:
            raise RecordingError(f"{directory}: nothing whole is in it")

    @property
    def begins_at(self) -> float:
        return self._times[0]

    @property
    def ends_at(self) -> float:
        return self._times[-1]

    @property
    def project(self) -> str:
        fleet = self._frames[0].message.fleet
        return fleet.project if fleet is not None else ""

    def view(self, at: float) -> FleetView:
        """What was known at a moment, with its log beside it; before the first frame what that says."""
        last = max(1, bisect_right(self._times, at))
        first = next(place for place in range(last - 1, -1, -1) if self._frames[place].message.fleet is not None)
        view = FleetView()
        for frame in self._frames[first:last]:
            view = _heard(view, frame)
        return self._with_logs(view)

    def next_at(self, at: float) -> float | None:
        """When something changes after a moment; None at the end."""
        place = bisect_right(self._times, at)
        return self._times[place] if place < len(self._times) else None

    def history(self, names: Sequence[str], seconds: int, at: float) -> HistoryReply:
        """What was measured up to a moment, as far as it was recorded."""
        desk, view = HistoryDesk(), FleetView()
        first = max(1, bisect_right(self._times, at - seconds))
        first = next(place for place in range(first - 1, -1, -1) if self._frames[place].message.fleet is not None)
        last = max(first + 1, bisect_right(self._times, at))
        for place in range(first, last):
            view = _heard(view, self._frames[place])
            if view.fleet is not None:
                until_at = self._times[place + 1] if place + 1 < last else at
                begin_at = self._times[place]
                for second in range(int(begin_at), max(int(begin_at), min(int(until_at) - 1, int(begin_at) + 60)) + 1):
                    desk.note(second, Look(view.fleet.rows, view.fleet.channels, view.fleet.pools, {}))
        return desk.reply(names, seconds, at)

    def events(self, after: int, at: float) -> EventList:
        """The last of what had happened up to a moment, after a cursor, as the journal beside the recording has it."""
        past = tuple(event for event in self._happened if event.cursor > after and event.at <= at)[-EVENTS_LIMIT:]
        return EventList(
            events=past,
            next_cursor=past[-1].cursor if past else after,
            missed=max(0, past[0].cursor - after - 1) if past else 0,
        )

    def happened(self, since_at: float, until_at: float) -> tuple[Event, ...]:
        """What happened after one moment and up to another."""
        return tuple(event for event in self._happened if since_at < event.at <= until_at)

    @cached_property
    def _happened(self) -> tuple[Event, ...]:
        return read_journal(self.directory / JOURNAL_NAME).events

    def _with_logs(self, view: FleetView) -> FleetView:
        if view.fleet is None:
            return view
        log = msgspec.structs.replace(view.fleet.log, directory=str(self.directory / LOGS_NAME))
        return FleetView(
            fleet=msgspec.structs.replace(view.fleet, log=log), state=LinkState.LIVE, heard_s=view.fleet.now_s
        )


def _heard(view: FleetView, frame: Frame) -> FleetView:
    if frame.message.fleet is not None:
        return heard_fleet(view, frame.message.fleet, frame.at)
    return heard_change(view, frame.message.change, frame.at) if frame.message.change is not None else view


def _frames(packed: bytes) -> Iterator[Frame]:
    """Every whole frame; a recording that was cut short ends where it was cut."""
    unpacker = zlib.decompressobj(31)
    try:
        data = unpacker.decompress(packed)
    except zlib.error:
        return
    for line in data.split(b"\n"):
        if line:
            try:
                yield _decoder.decode(line)
            except msgspec.MsgspecError:
                return
