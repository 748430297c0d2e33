"""Where a worker spends its time, from sampled stacks: a small flame picture, callers above what they call.

::

    SampleReply ─► tree of calls, counted ─► rows of blocks as wide as their share ─► lines

Calls that are always on the way to the same one are drawn as one block, so that the picture is not deeper than it has
to be.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from rich.cells import cell_len

from supervisor.api.hangs import SampledStack, SampleReply, StackFrame
from tui.render.facts import heading
from tui.render.glyphs import Glyphs
from tui.render.hang_words import is_library, place_words, thread_words, without_the_way_in
from tui.render.pieces import Ink, Line, Look, Piece, Tone, cut, cut_line, fit, line_width, plain, wrap

MOST_ROWS: Final = 24
MOST_PLACES: Final = 12
_LEAST_COLUMNS: Final = 2
"""A block that would be narrower is left out."""

_COLOURS: Final = ("#e0af4f", "#d99a5b", "#d0866a", "#c9a45c", "#b9b46b", "#d98f7c")
_LIBRARY_COLOUR: Final = "#7b8794"

Site = tuple[str, str]
"""File and function: lines of one function are counted together."""


@dataclass
class Call:
    """A function as it was called on one way, and what it called itself."""

    label: str
    count: int = 0
    waiting: int = 0
    is_library: bool = False
    below: dict[Site, Call] = field(default_factory=dict)

    def add(self, frames: tuple[StackFrame, ...], count: int, waiting: int) -> None:
        """Count one stack, outermost first."""
        call = self
        for frame in frames:
            site = frame.file, frame.function
            if site not in call.below:
                label = plain(frame.function) or place_words(frame)
                call.below[site] = Call(label, is_library=is_library(frame))
            call = call.below[site]
            call.count += count
            call.waiting += waiting


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of one row of the picture."""

    x: int
    width: int
    call: Call
    names: tuple[str, ...]
    """The functions that it stands for, outermost first."""


def shown_stacks(reply: SampleReply, *, with_waiting: bool) -> tuple[SampledStack, ...]:
    """The stacks that count; where none ran, those that waited are all there is."""
    running = tuple(stack for stack in reply.stacks if not stack.is_waiting)
    return reply.stacks if with_waiting or not running else running


def flame_lines(reply: SampleReply, glyphs: Glyphs, width: int, *, with_waiting: bool) -> list[Line]:
    """The picture and the places with most time; words where there are no samples."""
    lines: list[Line] = []
    if reply.trouble:
        lines += [((f" {part}", Tone.AMBER),) for part in wrap(plain(reply.trouble), max(width - 2, 12))]
    stacks = shown_stacks(reply, with_waiting=with_waiting)
    total = sum(stack.count for stack in stacks)
    if not total:
        return [*lines, (), ((" No stack was seen in that time.", Tone.STRONG),)]
    lines += [(), _summary(reply, stacks, width, glyphs), ()]
    for root, name in _threads(stacks):
        if lines[-1]:
            lines.append(())
        share = f" {name}  {_percent(root.count, total)}"
        lines.append(cut_line(((share, Tone.STRONG), (_waiting_words(root), Tone.DIM)), width, glyphs.ellipsis))
        lines += picture(root, total, glyphs, width - 1)
    return [*lines, *_most_time(stacks, total, glyphs, width)]


def _summary(reply: SampleReply, stacks: tuple[SampledStack, ...], width: int, glyphs: Glyphs) -> Line:
    left_out = sum(stack.count for stack in reply.stacks) - sum(stack.count for stack in stacks)
    told = f" {reply.samples} looks in {reply.seconds:.1f} s"
    told += f" by {plain(reply.source)}" if reply.source else ""
    note = "; what only waited is left out (v shows it)" if left_out else ""
    if not left_out and stacks and all(stack.is_waiting for stack in stacks):
        note = "; it only waited"
    return cut_line(((told + note, Tone.DIM),), width, glyphs.ellipsis)


def _waiting_words(call: Call) -> str:
    if not call.waiting:
        return ""
    return "  waiting" if call.waiting == call.count else f"  {_percent(call.waiting, call.count)} of it waiting"


