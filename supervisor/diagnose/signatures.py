"""How a stack is compared with a rule's: by file, function and what is called, never by line numbers. Pure but for
`source_line`.

A step names a function by the end of its file's path and its name, ``multiprocessing/queues.py Queue.get``:

    ...          any number of frames, none as well
    user         a frame of neither the standard library nor procdeck
    any          a frame of whatever code
    f.py a|b     one of several functions
    f.py *       any function of the file
"""

from __future__ import annotations

import itertools
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from supervisor.diagnose.evidence import Frame

_LIBRARY: Final = re.compile(r"^<frozen |(^|/)python3\.\d+t?/(?!(site|dist)-packages/)|(^|/)python3\d+\.zip/")
_ROOT: Final = re.compile(r"(^|/)(python3\.\d+t?|python3\d+\.zip)/$")
_PACKAGES: Final = re.compile(r"/(site|dist)-packages/")
_OURS: Final = re.compile(r"(^|/)supervisor/(agent|channels)/[a-z_]+\.py$|^supervisor/")
_OUR_FOLDER: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PACKAGES_WITH_RULES: Final = ("loky/", "loguru/")
_MADE: Final = re.compile(r"^<[^>]+>$")  # <string>: what multiprocessing makes with exec()

SOURCE_LIMIT_BYTES: Final = 2_000_000
"""Files that are longer are not read for a line."""
LINE_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a signature, taken apart."""

    file: str
    """Empty for ``...``, ``user`` and ``any``."""
    functions: tuple[str, ...]

    @property
    def is_gap(self) -> bool:
        return self.functions == ("...",)

    def fits(self, frame: Frame) -> bool:
        """Whether this step is that frame."""
        if not self.file:
            return self.functions == ("any",) or (self.functions == ("user",) and is_users(frame))
        return _is_file(frame.file, self.file) and any(_is_function(frame.function, one) for one in self.functions)


@lru_cache(maxsize=1024)
def step(text: str) -> Step:
    """A step from its text. ValueError for one that names a file and no function."""
    if text in ("...", "user", "any"):
        return Step("", (text,))
    file, _, functions = text.rpartition(" ")
    if not file:
        raise ValueError(f"the step {text!r} names no function; write it as 'queue.py Queue.get'")
    return Step(file, tuple(functions.split("|")))


_ROOTS_OF_A_CHILD: Final = (
    Step("multiprocessing/process.py", ("BaseProcess._bootstrap",)),
    Step("multiprocessing/popen_fork.py", ("Popen._launch",)),  # from 3.13 on, at its end
)


def _is_file(path: str, wanted: str) -> bool:
    """Whether a path is that file of the standard library, of procdeck, or of the import system."""
    if path == wanted:
        return True
    if not path.endswith("/" + wanted):
        return False
    if wanted.startswith("supervisor/"):
        return True
    if wanted.startswith(_PACKAGES_WITH_RULES):
        return _PACKAGES.search(path) is not None
    return _ROOT.search(path[: -len(wanted)]) is not None


def _is_function(name: str, wanted: str) -> bool:
    """py-spy and faulthandler tell functions without their class; a rule without one means any class's."""
    if wanted in ("*", name):
        return True
    if "." in name and "." in wanted:
        return False
    return name.rpartition(".")[2] == wanted.rpartition(".")[2]


def find(steps: Sequence[str], frames: Sequence[Frame]) -> tuple[int, ...] | None:
    """Where each step, gaps left out, is among the frames, both innermost first; None when they do not fit.

    The first step is the innermost frame, unless it is a gap; what is outside of the last does not matter.
    """
    return _find([step(text) for text in steps], frames, 0)


def _find(steps: Sequence[Step], frames: Sequence[Frame], at: int) -> tuple[int, ...] | None:
    if not steps:
        return ()
    first, rest = steps[0], steps[1:]
    if first.is_gap:
        if not rest:
            return ()
        return next((found for start in range(at, len(frames)) if (found := _find(rest, frames, start))), None)
    if at >= len(frames) or not first.fits(frames[at]):
        return None
    found = _find(rest, frames, at + 1)
    return None if found is None else (at, *found)


@lru_cache(maxsize=4096)
def is_library_file(file: str) -> bool:
    """Whether it belongs to the standard library."""
    return _LIBRARY.search(file) is not None or _MADE.match(file) is not None


@lru_cache(maxsize=4096)
def is_our_file(file: str) -> bool:
    """Whether it is procdeck's: its part of a worker, or the engine, which forked it."""
    return file.startswith(_OUR_FOLDER) or _OURS.search(file) is not None


def is_users(frame: Frame) -> bool:
    """Whether the frame is of neither the standard library nor procdeck."""
    return not is_library_file(frame.file) and not is_our_file(frame.file)


def within(frames: Sequence[Frame]) -> Sequence[Frame]:
    """The frames down to the root of a forked child; beneath are those of its parent when it was forked."""
    root = next(
        (at for at, frame in enumerate(frames) if any(step.fits(frame) for step in _ROOTS_OF_A_CHILD)), len(frames)
    )
    return frames[: root + 1]


def own_frame(frames: Sequence[Frame]) -> Frame | None:
    """The innermost frame of the program's own code; of a package that it uses where there is none."""
    users = [frame for frame in within(frames) if is_users(frame)]
    own = (frame for frame in users if _PACKAGES.search(frame.file) is None)
    return next(own, users[0] if users else None)


def place_of(frame: Frame | None) -> str:
    """``etl.py:12``; empty for none."""
    return "" if frame is None else f"{os.path.basename(frame.file)}:{frame.line}"


def text_of(frame: Frame) -> str:
    """The frame's line of source, stripped; empty where it cannot be read."""
    return frame.source or source_line(frame.file, frame.line)


@lru_cache(maxsize=2048)
def source_line(file: str, line: int) -> str:
    """One line of a source file, stripped and cut; empty where there is none. It never raises."""
    try:
        facts = os.stat(file)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > SOURCE_LIMIT_BYTES or not file.endswith((".py", ".pyw")):
            return ""
        with open(file, encoding="utf-8", errors="replace") as lines:
            return next(itertools.islice(lines, line - 1, None), "").strip()[:LINE_LIMIT]
    except (OSError, ValueError):
        return ""


def forget_sources() -> None:
    """Read files anew from now on: a program may have been edited between two starts."""
    source_line.cache_clear()
