"""A run as one HTML page: states, charts, errors and events, with nothing that is fetched or executed.

All text of workers is escaped, and control characters are gone; charts are SVG in the page (w3.org/TR/SVG2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from msgspec.structs import replace

from supervisor.api.history import Series, SubjectHistory
from supervisor.logs.inert import inert
from tui.render.plot import nice_top, words_of

WIDTH, HEIGHT = 320, 64
"""Of a chart, in its own units."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1f24; --paper: #fbfbfa; --line: #d9d9d4; --dim: #6b7078; --mark: #2f6fb0;
  --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e4e0; --paper: #16181c; --line: #33373e; --dim: #9aa0a8;
  --mark: #7fb2e8; --bad: #ff8a80; } }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; } p { margin: .2rem 0; }
.dim { color: var(--dim); } .bad { color: var(--bad); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--dim); font-size: .8rem; text-transform: uppercase; }
th, td:first-child { white-space: nowrap; } td.n, th.n { text-align: right; }
.charts { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1rem; margin-bottom: 1rem; }
@media (max-width: 48rem) { .charts { grid-template-columns: 1fr; } }
figure { margin: 0; }
figcaption { font-size: .85rem; color: var(--dim); display: flex; justify-content: space-between; }
svg { width: 100%; height: 4rem; display: block; border-bottom: 1px solid var(--line); }
svg path { fill: var(--mark); fill-opacity: .18; stroke: var(--mark); stroke-width: 1.5;
  vector-effect: non-scaling-stroke; }
pre { overflow-x: auto;
  background: color-mix(in srgb, var(--ink) 6%, transparent); padding: .75rem; font-size: .85rem; }
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, and cells as they are to be read; those of `numbers` stand at the right."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error with its traceback."""

    title: str
    text: str


def text_of(words: str) -> str:
    """Words of a worker, as HTML that shows them and does nothing."""
    return escape(inert(words))


def page(
    title: str,
    lines: Iterable[str],
    tables: Iterable[Table],
    histories: Sequence[SubjectHistory],
    step_s: float,
    troubles: Iterable[Trouble] = (),
) -> str:
    """The whole document.

    Args:
        lines: sentences below the title, the first of them the most important.
        histories: what is drawn, a row for each, a chart for each figure that is not nothing all the time.
        step_s: from one value to the next.
    """
    body = [f"<h1>{text_of(title)}</h1>", *(f'<p class="dim">{text_of(line)}</p>' for line in lines)]
    tables = list(tables)
    body += [_table(table) for table in tables[:1]]
    histories, count = _from_the_first(histories)
    charts = [row for row in (_charts(history, step_s) for history in histories) if row]
    if charts:
        body.append(f"<h2>The last {_span(count * step_s)}</h2>{''.join(charts)}")
    body += [_table(table) for table in tables[1:]]
    body += [f"<h2>{text_of(one.title)}</h2><pre>{text_of(one.text)}</pre>" for one in troubles]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{text_of(title)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    ranks = [' class="n"' if heading in table.numbers else "" for heading in table.headings]
    head = "".join(f"<th{rank}>{text_of(one)}</th>" for one, rank in zip(table.headings, ranks, strict=True))
    rows = "".join(
        "<tr>" + "".join(f"<td{rank}>{text_of(cell)}</td>" for cell, rank in zip(row, ranks, strict=True)) + "</tr>"
        for row in table.rows
    )
    return f'<h2>{text_of(table.title)}</h2><div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _from_the_first(histories: Sequence[SubjectHistory]) -> tuple[list[SubjectHistory], int]:
    """`histories` without what is before the first value of any of them, and how many values that leaves."""
    count = max((_measured(series.values) for history in histories for series in history.series), default=0)
    return [
        replace(
            history,
            series=tuple(replace(series, values=series.values[-count:] if count else ()) for series in history.series),
        )
        for history in histories
    ], count


def _measured(values: Sequence[float | None]) -> int:
    """How many values there are from the first on that was measured."""
    return next((len(values) - place for place, value in enumerate(values) if value is not None), 0)


def _charts(history: SubjectHistory, step_s: float) -> str:
    """A row of charts, one for each figure in its own column; nothing where all were nothing all the time."""
    known = [[value for value in series.values if value is not None] for series in history.series]
    if not any(any(values) for values in known):
        return ""
    charts = [
        _chart(history.name, series, values, step_s) if any(values) else _no_chart(history.name, series)
        for series, values in zip(history.series, known, strict=True)
    ]
    return f'<div class="charts">{"".join(charts)}</div>'


def _no_chart(name: str, series: Series) -> str:
    label = text_of(f"{name}: {series.figure}")
    return f'<figure class="none"><figcaption><span>{label}</span><span>nothing</span></figcaption></figure>'


def _chart(name: str, series: Series, known: list[float], step_s: float) -> str:
    top = nice_top(max(known), series.unit)
    label = f"{name}: {series.figure}"
    now = f"now {words_of(series.unit, known[-1])}, most {words_of(series.unit, max(known))}"
    seconds = _span(len(series.values) * step_s)
    return (
        f"<figure><figcaption><span>{text_of(label)}</span><span>{text_of(now)}</span></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{text_of(f"{label} over {seconds}, {now}")}">{_area(series.values, top)}</svg></figure>'
    )


def _area(values: Sequence[float | None], top: float) -> str:
    """A path for each stretch in which something was measured."""
    step = WIDTH / max(1, len(values) - 1)
    stretches: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append((place * step, HEIGHT - HEIGHT * min(value, top) / top))
    paths = []
    for points in filter(None, stretches):
        line = " ".join(f"L{x:.1f} {y:.1f}" for x, y in points)
        paths.append(f'<path d="M{points[0][0]:.1f} {HEIGHT} {line} L{points[-1][0]:.1f} {HEIGHT} Z"/>')
    return "".join(paths)


def _span(seconds: float) -> str:
    if seconds >= 7200:
        return f"{seconds / 3600:.0f} hours"
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def moment_text(at: float) -> str:
    """``2026-11-22 14:05:01``, in local time."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
