"""What the command palette offers: each action of the registry once, and everything that one can go to by its name.

It opens nothing and does nothing: the screen that asked does what was chosen, exactly as its key would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from tui.actions import Action
from tui.fuzzy import fit_of
from tui.keymap import key_name
from tui.link.view import FleetView
from tui.render.errors import ErrorRow
from tui.render.glyphs import Glyphs, shown_state
from tui.render.pieces import Line, Piece, Tone, cut, fit, fit_line, highlighted, line_width, plain
from tui.render.pool_words import shown_state as shown_pool_state
from tui.situation import Place

GO: Final = "go to "
LEAST_OF_SENTENCE: Final = 3
"""So many letters are looked for in the sentences too."""
LEAST_LIKENESS: Final = 0.7
"""So much of what is typed and of a name must be the same, where nothing fits as it is."""
MOST_NEAR: Final = 5
LABEL_CELLS, KEY_CELLS = 22, 9


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the palette."""

    what: Literal["action"] | Place
    """An action, or the place of what one goes to."""
    id: str
    """Of the action, or the name of what one goes to."""
    label: str
    about: str
    """A sentence, or what it is."""
    keys: str = ""
    refusal: str = ""
    """Why it cannot be done now; empty: it can."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that fits what is typed."""

    entry: Entry
    places: tuple[int, ...] = ()
    """Which characters of its label are what is typed; none where only its sentence has it."""


def action_entries(actions: Iterable[Action], refusal_of: Callable[[Action], str]) -> list[Entry]:
    """An entry for each of `actions` but the palette itself; `refusal_of` says why one cannot be done, or nothing."""
    return [
        Entry("action", action.id, action.label, action.help, _keys(action), refusal_of(action))
        for action in actions
        if action.id != "palette"
    ]


def _keys(action: Action) -> str:
    return " ".join(key_name(key) for key in action.keys)


def go_entries(view: FleetView, errors: Sequence[ErrorRow]) -> list[Entry]:
    """An entry for each worker, channel, pool and error."""
    rows = [_go("workers", row.name, f"worker, {shown_state(row)}") for row in view.rows]
    channels = [_go("channels", name, channel.kind) for name, channel in view.channels.items()]
    pools = [_go("pools", name, f"pool, {shown_pool_state(pool)}") for name, pool in view.pools.items()]
    failed = [_go("errors", row.name, f"error: {plain(row.group.message)}") for row in errors]
    return [*rows, *channels, *pools, *failed]


def _go(place: Place, name: str, about: str) -> Entry:
    return Entry(place, name, GO + plain(name), about)


def found(entries: Sequence[Entry], typed: str) -> list[Found]:
    """What fits `typed`, best first; of equals what can be done now comes first. Nothing typed: everything."""
    wanted = typed.strip()
    if not wanted:
        return [Found(entry) for entry in sorted(entries, key=lambda entry: bool(entry.refusal))]
    ranked: list[tuple[int, bool, int, Found]] = []
    for index, entry in enumerate(entries):
        fitting = _fit(entry, wanted)
        if fitting is not None:
            score, places = fitting
            ranked.append((-score, bool(entry.refusal), index, Found(entry, places)))
    return [each[3] for each in sorted(ranked, key=lambda each: each[:3])]


def near(entries: Sequence[Entry], typed: str) -> list[Found]:
    """What may be meant by `typed` where nothing fits it: a letter too many, too few or in the wrong place."""
    wanted = typed.strip().lower()
    ranked: list[tuple[float, int, Found]] = []
    for index, entry in enumerate(entries):
        name = entry.label.removeprefix(GO).lower()
        likeness = max((_likeness(wanted, part) for part in {name, *name.split()}), default=0.0)
        if likeness >= LEAST_LIKENESS:
            ranked.append((-likeness, index, Found(entry)))
    return [each[2] for each in sorted(ranked, key=lambda each: each[:2])[:MOST_NEAR]]


def _likeness(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= LEAST_LIKENESS else 0.0


def _fit(entry: Entry, wanted: str) -> tuple[int, tuple[int, ...]] | None:
    """The name of what one goes to counts as its label does."""
    ways = [way for way in (fit_of(wanted, entry.label),) if way is not None]
    if entry.what != "action" and (own := fit_of(wanted, entry.label.removeprefix(GO))) is not None:
        ways.append((own[0], tuple(place + len(GO) for place in own[1])))
    if ways:
        return max(ways)
    is_said = len(wanted) >= LEAST_OF_SENTENCE and wanted.lower() in entry.about.lower()
    return (0, ()) if is_said else None


def entry_line(one: Found, width: int, glyphs: Glyphs) -> Line:
    """One line in exactly `width` cells: its label, its keys, and its sentence or why it cannot be done."""
    entry, ellipsis = one.entry, glyphs.ellipsis
    room = LABEL_CELLS if entry.what == "action" else max(LABEL_CELLS + 1 + KEY_CELLS, width // 2)
    label = cut(entry.label, room, ellipsis)
    spans = [(place, place + 1) for place in one.places if place < len(label)]
    tone = Tone.DIM if entry.refusal else Tone.STRONG
    pieces: list[Piece] = [(" ", Tone.PLAIN), *highlighted(((label, tone),), spans)]
    pieces.append((" " * (room + 2 - line_width(tuple(pieces))), Tone.PLAIN))
    if entry.what == "action":
        pieces.append((fit(entry.keys, KEY_CELLS, ellipsis=ellipsis) + " ", Tone.DIM if entry.refusal else Tone.ACCENT))
    about = (entry.refusal, Tone.DIM) if entry.refusal else (entry.about, Tone.PLAIN)
    return fit_line((*pieces, about), width, ellipsis)
