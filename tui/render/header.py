"""The line at the top, the banner below it, and the title of a pane, as text."""

from __future__ import annotations

from collections import Counter

from supervisor.api.messages import Fleet
from tui.render.channel_words import dead_letters
from tui.render.figures import count, duration, percent, plural, size
from tui.render.glyphs import STATE_ORDER, STATE_TONES, Glyphs, shown_state
from tui.render.pieces import Line, Piece, Tone, fit_line, line_width, plain, spread


def header(fleet: Fleet | None, project: str, clock: str, width: int, glyphs: Glyphs, *, is_lost: bool = False) -> Line:
    """The top line in exactly `width` cells: project, phase, replicas by state, log counts, engine, clock.

    `is_lost`: the engine cannot be heard, and all else is what it said last.
    """
    left: list[Piece] = [(" procdeck ", Tone.DIM), (f"{project} ", Tone.STRONG)]
    if fleet is None:
        return spread(tuple(left), ((clock + " ", Tone.DIM),), width)
    if fleet.simulation:
        left.append((" simulated", Tone.AMBER))
    if is_lost:
        left.append((" stopped", Tone.AMBER) if fleet.phase == "stopping" else (" lost", Tone.RED))
    elif fleet.phase != "running":
        left.append((f" {fleet.phase}", Tone.GOOD if fleet.phase == "completed" else Tone.AMBER))
    right = _trouble_counts(fleet)
    warned = _warned(fleet)
    counts = Counter(shown_state(row) for row in fleet.rows)
    wordy, short = (state_counts(counts, glyphs, is_wordy=is_wordy) for is_wordy in (True, False))
    if line_width((*left, *short, *warned, *right)) + 2 <= width:
        right = (*warned, *right)
    left.extend(wordy if line_width((*left, *wordy)) + line_width(right) + 2 <= width else short)
    engine = f"   engine {percent(fleet.engine.cpu_percent)} %  {size(fleet.engine.rss_bytes)}"
    if line_width(tuple(left)) + line_width(right) + len(engine) + 14 <= width:
        right = (*right, (engine, Tone.DIM))
    if line_width(tuple(left)) + line_width(right) + len(clock) + 3 <= width:
        right = (*right, (f"  {clock}", Tone.DIM))
    return spread(tuple(left), (*right, (" ", Tone.PLAIN)), width)


def state_counts(counts: Counter[str], glyphs: Glyphs, *, is_wordy: bool) -> Line:
    """``◉ 5 running  ✗ 1 failed``; without the words where there is no room."""
    pieces: list[Piece] = []
    for word in STATE_ORDER:
        if counts[word]:
            tail = f" {word}" if is_wordy else ""
            pieces.append((f"  {glyphs.states[word]} {counts[word]}{tail}", STATE_TONES[word]))
    return tuple(pieces)


def _warned(fleet: Fleet) -> Line:
    """How many workers a person was warned of; the key that tells of all of them."""
    warned = sum(bool(row.warnings) for row in fleet.rows)
    return ((f"  {warned} warned (h)", Tone.AMBER),) if warned else ()


def _trouble_counts(fleet: Fleet) -> Line:
    pieces: list[Piece] = []
    dead = sum(channel.dead_letters for channel in fleet.channels)
    if dead:
        pieces.append((f"  {dead_letters(dead)}", Tone.AMBER))
    if fleet.log.trouble:
        pieces.append(("  log not stored", Tone.RED))
    if fleet.log.lost:
        pieces.append((f"  {count(fleet.log.lost)} records lost", Tone.RED))
    if fleet.log.warnings:
        pieces.append((f"  {_counted(fleet.log.warnings, 'warning')}", Tone.AMBER))
    if fleet.log.errors:
        pieces.append((f"  {_counted(fleet.log.errors, 'error')}", Tone.RED))
    return tuple(pieces)


def _counted(number: int, noun: str) -> str:
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def live_workers(fleet: Fleet | None) -> int:
    """How many replicas have a process."""
    return sum(row.pid is not None for row in fleet.rows) if fleet else 0


def lost_banner(
    cause: str, last_seen_ago_s: float | None, retry_in_s: float, log_directory: str, *, is_ended: bool = False
) -> str:
    """What a person reads when the engine does not answer; `is_ended`: its guardian has ended all workers."""
    if is_ended:
        seen = "" if last_seen_ago_s is None else f" Last seen {duration(last_seen_ago_s)} ago, as below."
        logs = f" Logs: {log_directory}" if log_directory else ""
        way = "q quits; when it is started again, it is shown here."
        return f"Engine lost: {plain(cause)}. Every worker has ended with it.{seen} {way}{logs}"
    seen = "" if last_seen_ago_s is None else f" Last seen {duration(last_seen_ago_s)} ago."
    retry = f" Trying again in {duration(retry_in_s + 0.99)}." if retry_in_s > 0 else " Trying again now."
    logs = f" Logs: {log_directory}" if log_directory else ""
    return f"Engine lost: {plain(cause)}.{seen}{retry}{logs}"


def completed_banner(outcome: str) -> str:
    """The good news: everything is done, and where the result is."""
    return f"Completed: {plain(outcome)}" if outcome else "Completed: no worker runs, and none will start by itself."


def stopping_banner(fleet: Fleet) -> str:
    """What the stop still waits for."""
    why = run_ended_by(fleet)
    waiting = [row.name for row in fleet.rows if row.pid is not None]
    if not waiting:
        return f"{why}Stopping all: every worker is at rest; the engine ends now."
    names = ", ".join(waiting[:4]) + (f" and {len(waiting) - 4} more" if len(waiting) > 4 else "")
    return f"{why}Stopping all: waiting for {plural(len(waiting), 'worker')}: {plain(names)}"


def stopped_banner(fleet: Fleet) -> str:
    """What a person reads when the engine has stopped everything and is gone."""
    logs = f" Logs: {fleet.log.directory}" if fleet.log.directory else ""
    return f"{run_ended_by(fleet)}Stopped: the engine stopped everything and has ended. q quits.{logs}"


def run_ended_by(fleet: Fleet) -> str:
    """Which significant worker's end is the end of the run, as a sentence before others; empty where none is."""
    if fleet.exit_code is None:
        return ""
    who = plain(fleet.outcome).rstrip(".") or "A worker has ended, for which the run is"
    return f"{who} (exit code {fleet.exit_code}). "


def pane_title(title: str, notes: Line, chip: Line, width: int) -> Line:
    """A pane's first line: its title, what is special about what it shows, and its state at the right."""
    left: Line = ((f" {title} ", Tone.STRONG), *notes)
    return spread(left, chip, width) if chip else fit_line(left, width)
