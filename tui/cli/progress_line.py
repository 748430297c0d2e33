"""How far pools are, while logs go by: one line that is rewritten on a terminal, else a line now and then.

Nothing that only a terminal understands is written to anything else.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from tui.cli.telling import narrate, narrate_over, one_line
from tui.render.figures import depth_bar, rate
from tui.render.pool_words import is_at_work, left_text, percent_settled, progress_figures, shown_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supervisor.api.pools import PoolRow

EVERY_S: Final = 10.0
"""Between two lines, where they are not rewritten."""
_BAR_CELLS: Final = 10
_COLUMNS: Final = 80
"""Of a terminal that does not say."""


class ProgressLine:
    """What stderr shows of pools. Around whatever else is written to the same terminal: `clear`, then `restore`."""

    def __init__(self, *, is_rewritten: bool | None = None) -> None:
        """`is_rewritten`: None, as stderr is a terminal that can."""
        is_able = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._is_rewritten = is_able if is_rewritten is None else is_rewritten
        self._is_ascii = "utf" not in (getattr(sys.stderr, "encoding", "") or "").lower()
        self._text = ""
        """What is to stand on the terminal."""
        self._stands = ""
        """What does."""
        self._due_s: float | None = None
        self._at_work: dict[str, PoolRow] = {}
        self._told: dict[str, str] = {}

    def show(self, pools: Sequence[PoolRow], now_s: float) -> None:
        """Tell how far `pools` are, and of each that has ended how it did."""
        if self._due_s is None:
            self._due_s = now_s + EVERY_S
        for pool in pools:
            if is_at_work(pool) or (pool.is_live and pool.report.state == "paused"):
                self._at_work[pool.name] = pool
            elif self._has_ended(pool):
                self._end_of(pool)
        if self._is_rewritten:
            self._rewrite()
        elif now_s >= self._due_s:
            self._due_s = now_s + EVERY_S
            self._tell_changes()

    def clear(self) -> None:
        """Take away the line that stands on the terminal."""
        if self._stands:
            narrate_over("")
            self._stands = ""

    def restore(self) -> None:
        """Put it there again, where it was taken away."""
        if self._text != self._stands:
            narrate_over(self._text)
            self._stands = self._text

    def end(self) -> None:
        """Nothing more will be shown: tell how far those are whose end was not seen."""
        self.clear()
        self._text = ""
        for pool in tuple(self._at_work.values()):
            self._end_of(pool)

    def _has_ended(self, pool: PoolRow) -> bool:
        """Whether that is news: it was at work, or has begun and ended between two looks."""
        was_at_work = pool.name in self._at_work
        return was_at_work or (pool.report.state in ("finished", "failed") and pool.name not in self._told)

    def _end_of(self, pool: PoolRow) -> None:
        self._at_work.pop(pool.name, None)
        self._told[pool.name] = ""
        self.clear()
        narrate(end_text(pool))

    def _rewrite(self) -> None:
        bar_cells = _BAR_CELLS if len(self._at_work) == 1 else 0
        parts = [progress_text(pool, bar_cells, is_ascii=self._is_ascii) for pool in self._at_work.values()]
        self._text = "; ".join(parts)[: max(_columns() - 1, 0)]
        self.restore()

    def _tell_changes(self) -> None:
        for name, pool in self._at_work.items():
            text = progress_text(pool)
            if self._told.get(name) != text:
                self._told[name] = text
                narrate(text)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS
    except (OSError, ValueError):
        return _COLUMNS


def progress_text(pool: PoolRow, bar_cells: int = 0, *, is_ascii: bool = False) -> str:
    """``hash: 500/1,000 50 %, 12/s, 40 s left, 2 failed``, with a bar of so many cells before the figures."""
    report, share, left = pool.report, percent_settled(pool.report), left_text(pool)
    bar = ""
    if bar_cells and share is not None:
        bar = depth_bar(share * bar_cells // 100, bar_cells, bar_cells, is_ascii=is_ascii) + " "
    words = [
        f"{bar}{progress_figures(report)}" + (f" {share} %" if share is not None else ""),
        shown_state(pool) if report.state != "running" else f"{rate(report.rate)}/s",
        f"{left} left" if left else "",
        f"{report.failed:,} failed" if report.failed else "",
    ]
    return f"{pool.name}: {', '.join(word for word in words if word)}"


def end_text(pool: PoolRow) -> str:
    """``hash finished: 98 done, 2 failed, 3 tried again in 4.0 s``; of one that was cut short how far it was."""
    report, state = pool.report, pool.report.state
    if state == "finished":
        words = [one_line(report.error) or f"finished: {report.done:,} done"]  # one that was stopped says that itself
    else:
        words = [f"{'failed' if state == 'failed' else 'ended'}: {progress_figures(report)}"]
    others = (
        (report.failed, "failed"),
        (report.retried, "tried again"),
        (report.skipped, "done by an earlier run"),
    )
    words += [f"{number:,} {word}" for number, word in others if number]
    reason = f": {one_line(report.error)}" if report.error and state == "failed" else ""
    return f"{pool.name} {', '.join(words)} in {report.elapsed_s:.1f} s{reason}"