def _threads(stacks: tuple[SampledStack, ...]) -> list[tuple[Call, str]]:
    """A tree for each thread, the one with most samples first."""
    roots: dict[tuple[int, str], Call] = {}
    for stack in stacks:
        root = roots.setdefault((stack.pid, stack.thread), Call(""))
        waiting = stack.count if stack.is_waiting else 0
        root.count += stack.count
        root.waiting += waiting
        root.add(tuple(without_the_way_in(stack.frames[::-1]))[::-1], stack.count, waiting)
    named = [(root, thread_words(pid, thread)) for (pid, thread), root in roots.items()]
    return sorted(named, key=lambda each: -each[0].count)


def picture(root: Call, total: int, glyphs: Glyphs, width: int) -> list[Line]:
    """The calls of one thread; `total` samples are as wide as the picture."""
    rows: list[list[Block]] = []
    _lay_out(root, 0, width * root.count // max(total, 1), 0, rows)
    lines = [_row(row, glyphs, total, width) for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        lines.append(((f" {glyphs.ellipsis} and {len(rows) - MOST_ROWS} calls deeper", Tone.DIM),))
    return lines


def _lay_out(call: Call, x: int, width: int, depth: int, rows: list[list[Block]]) -> None:
    """Put what `call` called into the row at `depth`, widest first, and what those called below them."""
    at = x
    for each in sorted(call.below.values(), key=lambda below: -below.count):
        wide = min(round(width * each.count / max(call.count, 1)), x + width - at)
        if wide < _LEAST_COLUMNS or depth > MOST_ROWS + 1:
            continue
        names, last = [each.label], each
        while len(last.below) == 1 and (only := next(iter(last.below.values()))).count == last.count:
            names.append(only.label)
            last = only
        while len(rows) <= depth:
            rows.append([])
        rows[depth].append(Block(at, wide, last, tuple(names)))
        _lay_out(last, at, wide, depth + 1, rows)
        at += wide


def _row(blocks: list[Block], glyphs: Glyphs, total: int, width: int) -> Line:
    pieces: list[Piece] = [(" ", Tone.PLAIN)]
    for block in blocks:
        gap = block.x + 1 - line_width(tuple(pieces))
        if gap > 0:
            pieces.append((" " * gap, Tone.PLAIN))
        pieces.append((glyphs.edge, Tone.DIM))
        pieces.append((fit(_label(block, glyphs, total), block.width - 1, ellipsis=glyphs.ellipsis), _look(block)))
    return cut_line(tuple(pieces), width + 1, glyphs.ellipsis)


def _label(block: Block, glyphs: Glyphs, total: int) -> str:
    """Its share where there is room; the innermost of the calls, and as many of those on the way as fit."""
    share = f"{_percent(block.call.count, total)} "
    room = block.width - 1 - len(share)
    if cell_len(block.names[-1]) > room:
        room, share = block.width - 1, ""
    label = block.names[-1]
    for name in block.names[-2::-1]:
        longer = f"{name} {glyphs.joint} {label}"
        if cell_len(longer) > room:
            break
        label = longer
    return share + label


def _look(block: Block) -> Look:
    """Colours tell functions apart; what waits, and what is of no code of the worker's own, is said quietly."""
    if block.call.waiting == block.call.count:
        return Tone.DIM
    if block.call.is_library:
        return Ink(colour=_LIBRARY_COLOUR, is_reversed=True)
    return Ink(colour=_COLOURS[sum(map(ord, block.names[-1])) % len(_COLOURS)], is_reversed=True)


def _most_time(stacks: tuple[SampledStack, ...], total: int, glyphs: Glyphs, width: int) -> list[Line]:
    """The innermost lines, and the innermost of a worker's own, with the most samples."""
    counts: Counter[tuple[StackFrame, bool]] = Counter()
    for stack in stacks:
        own = next((frame for frame in reversed(stack.frames) if not is_library(frame)), None)
        innermost = own or (stack.frames[-1] if stack.frames else None)
        if innermost is not None:
            counts[innermost, stack.is_waiting] += stack.count
    lines = heading("Its own lines with most time")
    for (frame, is_waiting), count in counts.most_common(MOST_PLACES):
        pieces: Line = (
            (f" {_percent(count, total):>6}  ", Tone.PLAIN),
            (f"{place_words(frame)} {plain(frame.function)}  ", Tone.DIM),
            (cut(plain(frame.source.strip()), width, glyphs.ellipsis), Tone.STRONG),
            ("  waiting" if is_waiting else "", Tone.DIM),
        )
        lines.append(cut_line(pieces, width, glyphs.ellipsis))
    return lines


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.0f} %"
