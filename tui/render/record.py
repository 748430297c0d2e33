"""One log record in full: its facts, message, fields and exception, folded to a width. Nothing of it is left out.

JSON in a message or a field is laid out to be read. A message of many megabytes is cut, with how to get the rest.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from supervisor.logs.inert import inert
from supervisor.logs.record import Record
from tui.render.figures import count
from tui.render.log_lines import LEVEL_TONES, local_time, traceback_lines, worker_look
from tui.render.pieces import MAX_CHARACTERS, Hue, Line, Look, Piece, Tone, fold_line, line_width, plain
from tui.render.sgr import coloured
from tui.render.zone import Offset

MOST_CHARACTERS: Final = 1_000_000
"""Of a message that are shown."""
MOST_JSON_CHARACTERS: Final = 256 * 1024
MOST_LINES: Final = 20_000
_KEY_LOOK: Final = Hue(5)
_JSON_LINE: Final = re.compile(r'(\s*)("(?:[^"\\]|\\.)*")(: ?)(.*)', re.DOTALL)


def record_view(record: Record, width: int, utc_offset_s: Offset) -> list[Line]:
    """Everything a record holds, folded to `width` cells."""
    lines = _facts(record, width, utc_offset_s)
    lines.append(())
    lines += message_lines(record.message, width)
    if record.extra:
        lines.append(())
        for name, value in record.extra.items():
            lines += _field(plain(name), value, width)
    if record.exception is not None:
        lines.append(())
        text = record.exception.traceback or f"{record.exception.type}: {record.exception.message}"
        lines += traceback_lines(text, width)
        if record.exception.advice:
            lines += [(), *_labelled("advice", ((plain(record.exception.advice), Tone.PLAIN),), width)]
    return lines


def _facts(record: Record, width: int, utc_offset_s: Offset) -> list[Line]:
    level = LEVEL_TONES.get(record.level, Tone.PLAIN)
    where = f"{record.worker}, incarnation {record.incarnation}" if record.incarnation else record.worker
    facts: dict[str, tuple[str, Look]] = {
        "time": (f"{local_time(record.time, utc_offset_s)}  ({record.time})", Tone.PLAIN),
        "worker": (where, worker_look(record.worker)),
        "level": (record.level, level),
        "stream": (record.stream, Tone.PLAIN),
        "logger": (record.logger, Tone.PLAIN),
        "place": (record.place, Tone.PLAIN),
        "process": (str(record.pid) if record.pid else "", Tone.PLAIN),
        "thread": (record.thread, Tone.PLAIN),
        "note": (_note(record), Tone.AMBER),
    }
    lines: list[Line] = []
    for name, (value, look) in facts.items():
        if value:
            lines += _labelled(name, ((plain(value), look),), width)
    return lines


def _note(record: Record) -> str:
    """What is special about how the record came to be."""
    notes = []
    if record.partial:
        notes.append("the stream ended without a newline here")
    if record.continued:
        notes.append("the line was too long for one record and goes on in this stream's next one")
    if record.raw:
        notes.append("the line was no valid UTF-8; the store has its bytes as base64 in the field raw")
    if record.stream == "damaged":
        notes.append("this line of the store is no record")
    return "; ".join(notes)


def _labelled(name: str, value: Line, width: int) -> list[Line]:
    rows = fold_line(value, width - 11, MOST_LINES) or [()]
    return [((f" {name if index == 0 else '':<9}", Tone.DIM), *row) for index, row in enumerate(rows)]


def message_lines(text: str, width: int) -> list[Line]:
    """A message with its own colours, and any JSON in it once more, laid out."""
    shown = text[:MOST_CHARACTERS]
    lines: list[Line] = []
    for raw in shown.split("\n"):
        lines += text_lines(raw, width, Tone.STRONG)
    if len(text) > len(shown):
        rest = f"{count(len(text) - len(shown))} characters more: `procdeck logs --json` has all of them"
        lines += _indented(((rest, Tone.AMBER),), width)
    found = json_in(shown)
    if found is not None:
        lines += [(), ((" as JSON", Tone.DIM),), *json_lines(found, width)]
    return lines


def text_lines(raw: str, width: int, tone: Tone) -> list[Line]:
    """One line of worker text, all of it, folded; in its own colours where it is not too long to colour."""
    if len(raw) <= MAX_CHARACTERS:
        return _indented(coloured(raw, tone), width)
    return _indented(((inert(raw, keeps_newlines=False), tone),), width)


def _indented(line: Line, width: int) -> list[Line]:
    return [((" ", Tone.PLAIN), *row) for row in fold_line(line, width - 2, MOST_LINES)] or [()]


def _field(name: str, value: Any, width: int) -> list[Line]:
    if isinstance(value, dict | list) and value:
        return [((f" {name}", Tone.DIM),), *json_lines(value, width)]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    lines: list[Line] = []
    for index, raw in enumerate(text.split("\n")):
        label = f" {name} " if index == 0 else " " * (len(name) + 2)
        piece: Piece = (label, Tone.DIM)
        room = max(width - line_width((piece,)) - 1, 8)
        rows = fold_line(((inert(raw, keeps_newlines=False), Tone.PLAIN),), room, MOST_LINES) or [()]
        lines += [((label if at == 0 else " " * len(label), Tone.DIM), *row) for at, row in enumerate(rows)]
    return lines


def json_in(text: str) -> Any:
    """The object or list that `text` is, or ends with; None where there is none worth a layout."""
    if len(text) > MOST_JSON_CHARACTERS or not text.rstrip().endswith(("}", "]")):
        return None
    for start in sorted({text.find("{"), text.find("[")} - {-1}):
        try:
            found = json.loads(text[start:])
        except (ValueError, RecursionError):
            continue
        if found:
            return found
    return None


def json_lines(value: Any, width: int) -> list[Line]:
    """A value laid out, its keys in a colour of their own."""
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return _indented(((inert(repr(value), keeps_newlines=False), Tone.PLAIN),), width)
    lines: list[Line] = []
    for raw in text.split("\n")[:MOST_LINES]:
        found = _JSON_LINE.fullmatch(inert(raw, keeps_newlines=False))
        if found is None:
            lines += _indented(((inert(raw, keeps_newlines=False), Tone.PLAIN),), width)
        else:
            indent, key, colon, rest = found.groups()
            lines += _indented(((indent, Tone.PLAIN), (key, _KEY_LOOK), (colon, Tone.DIM), (rest, Tone.PLAIN)), width)
    return lines
