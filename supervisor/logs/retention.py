"""Which closed segments and which old runs have to go, and their removal: it deletes by name what it was told of."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supervisor.logs.segment_files import index_name, packed_name, segment_name, segment_numbers


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of a run's log is kept; None is no limit.

    Attributes:
        keep_bytes: of all segments together, as they are on the disk.
        keep_age_s: since something was added to a segment.
    """

    keep_bytes: int | None = None
    keep_age_s: float | None = None

    def __bool__(self) -> bool:
        return self.keep_bytes is not None or self.keep_age_s is not None


KEEP_ALL: Final = Retention()


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment on the disk."""

    number: int
    size_bytes: int
    changed_at: float
    """Unix time at which something was added to it last."""


def expendable(segments: Sequence[StoredSegment], retention: Retention, now: float) -> list[StoredSegment]:
    """Those of `segments`, oldest first, that have to go at the Unix time `now`; never the newest."""
    going: list[StoredSegment] = []
    left_bytes = sum(segment.size_bytes for segment in segments)
    for segment in segments[:-1]:
        is_too_much = retention.keep_bytes is not None and left_bytes > retention.keep_bytes
        is_too_old = retention.keep_age_s is not None and now - segment.changed_at > retention.keep_age_s
        if not (is_too_much or is_too_old):
            break
        going.append(segment)
        left_bytes -= segment.size_bytes
    return going


def stored_segments(directory: Path) -> list[StoredSegment]:
    """The segments in `directory`, oldest first."""
    found = []
    for number in segment_numbers(directory):
        for name in (segment_name(number), packed_name(number)):
            try:
                there = os.stat(directory / name, follow_symlinks=False)
            except OSError:
                continue
            found.append(StoredSegment(number, there.st_size, there.st_mtime))
            break
    return found


def remove_segment(directory: Path, number: int) -> None:
    """Delete a segment and what belongs to it. Raises OSError where its lines cannot be deleted."""
    for name in (index_name(number), packed_name(number), segment_name(number)):
        try:
            os.unlink(directory / name)
        except FileNotFoundError:
            pass


KEPT_NAMES: Final = frozenset({"output", "letters"})
"""What a run leaves that is no log, and is nobody's to delete: its results, and items that were given up."""


def remove_old_runs(runs_directory: Path, keep_runs: int, current: str) -> list[str]:
    """Delete the logs of all but the newest `keep_runs` runs, of which `current` is one whatever its name.

    Results and dead letters stay, and with them their run's folder. Returns the names of the runs whose logs are gone;
    what cannot be deleted is left where it is.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(runs_directory) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
    others = [name for name in names if name != current]
    going = others[: max(0, len(others) - (keep_runs - 1))]
    return [name for name in going if _remove_logs(runs_directory / name)]


def _remove_logs(run: Path) -> bool:
    """Delete what is log of one run; whether there was any."""
    try:
        found = [entry for entry in os.scandir(run) if entry.name not in KEPT_NAMES]
    except OSError:
        return False
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            Path(entry.path).unlink(missing_ok=True)
    for folder, _, _ in os.walk(run, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            pass  # something is in it
    return bool(found)
