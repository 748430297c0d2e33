"""Looks for a line of a worker's output that matches a pattern, in chunks as they come from its pipe.

Holds at most one unfinished line of `LINE_LIMIT_BYTES`; a longer one is searched in pieces of that size.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Final, Literal

import msgspec

LINE_LIMIT_BYTES: Final = 64 * 1024

Stream = Literal["log", "stdout", "stderr"]

_COLOURS: Final = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")


class _Message(msgspec.Struct):
    message: str = ""


_DECODER: Final = msgspec.json.Decoder(_Message)


class LineSearch:
    """One pattern and one incarnation's output. A line matches wherever the pattern is found in it, colours aside.

    Args:
        pattern: a regular expression. Of a structured record, its message is searched.
        when_found: called once, with the first line that matches.
    """

    def __init__(self, pattern: str, when_found: Callable[[str], None]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            self._pattern = re.compile(pattern)
        self._when_found = when_found
        self.is_over = False

    def tap(self, stream: Stream) -> Callable[[bytes], bool]:
        """What takes the chunks of one stream, and says whether it wants more."""
        rest = b""

        def take(chunk: bytes) -> bool:
            nonlocal rest
            if self.is_over:
                return False
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            while len(rest) > LINE_LIMIT_BYTES:
                lines.append(rest[:LINE_LIMIT_BYTES])
                rest = rest[LINE_LIMIT_BYTES:]
            for line in lines:
                for start in range(0, len(line), LINE_LIMIT_BYTES):
                    if self.search(_text(line[start : start + LINE_LIMIT_BYTES], stream)):
                        rest = b""
                        return False
            return True

        return take

    def search(self, line: str) -> bool:
        """Look at one line, without its newline; whether the search is over."""
        if not self.is_over and self._pattern.search(line):
            self.is_over = True
            self._when_found(line)
        return self.is_over

    def close(self) -> None:
        """Search no more."""
        self.is_over = True


def _text(line: bytes, stream: Stream) -> str:
    if stream == "log":
        try:
            return _DECODER.decode(line).message
        except msgspec.MsgspecError:
            pass  # no record: searched as it is
    if b"\x1b" in line:
        line = _COLOURS.sub(b"", line)
    return line.rstrip(b"\r").decode("utf-8", "replace")
