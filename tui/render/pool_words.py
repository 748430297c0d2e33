"""What is said of a pool, for the dashboard and the command line alike: how far it is, how fast, what is left."""

from __future__ import annotations

import math
from typing import Final

from supervisor.api.pools import FailureKind, PoolReport, PoolRow, SlowTask
from tui.render.figures import count, time_left
from tui.render.glyphs import Glyphs
from tui.render.pieces import Line, Piece, Tone, plain

ENDED: Final = "ended"
"""The state word of a pool whose process has gone before all was done."""

STOPPED: Final = "stopped"
"""The state word of a pool that was asked to end before all was done."""

AT_REST: Final = "at rest"
"""The state word of a pool whose process has said nothing yet."""

STATE_TONES: Final[dict[str, Tone]] = {
    "starting": Tone.PLAIN,
    "running": Tone.GOOD,
    "paused": Tone.COOL,
    "finishing": Tone.GOOD,
    "finished": Tone.DIM,
    "failed": Tone.RED,
    STOPPED: Tone.DIM,
    ENDED: Tone.AMBER,
    AT_REST: Tone.DIM,
}

_SIGNS: Final = {"finishing": "running", ENDED: "stopped", AT_REST: "stopped"}
"""Whose sign a state has that has none of its own."""

KIND_WORDS: Final[dict[FailureKind, str]] = {
    "exception": "it raised an exception",
    "died": "the process that worked on it died",
    "timed-out": "it took longer than the pool's timeout",
    "exited": "it called sys.exit",
    "lost": "it, or its result, could not be brought across",
    "cancelled": "somebody cancelled it",
}

_LEAST_PATH: Final = 6
"""In fewer cells the end of a path tells nothing."""

_AT_WORK: Final = frozenset({"starting", "running", "finishing"})


def shown_state(row: PoolRow) -> str:
    """The state word a person sees."""
    report, state = row.report, row.report.state
    if state == "starting" and not row.is_live and not report.elapsed_s:
        return AT_REST
    if state == "finished" and report.total is not None and settled(report) < report.total:
        return STOPPED
    return state if row.is_live or state in ("finished", "failed") else ENDED


def state_sign(word: str, glyphs: Glyphs) -> str:
    """The sign of a state word of a pool."""
    return glyphs.states[_SIGNS.get(word, word)]


def is_at_work(row: PoolRow) -> bool:
    """Its items are being done: a rate and what is left mean something."""
    return row.is_live and row.report.state in _AT_WORK


def settled(report: PoolReport) -> int:
    """How many items have an outcome: done, now or by an earlier run, or failed."""
    return report.done + report.skipped + report.failed


def percent_settled(report: PoolReport) -> int | None:
    """Rounded down, so that 100 is all; None while nobody knows how many items there are."""
    if report.total is None:
        return None
    return 100 if settled(report) >= report.total else 100 * settled(report) // report.total


def progress_figures(report: PoolReport) -> str:
    """``1,234/2,000``; ``1,234 done`` while nobody knows how many there are."""
    if report.total is None:
        return f"{count(settled(report))} done"
    return f"{count(settled(report))}/{count(report.total)}"


def progress_bar(report: PoolReport, width: int, glyphs: Glyphs) -> Line:
    """How far it is, in exactly `width` cells, two steps to a cell; what has failed shows at least one red cell."""
    full, half, empty = ("#", "-", ".") if glyphs.is_ascii else ("⣿", "⡇", "⣀")
    total = report.total or 0
    share = min(settled(report) / total, 1.0) if total else float(report.state == "finished")
    halves = int(share * 2 * width)
    cells = halves // 2
    red = min(math.ceil(report.failed / total * width), cells) if report.failed and total else 0
    tail = half if halves % 2 else ""
    pieces: list[Piece] = [(full * (cells - red), Tone.GOOD), (full * red, Tone.RED), (tail, Tone.GOOD)]
    pieces.append((empty * (width - cells - len(tail)), Tone.DIM))
    return tuple(piece for piece in pieces if piece[0])


def progress_line(
    report: PoolReport, width: int, glyphs: Glyphs, *, most_bar: int = 40, figures_width: int = 0
) -> Line:
    """A bar where there is room for one, how many of how many, and the percentage: in at most `width` cells.

    `figures_width`: so many cells for the figures at least, so that the bars of a table are equally long.
    """
    figures, percent = progress_figures(report), percent_settled(report)
    if percent is None:
        return ((figures if settled(report) else "", Tone.PLAIN),)
    figures, tail = f"{figures:>{figures_width}}", f"{percent:>4} %"
    room = min(width - len(figures) - len(tail) - 1, most_bar)
    bar = (*progress_bar(report, room, glyphs), (" ", Tone.PLAIN)) if room >= 3 else ()
    return (*bar, (figures, Tone.PLAIN), (tail, Tone.STRONG))


def left_text(row: PoolRow) -> str:
    """How long it will go on at this rate: ``42 s``; empty where that means nothing."""
    eta_s = row.report.eta_s
    if eta_s is None or not is_at_work(row):
        return ""
    return span(eta_s)


def span(seconds: float) -> str:
    """A stretch of time in whole seconds, rounded up: ``9 s`` ``42 s`` ``3 m 20 s`` ``2 h 05 m``."""
    whole = max(math.ceil(seconds - 1e-6), 0)
    return f"{whole} s" if whole < 60 else time_left(whole)


def took_text(seconds: float) -> str:
    """How long a task took: ``23 ms`` ``2.3 s`` ``42 s`` ``3 m 20 s``."""
    if seconds < 0.9995:
        return f"{1000 * max(seconds, 0.0):.0f} ms"
    return f"{seconds:.1f} s" if seconds < 9.95 else span(seconds)


def took_s(task: SlowTask, row: PoolRow, now_s: float) -> float:
    """How long a task took, or has taken until `now_s` (monotonic) where it still runs."""
    if task.is_running and row.is_live:
        for member in row.report.members:
            if member.pid == task.pid and member.index == task.index and member.since_s is not None:
                return max(now_s - member.since_s, 0.0)
    return task.took_s


def slowest_first(row: PoolRow, now_s: float) -> list[tuple[float, SlowTask]]:
    """The tasks that took longest, each with how long, the longest at the front."""
    timed = [(took_s(task, row, now_s), task) for task in row.report.slowest]
    return sorted(timed, key=lambda each: -each[0])


def numbered(index: int | None, item: str) -> str:
    """``#17 'a.jpg'``; ``#17`` where the item is called by its number alone."""
    number = "" if index is None else f"#{index}"
    return " ".join(word for word in (number, "" if is_number(index, item) else plain(item)) if word)


def numbered_in(index: int | None, item: str, width: int, glyphs: Glyphs) -> str:
    """The same in at most `width` cells; of a path its end, which tells it from others, stays."""
    text = numbered(index, item)
    number, _, path = text.partition(" ") if index is not None else ("", "", text)
    room = width - len(number) - 1
    if "/" not in path or not text.isascii() or len(text) <= width or room < _LEAST_PATH:
        return text
    return f"{number} {glyphs.ellipsis}{path[len(path) - room + 1 :]}".lstrip()


def is_number(index: int | None, item: str) -> bool:
    """Whether what is said of an item is its number and nothing more."""
    return index is not None and item in (str(index), f"item {index}")


def members_text(report: PoolReport) -> str:
    """``3/4``: how many members can work, and how many are wished for."""
    ready = sum(member.state in ("idle", "busy") for member in report.members)
    return f"{ready}/{report.processes}"
