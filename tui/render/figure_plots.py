"""The figures of a worker, a queue or a pool as a page of plots."""

from __future__ import annotations

from typing import Final

from supervisor.api.history import Figure, HistoryReply, Series, SubjectHistory
from tui.render.pieces import Line, Tone, plain
from tui.render.plot import plot, words_of

LEAST_HEIGHT: Final = 3
MOST_HEIGHT: Final = 9
_AROUND: Final = 3
"""Lines of a plot beside its area: heading, times, a blank."""
_NAMES: Final[dict[Figure, str]] = {
    "cpu": "Processor",
    "memory": "Memory",
    "log": "Written to its log",
    "depth": "Items waiting",
    "put": "Put",
    "got": "Got",
    "done": "Items done",
    "failed": "Items failed so far",
}
_QUIET: Final = frozenset({"log", "failed"})
"""Not worth a plot while they are nothing."""


def plots_page(reply: HistoryReply, width: int, height: int, *, is_ascii: bool) -> list[Line]:
    """All figures that there are, one below the other, as high as `height` lines let them be."""
    shown = [(subject, series) for subject in reply.subjects for series in subject.series if _is_worth(series)]
    if not shown:
        return [(), ((" Nothing has been measured yet.", Tone.DIM),)]
    each = max(LEAST_HEIGHT, min(MOST_HEIGHT, height // len(shown) - _AROUND))
    has_several = len(reply.subjects) > 1
    lines: list[Line] = []
    for subject, series in shown:
        lines += _plot(subject, series, reply.step_s, width, each, is_ascii=is_ascii, has_several=has_several)
    return lines


def _is_worth(series: Series) -> bool:
    return series.figure not in _QUIET or any(series.values)


def _plot(
    subject: SubjectHistory,
    series: Series,
    step_s: float,
    width: int,
    height: int,
    *,
    is_ascii: bool,
    has_several: bool,
) -> list[Line]:
    known = [value for value in series.values if value is not None]
    whose = f"{plain(subject.name)} ({subject.kind}) " if has_several else ""
    figures = f"   now {words_of(series.unit, known[-1])}, most {words_of(series.unit, max(known))}" if known else ""
    head: Line = ((f" {whose}{_NAMES[series.figure]}", Tone.STRONG), (figures, Tone.PLAIN))
    seconds = len(series.values) * step_s
    *area, times = plot(series.values, series.unit, max(20, width - 1), height, seconds=seconds, is_ascii=is_ascii)
    return [head, *(((f" {line}", Tone.ACCENT),) for line in area), ((f" {times}", Tone.DIM),), ()]
