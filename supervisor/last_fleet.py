"""How all workers were when a run ended, for whoever could not be told in time: a client without a core, a lost line.

::

    Engine.close ──► <run>/last.json ──► the client that finds no engine any more

It is written whole or not at all, once, and neither writing nor reading it raises: a run ends with or without it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec
from loguru import logger

from supervisor.api.messages import Fleet
from supervisor.legible import encoded

LAST_NAME: Final = "last.json"


def keep(run_directory: Path, fleet: Fleet) -> None:
    """Write down that `fleet` is how the run ended."""
    path = run_directory / LAST_NAME
    draft = path.with_suffix(".new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb") as file:
            file.write(encoded(fleet))
        draft.replace(path)
    except OSError as error:
        logger.warning("how the run ended cannot be written down: {} ({})", error.strerror or error, path)


def read(run_directory: Path) -> Fleet | None:
    """How the run ended; None where that is not known: its engine lives, was killed, or could not write."""
    try:
        return msgspec.json.decode((run_directory / LAST_NAME).read_bytes(), type=Fleet)
    except (OSError, msgspec.MsgspecError):
        return None
