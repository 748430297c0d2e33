"""`procdeck pools`: how far pools are, one of them in full, what failed in them, and what can be asked of one."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from supervisor.api.pools import PoolRequest
from supervisor.logs.inert import inert
from tui.cli.errors import clock_text
from tui.cli.exits import ExitCode
from tui.cli.locating import client_of, find_engine
from tui.cli.status import table
from tui.cli.telling import narrate, one_line, tell, tell_block, tell_json
from tui.render.figures import count, depth_bar, duration, percent, plural, rate, size
from tui.render.pool_words import (
    left_text,
    members_text,
    percent_settled,
    progress_figures,
    settled,
    shown_state,
    slowest_first,
    took_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supervisor.api.pools import (
        PoolActionName,
        PoolDetail,
        PoolFailure,
        PoolMember,
        PoolReport,
        PoolRow,
        SlowTask,
    )

_HEADINGS: Final = ("POOL", "STATE", "PROGRESS", "RATE", "LEFT", "FAILED", "RETRIED", "MEMBERS", "SLOWEST")
_MEMBER_HEADINGS: Final = ("PID", "STATE", "FOR", "DONE", "LIFE", "START%", "WAIT%", "WORK%", "ITEM")
_SLOW_HEADINGS: Final = ("TOOK", "SLOWEST ITEMS")
_FAILURE_HEADINGS: Final = ("NUMBER", "WHEN", "TRIES", "WHAT", "ERROR", "ITEM")
_BAR_CELLS: Final = 10
_ITEM_CHARACTERS: Final = 60
_TRACEBACKS_IN_DETAIL: Final = 3
_NOTHING: Final = "-"


def show_pools(project: str | None, *, as_json: bool) -> ExitCode:
    """Print all pools of the engine that is meant."""
    client = client_of(find_engine(project))
    if as_json:
        tell_block(client.pools_json().decode() + "\n")
        return ExitCode.OK
    pools = client.pools()
    if pools:
        tell(pools_text(pools, time.monotonic(), is_ascii=_is_ascii()))
    else:
        narrate("no worker has a pool; [pools.NAME] in the profile makes one")
    return ExitCode.OK


def show_pool(project: str | None, name: str, *, as_json: bool) -> ExitCode:
    """Print one pool in full."""
    detail = client_of(find_engine(project)).pool(name)
    if as_json:
        tell_json(detail)
    else:
        tell(detail_text(detail, time.monotonic(), time.time(), is_ascii=_is_ascii()))
    return ExitCode.OK


def show_failures(project: str | None, name: str, *, as_json: bool) -> ExitCode:
    """Print what has failed in one pool, or in all of them, with tracebacks."""
    client = client_of(find_engine(project))
    details = [client.pool(row) for row in ([name] if name else [pool.name for pool in client.pools()])]
    if as_json:
        tell_json({detail.row.name: detail.failures for detail in details})
        return ExitCode.OK
    failing = [detail for detail in details if detail.failures]
    for detail in failing:
        head = f"{detail.row.name}: {_failed_text(detail)}"
        tell_block(f"{head}\n\n{failures_text(detail.failures, time.time())}\n\n")
    if not failing:
        narrate(f"nothing has failed in {name or 'any pool'}")
    return ExitCode.OK


def act_on_pool(
    project: str | None,
    name: str,
    action: PoolActionName,
    *,
    processes: int | None = None,
    index: int | None = None,
    pid: int | None = None,
    as_json: bool,
) -> ExitCode:
    """Ask something of a pool; prints what was asked."""
    wish = PoolRequest(processes=processes, index=index, pid=pid)
    reply = client_of(find_engine(project)).pool_act(name, action, wish)
    if as_json:
        tell_json(reply)
    else:
        tell(one_line(reply.text))
    return ExitCode.OK


def _is_ascii() -> bool:
    return "utf" not in (sys.stdout.encoding or "").lower()


def pools_text(pools: Sequence[PoolRow], now_s: float, *, is_ascii: bool = False) -> str:
    """One row for each pool."""
    return table(_HEADINGS, [_pool_cells(pool, now_s, is_ascii=is_ascii) for pool in pools])


def _pool_cells(pool: PoolRow, now_s: float, *, is_ascii: bool) -> tuple[str, ...]:
    report = pool.report
    slowest = slowest_first(pool, now_s)
    return (
        pool.name,
        shown_state(pool),
        bar_text(report, is_ascii=is_ascii),
        f"{rate(report.rate)}/s" if pool.is_live else _NOTHING,
        left_text(pool) or _NOTHING,
        count(report.failed),
        count(report.retried),
        members_text(report) if pool.is_live else _NOTHING,
        _slowest_text(*slowest[0]) if slowest else _NOTHING,
    )


def bar_text(report: PoolReport, *, is_ascii: bool = False, cells: int = _BAR_CELLS) -> str:
    """A bar, how many of how many, and the percentage; without a bar where nobody knows how many there are."""
    share = percent_settled(report)
    if share is None:
        return progress_figures(report)
    bar = depth_bar(share * cells // 100, cells, cells, is_ascii=is_ascii)
    return f"{bar} {progress_figures(report)} {share} %"


def _item_text(index: int | None, item: str, longest: int = _ITEM_CHARACTERS) -> str:
    """``#41 'ast.py'``."""
    number = "" if index is None else f"#{index} "
    return number + one_line(item, longest)


