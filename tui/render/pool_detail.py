"""One pool in full, as lines: how far it is, where the time goes, its members, what failed, what took longest, advice.

What changes and what a person may act on stands first; how it was set up stands last.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len

from supervisor.api.pools import PoolDetail, PoolFailure, PoolMember, PoolReport, PoolRow
from tui.render.channel_detail import Item, Page
from tui.render.facts import LABEL, fact, heading
from tui.render.figures import count, duration, plural, rate, size
from tui.render.glyphs import Glyphs
from tui.render.pieces import Line, Piece, Tone, fit, fit_line, line_width, plain, wrap
from tui.render.pool_rows import throughput
from tui.render.pool_shares import share_bar, share_legend, shares
from tui.render.pool_words import (
    STATE_TONES,
    STOPPED,
    is_at_work,
    left_text,
    numbered,
    numbered_in,
    progress_line,
    shown_state,
    slowest_first,
    span,
    state_sign,
    took_text,
)

FAILURES_SHOWN: Final = 20
"""Failures on the page at most; who reads one of them can go on to all the others that the engine keeps."""

NOTED_FROM_S: Final = 1.0
"""What a member has had in hand for less long is not said to take time: that would flicker."""

METHOD_MEANINGS: Final = {
    "map": "results in the order of the items, when all are done",
    "starmap": "as map; each item is unpacked into arguments",
    "imap": "results in the order of the items, as soon as they can be had",
    "imap_unordered": "results in the order in which they come",
    "apply_async": "each item is a call of its own; results in the order in which they come",
}

_MEMBER_TONES: Final = {"starting": Tone.PLAIN, "idle": Tone.DIM, "busy": Tone.GOOD, "leaving": Tone.PLAIN}


def member_item(pid: int) -> str:
    """The id of a member's line on the page."""
    return f"member {pid}"


def failure_item(index: int) -> str:
    """The id of a failure's line on the page."""
    return f"failure {index}"


def item_of(chosen: str | None) -> tuple[int | None, int | None]:
    """The pid of the member, or the index of the failure, whose line it is."""
    kind, _, number = (chosen or "").partition(" ")
    return (int(number) if kind == "member" else None, int(number) if kind == "failure" else None)


