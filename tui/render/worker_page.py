"""The sections of a worker's page that are no pages of their own: what it is, its processes, environment and exits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from supervisor.api.messages import ChannelRow, ExitRecord, ReplicaRow, TreeProcess, WorkerDetail
from supervisor.api.pools import PoolRow
from tui.render.detail import detail_lines
from tui.render.events import clock_words
from tui.render.figures import duration, plural, size, time_left
from tui.render.glyphs import Glyphs
from tui.render.pieces import Line, Piece, Tone, cut_line, fit, fit_line, fold_line, plain, wrap
from tui.render.zone import Offset
from tui.situation import Access

SECTIONS: Final = ("Overview", "Figures", "Processes", "Environment", "Exits", "Stacks", "Log")
RECORDED_SECTIONS: Final = ("Overview", "Figures", "Log")
"""Those of them that a recording can fill."""
FOLDED_LINES: Final = 20
"""Of one command or variable."""
_GAP: Final = 2


def section_line(names: Sequence[str], chosen: int, width: int) -> Line:
    """All names, the chosen one between brackets and standing out, so that it can be told without colours too."""
    pieces: list[Piece] = []
    for index, name in enumerate(names):
        is_chosen = index == chosen
        pieces.append((f"[{name}]" if is_chosen else f" {name} ", Tone.ACCENT if is_chosen else Tone.PLAIN))
    return fit_line(tuple(pieces), width)


def section_at(names: Sequence[str], x: int) -> int | None:
    """Which name stands at the cell `x`."""
    begin = 0
    for index, name in enumerate(names):
        end = begin + len(name) + _GAP
        if begin <= x < end:
            return index
        begin = end
    return None


def overview_lines(
    row: ReplicaRow,
    detail: WorkerDetail | None,
    channels: Mapping[str, ChannelRow],
    glyphs: Glyphs,
    now_s: float,
    width: int,
    utc_offset_s: Offset,
    local_offset_s: Offset,
    pool: PoolRow | None,
    *,
    has_keys: bool = False,
    access: Access = "all",
) -> list[Line]:
    """What it is, how it does and by which rules; what has a section of its own is left out."""
    short = replace(detail, tree=(), exits=(), environment={}) if detail is not None else None
    return detail_lines(
        row, short, channels, glyphs, now_s, width, utc_offset_s, local_offset_s, pool, has_keys=has_keys, access=access
    )


# --- processes ---


def process_lines(tree: Sequence[TreeProcess], width: int, glyphs: Glyphs, *, is_whole: bool = False) -> list[Line]:
    """The tree: each process below the one that started it; with `is_whole` no command is cut."""
    if not tree:
        return _nothing("It has no process now.", width)
    lines: list[Line] = [((f" {'PID':>8} {'CPU%':>6} {'MEMORY':>7} {'THREADS':>7} STATE     COMMAND", Tone.DIM),)]
    depths: dict[int, int] = {}
    for process in tree:
        depth = depths[process.pid] = depths.get(process.parent_pid, -1) + 1
        branch = ("  " * (depth - 1) + f"{glyphs.branch} ") if depth else ""
        cpu = "" if process.cpu_percent is None else f"{process.cpu_percent:.1f}"
        threads = str(process.threads) if process.threads else ""
        head = f" {process.pid:>8} {cpu:>6} {size(process.rss_bytes):>7} {threads:>7} "
        state = fit(process.state, 10)
        pieces: Line = (
            (head, Tone.PLAIN),
            (state, Tone.GOOD if process.state == "running" else Tone.DIM),
            (branch, Tone.DIM),
            (plain(process.command), Tone.STRONG if depth == 0 else Tone.PLAIN),
        )
        lines += fold_line(pieces, width, FOLDED_LINES) if is_whole else [cut_line(pieces, width, glyphs.ellipsis)]
    total = sum(process.rss_bytes for process in tree)
    return [*lines, (), ((f" {count_of(len(tree))}, {size(total)}", Tone.DIM),)]


def count_of(processes: int) -> str:
    """``1 process``, ``3 processes``."""
    return "1 process" if processes == 1 else f"{processes} processes"


# --- environment ---

_ORIGINS: Final = {
    "profile": "from the profile",
    "env-file": "from an environment file, never shown",
    "procdeck": "said to every worker",
}


def environment_lines(
    detail: WorkerDetail, width: int, glyphs: Glyphs, *, is_whole: bool, has_keys: bool = True
) -> list[Line]:
    """What differs from the engine's environment, by where it comes from; with `is_whole` the rest, too."""
    groups: dict[str, list[Line]] = {}
    inherited = 0
    for each in detail.variables:
        if each.origin == "engine" and not is_whole:
            inherited += 1
            continue
        before = f"  (the engine has {plain(each.engine_value)})" if each.engine_value else ""
        pieces: Line = (
            (f"   {plain(each.name)}", Tone.STRONG),
            (f"={plain(each.value)}", Tone.PLAIN),
            (before, Tone.DIM),
        )
        shown = fold_line(pieces, width, FOLDED_LINES) if is_whole else [cut_line(pieces, width, glyphs.ellipsis)]
        groups.setdefault(each.origin, []).extend(shown)
    titles = {**_ORIGINS, "engine": "as the engine has it"}
    lines: list[Line] = []
    for origin in ("profile", "env-file", "procdeck", "engine"):
        if origin in groups:
            lines += [(), ((f" {titles[origin].capitalize()}", Tone.ACCENT),), *groups[origin]]
    if not lines:
        lines = [(), ((" It has the engine's own environment.", Tone.STRONG),)]
    if inherited:
        key = " (v shows all)" if has_keys else ""
        lines += [(), ((f" {plural(inherited, 'more variable')} as the engine has it{key}", Tone.DIM),)]
    return lines


