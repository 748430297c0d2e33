"""`procdeck events`: who did what, when and why, from the running engine or from the journal of the last run.

::

    engine up     GET /v1/events?after=CURSOR&wait=S ──┐
    engine gone   <run>/journal.ndjson ────────────────┴──> the wanted ones ──> stdout
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervisor.errors import EngineUnreachable
from supervisor.journal import JOURNAL_NAME, read_journal
from supervisor.logs.printing import LEVEL_COLOURS
from supervisor.paths import EngineNote
from tui.cli.ending import wait_until_gone
from tui.cli.exits import ExitCode
from tui.cli.locating import client_of, find_logs
from tui.cli.telling import complain, did_you_mean, listed, narrate, one_line, tell_block, wants_color

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from supervisor.api.client import EngineClient
    from supervisor.api.messages import Event, Fleet

FOLLOW_STEP_S: Final = 30.0
"""How long one request waits for an event; there are as many as it takes."""

_OTHERS: Final = frozenset({"engine"})
"""Subjects that are no replica."""


def show_events(project: str | None, names: tuple[str, ...], *, follow: bool, count: int, as_json: bool) -> ExitCode:
    """Print the last `count` events of `names` (all without any); with `follow`, go on until interrupted."""
    found, log_directory, note = find_logs(project)
    journal = log_directory.parent / JOURNAL_NAME
    printer = EventPrinter(names, as_json=as_json)
    if note is None:
        events = read_journal(journal).events
        if unknown := _unknown(names, {event.subject for event in events}):
            return _complain_of(unknown, {event.subject for event in events}, found)
        narrate(f"{found} is not running; these are the events of its last run")
        printer.print_last(events, count)
        return ExitCode.OK
    client = client_of(note)
    fleet = client.fleet()
    printer.name_width = max((len(row.name) for row in fleet.rows), default=0)
    return _show_running(client, fleet, note, journal, printer, names, follow=follow, count=count)


def _show_running(
    client: EngineClient,
    fleet: Fleet,
    note: EngineNote,
    journal: Path,
    printer: EventPrinter,
    names: tuple[str, ...],
    *,
    follow: bool,
    count: int,
) -> ExitCode:
    reply = client.events()
    events = reply.events
    if reply.missed and len(printer.wanted(events)) < count:
        events = read_journal(journal).events or events
    known = _subjects(fleet) | {event.subject for event in events}
    if unknown := _unknown(names, known):
        return _complain_of(unknown, known, note.project)
    printer.print_last(events, count)
    if follow:
        _follow(client, note, journal, printer, max(reply.next_cursor, events[-1].cursor if events else 0))
    return ExitCode.OK


def _subjects(fleet: Fleet) -> set[str]:
    return {row.name for row in fleet.rows} | {channel.name for channel in fleet.channels} | _OTHERS


def _follow(client: EngineClient, note: EngineNote, journal: Path, printer: EventPrinter, cursor: int) -> None:
    """Print what happens until the engine has ended; its last words are in the journal."""
    while True:
        try:
            reply = client.events(cursor, FOLLOW_STEP_S)
        except EngineUnreachable:
            if not wait_until_gone(note.project):
                raise
            printer.print(read_journal(journal, cursor).events)
            narrate(f"{note.project} has ended")
            return
        if reply.missed:
            narrate(f"{reply.missed:,} events came too fast to be told; all are in {journal}")
        printer.print(reply.events)
        cursor = reply.next_cursor


class EventPrinter:
    """Prints the events of some replicas and workers, a line each. Raises BrokenPipeError once stdout is closed."""

    def __init__(self, names: tuple[str, ...], *, as_json: bool) -> None:
        self._names = names
        self._as_json = as_json
        self._is_colored = wants_color(sys.stdout)
        self.name_width = 0
        """Cells of the column of subjects; it grows with what comes."""

    def wanted(self, events: Iterable[Event]) -> list[Event]:
        """Those of the wanted subjects: all, where none was named."""
        if not self._names:
            return list(events)
        return [event for event in events if {event.subject, event.subject.partition(".")[0]} & set(self._names)]

    def print_last(self, events: Iterable[Event], count: int) -> None:
        """Print the last `count` wanted ones."""
        wanted = self.wanted(events)
        self._print(wanted[-count:] if count else [])

    def print(self, events: Iterable[Event]) -> None:
        """Print the wanted ones."""
        self._print(self.wanted(events))

    def _print(self, events: Sequence[Event]) -> None:
        if not events:
            return
        if self._as_json:
            import msgspec

            tell_block("".join(msgspec.json.encode(event).decode() + "\n" for event in events))
            return
        self.name_width = max(self.name_width, *(len(event.subject) for event in events))
        today = datetime.now().astimezone().date()
        lines = [event_line(event, self.name_width, today_is=str(today), colours=self._is_colored) for event in events]
        tell_block("\n".join(lines) + "\n")


def event_line(event: Event, name_width: int, *, today_is: str = "", colours: bool = False) -> str:
    """``14:05:01.123  parse.2  WARNING  exit code 3; restart in 0.5 s  (by policy)``, in local time.

    What somebody has asked for ends with the command line that asks for the same. The date stands before the time
    where it is not `today_is` (``2026-11-22``).
    """
    moment = datetime.fromtimestamp(event.at).astimezone()
    clock = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
    if str(moment.date()) != today_is:
        clock = f"{moment.date()} {clock}"
    by = f"  (by {one_line(event.by)})" if event.by else ""
    level, what = f"{one_line(event.level):<7}", one_line(event.what, longest=2000)
    sgr = LEVEL_COLOURS.get(event.level, "") if colours else ""
    if sgr:
        level, what = (f"\x1b[{sgr}m{text}\x1b[0m" for text in (level, what))
    command = f"  $ {one_line(event.command, longest=2000)}" if event.command else ""
    return f"{clock}  {one_line(event.subject).ljust(name_width)}  {level}  {what}{by}{command}"


def _unknown(names: tuple[str, ...], known: set[str]) -> list[str]:
    legal = known | {name.partition(".")[0] for name in known}
    return [name for name in names if name not in legal]


def _complain_of(unknown: list[str], known: set[str], project: str) -> ExitCode:
    choices = sorted(known | {name.partition(".")[0] for name in known})
    for name in unknown:
        complain(f'{project} has no events of "{name}"{did_you_mean(name, choices)}')
    narrate(f"there are {listed(known)}" if known else "there are no events at all")
    return ExitCode.REFUSED
