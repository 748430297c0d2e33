"""The store of a run, and those who work on it beside the engine: loguru sinks, compression, plain files.

::

    lanes ─► Intake ─► SegmentWriter ─► segments ◄─ read by ─ sinks, keeper (processes of their own)

    the profile in force ─► profile.toml in the run's directory, for those who ask what the file has become since
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Final

from supervisor.logs.backlog import BACKLOG_BYTES, BLOCKING_BACKLOG_BYTES
from supervisor.logs.intake import Intake
from supervisor.logs.keeping import keeping_command
from supervisor.logs.retention import Retention, remove_old_runs
from supervisor.logs.segments import SegmentWriter
from supervisor.paths import RunPlace, loaded_profile_path
from supervisor.processes.keeping import Keeper
from supervisor.processes.sinking import Sinks, sink_orders
from supervisor.profile.model import Profile

TIDY_AFTER_S: Final = 2.0


class Archive:
    """Everything that is logged, and where it goes.

    Args:
        when_stored: called when there is more in the store.
        report: gets a level and a sentence on the store itself.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        profile: Profile,
        place: RunPlace,
        when_stored: Callable[[], None],
        report: Callable[[str, str], None],
    ) -> None:
        logs = profile.logs
        self._loop = loop
        self._place = place
        self.writer = SegmentWriter(
            place.log_directory,
            logs.segment_bytes,
            segment_age_s=logs.segment_age_s,
            retention=Retention(logs.keep_bytes, logs.keep_age_s),
            backlog_bytes=BLOCKING_BACKLOG_BYTES if logs.when_full == "block" else BACKLOG_BYTES,
        )
        self.intake = Intake(loop, self.writer, when_stored, report, when_full=logs.when_full)
        self._sinks = Sinks(loop, place.log_directory, report)
        command = (
            keeping_command(
                place.log_directory,
                is_compressed=logs.is_compressed,
                file_bytes=logs.segment_bytes if logs.has_files else None,
            )
            if logs.is_compressed or logs.has_files
            else ()
        )
        self._keeper = Keeper(loop, command, report)
        self._report = report
        self._kept: str | None = None

    def start(self, profile: Profile) -> None:
        """Begin to serve the sinks and to look after the store."""
        self.change(profile)
        self._keeper.start()
        self._loop.call_later(TIDY_AFTER_S, self._tidy, profile.logs.keep_runs)

    def _tidy(self, keep_runs: int) -> None:
        """Delete the logs of old runs; in a moment when nobody waits for the start any more."""
        remove_old_runs(self._place.directory.parent, keep_runs, self._place.run_id)

    def change(self, profile: Profile) -> None:
        """Go by `profile` from now on, but for what `supervisor.profile.changes` says counts when an engine starts."""
        logs = profile.logs
        self.writer.go_by(logs.segment_bytes, logs.segment_age_s, Retention(logs.keep_bytes, logs.keep_age_s))
        self._sinks.change(sink_orders(profile, self._place.output_directory))
        if profile.source != self._kept:
            self._kept = profile.source
            self._keep(profile.source)

    def _keep(self, source: str) -> None:
        """Have the text of the profile in force lie beside the logs, whole or not at all."""
        path = loaded_profile_path(self._place.directory)
        draft = path.with_suffix(".new")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(source)
            draft.replace(path)
        except OSError as error:
            self._report("WARNING", f"cannot keep a copy of the profile at {path}: {error.strerror or error}")

    def pids(self) -> frozenset[int]:
        """The processes that work on the store: children of the engine that are no strays."""
        return self._sinks.pids() | self._keeper.pids()

    async def finish(self) -> None:
        """Write out what is left, and let everybody who reads the store come to its end."""
        self.intake.close()
        await asyncio.gather(self._sinks.finish(), self._keeper.finish())

    def close(self) -> None:
        """Let go of the store."""
        self.intake.close()
        self.writer.close()
