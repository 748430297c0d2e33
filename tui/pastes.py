"""Keeps what is pasted one paste: an escape sequence in it would make keys of the rest (Textual's parser, 8.2).

::

    terminal ──> [ESC[200~ what is pasted ESC[201~] without escape sequences ──> parser
"""

from __future__ import annotations

import re
from typing import Final

BEGIN: Final = "\x1b[200~"
END: Final = "\x1b[201~"
"""Around what is pasted (xterm, ctlseqs: bracketed paste mode)."""
_SEQUENCES: Final = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]?|\\][^\x07\x1b]*\x07?)?")


class PasteCleaner:
    """Takes what arrives, in whatever pieces; only what is pasted is changed."""

    def __init__(self) -> None:
        self._is_inside = False
        self._passed = ""
        """The last that was passed on: a paste may begin in it."""
        self._held = ""
        """Of a paste, what may be the beginning of its end."""

    def clean(self, text: str) -> str:
        """What the parser is to get of `text` now."""
        text, self._held = self._held + text, ""
        passed: list[str] = []
        while text:
            text = self._inside(text, passed) if self._is_inside else self._outside(text, passed)
        return "".join(passed)

    def _outside(self, text: str, passed: list[str]) -> str:
        known = len(self._passed)
        at = (self._passed + text).find(BEGIN)
        if at < 0:
            self._passed = (self._passed + text)[1 - len(BEGIN) :]
            passed.append(text)
            return ""
        end = at + len(BEGIN) - known
        self._is_inside, self._passed = True, ""
        passed.append(text[:end])
        return text[end:]

    def _inside(self, text: str, passed: list[str]) -> str:
        at = text.find(END)
        if at >= 0:
            self._is_inside = False
            passed += [_SEQUENCES.sub("", text[:at]), END]
            return text[at + len(END) :]
        begun = text.rfind("\x1b", -len(END))
        if begun >= 0 and END.startswith(text[begun:]):
            text, self._held = text[:begun], text[begun:]
        passed.append(_SEQUENCES.sub("", text))
        return ""
