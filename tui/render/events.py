"""Events as rows of a table, and one of them in full with the command line that asks for the same again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.cells import cell_len

from supervisor.api.messages import Event, Job
from tui.render.fleet_rows import WIDE_COLUMNS, Column
from tui.render.glyphs import STATE_TONES, Glyphs
from tui.render.log_lines import LEVEL_TONES
from tui.render.pieces import Line, Piece, Tone, cut, fit, fit_line, line_width, plain, wrap
from tui.render.zone import Offset, local

_COUNTDOWN: Final = re.compile(r"\bin (?P<left_s>\d+\.\d) s\b")
_PERSON: Final = re.compile(r"uid \d+ \((?P<name>[^)]*)\)(?P<tool>, .*)?")
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a wish has come."""

    wanted: int
    """Outcomes that are waited for; 0: nobody tells."""
    done: int = 0
    failed: int = 0
    last_at: float = 0.0
    """When the last outcome came."""
    why: str = ""
    """Of the last one that failed."""
    how: str = ""
    """Of the last one that is done."""
    job: Job | None = None
    """The last one under way that has said where it is."""
    job_at: float = 0.0
    """When it said so."""

    def counting(self, outcome: Event) -> Standing:
        """The same with one outcome more. One that is for the whole wish counts for all that is wanted."""
        job = None if self.job is None or self.job.target == outcome.subject else self.job
        if outcome.step == "failed":
            return replace(self, failed=self.failed + 1, last_at=outcome.at, why=outcome.what, job=job)
        how = outcome.what.partition(" done: ")[2] or outcome.what
        return replace(self, done=self.done + 1, last_at=outcome.at, how=how, job=job)

    @property
    def is_over(self) -> bool:
        """Nothing of it is under way."""
        return self.wanted > 0 and self.done + self.failed >= self.wanted

    def tells(self, wish: Event, outcome: Event) -> bool:
        """All that is to be said of `outcome` stands in the row of its `wish`: it is the only one, of the same."""
        is_plain = outcome.step == "failed" or outcome.level == "INFO"
        return self.wanted == 1 and wish.subject == outcome.subject and is_plain


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event; of a wish, how far it has come."""

    name: str
    """Its cursor."""
    event: Event
    standing: Standing | None = None
    wish: Event | None = None
    """Of an outcome: what was asked for, as far as it is kept."""

    @property
    def command(self) -> str:
        """The command line that asks for the same; of an outcome its wish's. Empty where there is none."""
        return self.event.command or (self.wish.command if self.wish is not None else "")

    @property
    def is_counting_down(self) -> bool:
        """It says how long something takes yet."""
        told = self.standing.job if self.standing is not None and not self.standing.is_over else None
        return told is not None and _COUNTDOWN.search(told.text) is not None

    @property
    def is_problem(self) -> bool:
        """Whether a person should look at it."""
        return self.event.level in ("WARNING", "ERROR", "CRITICAL") or bool(self.standing and self.standing.failed)


def asker_words(by: str) -> str:
    """Who, in a word or two: ``ada, dashboard``, ``policy``; ``engine`` for what came by itself."""
    if not by:
        return "engine"
    found = _PERSON.fullmatch(by)
    return plain(found["name"] + (found["tool"] or "")) if found else plain(by)


def clock_words(at: float, utc_offset_s: Offset, now_at: float, *, is_exact: bool = False) -> str:
    """``14:05:01``, ``14:05:01.123`` where `is_exact`, and ``22 14:05`` of an earlier day of the month."""
    moment = local(at, utc_offset_s)
    if moment.date() != local(now_at, utc_offset_s).date():
        return f"{moment:%d %H:%M}"
    return f"{moment:%H:%M:%S}" + (f".{moment.microsecond // 1000:03d}" if is_exact else "")


def standing_words(event: Event, standing: Standing, now_at: float) -> tuple[str, Tone]:
    """``accepted``, ``2 of 3 done``, ``done in 0.8 s: restarted``, ``failed after 0.8 s: exit code 3``; under way what
    its job says, too."""
    took = f"{max(standing.last_at - event.at, 0.0):.1f} s"
    if standing.failed:
        of = f"{standing.failed} of {standing.wanted} failed" if standing.wanted > 1 else f"failed after {took}"
        return f"{of}: {plain(standing.why.partition(': ')[2] or standing.why)}", Tone.RED
    if standing.is_over:
        how = f": {plain(standing.how)}" if standing.how and standing.wanted == 1 else ""
        return f"done in {took}{how}", Tone.GOOD
    words = f"{standing.done} of {standing.wanted} done" if standing.done else "accepted"
    return words + _job_words(standing, now_at), Tone.COOL


def _job_words(standing: Standing, now_at: float) -> str:
    """Where a job under way is, the times that it has yet to go counted from now."""
    job = standing.job
    if job is None:
        return ""

    def left(found: re.Match[str]) -> str:
        return f"in {max(float(found['left_s']) - (now_at - standing.job_at), 0.0):.0f} s"

    whose = f"{plain(job.target)} " if standing.wanted > 1 else ""
    return f", {whose}{_COUNTDOWN.sub(left, plain(job.text))}"


