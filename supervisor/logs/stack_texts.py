"""Finds failures in what Python prints: where a traceback points to, and which lines of a stderr are one. Pure.

::

    stderr lines of one life ── Traceback ...   ─┐
                                 Fatal Python ... ┴─► Gatherer ──► StackText(type, message, place, whole text)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

TRACEBACK_MARK: Final = "Traceback (most recent call last):"
FATAL_MARK: Final = "Fatal Python error: "
MOST_LINES: Final = 2000
"""What is longer is no traceback."""

_FRAME: Final = re.compile(r'^[ |+]*File "([^"\n]+)", line (\d+)(?:,? in (.+))?$', re.MULTILINE)
_JOINTS: Final = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_GROUP_END: Final = re.compile(r"^[ |]*\+-+$")
_GROUP_LINE: Final = re.compile(r"^ *\| ([\w.]*ExceptionGroup)(?:: (.*))?$", re.MULTILINE)
_LAST_LINE: Final = re.compile(r"^([A-Za-z_][\w.]*)(?:: (.*))?$")
_STACK_LINE: Final = re.compile(
    r"^(?:$| |Thread 0x|Current thread|Stack \(|Extension modules|Python runtime state|Garbage-collecting|<)"
)
_NOT_OF_THE_USER: Final = re.compile(
    r"^<(?!string>|stdin>)|/lib(?:64)?/python3[.\d]*/|[/\\]site-packages[/\\]|/dist-packages/"
)


@dataclass(frozen=True, slots=True)
class StackText:
    """A traceback, or the stack of a fatal error, as it was printed."""

    kind: Literal["traceback", "fatal"]
    type: str
    message: str
    place: str
    text: str


def place_of(traceback: str) -> str:
    """``parse.py:41 parse``: the innermost frame of the user's own code, else the innermost one; "" where none is told.

    Args:
        traceback: as Python formats it, the most recent call last. Of chained exceptions the last counts.
    """
    last = traceback.rfind("Traceback (most recent call last)")
    frames = list(_FRAME.finditer(traceback, max(last, 0)))
    return _chosen(frames[::-1])


def _place_of_stack(text: str) -> str:
    """The same of a fatal error's stack, which begins with the most recent call."""
    current = text.find("Current thread")
    end = text.find("\n\n", current) if current >= 0 else -1
    return _chosen(list(_FRAME.finditer(text, max(current, 0), end if end > 0 else len(text))))


def _chosen(frames: list[re.Match[str]]) -> str:
    if not frames:
        return ""
    frame = next((frame for frame in frames if not _NOT_OF_THE_USER.search(frame[1])), frames[0])
    file = frame[1].replace("\\", "/").rpartition("/")[2]
    return f"{file}:{frame[2]}" + (f" {frame[3]}" if frame[3] else "")


class Gatherer:
    """Lines of one stderr, one after another; tells what was printed as one failure."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._kind: Literal["traceback", "fatal"] = "traceback"
        self._is_whole = False
        self._is_group = False

    @property
    def is_open(self) -> bool:
        """Whether a failure has begun, so that the next lines may be a part of it."""
        return bool(self._lines)

    @property
    def is_whole(self) -> bool:
        """Whether `finish` would tell of a failure: its last line is there, though more may follow."""
        return self.is_open and self._is_whole

    def take(self, line: str) -> StackText | None:
        """Take the next line; the failure that ended before it, if one did."""
        done = None
        if self._lines and not self._goes_on(line):
            done = self.finish()
        if self._lines:
            self._lines.append(line)
            self._look_for_end(line)
            if len(self._lines) >= MOST_LINES:
                self._lines = []
        elif TRACEBACK_MARK in line or line.startswith(FATAL_MARK):
            self._begin(line)
        return done

    def finish(self) -> StackText | None:
        """What has been gathered, where it is a whole failure; the gatherer is empty afterwards."""
        lines, self._lines = self._lines, []
        if not lines or not self._is_whole:
            return None
        while lines and (not lines[-1].strip() or lines[-1] in _JOINTS):
            lines.pop()
        text = "\n".join(lines) + "\n"
        return _fatal(lines[0], text) if self._kind == "fatal" else _traceback(lines, text, is_group=self._is_group)

    def _begin(self, line: str) -> None:
        self._lines = [line]
        self._kind = "fatal" if line.startswith(FATAL_MARK) else "traceback"
        self._is_group = "Exception Group Traceback" in line
        self._is_whole = self._kind == "fatal"

    def _goes_on(self, line: str) -> bool:
        if self._kind == "fatal":
            return _STACK_LINE.match(line) is not None
        if not self._is_whole or not line.strip() or line in _JOINTS:
            return True
        is_chained = any(joint in self._lines[-3:] for joint in _JOINTS)
        return (TRACEBACK_MARK in line and is_chained) or (self._is_group and line.startswith(" "))

    def _look_for_end(self, line: str) -> None:
        if self._kind == "fatal":
            return
        if TRACEBACK_MARK in line:
            self._is_whole, self._is_group = False, self._is_group or "Exception Group" in line
        elif self._is_group:
            self._is_whole = self._is_whole or _GROUP_END.match(line) is not None
        elif line.strip() and line not in _JOINTS and not line.startswith(" "):
            self._is_whole = True


def _fatal(first: str, text: str) -> StackText:
    what, _, message = first.removeprefix(FATAL_MARK).partition(": ")
    return StackText("fatal", f"{FATAL_MARK}{what}", message, _place_of_stack(text), text)


def _traceback(lines: list[str], text: str, *, is_group: bool) -> StackText | None:
    if is_group:
        group = list(_GROUP_LINE.finditer(text))
        kind, message = (group[0][1], group[0][2] or "") if group else ("ExceptionGroup", "")
        return StackText("traceback", kind, message, place_of(text), text)
    at = next((at for at in range(len(lines) - 1, 0, -1) if not lines[at].startswith(" ") and lines[at].strip()), 0)
    found = _LAST_LINE.match(lines[at])
    if found is None:
        return None
    return StackText("traceback", found[1], found[2] or "", place_of(text), text)
