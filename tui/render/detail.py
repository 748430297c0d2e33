"""One replica in full, as lines: what runs, how it was started and why, processes, exits, channels, last traceback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from supervisor.api.messages import ChannelRow, CheckState, ExitRecord, ReplicaRow, TreeProcess, WorkerDetail
from supervisor.api.pools import PoolRow
from supervisor.lifecycle.events import Timer
from supervisor.lifecycle.states import State
from tui.actions import key_of
from tui.render.channel_words import FLOWING, state_words
from tui.render.facts import LABEL, fact, heading
from tui.render.figures import count, depth_bar, duration, percent, plural, size, sparkline, time_left
from tui.render.fleet_rows import CPU_HISTORY_HIGH, depth_text, doing_line, pool_doing
from tui.render.glyphs import STATE_TONES, Glyphs, shown_state
from tui.render.life_words import advice, next_words, waiting_words
from tui.render.log_lines import traceback_lines
from tui.render.pieces import Line, Piece, Tone, fit_line, plain
from tui.render.zone import Offset, local
from tui.situation import Access


def detail_lines(
    row: ReplicaRow,
    detail: WorkerDetail | None,
    channels: Mapping[str, ChannelRow],
    glyphs: Glyphs,
    now_s: float,
    width: int,
    utc_offset_s: Offset,
    local_offset_s: Offset = 0.0,
    pool: PoolRow | None = None,
    *,
    has_keys: bool = True,
    is_live: bool = True,
    access: Access = "all",
) -> list[Line]:
    """All that is known of one replica; `detail` None while the engine has not answered yet.

    `utc_offset_s` makes a Unix timestamp a local time, `local_offset_s` one of the monotonic clock.
    `pool` is the first of its pools; `has_keys`: whoever reads it can press those that it names;
    `is_live`: there is an engine that can still answer; `access`: what that person may do.
    """
    can_act = has_keys and access == "all"
    has_pool = pool is not None and row.kind == "pool"
    lines = _now(row, glyphs, now_s, width, local_offset_s, has_pool=has_pool)
    if has_keys:
        lines += fact("advice", advice(row, can_act=can_act), width)
    if pool is not None:
        doing = pool_doing(pool, width - LABEL - 6, glyphs)
        key = "  (b)" if has_keys else ""
        lines.append(fit_line(((f" {'pool':<{LABEL}}", Tone.DIM), *doing, (key, Tone.DIM)), width, glyphs.ellipsis))
    if detail is not None:
        lines += _checks(detail.checks, glyphs, width)
    lines += _channels(row, channels, glyphs, width)
    if detail is None:
        rest = "asking the engine for the rest" if is_live else "the engine is lost, and with it the rest"
        rest = "the rest was not recorded" if access == "recording" else rest
        return [*lines, (), ((f" {rest}", Tone.DIM),)]
    lines += _what_runs(detail, width)
    lines += _rules(detail, width, has_key=can_act)
    lines += _tree(detail.tree, width)
    lines += _exits(detail.exits, width, utc_offset_s)
    if detail.last_traceback:
        lines += [*heading("Last traceback"), *traceback_lines(detail.last_traceback, width)]
    return lines


def _now(
    row: ReplicaRow, glyphs: Glyphs, now_s: float, width: int, local_offset_s: Offset, *, has_pool: bool
) -> list[Line]:
    """What it is doing and what it takes; how far a pool is, is said elsewhere."""
    word = shown_state(row)
    state: list[Piece] = [
        (f" {glyphs.states[word]} {word}", STATE_TONES[word]),
        (f" for {duration(now_s - row.since_s)}", Tone.DIM),
    ]
    if row.pid is not None:
        state.append((f"   pid {row.pid}", Tone.PLAIN))
    state.append((f"   incarnation {row.incarnation}, {plural(row.restarts, 'restart')}", Tone.DIM))
    lines: list[Line] = [fit_line(tuple(state), width, glyphs.ellipsis)]
    lines += _doing(row, glyphs, now_s, width, local_offset_s)
    if row.progress is not None and row.progress[1] and not has_pool:
        done, total = row.progress
        bar = depth_bar(done, total, 20, is_ascii=glyphs.is_ascii)
        lines += fact("progress", f"{bar} {count(done)} of {count(total)}, {100 * done / total:.0f} %", width)
    if row.cpu_percent is not None and row.rss_bytes is not None:
        history = sparkline(row.cpu_history, 15, 0.0, CPU_HISTORY_HIGH, is_ascii=glyphs.is_ascii)
        processes = f" in {row.processes} processes" if row.processes > 1 else ""
        figures = f"{history} {percent(row.cpu_percent)} % cpu, {size(row.rss_bytes)}{processes}"
        lines += fact("uses", figures, width)
    for warning in row.warnings:
        lines += fact("warning", warning, width, Tone.AMBER)
    if row.last_error:
        lines += fact("error", row.last_error, width, Tone.RED)
    return lines


def _doing(row: ReplicaRow, glyphs: Glyphs, now_s: float, width: int, local_offset_s: Offset) -> list[Line]:
    """What it does, or what it waits for and what comes next, each in full."""
    doing = doing_line(row, now_s, local_offset_s)
    if waiting := waiting_words(row):
        lines = fact("doing", waiting, width, Tone.AMBER if row.state is State.UNREADY else Tone.PLAIN)
        lines += fact("next", next_words(row, now_s, local_offset_s), width)
    elif doing and doing[0][0]:
        lines = [fit_line(((f" {'doing':<{LABEL}}", Tone.DIM), *doing), width, glyphs.ellipsis)]
    else:
        lines = []
    if row.next_step == Timer.AGE.value and row.next_step_s is not None:
        lines += fact("next", f"a fresh process in {time_left(row.next_step_s - now_s)} (max_age)", width)
    return lines


def _checks(checks: Iterable[CheckState], glyphs: Glyphs, width: int) -> list[Line]:
    """Each check with a sign of how it stands, and what its last try said."""
    shown = tuple(checks)
    if not shown:
        return []
    signs = {
        True: (glyphs.states["finished"], Tone.GOOD, "passes"),
        False: (glyphs.states["failed"], Tone.AMBER, "fails"),
        None: (glyphs.states["waiting"], Tone.DIM, "no result yet"),
    }
    lines = heading("Checks")
    for check in shown:
        sign, tone, word = signs[check.is_passing]
        said = f": {plain(check.text)}" if check.text else ""
        pieces: Line = (
            (f" {check.role:<{LABEL - 2}}", Tone.DIM),
            (f"{sign} ", tone),
            (plain(check.what), Tone.PLAIN),
            (f"  {word}{said}", tone if check.is_passing is False else Tone.DIM),
        )
        lines.append(fit_line(pieces, width, glyphs.ellipsis))
    return lines


def _channels(row: ReplicaRow, channels: Mapping[str, ChannelRow], glyphs: Glyphs, width: int) -> list[Line]:
    wanted = [("reads", name) for name in row.reads] + [("writes", name) for name in row.writes]
    known = [(side, channels[name]) for side, name in wanted if name in channels]
    if not known:
        return []
    lines = heading("Channels")
    for side, channel in known:
        depth = depth_text(channel) if channel.depth is not None else channel.name
        bar = ""
        if channel.maxsize and channel.depth is not None:
            bar = depth_bar(channel.depth, channel.maxsize, 10, is_ascii=glyphs.is_ascii) + " "
        flow = f"  put {count(channel.put_total)}, got {count(channel.got_total)}" if channel.kind in FLOWING else ""
        state = plain(state_words(channel))
        note = flow + (f"  {state}" if state else "")
        pieces: Line = ((f" {side:<{LABEL}}", Tone.DIM), (bar + depth, Tone.PLAIN), (note, Tone.DIM))
        lines.append(fit_line(pieces, width, glyphs.ellipsis))
    return lines


def _what_runs(detail: WorkerDetail, width: int) -> list[Line]:
    lines = heading("What runs")
    lines += fact(detail.row.kind, detail.runs, width)
    lines += fact("about", detail.description, width)
    lines += fact("python", detail.python, width)
    lines += fact("in", detail.cwd, width)
    for name, value in detail.environment.items():
        lines += fact("env", f"{name}={value}", width)
    lines += heading("Start method")
    lines += fact(detail.start_method, detail.start_method_meaning, width)
    lines += fact("because", detail.start_method_reason, width)
    return lines


def _rules(detail: WorkerDetail, width: int, *, has_key: bool) -> list[Line]:
    lines = heading("Rules")
    lines += fact("depends on", ", ".join(detail.depends_on), width)
    lines += fact("schedule", detail.schedule, width)
    lines += fact("restart", detail.restart_policy, width)
    lines += fact("group", detail.group, width)
    lines += fact("stop", detail.stop_policy, width)
    lines += fact("limits", ", ".join(detail.limits), width)
    return lines + _log_level(detail, width, has_key=has_key)


def _log_level(detail: WorkerDetail, width: int, *, has_key: bool) -> list[Line]:
    """The level of its loggers, those that have one of their own, and whether it goes by them already."""
    if not detail.row.log_level:
        return []
    own = [f"{logger} {level}" for logger, level in detail.log_levels.items() if logger]
    key = f"  ({key_of('worker_level')} changes it)" if has_key else ""
    lines = fact("log level", ", ".join((detail.row.log_level, *own)) + key, width)
    if not detail.follows_log_levels:
        lines += fact("", "not taken up yet: it does so when it logs next, or waits", width, Tone.AMBER)
    return lines


def _tree(tree: Iterable[TreeProcess], width: int) -> list[Line]:
    processes = tuple(tree)
    if not processes:
        return []
    depths: dict[int, int] = {}
    lines = heading("Processes")
    for process in processes:
        depth = depths.get(process.parent_pid, -1) + 1
        depths[process.pid] = depth
        pieces: Line = (
            (f" {process.pid:>8} {size(process.rss_bytes):>6} ", Tone.DIM),
            ("  " * depth + plain(process.command), Tone.PLAIN),
        )
        lines.append(fit_line(pieces, width))
    return lines


def _exits(exits: Iterable[ExitRecord], width: int, utc_offset_s: Offset) -> list[Line]:
    newest_first = tuple(exits)[::-1]
    if not newest_first:
        return []
    lines = heading("Exits, newest first")
    for exit_record in newest_first:
        ended = local(exit_record.ended_at, utc_offset_s)
        lived = duration(exit_record.ended_at - exit_record.started_at)
        pieces: Line = (
            (f" {ended:%H:%M:%S} ", Tone.DIM),
            (f"#{exit_record.incarnation} after {lived}: ", Tone.DIM),
            (plain(exit_record.cause), Tone.PLAIN if exit_record.ok else Tone.RED),
        )
        lines.append(fit_line(pieces, width))
    return lines
