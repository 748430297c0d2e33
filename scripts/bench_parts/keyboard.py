"""A person at a dashboard: presses a key, watches the terminal until its effect is painted, says how long it took."""

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
from collections.abc import Callable, Sequence
from pathlib import Path

_READ_BYTES = 65536
_TOKEN = re.compile(rb"\x1b\[(\d+);(\d+)H|\x1b\[([0-9;]*)m|\x1b\][^\x07]*\x07|\x1b\[[0-9;?<>=$]*[a-zA-Z]|([^\x1b]+)")
_BEGUN = re.compile(rb"\x1b(?:\[[0-9;?<>=$]*|\][^\x07]*)?$")
_GROUND = re.compile(r"48;(?:2;\d+;\d+;\d+|5;\d+)")


class Screen:
    """What a terminal of `columns` x `lines` shows, as far as Textual's driver writes it: moves, colours and text.

    Attributes:
        rows: the text of each line.
        grounds: the background, as SGR has it, in which the beginning of each line was written last.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self.columns = columns
        self.rows = [" " * columns for _ in range(lines)]
        self.grounds = [""] * lines
        self._y = self._x = 0
        self._ground = ""
        self._begun = b""

    def feed(self, output: bytes) -> None:
        """Take in what was written."""
        output = self._begun + output
        begun = _BEGUN.search(output) or _unfinished_character(output)
        self._begun = output[begun.start() :] if begun else b""
        for token in _TOKEN.finditer(output, 0, begun.start() if begun else len(output)):
            if token[1]:
                self._y, self._x = int(token[1]) - 1, int(token[2]) - 1
            elif token[3] is not None:
                found = _GROUND.search(token[3].decode())
                self._ground = found[0] if found else ("" if token[3] in (b"", b"0") else self._ground)
            elif token[4]:
                self._write(token[4].decode("utf-8", "replace"))

    def _write(self, text: str) -> None:
        for part in re.split(r"(\r?\n)", text):
            if part.endswith("\n"):
                self._y, self._x = self._y + 1, 0
            elif part and self._y < len(self.rows):
                row, end = self.rows[self._y], self._x + len(part)
                if self._x <= 1:
                    self.grounds[self._y] = self._ground
                self.rows[self._y] = (row[: self._x] + part + row[end:])[: self.columns]
                self._x = end

    def has(self, text: str) -> bool:
        """Whether `text` stands in one of the lines."""
        return any(text in row for row in self.rows)


def _unfinished_character(output: bytes) -> re.Match[bytes] | None:
    return re.search(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})$", output)


class Keyboard:
    """Runs `words` in a terminal; `press` is one key and the wait for what it does.

    Attributes:
        pid: the program's.
        screen: what it shows.
    """

    def __init__(self, words: Sequence[str], columns: int = 160, lines: int = 45) -> None:
        self.screen = Screen(columns, lines)
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._descriptor = ours
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.login_tty(theirs)
                os.execvpe(words[0], list(words), {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
            finally:
                os._exit(127)
        os.close(theirs)

    def press(self, key: str, is_seen: Callable[[Screen], bool], patience_s: float) -> float | None:
        """Seconds from the key to the read that brought its effect to the screen; None where it did not come."""
        begun_s = time.monotonic()
        os.write(self._descriptor, key.encode())
        return self.watch(is_seen, patience_s, begun_s)

    def watch(self, is_seen: Callable[[Screen], bool], patience_s: float, begun_s: float | None = None) -> float | None:
        """Seconds until it is seen; None where it is not.

        Raises:
            EOFError: the program has left.
        """
        begun_s = time.monotonic() if begun_s is None else begun_s
        while not is_seen(self.screen):
            rest_s = begun_s + patience_s - time.monotonic()
            if rest_s <= 0:
                return None
            self._take(rest_s)
        return time.monotonic() - begun_s

    def rest(self, span_s: float) -> None:
        """Press nothing for a while; what is painted is taken in."""
        until_s = time.monotonic() + span_s
        while (rest_s := until_s - time.monotonic()) > 0:
            self._take(rest_s)

    def _take(self, timeout_s: float) -> None:
        if select.select([self._descriptor], [], [], timeout_s)[0]:
            try:
                output = os.read(self._descriptor, _READ_BYTES)
            except OSError:  # EIO: nobody holds the other end any more
                output = b""
            if not output:
                raise EOFError("the dashboard has left")
            self.screen.feed(output)

    def close(self) -> None:
        """End the program, whatever it does."""
        if Path(f"/proc/{self.pid}").exists():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._descriptor)
