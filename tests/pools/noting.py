"""A module that says which processes have imported it."""

from __future__ import annotations

import os
from pathlib import Path

NOTES = "PROCDECK_TEST_NOTES"

if NOTES in os.environ:
    Path(os.environ[NOTES], str(os.getpid())).touch()


def same(item: int) -> int:
    return item
