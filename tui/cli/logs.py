"""`procdeck logs`: the last records of the running engine's store, or of the last run's, and those that follow."""

from __future__ import annotations

import time
from typing import Final

from supervisor.errors import EngineUnreachable
from supervisor.paths import EngineNote, is_running
from tui.cli.exits import ExitCode
from tui.cli.following import LogPrinter
from tui.cli.locating import client_of, find_logs
from tui.cli.telling import complain, did_you_mean, narrate
from tui.cli.wanted import Wanted

LOOK_EVERY_S: Final = 0.1
"""Between two looks at files that others write; the store has nothing to wait on that crosses processes."""


def show_logs(project: str | None, names: tuple[str, ...], *, follow: bool, count: int) -> ExitCode:
    """Print the last `count` records of `names` (all workers without any); with `follow`, go on until interrupted."""
    found, directory, note = find_logs(project)
    wanted = Wanted(names)
    known = _running_names(note)
    if known and (unknown := wanted.unknown(known)):
        return _complain_of(unknown, known, found)
    if note is None:
        narrate(f"{found} is not running; these are the logs of its last run")
    printer = LogPrinter(directory, wanted)
    try:
        printed = printer.print_last(count)
        if not known and printed < count and (unknown := wanted.unknown(wanted.met)):
            return _complain_of(unknown, wanted.met, found)
        if follow and note is not None:
            _follow(printer, note)
    finally:
        printer.close()
    return ExitCode.OK


def _follow(printer: LogPrinter, note: EngineNote) -> None:
    """Print what arrives until the engine has ended."""
    while is_running(note.project):
        if not printer.print_new():
            time.sleep(LOOK_EVERY_S)
    printer.print_new()
    narrate(f"{note.project} has ended")


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
    narrate(f"there are {', '.join(sorted(known))}" if known else "there are no records at all")
    return ExitCode.REFUSED
