"""All verdicts on one page: how many are stuck, who holds the others up, each verdict in short, who waits for whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from supervisor.api.hangs import Verdict, WhyReply
from tui.command_keys import in_keys
from tui.render.channel_detail import Item, Page
from tui.render.facts import heading
from tui.render.glyphs import Glyphs
from tui.render.hang_words import (
    SEVERITY_TONES,
    UNKNOWN,
    age_words,
    grouped_troubles,
    kind_words,
    names_words,
    rank,
    severity_sign,
)
from tui.render.pieces import Line, Piece, Tone, cut_line, fit, line_width, plain, wrap
from tui.render.waits import Waits, forest_lines, root_words

_COUNTED: Final[dict[str, str]] = {
    "stuck": "stuck",
    "warning": "to look at",
    "waiting": "waiting",
    "busy": "busy",
    "idle": "idle",
}
_TOLD_IN_FULL: Final = ("stuck", "warning")
_KIND_COLUMNS: Final = 15
_LONGEST_NAME: Final = 20
WIDE_COLUMNS: Final = 120
"""In a narrower page a sentence stands below its kind, not beside it."""
MOST_ROOTS: Final = 6
"""The verdicts are not to begin below the screen."""


def worst_first(reply: WhyReply) -> tuple[Verdict, ...]:
    """The verdicts as the page lists them."""
    return tuple(sorted(reply.verdicts, key=rank))


def verdict_id(verdict: Verdict) -> str:
    """The same for the same thread in the next reply."""
    return f"{verdict.replica} {verdict.pid} {verdict.tid}"


def counts_line(verdicts: Sequence[Verdict]) -> Line:
    """``2 stuck  1 to look at  97 idle``."""
    counts = Counter(verdict.severity for verdict in verdicts)
    pieces: list[Piece] = []
    for severity, words in _COUNTED.items():
        if number := sum(many for name, many in counts.items() if name == severity):
            pieces.append((f"  {number} {words}", SEVERITY_TONES[severity]))
    return tuple(pieces)


def hangs_page(reply: WhyReply, glyphs: Glyphs, now_s: float, width: int) -> Page:
    """The whole page; each verdict is an item that a person can go to."""
    verdicts = worst_first(reply)
    if not verdicts:
        nobody: Line = ((" No worker has a process that could be stuck.", Tone.STRONG),)
        return Page([(), nobody, *_troubles(reply, width)])
    roots = _roots(verdicts, width, glyphs)
    lines: list[Line] = [(), *(roots or _all_is_well(verdicts))]
    name_width = min(max(len(plain(verdict.replica)) for verdict in verdicts), _LONGEST_NAME)
    items: list[Item] = []
    for verdict in verdicts:
        told = _verdict(verdict, name_width, glyphs, now_s, width)
        items.append(Item(verdict_id(verdict), len(lines), len(told)))
        lines += told
    forest = forest_lines(verdicts, glyphs, width)
    if forest:
        lines += [*heading("Who waits for whom"), *forest]
    return Page([*lines, *_troubles(reply, width)], tuple(items))


def _troubles(reply: WhyReply, width: int) -> list[Line]:
    """What could not be seen, with the keys that show it elsewhere."""
    lines: list[Line] = heading("What could not be seen", Tone.AMBER) if reply.troubles else []
    for trouble in grouped_troubles(reply.troubles):
        told = in_keys(plain(trouble), is_elsewhere=True)
        lines += [((f"   {part}", Tone.PLAIN),) for part in wrap(told, max(width - 4, 12))]
    return lines


def _all_is_well(verdicts: Sequence[Verdict]) -> list[Line]:
    """The good news, where it is known to be so."""
    if any(verdict.severity in _TOLD_IN_FULL or verdict.kind == UNKNOWN for verdict in verdicts):
        return []
    return [((" Nobody is stuck.", Tone.GOOD), (" Whoever waits, waits for something that may come.", Tone.DIM)), ()]


def _roots(verdicts: Sequence[Verdict], width: int, glyphs: Glyphs) -> list[Line]:
    """Whom to look at first: those that others wait for."""
    waits = Waits.of(verdict for verdict in verdicts if verdict.severity in (*_TOLD_IN_FULL, "waiting"))
    roots = [ring for ring in waits.roots() if waits.blocked_by(ring) or waits.is_ring(ring)]
    if not roots:
        return []
    lines: list[Line] = []
    for ring in roots[:MOST_ROOTS]:
        blocked = waits.blocked_by(ring)
        pieces: Line = (
            (f" {root_words(waits, ring)}", Tone.STRONG),
            (f": {names_words(blocked)}" if blocked else "", Tone.DIM),
        )
        lines.append(cut_line(pieces, width, glyphs.ellipsis))
    if len(roots) > MOST_ROOTS:
        lines.append(((f" and {len(roots) - MOST_ROOTS} more, drawn below", Tone.DIM),))
    return [*lines, ()]


def _verdict(verdict: Verdict, name_width: int, glyphs: Glyphs, now_s: float, width: int) -> list[Line]:
    """One verdict: a line, and where it is told unasked as many as its sentence needs."""
    tone = SEVERITY_TONES[verdict.severity]
    kind = kind_words(verdict.kind)
    is_told_in_full = verdict.severity in _TOLD_IN_FULL
    is_below = is_told_in_full and width < WIDE_COLUMNS
    head: Line = (
        (f" {glyphs.states[severity_sign(verdict)]} ", tone),
        (fit(plain(verdict.replica), name_width, ellipsis=glyphs.ellipsis) + "  ", Tone.STRONG),
        ((kind if is_below else fit(kind, _KIND_COLUMNS, ellipsis=glyphs.ellipsis)) + " ", tone),
    )
    age = age_words(verdict.since_s, now_s)
    sentence = plain(verdict.sentence)
    if not is_told_in_full:
        return [cut_line((*head, (sentence + (f" ({age})" if age else ""), Tone.DIM)), width, glyphs.ellipsis)]
    if is_below:
        folded = [((" " * 5 + part, Tone.PLAIN),) for part in wrap(sentence, max(width - 6, 16))]
        return [cut_line((*head, (f" {age}", Tone.DIM)), width, glyphs.ellipsis), *folded]
    indent = line_width(head)
    first, *more = wrap(sentence + (f" ({age})" if age else ""), max(width - indent - 1, 16))
    return [(*head, (first, Tone.PLAIN)), *(((" " * indent + part, Tone.PLAIN),) for part in more)]
