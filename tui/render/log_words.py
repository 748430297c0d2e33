"""What the log says of itself: its title with its state at the right, and the words in place of lines."""

from __future__ import annotations

from dataclasses import dataclass

from supervisor.api.messages import LogState
from supervisor.logs.record import Record
from tui.actions import with_keys
from tui.render.figures import count, plural, size
from tui.render.header import pane_title
from tui.render.pieces import Line, Piece, Tone, plain


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What a person sees of the log, and what it is doing."""

    worker: str = ""
    """The log of this replica only; empty: of all."""
    level: str = ""
    """Of this level or worse only."""
    needle: str = ""
    """The filter, as it was typed."""
    trouble: str = ""
    """Why the filter cannot be used."""
    is_filtering: bool = False
    shown: int = 0
    """Lines that are let through, as far as that is known."""
    total: int = 0
    sought: str = ""
    """What is searched for without hiding lines."""
    search_trouble: str = ""
    is_seeking: bool = False
    hits: int = 0
    has_older_hits: bool = False
    """There may be older ones than those that are known: no more are kept, or the search was stopped."""
    hit: int | None = None
    """Which hit the cursor is on, from 1."""
    waits_for: str = ""
    """What a person has asked to be taken to and is still looked for: ``next error``."""
    marks: int = 0
    is_wrapped: bool = False
    is_following: bool = True
    arrived: int = 0
    """Lines since it was paused."""
    recorded: str = ""
    """In a recording: the time of day at which the log ends with it, or that it does not."""
    store_trouble: str = ""
    """What the disk refuses now."""
    lost: int = 0
    """Records of the workers that are shown which could not be stored."""
    removed_bytes: int = 0
    """What is not kept any more."""


def log_title(facts: LogFacts, width: int) -> Line:
    """The title of the log in exactly `width` cells."""
    notes: list[Piece] = [(f"{plain(facts.worker)} only  " if facts.worker else "all workers  ", Tone.DIM)]
    if facts.level:
        notes.append((f"{facts.level} or worse  ", Tone.AMBER))
    notes += _filter_notes(facts)
    if facts.waits_for:
        notes.append((f"  looking for the {facts.waits_for}, esc stops", Tone.AMBER))
    notes += _search_notes(facts)
    if facts.marks:
        notes.append((f"  {plural(facts.marks, 'mark')}", Tone.ACCENT))
    if facts.is_wrapped:
        notes.append(("  wrapped", Tone.DIM))
    notes += _store_notes(facts)
    chip: Line = ((" FOLLOW ", Tone.GOOD),)
    if facts.recorded:
        chip = ((f" REPLAY {facts.recorded} ", Tone.GOOD),)
    elif not facts.is_following:
        chip = ((f" PAUSED +{plural(facts.arrived, 'line')} ", Tone.AMBER),)
    return pane_title("Log", tuple(notes), chip, width)


def _filter_notes(facts: LogFacts) -> list[Piece]:
    if facts.trouble:
        return [(f"/{plain(facts.needle)}  cannot be used: {plain(facts.trouble)}", Tone.AMBER)]
    searching = ", searching" if facts.is_filtering else ""
    found = f"{count(facts.shown)} of {count(facts.total)}{searching}"
    if facts.needle:
        return [(f"/{plain(facts.needle)}", Tone.AMBER), (f"  {found}  esc clears", Tone.DIM)]
    return [(found if facts.level or facts.worker else count(facts.total), Tone.DIM)]


def _search_notes(facts: LogFacts) -> list[Piece]:
    if facts.search_trouble:
        return [(f"  F {plain(facts.sought)}  cannot be used: {plain(facts.search_trouble)}", Tone.AMBER)]
    if not facts.sought:
        return []
    place = f"{count(facts.hit)} of " if facts.hit is not None else ""
    searching = " (searching…)" if facts.is_seeking else ""
    hits = f"{'the newest ' if facts.has_older_hits else ''}{count(facts.hits)}"
    return [(f"  F {plain(facts.sought)}", Tone.ACCENT), (f"  {place}{hits}{searching}", Tone.DIM)]


def _store_notes(facts: LogFacts) -> list[Piece]:
    """What is not in the store: refused, lost, deleted."""
    notes: list[Piece] = []
    if facts.store_trouble:
        notes.append((f"  not stored: {plain(facts.store_trouble)}", Tone.RED))
    if facts.lost:
        notes.append((f"  {plural(facts.lost, 'record')} lost", Tone.RED))
    if facts.removed_bytes:
        notes.append((f"  oldest {size(facts.removed_bytes)} deleted", Tone.DIM))
    return notes


def lost_of(state: LogState, worker: str) -> int:
    """How many records of a replica were lost, or with an empty name of all."""
    if not worker:
        return state.lost
    return sum(number for lane, number in state.lost_of.items() if lane.rpartition(" ")[0] == worker)


def subject_of(record: Record) -> str:
    """The replica that a record is of; for one of the engine, the one that it speaks of."""
    subject = record.extra.get("subject") if record.worker == "engine" else None
    return subject if isinstance(subject, str) else record.worker


def no_lines(facts: LogFacts, directory: str) -> tuple[str, ...]:
    """What the log says when it has no lines to show."""
    whose = f" of {plain(facts.worker)}" if facts.worker else ""
    worse = f", {facts.level} or worse," if facts.level else ""
    if facts.needle:
        doing = "Searching" if facts.is_filtering else f'No record{whose}{worse} matches "{plain(facts.needle)}"'
        return (doing, "Esc clears the filter.")
    if facts.level:
        doing = "Searching" if facts.is_filtering else f"No record{whose} is {facts.level} or worse"
        return (doing, "Esc shows all levels.")
    if facts.worker:
        return (f"{plain(facts.worker)} has logged nothing yet", with_keys("{own_log} shows the log of all workers."))
    return (
        "No log records yet",
        "What workers print, write to stderr and log arrives here.",
        f"Stored in {plain(directory)}",
    )
