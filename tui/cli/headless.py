"""`procdeck run --headless`: logs on stdout, what becomes of the workers on stderr and in the exit code.

::

    SIGINT, SIGTERM, SIGHUP ──> wishes ──┐
    log store ── LogPrinter ──> stdout   ├── HeadlessRun.run ──> exit code
    fleet, 4 times a second ──> stderr ──┘

The engine is tied to this process: when it dies, however it dies, so do the workers.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervisor import last_fleet
from supervisor.errors import AlreadyRunning, EngineUnreachable
from supervisor.journal import JOURNAL_NAME, read_journal
from supervisor.paths import engine_end, is_running
from tui.cli.choosing import profile_named
from tui.cli.ending import Ending, tell_survivors, wait_until_gone, waited_for
from tui.cli.exits import ExitCode
from tui.cli.fate import ended_by, fate_line, gone_line, verdict, warning_lines
from tui.cli.following import LogPrinter
from tui.cli.locating import client_of
from tui.cli.opening import running_on
from tui.cli.progress_line import ProgressLine
from tui.cli.telling import complain, narrate, one_line
from tui.cli.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from supervisor.api.client import EngineClient
    from supervisor.api.messages import Fleet
    from supervisor.paths import EngineNote

FLEET_EVERY_S: Final = 0.25
IDLE_S: Final = 0.05
_LAST_EVENTS: Final = 1000
_GIVE_UP_AT: Final = 3
"""The signal at which an engine that answers nothing is left to its guardian."""


def run_headless(profile: str, project: str | None, *, until_complete: bool, is_simulated: bool = False) -> int:
    """Run a profile without a screen until it is complete (`until_complete`), or until a signal ends it."""
    path = profile_named(profile)
    note = running_on(path, project)
    if note is not None:
        raise AlreadyRunning(
            f"{note.project} is already running (engine {note.engine_pid}); follow it with `procdeck logs -f`, "
            f"or end it with `procdeck down --project {note.project}`"
        )
    from supervisor.processes.ignition import start_engine

    with _signals_noted() as wishes:
        note = start_engine(path, project, tie_to_me=True, is_simulated=is_simulated)
        how = "runs simulated, Python workers as threads of one process" if is_simulated else "runs"
        narrate(f"{note.project} {how} (engine {note.engine_pid}); Ctrl-C stops it")
        return HeadlessRun(note, client_of(note), wishes, until_complete=until_complete).run()


@contextmanager
def _signals_noted() -> Iterator[list[int]]:
    """While inside, signals that ask for an end are noted in the list instead of ending this process."""
    noted: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        noted.append(number)

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield noted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class HeadlessRun:
    """Follows one engine to its end."""

    def __init__(self, note: EngineNote, client: EngineClient, wishes: list[int], *, until_complete: bool) -> None:
        self._note = note
        self._client = client
        self._wishes = wishes
        self._until_complete = until_complete
        self._progress = ProgressLine()
        self._printer: LogPrinter | None = LogPrinter(Path(note.log_directory), Wanted(()))
        self._printer.before_printing = self._progress.clear
        self._is_output_closed = False
        self._fleet: Fleet | None = None
        self._fleet_due_s = 0.0
        self._endings: list[Ending] = []
        self._is_lost = False

    def run(self) -> int:
        """Follow it; returns the exit code."""
        while not self._is_over():
            has_news = self._print_logs()
            self._progress.restore()
            self._look_at_fleet()
            self._heed_wishes()
            if not has_news:
                time.sleep(IDLE_S)
        wait_until_gone(self._note.project)
        if self._is_lost:
            self._read_last_fleet()
        self._print_logs()
        if self._printer is not None:
            self._printer.close()
        self._progress.end()
        return self._exit_code()

    def _narrate(self, text: str) -> None:
        self._progress.clear()
        narrate(text)
        self._progress.restore()

    def _is_over(self) -> bool:
        if self._is_lost or len(self._wishes) > _GIVE_UP_AT:
            return True
        return bool(self._endings) and any(not ending.is_alive() for ending in self._endings)

    def _print_logs(self) -> bool:
        """Print what is new in the store. Once nobody reads stdout any more, everything is stopped instead."""
        if self._printer is None:
            return False
        try:
            return self._printer.print_new() > 0
        except BrokenPipeError:
            self._printer.close()
            self._printer = None
            self._is_output_closed = True
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it stands in until the process ends
            self._end(force=False)
            return False

    def _look_at_fleet(self) -> None:
        """Narrate what became of the workers since the last look."""
        if time.monotonic() < self._fleet_due_s:
            return
        self._fleet_due_s = time.monotonic() + FLEET_EVERY_S
        try:
            fleet = self._client.fleet()
        except EngineUnreachable:
            self._is_lost = not is_running(self._note.project)
        else:
            self._is_lost = fleet.run_id != self._note.run_id  # a later run has the project already
            if not self._is_lost:
                self._take(fleet)

    def _read_last_fleet(self) -> None:
        """What the engine has left: it may have ended while this process had no core, or was stopped."""
        fleet = last_fleet.read(Path(self._note.log_directory).parent)
        if fleet is not None:
            self._take(fleet)

    def _take(self, fleet: Fleet) -> None:
        """Narrate what has become of the workers since the last look."""
        known = {row.name: row for row in self._fleet.rows} if self._fleet else {}
        for row in fleet.rows:
            before = known.pop(row.name, None)
            for line in filter(None, [fate_line(before, row), *warning_lines(before, row)]):
                self._narrate(line)
        for name in known:
            self._narrate(gone_line(name))
        if self._printer is not None:
            self._printer.name_width = max((len(row.name) for row in fleet.rows), default=0)
        was_completed = self._fleet is not None and self._fleet.phase == "completed"
        was_ended_by = ended_by(self._fleet) if self._fleet else ""
        self._fleet = fleet
        if ended_by(fleet) and not was_ended_by:
            self._narrate(f"{fleet.project} ends: {ended_by(fleet)}")
        self._progress.show(fleet.pools, time.monotonic())
        if fleet.phase == "completed" and not was_completed:
            self._complete(fleet)

    def _complete(self, fleet: Fleet) -> None:
        outcome = one_line(fleet.outcome)
        if self._until_complete:
            self._narrate(f"{fleet.project} is complete: {outcome}")
            self._end(force=False)
        elif not self._endings:
            self._narrate(
                f"{fleet.project} is complete: {outcome} Ctrl-C ends it (--until-complete does so by itself)."
            )

    def _heed_wishes(self) -> None:
        """First signal: stop everything. Second: kill it. More: leave the rest to the guardian."""
        asked = len(self._endings)
        if len(self._wishes) == 1 and asked == 0:
            waiting = waited_for(self._fleet) if self._fleet else ""
            self._narrate(f"stopping {waiting or self._note.project}; once more kills what is left")
            self._end(force=False)
        elif len(self._wishes) >= 2 and not any(ending.force for ending in self._endings):
            self._narrate("killing what is left")
            self._end(force=True)

    def _end(self, *, force: bool) -> None:
        if any(ending.force >= force for ending in self._endings):
            return
        ending = Ending(self._client, self._note.project, force=force)
        self._endings.append(ending)
        ending.start()

    def _exit_code(self) -> int:
        survivors = tuple(process for ending in self._endings for process in ending.survivors)
        tell_survivors(survivors)
        is_meant = self._fleet is not None and (self._fleet.phase == "stopping" or self._fleet.exit_code is not None)
        if not self._endings and not is_meant and not self._was_asked_to_end():
            directory = Path(self._note.log_directory).parent
            how = engine_end(directory)
            ended = f"was lost: {how}" if how else "ended by itself"
            complain(f"the engine of {self._note.project} {ended}; {directory / 'engine.log'} may say why")
            return ExitCode.FAILED
        for ending in self._endings:
            if ending.trouble is not None:
                complain(str(ending.trouble))
                return ExitCode.FAILED
        if self._is_output_closed:
            return ExitCode.OUTPUT_CLOSED
        exit_code = self._fleet.exit_code if self._fleet else None
        return verdict(self._fleet.rows if self._fleet else (), survivors, exit_code)

    def _was_asked_to_end(self) -> bool:
        """Whether somebody else has brought it down, between two looks at the fleet."""
        journal = Path(self._note.log_directory).parent / JOURNAL_NAME
        last = read_journal(journal, limit=_LAST_EVENTS, newest=True).events
        return any(event.kind == "action" and event.what.startswith("down") for event in last)
