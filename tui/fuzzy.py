"""How well typed letters fit a name: they must occur in it in their order, and count more where words begin."""

from __future__ import annotations

from typing import Final

WORD_START: Final = 8
RUN: Final = 7
"""The letter follows the one before at once."""
FIRST: Final = 3
"""The letter is the name's first."""
WHOLE: Final = 4
"""Nothing but the letters is in the name."""


def fit_of(typed: str, name: str) -> tuple[int, tuple[int, ...]] | None:
    """How well `typed` fits `name` (more is better), and where its letters are; None where it does not.

    Of all ways to find the letters the best one counts. Blanks in `typed` and the case of letters mean nothing; the
    work is at most the product of both lengths.
    """
    wanted, text = "".join(typed.lower().split()), name.lower()
    if len(text) != len(name) or not _is_in_order(wanted, text):
        text = name if _is_in_order(wanted, name) else ""
    if wanted and not text:
        return None
    best: dict[int, tuple[int, tuple[int, ...]]] = {-1: (0, ())}
    for letter in wanted:
        best = _with(letter, best, text)
    if not wanted:
        return 0, ()
    score, places = max(best.values(), key=lambda found: (found[0], [-place for place in found[1]]))
    return score + (WHOLE if len(wanted) == len(text) else 0), places


def _with(
    letter: str, best: dict[int, tuple[int, tuple[int, ...]]], text: str
) -> dict[int, tuple[int, tuple[int, ...]]]:
    """The best ways to end at each place of `letter`, made of the best ways to end before it."""
    longer: dict[int, tuple[int, tuple[int, ...]]] = {}
    before: tuple[int, tuple[int, ...]] | None = best.get(-1)
    for place, other in enumerate(text):
        if other == letter and before is not None:
            ways = [before]
            if place and (last := best.get(place - 1)) is not None:
                ways.append((last[0] + RUN, last[1]))
            score, places = max(ways, key=lambda way: way[0])
            longer[place] = (score + _worth(place, text), (*places, place))
        here = best.get(place)
        if here is not None and (before is None or here[0] > before[0]):
            before = here
    return longer


def _worth(place: int, text: str) -> int:
    if place == 0:
        return WORD_START + FIRST
    return WORD_START if not text[place - 1].isalnum() and text[place].isalnum() else 0


def _is_in_order(wanted: str, text: str) -> bool:
    letters = iter(text)
    return all(letter in letters for letter in wanted)
