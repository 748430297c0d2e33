"""Writes a dump of stacks, or a picture, into a directory, for the eyes of the user alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_TRIES: Final = 100


def write_dump(directory: Path, stem: str, text: str, suffix: str = ".txt") -> Path:
    """Write `text` to a new file of that name in `directory`, mode 0600; with a number behind where there is one.

    Raises:
        OSError: it cannot be written there.
    """
    for number in range(_TRIES):
        path = directory / (f"{stem}-{number}{suffix}" if number else f"{stem}{suffix}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return path
    raise FileExistsError(f"there are {_TRIES} files of that name in {directory}")
