"""Finds letters that stand close together in their order: what is typed as ``~prstmt`` finds "parse timeout". Pure."""

from __future__ import annotations

import re
from typing import Final

SPREAD: Final = 3
"""Letters that are meant together stand in at most so many times as many characters, as in the filters of lists."""


class CloseLetters:
    """Finds some letters; blanks and case mean nothing. Used as a compiled regular expression is.

    Attributes:
        pattern: finds at least all places where they are close: no letter may be too far from the one before.
    """

    def __init__(self, letters: str, flags: re.RegexFlag = re.NOFLAG) -> None:
        wanted = "".join(letters.split())
        self._most = SPREAD * len(wanted)
        gap = self._most - len(wanted)
        # What is skipped is never the letter that is looked for: there is one way to match, and no trying of others.
        steps = (f"[^{letter}]{{0,{gap}}}+{letter}" for letter in map(re.escape, wanted[1:]))
        self.pattern = re.compile(re.escape(wanted[:1]) + "".join(steps), re.IGNORECASE | flags)

    def search(self, text: str) -> re.Match[str] | None:
        """The first place in `text` where all letters are close together."""
        match = self.pattern.search(text)
        while match is not None and match.end() - match.start() > self._most:
            match = self.pattern.search(text, match.start() + 1)
        return match
