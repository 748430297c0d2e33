"""`procdeck errors`: exceptions and crashes by type and place, from the running engine's store or the last run's.

::

    <run>/logs/*.ndjson ── ErrorScan ──┐
    <run>/journal.ndjson ── exits ─────┴─► ErrorBook ──► a table, tracebacks, or JSON
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Final

from supervisor.journal import JOURNAL_NAME, read_journal
from supervisor.logs.errors import ErrorBook, ErrorGroup, ErrorScan, is_of, unix_time
from supervisor.logs.inert import inert
from supervisor.logs.reading import LogReader
from tui.cli.exits import ExitCode
from tui.cli.locating import find_logs
from tui.cli.status import table
from tui.cli.telling import narrate, one_line, tell, tell_block, tell_json
from tui.cli.wanted import query_of
from tui.render.figures import sparkline

if TYPE_CHECKING:
    from pathlib import Path

_HEADINGS: Final = ("COUNT", "LAST", "FIRST", "TREND", "WHAT", "WHERE", "WORKERS", "MESSAGE")
_TREND_CELLS: Final = 8
_NO_FAILURES: Final = frozenset({"skipped"})
_DAY_S: Final = 86400
_NOTHING: Final = "-"


def show_errors(
    project: str | None, names: tuple[str, ...], *, since: str | None, has_tracebacks: bool, as_json: bool
) -> ExitCode:
    """Print what has failed, the latest first; of `names` only, where there are any."""
    since_at = unix_time(query_of((), since=since).since) if since else 0.0
    found, directory, note = find_logs(project)
    if note is None:
        narrate(f"{found} is not running; these are the errors of its last run")
    book = read_errors(directory, since_at)
    groups = tuple(_of_workers(group, frozenset(names)) for group in book.groups(names))
    if as_json:
        tell_json(groups)
        return ExitCode.OK
    if not groups:
        narrate("no errors" + (f" since {since}" if since else "") + (f" in {', '.join(names)}" if names else ""))
        return ExitCode.OK
    tell(errors_text(groups, time.time()))
    if has_tracebacks:
        for group in groups:
            tell_block("\n" + traceback_text(group))
    elif any(group.traceback for group in groups):
        narrate("with --tracebacks: the last traceback of each")
    if book.forgotten:
        narrate(f"{book.forgotten} groups that happened earlier are not shown")
    return ExitCode.OK


def read_errors(log_directory: Path, since_at: float = 0.0) -> ErrorBook:
    """Everything that has failed in a run since a Unix time."""
    exits = read_journal(log_directory.parent / JOURNAL_NAME).events  # first: what led to them is in the store by then
    reader = LogReader(log_directory)
    try:
        while reader.refresh():
            pass
        scan = ErrorScan(reader, since_at)
        while scan.advance():
            pass
    finally:
        reader.close()
    for event in exits:
        is_failure = event.cause and event.level != "INFO" and event.to_state not in _NO_FAILURES
        if is_failure and event.at >= since_at:
            scan.book.add_exit(event.subject, event.ended_incarnation, event.at, event.cause or "")
    return scan.book


def _of_workers(group: ErrorGroup, names: frozenset[str]) -> ErrorGroup:
    """The group, with the workers that are wanted named only; its count is of all of them."""
    if not names:
        return group
    from dataclasses import replace

    return replace(group, workers={name: count for name, count in group.workers.items() if is_of(name, names)})


def errors_text(groups: tuple[ErrorGroup, ...], now_at: float) -> str:
    """One row for each group; all trends are over the same time, from the first error until now."""
    start_at = min(group.first_at for group in groups)
    trends = [group.buckets(start_at, now_at, 2 * _TREND_CELLS) for group in groups]
    highest = max(max(trend) for trend in trends)
    return table(
        _HEADINGS,
        [
            (
                f"{group.count:,}",
                clock_text(group.last_at, now_at),
                clock_text(group.first_at, now_at),
                sparkline(trend, _TREND_CELLS, 0, highest),
                one_line(group.type, 60),
                one_line(group.place, 60) or _NOTHING,
                _workers_text(group.workers),
                one_line(group.message.partition("\n")[0], 100) or _NOTHING,
            )
            for group, trend in zip(groups, trends, strict=True)
        ],
    )


def traceback_text(group: ErrorGroup) -> str:
    """A group in full: what, how often, and the last traceback."""
    head = f"{one_line(group.type)} at {one_line(group.place)}" if group.place else one_line(group.type)
    lines = [f"{head}, {group.count:,} times, last in {group.worker}"]
    lines.append(inert(group.traceback.rstrip("\n") or group.message))
    if group.advice:
        lines.append(f"What to do: {inert(group.advice)}")
    return "\n".join(lines) + "\n"


def clock_text(at: float, now_at: float) -> str:
    """``13:31:26``; with the date where that is not within the last day."""
    there = datetime.fromtimestamp(at).astimezone()
    return there.strftime("%H:%M:%S" if now_at - at < _DAY_S else "%Y-%m-%d %H:%M:%S")


def _workers_text(workers: dict[str, int]) -> str:
    shown = sorted(workers, key=lambda name: (-workers[name], name))
    text = ", ".join(shown[:3])
    return f"{text} and {len(shown) - 3} more" if len(shown) > 3 else text
