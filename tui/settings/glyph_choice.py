"""Which set of signs fits a terminal: the one that was chosen, else what the locale can say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tui.render.glyphs import ASCII, UNICODE, Glyphs, glyph_set
from tui.settings.model import GlyphChoice

_LOCALE: Final = ("LC_ALL", "LC_CTYPE", "LANG")
"""In the order in which they count (POSIX 8.2)."""


def glyphs_for(choice: GlyphChoice, environ: Mapping[str, str]) -> Glyphs:
    """The signs that were chosen; ``auto``: ASCII where the locale is known to have nothing else.

    ``PROCDECK_GLYPHS`` stands above both.
    """
    named = environ.get("PROCDECK_GLYPHS", "").strip().lower()
    if named:
        return glyph_set(named)
    if choice == "auto":
        is_console = environ.get("TERM") == "linux"  # its fonts have 512 signs at the most, and not these
        return UNICODE if speaks_unicode(environ) and not is_console else ASCII
    return ASCII if choice == "ascii" else UNICODE


def speaks_unicode(environ: Mapping[str, str]) -> bool:
    """Whether the locale of `environ` has UTF-8. One that is not set at all says nothing: most terminals have it."""
    told = next((environ[name] for name in _LOCALE if environ.get(name)), "")
    if told == "C.UTF-8" and not environ.get("LC_ALL"):
        # Python itself sets LC_CTYPE so where the locale is C (PEP 538); the person's own is what it was started with.
        told = next((text for name in _LOCALE if (text := _started_with().get(name))), told)
    if not told:
        return True
    return "utf" in told.partition(".")[2].lower() or "utf-8" in told.lower()


def _started_with() -> dict[str, str]:
    """The environment that this process was started with; empty where the system does not tell."""
    try:
        pairs = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return {name.decode("utf-8", "replace"): text.decode("utf-8", "replace")
            for name, is_pair, text in (pair.partition(b"=") for pair in pairs) if is_pair}  # fmt: skip