def pool_page(row: PoolRow, detail: PoolDetail | None, glyphs: Glyphs, now_s: float, now_at: float, width: int) -> Page:
    """All that is known of one pool; `detail` None while the engine has not answered yet.

    `now_s` is monotonic, `now_at` a Unix timestamp.
    """
    report = row.report
    lines = _now(row, glyphs, width)
    items: list[Item] = []
    if row.is_live and report.members:
        lines += heading(_members_title(report))
        lines.append(_members_head(report))
        for member in report.members:
            items.append(Item(member_item(member.pid), len(lines), 1))
            lines.append(_member(member, report, glyphs, now_s, width))
    failures = newest_failures(detail)
    if failures or report.failed:
        lines += heading(_failures_title(report, detail, len(failures)), Tone.RED)
        lines += [] if detail else [((" asking the engine for them", Tone.DIM),)]
        shown = failures[:FAILURES_SHOWN]
        longest = max((cell_len(numbered(failure.index, failure.item)) for failure in shown), default=0)
        for failure in shown:
            items.append(Item(failure_item(failure.index), len(lines), 1))
            lines.append(failure_line(failure, now_at, min(longest, width // 3), width, glyphs))
        more = len(failures) - FAILURES_SHOWN
        if more > 0:
            lines.append(((f" and {more:,} older ones: enter reads one, right goes on to the next", Tone.DIM),))
    lines += _slowest(row, glyphs, now_s, width)
    lines += _advice(report, glyphs, width)
    lines += _set_up(row, detail, width)
    return Page([fit_line(line, width, glyphs.ellipsis) for line in lines], tuple(items))


def _labelled(label: str, line: Line) -> Line:
    return ((f" {label:<{LABEL}}", Tone.DIM), *line)


def _now(row: PoolRow, glyphs: Glyphs, width: int) -> list[Line]:
    """How far it is and how fast, and where its members' time goes."""
    report, word = row.report, shown_state(row)
    room = width - LABEL - 2
    state: Line = (
        (f" {state_sign(word, glyphs)} {word}", STATE_TONES[word]),
        (f" {'for' if is_at_work(row) or word == 'paused' else 'after'} {span(report.elapsed_s)}", Tone.DIM),
        (f"   {plain(report.function)}", Tone.STRONG),
        (f"  {plain(report.method)}", Tone.DIM),
    )
    lines: list[Line] = [state]
    is_stopped = word == STOPPED
    lines += fact("note" if is_stopped else "error", report.error, width, Tone.PLAIN if is_stopped else Tone.RED)
    lines.append(_labelled("progress", progress_line(report, room, glyphs, most_bar=60)))
    lines.append(_labelled("items", _items(report)))
    lines += fact("speed", _speed(row), width)
    if report.history:
        seconds = len(report.history)
        cells = max(min((seconds + 1) // 2, room - 26), 4)
        best = f" {plural(seconds, 'second')}, most {rate(max(report.history))}/s"
        lines.append(_labelled("history", ((throughput(report, cells, glyphs), Tone.GOOD), (best, Tone.DIM))))
    if parts := shares(report, glyphs):
        lines.append(_labelled("time", share_bar(parts, min(room, 60))))
        lines += [_labelled("", line) for line in share_legend(parts, room)]
    return lines


def _items(report: PoolReport) -> Line:
    """What became of the items, as far as anything did."""
    pieces: list[Piece] = [(f"{count(report.done)} done", Tone.PLAIN)]
    for number, words, tone in (
        (report.failed, "failed", Tone.RED),
        (report.retried, "tried again", Tone.AMBER),
        (report.skipped, "by an earlier run", Tone.DIM),
    ):
        if number:
            pieces += [(", ", Tone.DIM), (f"{count(number)} {words}", tone)]
    return tuple(pieces)


def _speed(row: PoolRow) -> str:
    """The rate of now and what is left at it; of one that is at rest the rate it had."""
    report = row.report
    if is_at_work(row):
        left = left_text(row)
        ahead = f"; {count(report.in_flight)} in hand, {count(report.waiting)} waiting"
        return f"{rate(report.rate)}/s" + (f", {left} left" if left else "") + ahead
    return f"{rate(report.done / report.elapsed_s)}/s on average" if report.done and report.elapsed_s else ""


def _members_title(report: PoolReport) -> str:
    replaced = f", {count(report.replaced)} replaced" if report.replaced else ""
    return f"Members {len(report.members)} of {report.processes}{replaced}"


def _members_head(report: PoolReport) -> Line:
    life = " LIFE" if _tells_lives(report) else ""
    return ((f" {'PID':>7} {'STATE':<8} {'FOR':>4} {'DONE':>7} {'WORK':>5}{life}  ITEM", Tone.DIM),)


def _tells_lives(report: PoolReport) -> bool:
    return any(member.generation > 1 for member in report.members)


def _member(member: PoolMember, report: PoolReport, glyphs: Glyphs, now_s: float, width: int) -> Line:
    """What a member does, since when, and what it has done."""
    busy_s = 0.0 if member.since_s is None else now_s - member.since_s
    share = f"{100 * member.work_share:.0f} %" if member.work_share else ""
    number = f"#{member.generation}" if member.generation > 1 else ""
    life = f" {number:>4}" if _tells_lives(report) else ""
    known: Line = (
        (f" {member.pid:>7} ", Tone.STRONG),
        (f"{member.state:<8} ", _MEMBER_TONES[member.state]),
        (f"{duration(busy_s) if busy_s >= NOTED_FROM_S else '':>4} ", Tone.PLAIN),
        (f"{count(member.done):>7} {share:>5}{life}  ", Tone.DIM),
    )
    item = numbered_in(member.index, member.item, width - line_width(known), glyphs)
    return (*known, (item, Tone.PLAIN))


def newest_failures(detail: PoolDetail | None) -> tuple[PoolFailure, ...]:
    """What failed, newest first; of an item that was tried again and failed again, its last failure only."""
    by_index: dict[int, PoolFailure] = {}
    for failure in reversed(detail.failures if detail else ()):
        by_index.setdefault(failure.index, failure)
    return tuple(by_index.values())


def _failures_title(report: PoolReport, detail: PoolDetail | None, kept: int) -> str:
    if kept > report.failed:
        return "Failures so far, newest first"  # some of them were tried again since
    older = f"; the newest {kept} of them" if detail and kept < detail.row.report.failed else ""
    return f"{plural(report.failed, 'failure')}{older}, newest first"


def failure_line(failure: PoolFailure, now_at: float, item_width: int, width: int, glyphs: Glyphs) -> Line:
    """A failure in one line: how long ago, which item in `item_width` cells, what happened."""
    ago = duration(now_at - failure.at) if failure.at else ""
    item = numbered_in(failure.index, failure.item, item_width, glyphs)
    error = failure.error.partition("\n")[0] or failure.kind
    pieces: Line = (
        (f" {ago:>4} ", Tone.DIM),
        (f"{fit(item, item_width, ellipsis=glyphs.ellipsis)}  ", Tone.PLAIN),
        (plain(error), Tone.DIM if failure.kind == "cancelled" else Tone.RED),
    )
    return fit_line(pieces, width, glyphs.ellipsis)


def _slowest(row: PoolRow, glyphs: Glyphs, now_s: float, width: int) -> list[Line]:
    lines = heading("Slowest") if row.report.slowest else []
    for seconds, task in slowest_first(row, now_s):
        is_running = task.is_running and row.is_live
        who = f"   runs in {task.pid}" if is_running and task.pid is not None else ""
        pieces: Line = (
            (f" {took_text(seconds):>8} ", Tone.AMBER if is_running else Tone.PLAIN),
            (numbered_in(task.index, task.item, width - len(who) - 10, glyphs), Tone.PLAIN),
            (who, Tone.AMBER),
        )
        lines.append(fit_line(pieces, width, glyphs.ellipsis))
    return lines


def _advice(report: PoolReport, glyphs: Glyphs, width: int) -> list[Line]:
    lines: list[Line] = heading("Advice") if report.advice else []
    for sentence in report.advice:
        for at, text in enumerate(wrap(plain(sentence), width - 4)):
            lines.append(((f" {' ' if at else glyphs.bullet} ", Tone.AMBER), (text, Tone.PLAIN)))
    return lines


def _retries(retries: int) -> str:
    if not retries:
        return "none: what fails once has failed"
    return f"an item that fails is tried {'once' if retries == 1 else f'{retries} times'} more"


def _set_up(row: PoolRow, detail: PoolDetail | None, width: int) -> list[Line]:
    """How it was set up, and what that means and costs."""
    report = row.report
    lines = heading("Set-up")
    lines += fact("function", report.function, width)
    meaning = METHOD_MEANINGS.get(report.method, "")
    lines += fact("method", f"{report.method}: {meaning}" if meaning else report.method, width)
    lines += fact("worker", row.replica, width)
    at_a_time = "one" if report.chunksize == 1 else f"{report.chunksize:,}"
    lines += fact("chunks", f"items go to members {at_a_time} at a time", width)
    lines += fact("retries", "" if report.retries is None else _retries(report.retries), width)
    means = detail.start_method_meaning if detail else ""
    lines += fact("start", f"{report.start_method}: {means}" if means else report.start_method, width)
    lines += fact("cost", detail.start_method_cost if detail else "", width)
    sizes = [f"item {size(report.item_bytes)}"] if report.item_bytes else []
    sizes += [f"result {size(report.result_bytes)}"] if report.result_bytes else []
    lines += fact("pickled", ", ".join(sizes) + " on average" if sizes else "", width)
    return lines + fact("results", report.results, width)