# --- exits ---


def exit_lines(
    detail: WorkerDetail, width: int, glyphs: Glyphs, now_s: float, now_at: float, utc_offset_s: Offset
) -> list[Line]:
    """Each exit, newest first: when, how, after how long, and what came next."""
    if not detail.exits:
        return _nothing("It has not ended yet.", width)
    lines: list[Line] = [((f" {'ENDED':<8}  {'LIFE':>6} {'LIVED':>6}  HOW, AND WHAT CAME NEXT", Tone.DIM),)]
    nexts = [*detail.exits[1:], None]
    for record, after in reversed(list(zip(detail.exits, nexts, strict=True))):
        lived = (
            time_left(record.ended_at - record.started_at)
            if record.ended_at - record.started_at < 10
            else duration(record.ended_at - record.started_at)
        )
        head = f" {clock_words(record.ended_at, utc_offset_s, now_at)}  {'#' + str(record.incarnation):>6} {lived:>6}  "
        pieces: Line = (
            (head, Tone.DIM),
            (plain(record.cause) or "ended", Tone.PLAIN if record.ok else Tone.RED),
            (_code(record), Tone.DIM),
        )
        lines.append(cut_line(pieces, width, glyphs.ellipsis))
        then = _next_words(record, after, detail.row, now_s)
        lines.append(cut_line(((" " * 26 + glyphs.branch + " " + then, Tone.DIM),), width, glyphs.ellipsis))
    if detail.advice:
        lines += [(), *(((f" {part}", Tone.AMBER),) for part in wrap(f"What to do: {plain(detail.advice)}", width - 2))]
    return lines


def _code(record: ExitRecord) -> str:
    return f"  [{record.code}]" if record.code is not None and str(record.code) not in record.cause else ""


def _next_words(record: ExitRecord, after: ExitRecord | None, row: ReplicaRow, now_s: float) -> str:
    """What followed an exit: another life, after a pause, or the state in which it is since."""
    started_at = after.started_at if after is not None else row.started_at
    incarnation = after.incarnation if after is not None else row.incarnation
    if started_at is not None and incarnation > record.incarnation:
        pause_s = max(started_at - record.ended_at, 0.0)
        skipped = f" ({incarnation - record.incarnation - 1} left out)" if incarnation > record.incarnation + 1 else ""
        return f"started again as #{incarnation} after {pause_s:.2f} s{skipped}"
    if row.next_step and row.next_step_s is not None:
        return f"{row.state}: {row.next_step} in {time_left(row.next_step_s - now_s)}"
    return f"{row.state} since"


def _nothing(text: str, width: int) -> list[Line]:
    return [(), *(((f" {part}", Tone.STRONG),) for part in wrap(text, max(width - 2, 12)))]
