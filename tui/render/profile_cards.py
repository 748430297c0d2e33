"""Profiles to choose from, as lines: one line for each in the list, and all that is known of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

from supervisor.profile.outline import Outline, Part
from tui.fuzzy import fit_of
from tui.profiles import GROUPS, Card, Group
from tui.render.facts import heading
from tui.render.figures import duration, plural
from tui.render.glyphs import Glyphs
from tui.render.pieces import Line, Tone, cut, fit, fit_line, plain, wrap

GROUP_TITLES: Final[dict[Group, str]] = {
    "here": "Here",
    "running": "Running elsewhere",
    "recent": "Opened lately",
    "shipped": "Shipped with procdeck",
}
NAME_CELLS, STATE_CELLS, CONTENT_CELLS = 18, 13, 26
ROOMY_CONTENT_CELLS, ROOMY_FROM_COLUMNS = 38, 90


@dataclass(frozen=True, slots=True)
class Start:
    """A way to begin that is no profile: its line in the list, and what it would do."""

    id: str
    name: str
    about: str
    """In the list."""
    sentences: tuple[str, ...]
    """In the detail; one that begins with two blanks is shown as it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: that of a profile or a way to begin, or a heading."""

    line: Line
    entry: Card | Start | None = None


def init_start(python_files: Sequence[str]) -> Start:
    """What `procdeck init` would do here, where these files of Python are."""
    files = f"Python files here: {', '.join(python_files[:8])}{' and more' if len(python_files) > 8 else ''}."
    return Start(
        "init",
        "Write a profile",
        "of a Python file's functions, or of your answers (procdeck init)",
        (
            "Enter asks a few questions in this terminal and writes procdeck.toml here.",
            "Of a Python file, its top-level functions become the workers; no code is run:",
            f"  procdeck init {python_files[0] if python_files else 'job.py'}",
            *((files,) if python_files else ()),
            "A profile can be as short as this:",
            "  [workers.tick]",
            '  command = "while true; do date; sleep 1; done"',
            "`procdeck check` tells every mistake of one with its line; `procdeck --help` lists all commands.",
        ),
    )


def chosen_cards(cards: Sequence[Card], typed: str) -> list[Card]:
    """The cards that fit what is typed, in their own order: by name, path or description; `!` inverts, `~` is fuzzy."""
    wanted = typed.strip().lower()
    is_inverted = wanted.startswith("!")
    wanted = wanted.removeprefix("!").strip()
    if not wanted:
        return list(cards)
    return [card for card in cards if _fits(card, wanted) != is_inverted]


def _fits(card: Card, wanted: str) -> bool:
    texts = (card.name, str(card.path), card.outline.description if card.outline else "")
    if wanted.startswith("~"):
        return fit_of(wanted[1:], card.name) is not None or fit_of(wanted[1:], str(card.path)) is not None
    return any(wanted in text.lower() for text in texts)


def list_rows(
    starts: Sequence[Start], cards: Sequence[Card], current: str, now_at: float, width: int, glyphs: Glyphs
) -> list[Row]:
    """The ways to begin, then the cards below the headings of their groups; `current` is the project shown already."""
    rows = [Row(start_line(start, width, glyphs), start) for start in starts]
    for group in GROUPS:
        members = [card for card in cards if card.group == group]
        if members:
            rows.append(Row(fit_line(((f" {GROUP_TITLES[group]}", Tone.DIM),), width, glyphs.ellipsis)))
            rows += [Row(card_line(card, current, now_at, width, glyphs), card) for card in members]
    return rows


def card_line(card: Card, current: str, now_at: float, width: int, glyphs: Glyphs) -> Line:
    """One card in exactly `width` cells: name, state, what it contains, where it is."""
    ellipsis = glyphs.ellipsis
    content_cells = CONTENT_CELLS if width < ROOMY_FROM_COLUMNS else ROOMY_CONTENT_CELLS
    word, tone = state_of(card, current, now_at, glyphs)
    name_tone = Tone.STRONG if card.is_there else Tone.DIM
    left: Line = (
        ("  " + fit(plain(card.name), NAME_CELLS, ellipsis=ellipsis) + " ", name_tone),
        (fit(word, STATE_CELLS, ellipsis=ellipsis) + " ", tone),
    )
    if card.is_there and card.outline is not None and card.outline.mistakes:
        first = card.outline.mistakes[0].removeprefix(f"{card.path.parent}/")
        return fit_line((*left, (plain(first), Tone.RED)), width, ellipsis)
    left = (
        *left,
        (fit(counts_words(card.outline), content_cells, ellipsis=ellipsis) + " ", Tone.PLAIN),
    )
    room = width - 6 - NAME_CELLS - STATE_CELLS - content_cells
    return fit_line((*left, (cut_left(plain(str(card.path)), room, ellipsis), Tone.DIM)), width, ellipsis)


def start_line(start: Start, width: int, glyphs: Glyphs) -> Line:
    """A way to begin in exactly `width` cells."""
    line: Line = ((f" {fit(start.name, NAME_CELLS)}  ", Tone.ACCENT), (start.about, Tone.PLAIN))
    return fit_line(line, width, glyphs.ellipsis)


def start_page(start: Start, width: int) -> list[Line]:
    """What it would do, folded to `width` cells."""
    lines: list[Line] = []
    for sentence in start.sentences:
        if sentence.startswith("  "):
            lines.append(((f" {plain(sentence)}", Tone.ACCENT),))
        else:
            lines += [((f" {part}", Tone.PLAIN),) for part in wrap(plain(sentence), width - 2)]
    return lines


def cut_left(text: str, width: int, ellipsis: str) -> str:
    """`text` in at most `width` cells; of a path its end is what tells it from others."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - len(ellipsis):
        text = text[1:]
    return ellipsis + text if text else ""


