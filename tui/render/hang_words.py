"""The words that why, hangs and stacks share: how bad a verdict is, where a frame stands, who a thread is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len

import supervisor
from supervisor.api.hangs import StackFrame, Verdict
from tui.render.figures import duration
from tui.render.pieces import Line, Tone, cut, cut_line, fit, plain

SEVERITY_TONES: Final[dict[str, Tone]] = {
    "stuck": Tone.RED,
    "warning": Tone.AMBER,
    "waiting": Tone.PLAIN,
    "busy": Tone.GOOD,
    "idle": Tone.DIM,
}
SEVERITIES: Final = tuple(SEVERITY_TONES)
"""The worst first."""

_SIGNS: Final[dict[str, str]] = {
    "stuck": "stuck",
    "warning": "blocked",
    "waiting": "waiting",
    "busy": "running",
    "idle": "stopped",
}
_LIBRARY: Final = ("/lib/python3", "/site-packages/", "/dist-packages/", "<frozen ", "/supervisor/agent/")
_OURS: Final = (*(f"{folder}/" for folder in supervisor.__path__), "<string>")
"""Where this package is; a worker that was forked from the engine has its calls below its own."""
_CALLERS: Final = (
    "/supervisor/agent/entry.py",
    "/supervisor/agent/bootstrap.py",
    "/supervisor/agent/forkserver.py",
    "/supervisor/processes/launching.py",
)
"""What of ours calls a worker's code."""
_ROOTS_OF_A_CHILD: Final = (
    ("/multiprocessing/process.py", "_bootstrap"),
    ("/multiprocessing/popen_fork.py", "_launch"),  # from 3.13 on, at its end
)
"""File and function where the stack of a child of `multiprocessing` begins; below it a fork has its parent's."""
UNKNOWN: Final = "UNKNOWN"
LONGEST_FUNCTION: Final = 28
LONGEST_THREAD: Final = 24
MOST_NAMES: Final = 8


def severity_sign(verdict: Verdict) -> str:
    """The name of the sign of `tui.render.glyphs` that goes with a verdict."""
    return _SIGNS[verdict.severity]


def kind_words(kind: str) -> str:
    """``QUEUE FULL`` for ``QUEUE_FULL``."""
    return plain(kind).replace("_", " ")


def rank(verdict: Verdict) -> tuple[int, bool, int]:
    """What to sort by for the worst first: among equals those who block most; of whom nothing is known, last."""
    return SEVERITIES.index(verdict.severity), verdict.kind == UNKNOWN, -len(verdict.blocks)


def grouped_troubles(troubles: Sequence[str]) -> list[str]:
    """What could not be seen, each reason once: ``31 processes: has no agent (pid 12, pid 13 and 29 more)``."""
    by_reason: dict[str, list[str]] = {}
    for trouble in troubles:
        who, colon, reason = trouble.partition(": ")
        by_reason.setdefault(reason if colon else "", []).append(who)
    told = list(by_reason.pop("", ()))
    for reason, those in by_reason.items():
        many = f"{len(those)} processes: {reason} ({names_words(those)})"
        told.append(many if len(those) > 1 else f"{those[0]}: {reason}")
    return told


def age_words(since_s: float | None, now_s: float) -> str:
    """``for 14s``; empty where nobody knows since when."""
    return "" if since_s is None else f"for {duration(now_s - since_s)}"


def thread_words(pid: int, thread: str) -> str:
    """``pid 4711 MainThread``; empty where no process is known."""
    if not pid:
        return ""
    return f"pid {pid} {cut(plain(thread), LONGEST_THREAD)}".rstrip()


def names_words(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """``parse.1, parse.2 and 5 more``."""
    shown = ", ".join(plain(name) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def place_words(frame: StackFrame) -> str:
    """``etl.py:14``, with the folder where the name alone says little."""
    parts = plain(frame.file).rsplit("/", 2)
    name = parts[-1]
    if name in ("__init__.py", "__main__.py") and len(parts) > 1:
        name = f"{parts[-2]}/{name}"
    return f"{name}:{frame.line}" if frame.line else name


def is_library(frame: StackFrame) -> bool:
    """The frame is of Python itself, of an installed package, or of ours: not what a person looks for first."""
    return frame.file.startswith(_OURS) or any(mark in frame.file for mark in _LIBRARY)


def without_the_way_in(frames: Sequence[StackFrame]) -> Sequence[StackFrame]:
    """`frames`, innermost first, up to the outermost of the worker's own: how a process begins is the same everywhere.

    Of a forked child those of its parent, which are below its own, are left out as well. Where none is its own: up to
    where procdeck has called it; all of them where there is nothing else.
    """
    root = next((at for at, frame in enumerate(frames) if _is_root_of_a_child(frame)), len(frames))
    inside = frames[: root + 1]
    own = [at for at, frame in enumerate(inside) if not is_library(frame)]
    if own:
        return inside[: own[-1] + 1]
    called = next((at for at, frame in enumerate(inside) if frame.file.endswith(_CALLERS)), len(inside))
    return inside[:called] or frames


def _is_root_of_a_child(frame: StackFrame) -> bool:
    function = frame.function.rpartition(".")[2]
    return any(frame.file.endswith(file) and function == name for file, name in _ROOTS_OF_A_CHILD)


def frame_lines(frames: Iterable[StackFrame], width: int, indent: int, ellipsis: str = "…") -> list[Line]:
    """Frames in columns, as they come: place, function and source line, each in one line of at most `width` cells."""
    shown = [(place_words(frame), plain(frame.function), frame) for frame in frames]
    place_width = min(max((cell_len(place) for place, _, _ in shown), default=0), max(width // 3, 12))
    function_width = min(max((cell_len(function) for _, function, _ in shown), default=0), LONGEST_FUNCTION)
    lines: list[Line] = []
    for place, function, frame in shown:
        is_quiet = is_library(frame)
        head = f"{fit(place, place_width, ellipsis=ellipsis)}  {fit(function, function_width, ellipsis=ellipsis)}  "
        pieces: Line = (
            (" " * indent + head, Tone.DIM if is_quiet else Tone.PLAIN),
            (plain(frame.source.strip()), Tone.DIM if is_quiet else Tone.STRONG),
        )
        lines.append(cut_line(pieces, width, ellipsis))
    return lines
