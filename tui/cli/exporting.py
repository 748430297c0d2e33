"""`procdeck export`: the run as one HTML file, charts and tables, to look at anywhere."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervisor.journal import JOURNAL_NAME, read_journal
from tui.cli.errors import read_errors, traceback_text
from tui.cli.exits import ExitCode
from tui.cli.locating import client_of, find_logs
from tui.cli.plotting import seconds_of
from tui.cli.stacks import write_file
from tui.cli.status import CHANNEL_HEADINGS, NUMBERS, REPLICA_HEADINGS, channel_cells, replica_cells
from tui.cli.telling import narrate, tell
from tui.render.figures import rate, size
from tui.render.page import Table, Trouble, moment_text, page

if TYPE_CHECKING:
    from supervisor.api.history import HistoryReply
    from supervisor.api.messages import Event, Fleet
    from supervisor.api.pools import PoolRow
    from supervisor.logs.errors import ErrorGroup

_POOL_HEADINGS: Final = ("POOL", "STATE", "DONE", "FAILED", "RETRIED", "ITEMS/S", "MEMBERS")
EVENTS_KEPT: Final = 200
ERRORS_KEPT: Final = 20


def export(project: str | None, *, output: Path | None, last: str) -> ExitCode:
    """Write the page and tell where it is. Of a run that is over: its errors and events."""
    seconds = seconds_of(last)
    found, log_directory, note = find_logs(project)
    fleet, history = None, None
    if note is not None:
        client = client_of(note)
        fleet, history = client.fleet(), client.history((), seconds)
    else:
        narrate(f"{found} is not running; its states and charts are gone, its errors and events are there")
    events = read_journal(log_directory.parent / JOURNAL_NAME).events[-EVENTS_KEPT:]
    groups = read_errors(log_directory).groups(())[:ERRORS_KEPT]
    path = output or Path(f"procdeck-{found}-{time.strftime('%Y%m%d-%H%M%S')}.html")
    content = page_text(found, log_directory.parent.name, fleet, history, events, groups, time.time()).encode()
    write_file(path, content)
    tell(str(path))
    narrate(f"{size(len(content))}, readable by you alone; it needs nothing but a browser")
    return ExitCode.OK


def page_text(
    project: str,
    run: str,
    fleet: Fleet | None,
    history: HistoryReply | None,
    events: tuple[Event, ...] | list[Event],
    groups: tuple[ErrorGroup, ...],
    now_at: float,
) -> str:
    """The document of one run."""
    lines = [f"run {run}, written {moment_text(now_at)}"]
    tables = []
    if fleet is not None:
        lines.insert(0, f"{fleet.phase}{f': {fleet.outcome}' if fleet.outcome else ''}")
        offset_s = time.localtime(now_at).tm_gmtoff + now_at - time.monotonic()
        rows = [replica_cells(row, fleet.now_s, offset_s) for row in fleet.rows]
        tables.append(Table("Workers", REPLICA_HEADINGS, rows, NUMBERS))
        pools = [_pool_cells(row) for row in fleet.pools]
        tables.append(Table("Pools", _POOL_HEADINGS, pools, frozenset(_POOL_HEADINGS[2:])))
        channels = [channel_cells(channel) for channel in fleet.channels]
        tables.append(Table("Channels", CHANNEL_HEADINGS, channels, NUMBERS))
    failed = [
        (f"{group.count:,}", group.type, group.place, ", ".join(group.workers), group.message.partition("\n")[0])
        for group in groups
    ]
    tables.append(Table("Errors", ("Count", "What", "Where", "Workers", "Message"), failed, frozenset({"Count"})))
    happened = [(moment_text(event.at), event.subject, event.what, event.by) for event in reversed(events)]
    tables.append(Table("Events, the latest first", ("When", "Who", "What", "By"), happened))
    troubles = [Trouble(f"{one.type} at {one.place}", traceback_text(one)) for one in groups if one.traceback]
    subjects = history.subjects if history is not None else ()
    return page(f"procdeck: {project}", lines, tables, subjects, history.step_s if history else 1.0, troubles)


def _pool_cells(row: PoolRow) -> tuple[str, ...]:
    report = row.report
    return (
        row.name,
        report.state,
        f"{report.done:,}" + (f" of {report.total:,}" if report.total is not None else ""),
        f"{report.failed:,}",
        f"{report.retried:,}",
        rate(report.rate),
        str(report.processes),
    )
