"""The run's own files in a recording: its log and its journal, as they were at the last look and never longer.

::

    closed segments           ── another name for the same file; a copy where there can be none
    newest segment, journal   ── what was added is copied, whole lines only

So a recording ends where it ended, also when who makes it is killed. A file that is compressed or deleted while it is
copied is read to its end first, for it is held open.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from supervisor.journal import JOURNAL_NAME, older
from supervisor.logs.segment_files import index_name, packed_name, segment_name, segment_numbers

LOGS_NAME: Final = "logs"
COPY_BYTES: Final = 4 * 1024 * 1024
UNFINISHED_SUFFIX: Final = ".part"
ALL: Final = 1_000_000


class GrowingCopy:
    """A copy of a file that somebody else appends to. Raises OSError where there is none, or the disk refuses."""

    def __init__(self, source: Path, target: Path, *, has_lines: bool = True) -> None:
        self._from, self._to = source, target
        self._has_lines = has_lines
        self._copied_bytes = 0
        self._source = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            self._target = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError:
            os.close(self._source)
            raise

    @property
    def is_current(self) -> bool:
        """Whether the file is still the one of that name."""
        try:
            return os.path.samestat(os.stat(self._from), os.fstat(self._source))
        except OSError:
            return False

    def take(self) -> None:
        """Copy what was added, up to its size now; only whole lines, for a part of one may be taken back."""
        end = os.fstat(self._source).st_size
        while self._copied_bytes < end:
            data = os.pread(self._source, min(COPY_BYTES, end - self._copied_bytes), self._copied_bytes)
            whole_bytes = data.rfind(b"\n") + 1
            if self._has_lines and (whole_bytes or len(data) < COPY_BYTES):  # a longer line is taken piece by piece
                data = data[:whole_bytes]
            if not data:
                return
            self._copied_bytes += os.pwrite(self._target, data, self._copied_bytes)

    def settle(self) -> None:
        """Copy the rest of a file that grows no more; where it still has its name, share it and give up the copy."""
        self.take()
        if self.is_current:
            unfinished = self._to.with_name(self._to.name + UNFINISHED_SUFFIX)
            try:
                os.link(self._from, unfinished)
                os.replace(unfinished, self._to)
            except OSError:
                pass  # another file system, or it was deleted just now: the copy is whole
        self.close()

    def close(self) -> None:
        os.close(self._source)
        os.close(self._target)


class RecordedFiles:
    """Takes the files of the run whose log is in `log_directory` along into `directory`/``logs``, which is there."""

    def __init__(self, log_directory: Path, directory: Path) -> None:
        self._log_directory = log_directory
        self._target = directory / LOGS_NAME
        self._journal = log_directory.parent / JOURNAL_NAME
        self._recorded_journal = directory / JOURNAL_NAME
        self._journal_copy: GrowingCopy | None = None
        self._growing: dict[int, list[GrowingCopy]] = {}
        self._kept: set[int] = set()

    def take(self, most_copies: int = 1) -> None:
        """Take along what there is now. Raises OSError where the disk refuses.

        `most_copies`: so many closed segments at the most are copied, where they cannot be shared: states wait so long.
        """
        self._take_journal()
        numbers = segment_numbers(self._log_directory)
        for number in [number for number in self._growing if number not in numbers[-1:]]:
            for copy in self._growing.pop(number):
                copy.settle()
            self._kept.add(number)
        for number in numbers[-1:]:
            self._grow(number)
        for number in numbers[:-1]:
            if number not in self._kept and most_copies > 0:
                most_copies -= self._keep(number)

    def close(self) -> None:
        """Take along what is left, and end there. Raises OSError where the disk refuses."""
        try:
            self.take(ALL)
        finally:
            copies = [copy for each in self._growing.values() for copy in each]
            for copy in (*copies, *filter(None, (self._journal_copy,))):
                copy.close()

    def _grow(self, number: int) -> None:
        """Copy what was added to the newest segment; first its index, which is believed as far as it fits."""
        if number not in self._growing and number not in self._kept:
            if not (self._log_directory / segment_name(number)).exists():
                self._keep(number)  # one that is compressed grows no more
                return
            names = ((index_name(number), False), (segment_name(number), True))
            copies = [self._copy_of(name, has_lines=has_lines) for name, has_lines in names]
            self._growing[number] = [copy for copy in copies if copy is not None]
        for copy in self._growing.get(number, ()):
            copy.take()

    def _copy_of(self, name: str, *, has_lines: bool) -> GrowingCopy | None:
        try:
            return GrowingCopy(self._log_directory / name, self._target / name, has_lines=has_lines)
        except FileNotFoundError:
            return None

    def _keep(self, number: int) -> bool:
        """Have a closed segment under a name of our own; whether it had to be copied for that."""
        self._kept.add(number)
        self._share(index_name(number))
        is_copied = self._share(segment_name(number))
        if is_copied is None:
            is_copied = self._share(packed_name(number))
        return is_copied is True

    def _share(self, name: str) -> bool | None:
        """Whether it had to be copied; None where there is no such file."""
        source, target = self._log_directory / name, self._target / name
        try:
            os.link(source, target)
        except FileNotFoundError:
            return None
        except OSError:
            return _copy(source, target)
        return False

    def _take_journal(self) -> None:
        """A full journal gets another name, and a new one is begun."""
        copy = self._journal_copy
        if copy is not None and not copy.is_current:
            copy.take()
            copy.close()
            os.replace(self._recorded_journal, older(self._recorded_journal))
            self._journal_copy = copy = None
        elif copy is None:
            _copy(older(self._journal), older(self._recorded_journal))
        if copy is None:
            try:
                self._journal_copy = copy = GrowingCopy(self._journal, self._recorded_journal)
            except FileNotFoundError:
                return
        copy.take()


def _copy(source: Path, target: Path) -> bool | None:
    """Copy a file that does not grow; it has its name once it is whole. None where there is none."""
    unfinished = target.with_name(target.name + UNFINISHED_SUFFIX)
    try:
        shutil.copyfile(source, unfinished)
    except FileNotFoundError:
        return None
    os.replace(unfinished, target)
    return True