def state_of(card: Card, current: str, now_at: float, glyphs: Glyphs) -> tuple[str, Tone]:
    """In a word or two whether it can be run, or runs."""
    if card.engine is not None:
        since = duration(max(now_at - card.engine.started_at, 0.0))
        where = "shown" if card.engine.project == current else "runs"
        return f"{glyphs.states['running']} {where} {since}", Tone.GOOD
    if not card.is_there:
        return "gone", Tone.AMBER
    if card.outline is None:
        return f"checking{glyphs.ellipsis}", Tone.DIM
    if card.outline.mistakes:
        return f"{glyphs.states['failed']} {plural(len(card.outline.mistakes), 'mistake')}", Tone.RED
    return f"{glyphs.states['finished']} valid", Tone.DIM


def counts_words(outline: Outline | None) -> str:
    """``5 workers, 1 pool, 3 queues``."""
    if outline is None or outline.mistakes:
        return ""
    return ", ".join(plural(number, kind) for kind, number in outline.counts().items()) or "no workers"


def card_page(card: Card, current: str, now_at: float, width: int, glyphs: Glyphs) -> list[Line]:
    """All that is known of a card, folded to `width` cells."""
    outline = card.outline
    lines: list[Line] = [((f" {part}", Tone.PLAIN),) for part in wrap(plain(str(card.path)), width - 2)]
    if outline is not None and outline.description:
        lines += [((f" {part}", Tone.PLAIN),) for part in wrap(plain(outline.description), width - 2)]
    lines += [
        ((f" {part}", tone),) for text, tone in _standing(card, current, now_at) for part in wrap(text, width - 2)
    ]
    if outline is None:
        return lines
    if outline.mistakes and card.is_there:
        lines += heading(plural(len(outline.mistakes), "mistake"), Tone.RED)
        for mistake in outline.mistakes:
            first, *more = wrap(plain(mistake.removeprefix(f"{outline.path}:")), width - 5)
            lines += [((f" line {first}" if mistake.startswith(f"{outline.path}:") else f" {first}", Tone.RED),)]
            lines += [((f"   {part}", Tone.RED),) for part in more]
    lines += _parts("Workers", [part for part in outline.parts if part.kind == "worker"], width, glyphs)
    lines += _parts("Pools", [part for part in outline.parts if part.kind == "pool"], width, glyphs)
    channels = [part for part in outline.parts if part.kind not in ("worker", "pool")]
    return [*lines, *_parts("Channels", channels, width, glyphs)]


def _standing(card: Card, current: str, now_at: float) -> list[tuple[str, Tone]]:
    told: list[tuple[str, Tone]] = []
    if card.engine is not None:
        since = duration(max(now_at - card.engine.started_at, 0.0))
        shown = "; this is what you look at" if card.engine.project == current else ""
        told.append(
            (f"Runs as {card.engine.project} for {since} now, engine {card.engine.engine_pid}{shown}.", Tone.GOOD)
        )
    if not card.is_there:
        told.append(("The file is gone: moved, renamed or deleted since it was opened.", Tone.AMBER))
    elif card.outline is None:
        told.append(("Being checked.", Tone.DIM))
    elif card.outline.is_valid and card.engine is None:
        told.append(("Valid; no engine runs it. Enter starts its workers and shows them.", Tone.DIM))
    elif not card.outline.is_valid and card.engine is None:
        told.append(("It cannot be run before it is mended.", Tone.AMBER))
    if card.opened_at is not None:
        told.append((f"Opened {duration(max(now_at - card.opened_at, 0.0))} ago.", Tone.DIM))
    return told


def _parts(title: str, parts: Sequence[Part], width: int, glyphs: Glyphs) -> list[Line]:
    if not parts:
        return []
    wide = min(max(cell_len(part.name) for part in parts), 24)
    lines = heading(f"{title} {len(parts)}")
    for part in parts:
        name = fit(plain(part.name), wide, ellipsis=glyphs.ellipsis)
        kind = (part.kind,) if part.kind not in ("worker", "pool") else ()
        about = "   ".join((*kind, *((part.runs,) if part.runs else ()), *part.words))
        line: Line = ((f" {name}  ", Tone.STRONG), (cut(plain(about), width - wide - 3, glyphs.ellipsis), Tone.PLAIN))
        lines.append(fit_line(line, width, glyphs.ellipsis))
    return lines
