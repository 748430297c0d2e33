"""A recording: what was seen of one program, and where recordings are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from supervisor.diagnose.evidence import Dump, Look

RECORDED: Final = Path(__file__).parents[2] / "tests" / "diagnose" / "recorded"


class Recording(msgspec.Struct, frozen=True):
    """One program, as it was seen."""

    program: str
    method: str
    machine: str
    before: Look
    look: Look
    dumps: tuple[Dump, ...]


def load(file: Path) -> Recording:
    """A recording from its file."""
    return msgspec.json.decode(file.read_bytes(), type=Recording)