def _slowest_text(took: float, task: SlowTask) -> str:
    return f"{_took_text(took, task)} {_item_text(task.index, task.item, 30)}"


def _took_text(took: float, task: SlowTask) -> str:
    return took_text(took) + (" still" if task.is_running else "")


def detail_text(detail: PoolDetail, now_s: float, now_at: float, *, is_ascii: bool = False) -> str:
    """One pool in full: how far it is, its members, what took long, what failed."""
    row, report = detail.row, detail.row.report
    parts = ["\n".join(_facts(detail, is_ascii=is_ascii))]
    if row.is_live and report.members:
        parts.append(table(_MEMBER_HEADINGS, [_member_cells(member, now_s) for member in report.members]))
    slow = [(_took_text(took, task), _item_text(task.index, task.item)) for took, task in slowest_first(row, now_s)]
    if slow:
        parts.append(table(_SLOW_HEADINGS, slow))
    if detail.failures:
        parts.append(failures_text(detail.failures, now_at, tracebacks=_TRACEBACKS_IN_DETAIL))
        if len(detail.failures) > _TRACEBACKS_IN_DETAIL:
            parts.append(f"procdeck pools {row.name} --failures shows all tracebacks")
    return "\n\n".join(parts)


def _facts(detail: PoolDetail, *, is_ascii: bool) -> list[str]:
    row, report = detail.row, detail.row.report
    what = f"{one_line(report.function) or 'no function yet'}{f' by {report.method}' if report.method else ''}"
    left = left_text(row)
    facts = [
        f"{row.name}: {shown_state(row)}, {what}" + (f", of {row.replica}" if row.replica != row.name else ""),
        bar_text(report, is_ascii=is_ascii, cells=2 * _BAR_CELLS)
        + (f", {rate(report.rate)}/s" if row.is_live else "")
        + (f", {left} left" if left else ""),
        _counts(report),
    ]
    if report.error:
        facts.append(one_line(report.error))
    if report.results:
        facts.append(f"results: {one_line(report.results)}")
    travel = [
        f"{word} {size(number)}"
        for word, number in (("items", report.item_bytes), ("results", report.result_bytes))
        if number
    ]
    shares = [
        f"{word} {100 * share:.0f} %"
        for word, share in (("start", report.start_share), ("wait", report.wait_share), ("work", report.work_share))
    ]
    if any((report.start_share, report.wait_share, report.work_share)):
        facts.append(f"time of members: {', '.join(shares)}, {100 * report.pickle_share:.0f} % of the work in pickling")
    if travel:
        facts.append(f"on average: {', '.join(travel)}; {plural(report.chunksize, 'item')} at a time")
    if detail.start_method_meaning:
        facts.append(f"{report.start_method}: {detail.start_method_meaning}")
    if detail.start_method_cost:
        facts.append(f"seen here: {detail.start_method_cost}")
    return facts + [f"advice: {one_line(advice)}" for advice in report.advice]


def _counts(report: PoolReport) -> str:
    counts = [f"{report.done:,} done", f"{report.failed:,} failed"]
    others = (
        (report.retried, "tried again"),
        (report.skipped, "done by an earlier run"),
        (report.in_flight, "in hand"),
        (report.waiting, "waiting"),
    )
    counts += [f"{number:,} {word}" for number, word in others if number]
    text = f"{', '.join(counts)}; {plural(len(report.members), 'member')} of {report.processes}"
    return text + (f", {report.replaced:,} died and replaced" if report.replaced else "")


def _member_cells(member: PoolMember, now_s: float) -> tuple[str, ...]:
    shares = (percent(100 * share) for share in (member.start_share, member.wait_share, member.work_share))
    return (
        str(member.pid),
        member.state,
        _NOTHING if member.since_s is None else duration(now_s - member.since_s),
        count(member.done),
        str(member.generation),
        *shares,
        _item_text(member.index, member.item) or _NOTHING,
    )


def _failed_text(detail: PoolDetail) -> str:
    report = detail.row.report
    all_of_them = f"{report.failed:,} of {settled(report):,} failed"
    shown = len(detail.failures)
    return all_of_them if shown >= report.failed else f"{all_of_them}, the last {shown} of them"


def failures_text(failures: Sequence[PoolFailure], now_at: float, *, tracebacks: int | None = None) -> str:
    """What has failed as a table, then the last `tracebacks` of them in full, all of them with None."""
    rows = [
        (
            str(failure.index),
            clock_text(failure.at, now_at) if failure.at else _NOTHING,
            str(failure.attempts),
            failure.kind,
            one_line(failure.error.partition("\n")[0], _ITEM_CHARACTERS) or _NOTHING,
            one_line(failure.item, _ITEM_CHARACTERS) or _NOTHING,
        )
        for failure in failures
    ]
    in_full = [failure for failure in failures if failure.traceback]
    in_full = in_full if tracebacks is None else in_full[-tracebacks:]
    parts = [table(_FAILURE_HEADINGS, rows)]
    parts += [f"{_item_text(failure.index, failure.item)}\n{inert(failure.traceback.rstrip())}" for failure in in_full]
    return "\n\n".join(parts)
