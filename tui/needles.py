"""What a person typed to filter a list: the same grammar in all of them, and what is wrong with it where it is no good.

``text`` lets those pass that have it, ``~txt`` those with its letters close together in their order, ``re:t.xt`` those
that the regular expression finds; ``!`` before it all lets the others pass. The case of letters means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tui.fuzzy import fit_of

SPREAD: Final = 3
"""Letters that are meant together stand in at most so many times as many characters."""


@dataclass(frozen=True, slots=True)
class Needle:
    """A filter that was typed."""

    text: str = ""
    """In small letters, without what says how it is meant."""
    is_inverted: bool = False
    is_fuzzy: bool = False
    pattern: re.Pattern[str] | None = None
    trouble: str = ""
    """Why it cannot be used; empty where it can. One that cannot lets all pass."""

    def passes(self, texts: Iterable[str]) -> bool:
        """Whether something with these texts passes."""
        if self.trouble or not (self.text or self.pattern):
            return True
        return any(map(self._is_in, texts)) != self.is_inverted

    def _is_in(self, text: str) -> bool:
        if self.pattern is not None:
            return self.pattern.search(text) is not None
        if self.is_fuzzy:
            fit = fit_of(self.text, text)
            return fit is not None and _is_close(fit[1])
        return self.text in text.lower()


def _is_close(places: tuple[int, ...]) -> bool:
    return not places or places[-1] - places[0] < SPREAD * len(places)


@lru_cache(maxsize=64)
def needle_of(typed: str) -> Needle:
    """What `typed` means."""
    wanted = typed.strip()
    is_inverted = wanted.startswith("!")
    wanted = wanted.removeprefix("!").strip()
    if wanted.startswith("re:"):
        try:
            return Needle(is_inverted=is_inverted, pattern=re.compile(wanted[3:], re.IGNORECASE))
        except re.error as error:
            return Needle(wanted[3:], trouble=str(error))
    is_fuzzy = wanted.startswith("~")
    return Needle(wanted.removeprefix("~").lower(), is_inverted, is_fuzzy)
