"""A program in a pseudo terminal, and the moments at which things come to its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping
from typing import NoReturn

ROWS, COLUMNS = 45, 160

_MOVE = re.compile(rb"\x1b\[\d+(;\d+)?H|\r?\n")
_OTHER = re.compile(rb"\x1b\[[0-9;?<>=$]*[a-zA-Z]|\x1b\][^\x07]*\x07")
_OVERLAP_BYTES = 512
"""What is looked at again with the next piece, because a piece ends where the terminal's buffer did."""
_READ_BYTES = 65536


class Terminal:
    """Runs `words` in a terminal of 160x45; milestones are patterns of a line's text.

    Attributes:
        pid: the program's.
        reached_s: for each milestone that was seen, seconds since the program was executed.
    """

    def __init__(self, words: list[str]) -> None:
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        self.reached_s: dict[str, float] = {}
        self._descriptor = ours
        self._carry = b""
        self._begun_s = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            _execute(theirs, words, environment)
        os.close(theirs)

    def wait_for(self, milestones: Mapping[str, re.Pattern[str]], patience_s: float) -> None:
        """Read until every milestone is reached.

        Raises:
            TimeoutError: one was not.
            EOFError: the program left before.
        """
        deadline_s = time.monotonic() + patience_s
        while missing := [name for name in milestones if name not in self.reached_s]:
            if not self._readable(deadline_s - time.monotonic()):
                raise TimeoutError(f"not on the screen after {patience_s:g} s: {', '.join(missing)}")
            piece = self._read()
            now_s = time.monotonic() - self._begun_s
            if not piece:
                raise EOFError(f"the program left before this was on the screen: {', '.join(missing)}")
            seen = self._carry + piece
            self._carry = seen[-_OVERLAP_BYTES:]
            text = lines_of(seen)
            for name in missing:
                if milestones[name].search(text):
                    self.reached_s[name] = now_s

    def _readable(self, timeout_s: float) -> bool:
        return bool(select.select([self._descriptor], [], [], max(0.0, timeout_s))[0])

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, _READ_BYTES)
        except OSError:  # EIO: nobody holds the other end any more
            return b""

    def press_until_gone(self, key: bytes, patience_s: float) -> None:
        """Press `key` now and again until the program has left; kill it when it does not."""
        deadline_s = time.monotonic() + patience_s
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline_s:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                break
            os.write(self._descriptor, key)
            while self._readable(0.1) and self._read():
                pass
        os.close(self._descriptor)


def _execute(terminal: int, words: list[str], environment: dict[str, str]) -> NoReturn:
    try:
        os.login_tty(terminal)
        os.execvpe(words[0], words, environment)
    finally:
        os._exit(127)


def lines_of(output: bytes) -> str:
    """What was written to the screen, a line for each move of the cursor, without colours."""
    return _OTHER.sub(b"", _MOVE.sub(b"\n", output)).decode(errors="replace")
