"""Log records as text: one line each in the log pane, all of a record in its own view."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from supervisor.logs.record import Record
from tui.render.pieces import Line, Piece, Tone, cut, fit, fit_line, line_width, plain, wrap

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


@lru_cache(maxsize=4096)
def local_time(time_text: str, utc_offset_s: int) -> str:
    """``15:31:26.123`` for a record's UTC time; as it stands where it is none."""
    try:
        moment = datetime.fromisoformat(time_text) + timedelta(seconds=utc_offset_s)
    except ValueError:
        return plain(time_text)[:12]
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def record_line(record: Record, width: int, name_width: int, utc_offset_s: int, ellipsis: str = "…") -> Line:
    """One record in exactly `width` cells: time, worker, level, message, and the exception in short."""
    level = LEVEL_TONES.get(record.level, Tone.PLAIN)
    is_narrow = width < 100
    clock = local_time(record.time, utc_offset_s)
    message, *more = record.message.split("\n") if "\n" in record.message else (record.message,)
    pieces: list[Piece] = [
        (" " + (clock[:8] if is_narrow else clock) + " ", Tone.DIM),
        (
            fit(plain(record.worker), name_width, ellipsis=ellipsis) + " ",
            Tone.ACCENT if record.worker == "engine" else Tone.DIM,
        ),
        (fit(_SHORT_LEVELS.get(record.level, plain(record.level)), 5), level),
        (" ", Tone.PLAIN),
    ]
    tone = Tone.DIM if level is Tone.DIM else Tone.PLAIN
    tail: Line = ((f" (+{len(more)} lines)", Tone.DIM),) if any(more) else ()
    if record.exception is not None:
        tail = (*tail, (f"  {_exception(record)}", Tone.RED))
    room = width - line_width(tuple(pieces))
    # A long message must not hide its exception: each gets at least half of the room.
    said = cut(plain(message), max(room - line_width(tail), room // 2) if tail else room, ellipsis)
    return fit_line((*pieces, (said, tone), *tail), width, ellipsis)


def _exception(record: Record) -> str:
    """``ValueError: bad input (traceback: 12 lines)``; without what the message says already."""
    assert record.exception is not None
    lines = record.exception.traceback.rstrip("\n").count("\n") + 1
    said = plain(record.exception.message.split("\n", 1)[0])
    name = plain(record.exception.type)
    cause = f"{name}: {said}" if said and said not in record.message else name
    return f"{cause} (traceback: {lines} lines)" if record.exception.traceback else cause


def record_view(record: Record, width: int, utc_offset_s: int) -> list[Line]:
    """Everything a record holds, folded to `width` cells."""
    lines: list[Line] = []
    facts = {
        "time": f"{local_time(record.time, utc_offset_s)}  ({record.time})",
        "worker": f"{record.worker}, incarnation {record.incarnation}",
        "level": record.level,
        "stream": record.stream,
        "logger": record.logger or "",
        "place": record.place or "",
        "process": str(record.pid) if record.pid else "",
        "thread": record.thread or "",
    }
    for name, value in facts.items():
        if value:
            tone = LEVEL_TONES.get(record.level, Tone.PLAIN) if name == "level" else Tone.PLAIN
            lines.append(fit_line(((f" {name:<9}", Tone.DIM), (plain(value), tone)), width))
    lines.append(())
    lines.extend(_text_block(record.message, width, Tone.STRONG))
    for name, value in record.extra.items():
        lines.append(fit_line(((f" {plain(name)} ", Tone.DIM), (plain(str(value)), Tone.PLAIN)), width))
    if record.exception is not None:
        lines.append(())
        text = record.exception.traceback or f"{record.exception.type}: {record.exception.message}"
        lines.extend(traceback_lines(text, width))
    return lines


def traceback_lines(text: str, width: int) -> list[Line]:
    """A traceback folded to `width` cells: source lines stand out, the last line is the error."""
    lines: list[Line] = []
    source = text.rstrip("\n").split("\n")
    for index, raw in enumerate(source):
        tone = Tone.RED if index == len(source) - 1 else Tone.DIM if raw.lstrip().startswith("File ") else Tone.PLAIN
        lines.extend(_text_block(raw, width, tone))
    return lines


def _text_block(text: str, width: int, tone: Tone) -> list[Line]:
    return [((" " + plain(folded), tone),) for raw in text.split("\n") for folded in wrap(plain(raw), width - 2)]
