"""The last line that a worker wrote on stderr: often the only reason that it gives for its end."""

from __future__ import annotations

import re
from typing import Final

KEPT_BYTES: Final = 4096

_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_FATAL: Final = "Fatal Python error:"


class LastWords:
    """Hears a stream in chunks and keeps its end."""

    def __init__(self) -> None:
        self._tail = b""

    def hear(self, chunk: bytes) -> bool:
        """Take the next chunk; always True: there is never enough (a tap of `supervisor.logs.intake.LaneReader`)."""
        self._tail = (self._tail + chunk)[-KEPT_BYTES:] if len(chunk) < KEPT_BYTES else chunk[-KEPT_BYTES:]
        return True

    @property
    def line(self) -> str:
        """The last line that is not empty, without control characters; an interpreter's fatal error comes first."""
        text = _SEQUENCE.sub("", self._tail.decode(errors="replace"))
        lines = [clean for line in text.split("\n") if (clean := _CONTROL.sub("", line).strip())]
        fatal = next((line for line in lines if line.startswith(_FATAL)), "")
        return fatal or (lines[-1] if lines else "")
