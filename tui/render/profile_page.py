"""The profile as a page: each line with its number, what has changed, what is wrong; and what a reload would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from supervisor.api.requests import ReloadReply
from tui.profile_file import FileLine, ProfileFile
from tui.render.figures import plural
from tui.render.glyphs import Glyphs
from tui.render.pieces import Line, Look, Piece, Tone, fold_line, line_text, line_width, plain, wrap
from tui.render.plan import plan_lines, plan_summary
from tui.render.toml_pieces import toml_lines

MOST_FOLDS: Final = 50
"""Lines on the screen for one line of the file."""
_MARKS: Final[dict[str, tuple[str, Look]]] = {
    "": (" ", Tone.PLAIN),
    "+": ("+", Tone.GOOD),
    "-": ("-", Tone.AMBER),
}


@dataclass(frozen=True, slots=True)
class FilePage:
    """Lines of the screen, and what they are about.

    Attributes:
        numbers: for each line of the screen the line of the file, or the next one there is.
        stops: the lines of the screen at which a change begins, or a mistake is told.
        wrong: those of them at which a mistake is told.
    """

    lines: list[Line]
    numbers: list[int]
    stops: list[int]
    wrong: list[int]


def file_page(file: ProfileFile, width: int, glyphs: Glyphs) -> FilePage:
    """The file, folded to `width` cells."""
    page = FilePage([], [], [], [])
    for text in _first_words(file, width):
        _add(page, text, 1)
    wide = len(str(len(file.lines))) + 1
    number, before = 1, ""
    for line, toned in zip(file.lines, toml_lines(line.text for line in file.lines), strict=True):
        number = line.number or number
        is_stop = (bool(line.mark) and not before) or bool(line.mistakes)
        if is_stop:
            page.stops.append(len(page.lines))
        if line.mistakes:
            page.wrong.append(len(page.lines))
        before = line.mark
        for text in _line(line, toned, wide, width, glyphs):
            _add(page, text, number)
        number += line.number is not None
    return page


def _add(page: FilePage, line: Line, number: int) -> None:
    page.lines.append(line)
    page.numbers.append(number)


def _first_words(file: ProfileFile, width: int) -> list[Line]:
    told: list[tuple[str, Tone]] = []
    if file.trouble:
        shown = " Below is what the engine has read." if file.lines else ""
        told.append((f"{file.trouble}.{shown}", Tone.AMBER))
    told += [(mistake, Tone.RED) for mistake in file.other_mistakes]
    lines: list[Line] = [((f" {part}", tone),) for text, tone in told for part in wrap(plain(text), max(width - 2, 12))]
    return [*lines, ()] if lines else []


def _line(line: FileLine, toned: Line, wide: int, width: int, glyphs: Glyphs) -> list[Line]:
    sign, look = _MARKS[line.mark]
    gutter = f"{line.number or '':>{wide}} "
    room = max(width - len(gutter) - 2, 16)
    code: Line = tuple((text, Tone.DIM) for text, _ in toned) if line.mark == "-" else toned
    folded = _folded(code, room) or [()]
    goes_on = f"{glyphs.branch} ".rjust(len(gutter))
    lines: list[Line] = [
        (
            (sign, look),
            (gutter if index == 0 else goes_on, Tone.RED if line.mistakes else Tone.DIM),
            *part,
        )
        for index, part in enumerate(folded)
    ]
    indent = " " * (len(gutter) - 1)
    for mistake in line.mistakes:
        first, *more = wrap(plain(mistake), room - 2)
        lines.append(((f"{indent}{glyphs.states['failed']} ", Tone.RED), (first, Tone.RED)))
        lines += [((f"{indent}  {part}", Tone.RED),) for part in more]
    return lines


def _folded(code: Line, room: int) -> list[Line]:
    """`code` in lines of `room` cells, broken after a blank where there is one not too far from the edge."""
    lines: list[Line] = []
    rest = code
    while line_width(rest) > room and len(lines) < MOST_FOLDS - 1:
        head = line_text(fold_line(rest, room, 1)[0])
        blank = head.rfind(" ") + 1
        is_in_words = blank > len(head) // 2 and bool(head[:blank].strip())
        first, rest = _parted(rest, blank if is_in_words else len(head))
        lines.append(first)
    return [*lines, *fold_line(rest, room, 1)]


def _parted(line: Line, at: int) -> tuple[Line, Line]:
    """`line` up to its character `at`, and from there on."""
    before: list[Piece] = []
    after: list[Piece] = []
    for text, look in line:
        before += [(text[:at], look)] if at > 0 else []
        after += [(text[max(at, 0) :], look)] if at < len(text) else []
        at -= len(text)
    return tuple(before), tuple(after)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the engine said of a reload; `trouble`: it could not be asked."""

    reply: ReloadReply | None = None
    refusal: str = ""
    trouble: str = ""


def plan_page(file: ProfileFile, standing: Standing, reload_key: str, width: int, ellipsis: str) -> list[Line]:
    """What a reload would do now, and why not, folded to `width` cells; without `reload_key` nobody here can reload."""
    words, tone = _verdict(file, standing)
    lines: list[Line] = [((f" {part}", tone),) for part in wrap(plain(words), max(width - 2, 12))]
    if standing.reply is not None and standing.reply.plan and not file.mistakes:
        lines.append(())
        steps = plan_lines(standing.reply.plan, max(width - 2, 12), ellipsis)
        lines += [((" ", Tone.PLAIN), *step) for step in steps]
        if reload_key:
            lines += [(), ((f" {reload_key} ", Tone.ACCENT), ("applies it, after a question.", Tone.DIM))]
    elif standing.refusal and not file.mistakes:
        lines.append(())
        for text in standing.refusal.splitlines():
            lines += [((f" {part}", Tone.RED),) for part in wrap(plain(text), max(width - 2, 12))]
    return lines


def _verdict(file: ProfileFile, standing: Standing) -> tuple[str, Tone]:
    """In a sentence or two."""
    changed = _changed_words(file)
    if file.mistakes:
        return f"{changed}{plural(file.mistakes, 'mistake')}: a reload is refused until all are mended.", Tone.RED
    if standing.trouble:
        return f"{changed}What a reload would do cannot be told: {standing.trouble}.", Tone.AMBER
    if standing.refusal:
        return f"{changed}A reload would be refused, and change nothing:", Tone.RED
    if standing.reply is None:
        return f"{changed}Asking the engine what a reload would do.", Tone.DIM
    if standing.reply.plan:
        return f"{changed}A reload would make {plan_summary(standing.reply.plan)}", Tone.PLAIN
    if file.is_changed:
        return f"{changed}A reload would change nothing: only words differ that nothing depends on.", Tone.DIM
    return "Nothing has changed since the engine read it; a reload would change nothing.", Tone.DIM


def _changed_words(file: ProfileFile) -> str:
    """``3 lines are new, 1 is gone. ``"""
    new = sum(line.mark == "+" for line in file.lines)
    gone = sum(line.mark == "-" for line in file.lines)
    told = [f"{plural(number, 'line')} {words}" for number, words in ((new, "new"), (gone, "gone")) if number]
    return f"{' and '.join(told)} since the engine read it. " if told and not file.trouble else ""


def position_of(stops: Sequence[int], line: int, step: int) -> int | None:
    """The stop after the screen's `line`, or before it; round at the ends; None where there is none."""
    if not stops:
        return None
    if step > 0:
        return next((stop for stop in stops if stop > line), stops[0])
    return next((stop for stop in reversed(stops) if stop < line), stops[-1])