def columns_for_events(width: int, rows: Sequence[EventRow]) -> tuple[Column, ...]:
    """The columns that `width` cells have room for; together with their gaps they fill it exactly."""
    is_wide = width >= WIDE_COLUMNS
    longest = max((cell_len(row.event.subject) for row in rows[-200:]), default=8)
    fixed = [
        Column("time", "time", 12 if is_wide else 8),
        Column("who", "who", min(max(longest, 6), 24 if is_wide else 12)),
    ]
    askers = max((cell_len(by) for by in {asker_words(row.event.by) for row in rows[-200:]}), default=8)
    by = Column("by", "by whom", min(max(askers, 7), 24 if is_wide else 9))
    line = [Column("command", "command line", max(34, width // 3))] if is_wide else []
    taken = [*fixed, by, *line]
    room = max(width - 2 - len(taken) - sum(column.width for column in taken), 12)
    return (*fixed, by, Column("what", "what", room), *line)


def event_line(
    row: EventRow, columns: Sequence[Column], glyphs: Glyphs, now_at: float, width: int, utc_offset_s: Offset
) -> Line:
    """One event in exactly `width` cells. What has happened runs on where there is no command line to be told."""
    event = row.event
    pieces: list[Piece] = [(" ", Tone.PLAIN)]
    for column in columns:
        if column.id == "what":
            is_last = column is columns[-1] or not row.command
            room = width - 1 - line_width(tuple(pieces)) if is_last else column.width
            pieces += fit_line(_what(row, glyphs, now_at), room, glyphs.ellipsis)
            if is_last:
                break
        else:
            if column.id == "time":
                text, tone = clock_words(event.at, utc_offset_s, now_at, is_exact=column.width > 8), Tone.DIM
            elif column.id == "who":
                text, tone = plain(event.subject), Tone.STRONG
            elif column.id == "by":
                text, tone = _by(event.by, column), Tone.ACCENT if event.by.startswith("uid ") else Tone.DIM
            else:
                text, tone = plain(row.command), Tone.DIM
            pieces.append((fit(text, column.width, ellipsis=glyphs.ellipsis), tone))
        pieces.append((" ", Tone.PLAIN))
    return fit_line(tuple(pieces), width, glyphs.ellipsis)


def _by(by: str, column: Column) -> str:
    """Who, and where there is room, with what."""
    words = asker_words(by)
    return words if cell_len(words) <= column.width else words.partition(",")[0]


def _what(row: EventRow, glyphs: Glyphs, now_at: float) -> Line:
    event = row.event
    level = LEVEL_TONES.get(event.level, Tone.PLAIN)
    if row.standing is not None:
        words, tone = standing_words(event, row.standing, now_at)
        asked = plain(event.what).replace(" wished", "", 1)
        return ((f"{glyphs.points} ", Tone.ACCENT), (f"{asked} ", Tone.PLAIN), (words, tone))
    if event.kind == "state" and event.to_state in glyphs.states:
        tone = STATE_TONES[event.to_state]
        return ((f"{glyphs.states[event.to_state]} ", tone), (plain(event.what), level))
    sign = (f"{glyphs.points} ", Tone.ACCENT) if event.step else (f"{glyphs.bullet} ", Tone.DIM)
    return (sign, (plain(event.what), level))


def told_lines(row: EventRow | None, width: int, glyphs: Glyphs, now_at: float) -> list[Line]:
    """What stands below the table of the event under the cursor: its sentence, and how to ask for the same; 3 lines."""
    if row is None:
        return [(), (), ()]
    event, room = row.event, max(width - 2, 12)
    words = plain(event.what)
    if row.standing is not None:
        words = f"{words}: {standing_words(event, row.standing, now_at)[0]}"
    if event.cause and event.cause not in event.what:
        words = f"{words} ({plain(event.cause)})"
    first, *rest = wrap(words, room)
    second = cut(" ".join(rest), room, glyphs.ellipsis)
    last: Line = ((f" {_circumstances(event)}", Tone.DIM),)
    if row.command:
        last = ((" $ ", Tone.DIM), (plain(row.command), Tone.STRONG), ("   (y copies it)", Tone.DIM))
    tone = LEVEL_TONES.get(event.level, Tone.PLAIN)
    lines: list[Line] = [((f" {first}", tone),), ((f" {second}", tone),), last]
    return [fit_line(line, width, glyphs.ellipsis) for line in lines]


def _circumstances(event: Event) -> str:
    """What else is known of it: ``was running, incarnation 6, pid 4685, by policy``."""
    facts = [
        f"was {event.from_state}" if event.from_state else "",
        f"incarnation {event.incarnation}" if event.incarnation else "",
        f"pid {event.pid}" if event.pid else "",
        f"by {asker_words(event.by)}",
        event.level.lower() if event.level != "INFO" else "",
    ]
    return ", ".join(fact for fact in facts if fact)


def event_texts(row: EventRow) -> tuple[str, ...]:
    """In what a filter looks."""
    event, standing = row.event, row.standing
    outcome = (standing.how, standing.why) if standing is not None and standing.wanted == 1 else ()
    return (event.subject, event.what, asker_words(event.by), row.command, event.level, event.step, *outcome)
