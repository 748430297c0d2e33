"""One item that failed in a pool, with its traceback; left and right go to the newer and older ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from supervisor.api.pools import PoolFailure
from tui.render.facts import fact, heading
from tui.render.figures import plural
from tui.render.log_lines import traceback_lines
from tui.render.pieces import Line, Tone, plain
from tui.render.pool_words import KIND_WORDS, numbered
from tui.render.zone import Offset, local
from tui.screens.reading import ReadingScreen


class FailureScreen(ReadingScreen):
    """Shows one of `failures`, which are in the order in which the page has them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,n", "step(1)", show=False),
        Binding("left,p", "step(-1)", show=False),
        Binding("l", "line", show=False),
    ]
    FOOT = "esc closes   up down scroll   left right newer, older   l its time in the log"

    def __init__(
        self,
        pool: str,
        failures: Sequence[PoolFailure],
        index: int,
        utc_offset_s: Offset,
        go_to_line: Callable[[PoolFailure], None],
    ) -> None:
        super().__init__(f"What failed in {plain(pool)}")
        self._failures = failures
        self._at = next((at for at, failure in enumerate(failures) if failure.index == index), 0)
        self._utc_offset_s = utc_offset_s
        self._go_to_line = go_to_line

    def action_step(self, step: int) -> None:
        """Show the next older failure, or with -1 the next newer one."""
        goal = self._at + step
        if not 0 <= goal < len(self._failures):
            told = "The engine keeps none that is older." if step > 0 else "This is the newest one."
            self.app.notify(told, severity="warning", markup=False)
            return
        self._at = goal
        self.fill(from_top=True)

    def action_line(self) -> None:
        """Close, and go to where the log tells of it."""
        self.dismiss(None)
        self._go_to_line(self._failures[self._at])

    def lines(self, width: int) -> list[Line]:
        failure = self._failures[self._at]
        of = f" ({self._at + 1} of {len(self._failures)}, newest first)" if len(self._failures) > 1 else ""
        return failure_lines(failure, of, self._utc_offset_s, width)


def failure_lines(failure: PoolFailure, place: str, utc_offset_s: Offset, width: int) -> list[Line]:
    """All that is known of a failed item; `place` is where it stands among the others."""
    who = "" if failure.pid is None else f", last by process {failure.pid}"
    when = f"{local(failure.at, utc_offset_s):%Y-%m-%d %H:%M:%S}" if failure.at else ""
    lines = fact("item", f"{numbered(failure.index, failure.item)}{place}", width, Tone.STRONG)
    lines += fact("error", failure.error, width, Tone.RED)
    lines += fact("kind", KIND_WORDS[failure.kind], width)
    lines += fact("tried", f"{plural(failure.attempts, 'time')}{who}", width)
    lines += fact("when", when, width)
    if failure.traceback:
        return [*lines, *heading("Traceback"), *traceback_lines(failure.traceback, width)]
    return [*lines, (), ((" There is no traceback: its code did not raise.", Tone.DIM),)]
