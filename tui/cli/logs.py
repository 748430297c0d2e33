"""`procdeck logs`: the last records of the running engine's store, or of an earlier run's, and those that follow."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supervisor.errors import EngineUnreachable
from supervisor.paths import EngineNote, engine_note, engine_note_path, is_running, read_note, runs_directory
from tui.cli.exits import ExitCode, UsageError
from tui.cli.following import LogPrinter
from tui.cli.locating import client_of, find_logs
from tui.cli.telling import complain, did_you_mean, listed, narrate
from tui.cli.wanted import Wanted, query_of

LOOK_EVERY_S: Final = 0.1
"""Between two looks at files that others write; the store has nothing to wait on that crosses processes."""

LAST_RUN: Final = "last"
MOST_RUNS_SAID: Final = 10


@dataclass(frozen=True, slots=True)
class LogWish:
    """What to print. `count` None is 50, or all where `since` or `until` says which."""

    names: tuple[str, ...] = ()
    follow: bool = False
    count: int | None = None
    since: str | None = None
    until: str | None = None
    level: str | None = None
    grep: str | None = None
    is_inverted: bool = False
    fields: tuple[str, ...] = ()
    run: str | None = None
    as_json: bool = False
    is_colored: bool | None = None

    @property
    def most(self) -> int | None:
        """How many records of those there are already; None is all."""
        is_bounded = self.since is not None or self.until is not None
        return self.count if self.count is not None or is_bounded else 50


def show_logs(project: str | None, wish: LogWish) -> ExitCode:
    """Print what is wished for; with `follow`, go on until interrupted."""
    query = query_of(
        wish.names,
        level=wish.level,
        grep=wish.grep,
        is_inverted=wish.is_inverted,
        fields=wish.fields,
        since=wish.since,
        until=wish.until,
    )
    wanted = Wanted(wish.names, query)
    found, directory, note = find_logs(project)
    if wish.run is not None:
        directory, note = _log_of(found, wish.run)
    elif note is None:
        narrate(f"{found} is not running; these are the logs of its last run")
    known = _running_names(note) if wish.names else set()
    if known and (unknown := wanted.unknown(known)):
        return _complain_of(unknown, known, found)
    printer = LogPrinter(directory, wanted, as_json=wish.as_json, is_colored=wish.is_colored)
    try:
        printed = printer.print_last(wish.most)
        if not known and not printed and wish.names and (unknown := wanted.unknown(met := printer.workers())):
            return _complain_of(unknown, met, found)
        if wish.follow and note is not None:
            _follow(printer, note)
    finally:
        printer.close()
    return ExitCode.OK


def _log_of(project: str, run: str) -> tuple[Path, EngineNote | None]:
    """The log segments of one run of `project`, and its engine while it runs.

    Raises UsageError where there is no such run.
    """
    try:
        runs = sorted(entry.name for entry in os.scandir(runs_directory(project)) if entry.is_dir())
    except OSError:
        runs = []
    note = engine_note(project)
    if run == LAST_RUN:
        ended = [name for name in runs if note is None or name != note.run_id]
        if not ended:
            raise UsageError(f"{project} has no run that has ended")
        run = ended[-1]
    elif run not in runs:
        listed = ", ".join(runs[-MOST_RUNS_SAID:]) or "none"
        raise UsageError(f'{project} has no run "{run}"{did_you_mean(run, runs)}; there are {listed}')
    is_this = note is not None and note.run_id == run
    return runs_directory(project) / run / "logs", note if is_this else None


def _follow(printer: LogPrinter, note: EngineNote) -> None:
    """Print what arrives until the engine has ended."""
    while is_running(note.project) and not _is_succeeded(note):
        if not printer.print_new():
            time.sleep(LOOK_EVERY_S)
    printer.print_new()
    narrate(f"{note.project} has ended")


def _is_succeeded(note: EngineNote) -> bool:
    """Whether another engine of the project runs already; it has a store of its own."""
    newer = read_note(engine_note_path(note.project))
    return newer is not None and newer.run_id != note.run_id


def _running_names(note: EngineNote | None) -> set[str]:
    """The replicas of the running engine; empty where none answers, for its logs can be read all the same."""
    if note is None:
        return set()
    try:
        return {row.name for row in client_of(note).fleet().rows} | {"engine"}
    except EngineUnreachable as trouble:
        narrate(f"{trouble}; its logs are readable all the same")
        return set()


def _complain_of(unknown: list[str], known: set[str], project: str) -> ExitCode:
    choices = sorted(known | {name.partition(".")[0] for name in known})
    for name in unknown:
        complain(f'{project} has no records of a worker "{name}"{did_you_mean(name, choices)}')
    narrate(f"there are {listed(known)}" if known else "there are no records at all")
    return ExitCode.REFUSED
