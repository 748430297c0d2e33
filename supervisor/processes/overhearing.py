"""What other programs said, as one harmless line for people: cut, decoded, with no character that moves a cursor."""

from __future__ import annotations

import os
from typing import Final

LINE_LIMIT: Final = 200
"""Characters of the longest line."""


def one_line(said: bytes | str, *, last: bool = False) -> str:
    """The first line of `said` that is not blank, or the last one. What does not print is shown as ``\\x1b``."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    lines = [line for line in map(str.strip, text.replace("\r", "\n").split("\n")) if line]
    if not lines:
        return ""
    line = lines[-1 if last else 0]
    if not line.isprintable():
        line = "".join(sign if sign.isprintable() else _shown(ord(sign)) for sign in line[: LINE_LIMIT + 1])
    return line if len(line) <= LINE_LIMIT else line[: LINE_LIMIT - 1] + "…"


def error_text(error: Exception) -> str:
    """``connection refused``: what went wrong, in the words of the system where it has any."""
    secure = getattr(error, "verify_message", "") or getattr(
        error, "reason", ""
    )  # ssl.SSLError, whose errno is not one
    if isinstance(secure, str) and secure:
        text = secure.replace("_", " ").lower()
    elif isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        text = os.strerror(error.errno)
    else:
        text = str(error) or type(error).__name__
    return one_line(text[:1].lower() + text[1:])


def _shown(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
