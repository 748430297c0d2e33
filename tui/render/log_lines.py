"""Log records as the lines of the log pane: one for each that is cut at its edge, or several that are folded there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from zlib import crc32

from supervisor.logs.record import Record
from tui.render.figures import plural, size
from tui.render.pieces import (
    HUES,
    MAX_CHARACTERS,
    Hue,
    Line,
    Look,
    Piece,
    Tone,
    cut_line,
    fit,
    fit_line,
    fold_line,
    highlighted,
    line_text,
    line_width,
    plain,
    wrap,
)
from tui.render.sgr import coloured
from tui.render.zone import Offset, ahead_of, local_of

ROOMY_COLUMNS = 100
"""From this many cells on a line says its milliseconds too."""
LEAST_ROOM = 24
"""Cells that a folded message has at the least, whatever stands before it."""
MOST_ROWS = 12
"""Lines that one record may take of the log pane; all of it is in its own view."""
MOST_FOUND = 200
"""In one line."""
NEWLINE = "\n"

LEVEL_TONES: dict[str, Tone] = {
    "TRACE": Tone.DIM,
    "DEBUG": Tone.DIM,
    "INFO": Tone.PLAIN,
    "SUCCESS": Tone.GOOD,
    "WARNING": Tone.AMBER,
    "ERROR": Tone.RED,
    "CRITICAL": Tone.RED,
}
_SHORT_LEVELS = {"WARNING": "WARN", "CRITICAL": "CRIT", "SUCCESS": "GOOD"}


def local_time(time_text: str, utc_offset_s: Offset) -> str:
    """``15:31:26.123`` for a record's UTC time; as it stands where it is none."""
    return _local_time(time_text, ahead_of(time_text, utc_offset_s))


@lru_cache(maxsize=256)
def _local_time(time_text: str, utc_offset_s: int) -> str:
    try:
        moment = local_of(time_text, utc_offset_s)
    except ValueError:
        return plain(time_text)[:12]
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


@dataclass(frozen=True, slots=True)
class Form:
    """How the log pane draws its lines."""

    width: int
    """In cells."""
    name_width: int
    utc_offset_s: Offset
    ellipsis: str = "…"
    is_wrapped: bool = False
    found: re.Pattern[str] | None = None
    """What a search looks for: shown wherever it stands in a line."""


def worker_look(worker: str) -> Look:
    """The colour of a worker: the same in every run, because it comes of the name alone."""
    return Tone.ACCENT if worker == "engine" else Hue(crc32(worker.encode()) % HUES)


def record_lines(record: Record, form: Form) -> list[Line]:
    """One record, each line in exactly the form's width: one line that is cut, or all of it as far as it is short.

    Time, worker, level, message, and the exception in short.
    """
    head = _head(record, form)
    room = form.width - line_width(head)
    if not form.is_wrapped:
        return [fit_line((*head, *_cut_message(record, room, form)), form.width, form.ellipsis)]
    rows = _folded_message(record, max(room, LEAST_ROOM), form) or [()]
    indent: Line = ((" " * min(line_width(head), form.width - LEAST_ROOM), Tone.PLAIN),)
    return [fit_line((*(indent if index else head), *row), form.width) for index, row in enumerate(rows)]


def _head(record: Record, form: Form) -> Line:
    clock = local_time(record.time, form.utc_offset_s)
    name = fit(plain(record.worker), form.name_width, ellipsis=form.ellipsis)
    level = fit(_SHORT_LEVELS.get(record.level, plain(record.level)), 5)
    return (
        (" " + (clock[:8] if form.width < ROOMY_COLUMNS else clock) + " ", Tone.DIM),
        *_marked(((name, worker_look(record.worker)),), form),
        (" ", Tone.PLAIN),
        (level, LEVEL_TONES.get(record.level, Tone.PLAIN)),
        (" ", Tone.PLAIN),
    )


def _message_tone(record: Record) -> Tone:
    return Tone.DIM if LEVEL_TONES.get(record.level) is Tone.DIM else Tone.PLAIN


def _marked(line: Line, form: Form) -> Line:
    """`line` with what a search looks for shown in it."""
    if form.found is None:
        return line
    spans = [found.span() for found in islice(form.found.finditer(line_text(line)), MOST_FOUND)]
    return highlighted(line, [(start, end) for start, end in spans if end > start])


def _cut_message(record: Record, room: int, form: Form) -> Line:
    message, *more = record.message.split("\n", 1) if "\n" in record.message else (record.message,)
    tail: list[Piece] = []
    if any(more):
        tail.append((f" (+{plural(more[0].count(NEWLINE) + 1, 'line')})", Tone.DIM))
    if len(message) > MAX_CHARACTERS:
        tail.append((f" ({size(len(message))} long)", Tone.DIM))
    if record.exception is not None:
        tail += [("  ", Tone.PLAIN), *_marked(((_exception(record), Tone.RED),), form)]
    # A long message must not hide its exception: each gets at least half of the room.
    share = max(room - line_width(tuple(tail)), room // 2) if tail else room
    said = _marked(coloured(message, _message_tone(record)), form)
    return (*cut_line(said, share, form.ellipsis), *tail)


def _folded_message(record: Record, room: int, form: Form) -> list[Line]:
    """Up to `MOST_ROWS` lines; the last one says so where there is more."""
    texts = [_marked(coloured(text, _message_tone(record)), form) for text in record.message.split("\n", MOST_ROWS)]
    if record.exception is not None:
        texts.append(_marked(((_exception(record), Tone.RED),), form))
    rows: list[Line] = []
    for text in texts:
        rows += fold_line(text, room, MOST_ROWS + 1 - len(rows)) or [()]
        if len(rows) > MOST_ROWS:
            more = f"{form.ellipsis} (enter shows all)"
            return [
                *rows[: MOST_ROWS - 1],
                (*cut_line(rows[MOST_ROWS - 1], room - len(more) - 1), (f" {more}", Tone.DIM)),
            ]
    return rows


def _exception(record: Record) -> str:
    """``ValueError: bad input (traceback: 12 lines)``; without what the message says already."""
    assert record.exception is not None
    lines = record.exception.traceback.rstrip("\n").count("\n") + 1
    said = plain(record.exception.message.split("\n", 1)[0])
    name = plain(record.exception.type)
    cause = f"{name}: {said}" if said and said not in record.message else name
    return f"{cause} (traceback: {lines} lines)" if record.exception.traceback else cause


def traceback_lines(text: str, width: int) -> list[Line]:
    """A traceback folded to `width` cells: source lines stand out from places, and each error from both."""
    lines: list[Line] = []
    for raw in text.rstrip("\n").split("\n"):
        tone = _traceback_tone(raw)
        lines.extend(((" " + folded, tone),) for folded in wrap(plain(raw), width - 2))
    return lines


def _traceback_tone(raw: str) -> Tone:
    text = raw.lstrip()
    if not text or text.startswith(('File "', "Traceback (", "During handling", "The above exception", "File ")):
        return Tone.DIM
    if raw[0] not in " |+":
        return Tone.RED
    return Tone.AMBER if not text.strip("^~") else Tone.PLAIN
