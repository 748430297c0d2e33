"""The process that looks after a run's store beside the engine: compresses what is closed, writes plain files.

::

    engine ──stdin: open as long as it lives──► python -m supervisor.logs.keeping DIRECTORY [--compress] [--files BYTES]
    engine ◄──stdout: a sentence a line when something cannot be done──┘   at end of file: what is left, then the end

It reads the files that the engine writes and asks it for nothing, so that it delays nobody; if it dies, it is started
again and goes on where the files are.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
from pathlib import Path
from typing import Final

from supervisor.logs.packing import closed_segments, pack
from supervisor.logs.plain_files import PlainFiles

LOOK_EVERY_S: Final = 0.5
"""Between two looks at files that the engine writes."""
NICENESS: Final = 10


def keeping_command(directory: Path, *, is_compressed: bool, file_bytes: int | None) -> list[str]:
    """The words that start the process; `file_bytes` is the size of plain files, None for none of them."""
    words = [sys.executable, "-m", "supervisor.logs.keeping", str(directory)]
    return words + ["--compress"] * is_compressed + ([] if file_bytes is None else ["--files", str(file_bytes)])


def main(argv: list[str]) -> int:
    """Look after the store until the end of stdin."""
    parser = argparse.ArgumentParser(prog="supervisor.logs.keeping", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--compress", action="store_true")
    parser.add_argument("--files", type=int, metavar="BYTES")
    options = parser.parse_args(argv)
    os.nice(NICENESS)
    keeper = _Keeper(options.directory, options.files, is_compressing=options.compress)
    while not _has_ended(LOOK_EVERY_S):
        keeper.look_after()
    keeper.finish()
    return 0


class _Keeper:
    def __init__(self, directory: Path, file_bytes: int | None, *, is_compressing: bool) -> None:
        self._directory = directory
        self._files = PlainFiles(directory, file_bytes) if file_bytes is not None else None
        self._is_compressing = is_compressing
        self._said = ""

    def look_after(self) -> None:
        self._write_files(is_last=False)
        if not self._is_compressing:
            return
        try:
            for number in closed_segments(self._directory):
                if not pack(self._directory, number, lambda: not _has_ended(0.0)):
                    break
        except OSError as error:
            self._say(f"log segments cannot be compressed: {error.strerror or error} ({self._directory})")

    def finish(self) -> None:
        """Write what is left for plain files; what is not compressed stays so, for nobody waits for it."""
        self._write_files(is_last=True)

    def _write_files(self, *, is_last: bool) -> None:
        if self._files is None:
            return
        try:
            while self._files.advance() and (is_last or not _has_ended(0.0)):
                pass
        except OSError as error:
            self._say(f"plain log files cannot be written: {error.strerror or error} ({self._directory})")

    def _say(self, trouble: str) -> None:
        if trouble != self._said:
            self._said = trouble
            os.write(1, trouble.encode("utf-8", "replace") + b"\n")


def _has_ended(patience_s: float) -> bool:
    """Whether stdin is at its end, after a wait for that."""
    return bool(select.select([0], [], [], patience_s)[0]) and not os.read(0, 4096)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
