"""Why a worker does not move, as lines: the sentence first, then who waits for whom, evidence, remedy, ways out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from supervisor.api.hangs import ChainLink, Verdict, WayOut, WhyReply
from tui.command_keys import in_keys
from tui.render.channel_detail import Page
from tui.render.facts import heading
from tui.render.figures import plural
from tui.render.glyphs import Glyphs
from tui.render.hang_words import (
    LONGEST_THREAD,
    SEVERITY_TONES,
    age_words,
    frame_lines,
    grouped_troubles,
    kind_words,
    names_words,
    place_words,
    severity_sign,
    thread_words,
    without_the_way_in,
)
from tui.render.pieces import Line, Piece, Tone, cut, cut_line, plain, spread, wrap

SENTENCE_COLUMNS: Final = 96
"""Longer lines are hard to read."""
_STEP: Final = 3
"""How much further right each link of a chain that is no ring stands."""

_CONFIDENCE: Final[dict[str, str]] = {"certain": "certain", "likely": "likely, not certain", "possible": "a guess"}


def why_page(reply: WhyReply, chosen: int, keys: Mapping[str, str], glyphs: Glyphs, now_s: float, width: int) -> Page:
    """The verdict number `chosen` in full and the others in short; `keys` are those of the ways out, by action."""
    if not reply.verdicts:
        return Page([(), ((" Nothing is known of it.", Tone.STRONG),), *_troubles(reply.troubles, width)])
    verdict = reply.verdicts[min(chosen, len(reply.verdicts) - 1)]
    lines = _head(verdict, glyphs, now_s, width)
    lines += chain_lines(verdict, glyphs, width)
    lines += _bullets("Evidence", verdict.evidence, glyphs, width)
    if verdict.remedy:
        lines += [*heading("What to do"), *_folded(verdict.remedy, width, 3)]
    lines += _ways_out(verdict.ways_out, keys, width)
    if verdict.stack:
        shown = without_the_way_in(verdict.stack)
        lines += [*heading("Its stack, innermost first"), *frame_lines(shown, width, 3, glyphs.ellipsis)]
    lines += _others(reply.verdicts, verdict, glyphs, width)
    return Page([*lines, *_troubles(reply.troubles, width)])


def _head(verdict: Verdict, glyphs: Glyphs, now_s: float, width: int) -> list[Line]:
    """How bad it is and how sure, then the cause with room around it."""
    tone = SEVERITY_TONES[verdict.severity]
    sign = glyphs.states[severity_sign(verdict)]
    left: list[Piece] = [(f" {sign} {kind_words(verdict.kind)}", tone), (f"  {verdict.severity}", tone)]
    notes = [age_words(verdict.since_s, now_s), _CONFIDENCE[verdict.confidence]]
    left.append(("  " + "  ".join(note for note in notes if note), Tone.DIM))
    right: Line = ((thread_words(verdict.pid, verdict.thread) + " ", Tone.DIM),)
    sentence = wrap(plain(verdict.sentence), min(width - 4, SENTENCE_COLUMNS))
    lines: list[Line] = [spread(tuple(left), right, width), ()]
    lines += [((f"  {text}", Tone.STRONG),) for text in sentence]
    if verdict.blocks:
        many = f"It blocks {plural(len(verdict.blocks), 'worker')}: {names_words(verdict.blocks)}"
        lines += [(), *_folded(many, width, 2, Tone.AMBER)]
    return lines


def chain_lines(verdict: Verdict, glyphs: Glyphs, width: int) -> list[Line]:
    """Who waits for whom, from the one asked about on: each below the one before, and a ring where it comes to one."""
    chain = verdict.chain
    if not chain:
        return []
    begins = 0 if verdict.is_cycle else _where_it_closes(chain)
    if begins is None:
        title = "Who waits for whom" if len(chain) > 1 else "Where it is"
        return [*heading(title), *_tree(chain, glyphs, width)]
    ring = chain if verdict.is_cycle else chain[begins:-1]
    if begins == 0:
        return [*heading("A ring of waiting"), *_ring(ring, glyphs, width)]
    lines = [*heading("Who waits for whom, and at the end a ring"), *_tree(chain[:begins], glyphs, width)]
    return [*lines, *_ring(ring, glyphs, width)]


def _where_it_closes(chain: Sequence[ChainLink]) -> int | None:
    """Which link the last one of `chain` is over again; None where it is none."""
    identities = [(link.pid, link.tid) for link in chain]
    first = identities.index(identities[-1])
    return None if first == len(chain) - 1 else first


def _tree(chain: Sequence[ChainLink], glyphs: Glyphs, width: int) -> list[Line]:
    lines: list[Line] = []
    for depth, link in enumerate(chain):
        indent = min(1 + depth * _STEP, width // 3)
        mark = f"{glyphs.branch}{glyphs.points} " if depth else f"{glyphs.points} "
        lead = " " * max(indent - len(mark) + 2, 1)
        lines.append(cut_line(((lead, Tone.PLAIN), (mark, Tone.AMBER), *_who(link)), width, glyphs.ellipsis))
        lines += _doing(link, " " * (len(lead) + len(mark)), glyphs, width)
    return lines


def _ring(chain: Sequence[ChainLink], glyphs: Glyphs, width: int) -> list[Line]:
    begins, goes_on, closes = glyphs.ring
    lines: list[Line] = []
    for index, link in enumerate(chain):
        edge = f" {begins}{glyphs.points} " if index == 0 else f" {goes_on}{glyphs.points} "
        lines.append(cut_line(((edge, Tone.RED), *_who(link)), width, glyphs.ellipsis))
        lines += [((line[0][0], Tone.RED), *line[1:]) for line in _doing(link, f" {goes_on}  ", glyphs, width)]
    has_threads = len({link.pid for link in chain}) < len(chain)
    first, last = (_name(chain[at], has_thread=has_threads) for at in (0, -1))
    closing = f"{last} waits for {first}: round again" if len(chain) > 1 else "waits for itself"
    lines.append(((f" {closes}{glyphs.points} ", Tone.RED), (cut(closing, width - 5, glyphs.ellipsis), Tone.DIM)))
    return lines


def _name(link: ChainLink, *, has_thread: bool) -> str:
    if has_thread and link.thread:
        return f"thread {cut(plain(link.thread), LONGEST_THREAD)}"
    return f"{plain(link.replica)} (pid {link.pid})" if link.replica else f"pid {link.pid}"


def _who(link: ChainLink) -> Line:
    name = plain(link.replica) or "a process that is no worker's"
    return ((name, Tone.STRONG), (f"  {thread_words(link.pid, link.thread)}", Tone.DIM))


def _doing(link: ChainLink, lead: str, glyphs: Glyphs, width: int) -> list[Line]:
    """What one link of a chain does, and the line of its code; each line begins with `lead`."""
    room = max(width - len(lead) - 1, 12)
    lines: list[Line] = [((lead, Tone.PLAIN), (text, Tone.PLAIN)) for text in wrap(plain(link.does), room)]
    if link.frame is not None:
        place = f"{place_words(link.frame)} {plain(link.frame.function)}"
        source = plain(link.frame.source.strip())
        pieces: Line = ((lead, Tone.PLAIN), (f"{place}  ", Tone.DIM), (source, Tone.ACCENT))
        lines.append(cut_line(pieces, width, glyphs.ellipsis))
    return lines


def _bullets(title: str, texts: Sequence[str], glyphs: Glyphs, width: int) -> list[Line]:
    if not texts:
        return []
    lines = heading(title)
    for text in texts:
        folded = wrap(plain(text), max(width - 5, 12))
        lines += [((f" {glyphs.bullet if at == 0 else ' '} ", Tone.DIM), (part, Tone.PLAIN))
                  for at, part in enumerate(folded)]  # fmt: skip
    return lines


def _ways_out(ways: Sequence[WayOut], keys: Mapping[str, str], width: int) -> list[Line]:
    shown = [way for way in ways if way.text]
    if not shown:
        return []
    lines = heading("Ways out")
    for way in shown:
        folded = wrap(plain(way.text), max(width - 7, 12))
        key = keys.get(way.action, "")
        lines += [((f" {key if at == 0 else '':>3}  ", Tone.ACCENT), (part, Tone.PLAIN))
                  for at, part in enumerate(folded)]  # fmt: skip
    return lines


def _others(verdicts: Sequence[Verdict], shown: Verdict, glyphs: Glyphs, width: int) -> list[Line]:
    others = [verdict for verdict in verdicts if verdict is not shown]
    if not others:
        return []
    lines = heading(f"Its other threads and processes: {len(others)}  (n: the next in full)")
    for verdict in others:
        tone = SEVERITY_TONES[verdict.severity]
        pieces: Line = (
            (f" {glyphs.states[severity_sign(verdict)]} {kind_words(verdict.kind):<14} ", tone),
            (f"{thread_words(verdict.pid, verdict.thread)}  ", Tone.DIM),
            (plain(verdict.sentence), Tone.PLAIN),
        )
        lines.append(cut_line(pieces, width, glyphs.ellipsis))
    return lines


def _troubles(troubles: Sequence[str], width: int) -> list[Line]:
    if not troubles:
        return []
    lines = heading("What could not be seen", Tone.AMBER)
    for trouble in grouped_troubles(troubles):
        lines += _folded(in_keys(plain(trouble)), width, 3)
    return lines


def _folded(text: str, width: int, indent: int, tone: Tone = Tone.PLAIN) -> list[Line]:
    room = max(min(width - indent - 1, SENTENCE_COLUMNS), 12)
    return [((" " * indent + part, tone),) for part in wrap(plain(text), room)]
