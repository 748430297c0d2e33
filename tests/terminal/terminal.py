"""A terminal with the real program in it: keys go in, the screen and the raw bytes can be looked at.

::

    test ──press──> pty ──> procdeck ──> pty ──reader thread──> pyte screen ──text(), wait──> test
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyte

from tests.engines import PATIENCE_S

T = TypeVar("T")

TYPE = "xterm-256color"
KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "backspace": "\x7f",
}

_READ_BYTES = 65536
_MODES = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_UNKNOWN_TO_PYTE = re.compile(r"\x1b\[[<=>][0-9;]*[a-zA-Z]")
_BEGUN = re.compile(r"\x1b(?:\[[0-9;?<=>$]*)?$")
_ALTERNATE_SCREEN = 1049
_FRAME = 2026
"""The mode of synchronized output: it is on while a frame is being painted."""
_FRAME_BEGINS, _FRAME_ENDS = f"\x1b[?{_FRAME}h", f"\x1b[?{_FRAME}l"
_FRAME_QUESTION = f"\x1b[?{_FRAME}$p"
_FRAME_ANSWER = f"\x1b[?{_FRAME};2$y".encode()


class _Screen(pyte.Screen):
    """A pyte screen with an alternate screen, which pyte lacks: what was there before comes back when it is left."""

    _before: dict[int, Any] | None = None
    is_mid_frame = False
    """What is on the screen is half painted: no terminal that knows frames would show it."""

    def set_mode(self, *modes: int, **settings: Any) -> None:
        if _ALTERNATE_SCREEN in modes and settings.get("private"):
            self._before = {y: dict(row) for y, row in self.buffer.items()}
            self.save_cursor()
            self.erase_in_display(2)
        if _FRAME in modes and settings.get("private"):
            self.is_mid_frame = True
        super().set_mode(*modes, **settings)

    def reset_mode(self, *modes: int, **settings: Any) -> None:
        super().reset_mode(*modes, **settings)
        if _FRAME in modes and settings.get("private"):
            self.is_mid_frame = False
        if _ALTERNATE_SCREEN in modes and settings.get("private") and self._before is not None:
            self.erase_in_display(2)
            for y, row in self._before.items():
                self.buffer[y].update(row)
            self._before = None
            self.restore_cursor()


class Terminal:
    """`words` in a terminal of `columns` x `lines` cells; `close` ends it, whatever state it is in.

    Attributes:
        process: the program.
        output: every byte that the program wrote to the terminal.
        modes_before, modes_after: the terminal's own settings (termios), before the program and after `exit_code`.
    """

    def __init__(
        self,
        words: Sequence[str],
        columns: int = 160,
        lines: int = 45,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.output = bytearray()
        self._screen = _Screen(columns, lines)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""
        self._change = threading.Condition()
        self._is_at_end = False
        self._is_stalled = threading.Event()
        self._ours, self._theirs = pty.openpty()
        self._stopped, self._stop = os.pipe()
        self._set_size(columns, lines)
        self.modes_before = termios.tcgetattr(self._theirs)
        inherited = {name: text for name, text in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *words],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            cwd=directory,
            env={**inherited, "TERM": TYPE, "LC_ALL": "C.UTF-8", **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read_on, name="terminal", daemon=True)
        self._reader.start()

    # --- in ---

    def press(self, *keys: str) -> None:
        """Type `keys` at once: names of `KEYS`, or text."""
        os.write(self._ours, "".join(KEYS.get(key, key) for key in keys).encode())

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the program hears of it by SIGWINCH."""
        with self._change:
            self._screen.resize(lines, columns)
        self._set_size(columns, lines)

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    # --- out ---

    def text(self) -> list[str]:
        """The lines of the screen, without blanks at their ends."""
        with self._change:
            return [line.rstrip() for line in self._screen.display]

    def wait(self, look: Callable[[list[str]], T], what: str, patience_s: float = PATIENCE_S) -> T:
        """Look at the screen whenever a frame is whole, until `look` gives something true."""
        deadline_s = time.monotonic() + patience_s
        with self._change:
            while True:
                seen = look(self.text()) if not self._screen.is_mid_frame else None
                if seen:
                    return seen
                rest_s = deadline_s - time.monotonic()
                if rest_s <= 0 or self._is_at_end:
                    why = "the program has left" if self._is_at_end else f"waited {patience_s:g} s"
                    raise AssertionError(f"{why}, and not on the screen: {what}\n{self.picture()}")
                self._change.wait(rest_s)

    def wait_text(self, *wanted: str, absent: bool = False) -> None:
        """Wait until every one of `wanted` is on the screen, or with `absent` none of them."""

        def look(lines: list[str]) -> bool:
            whole = "\n".join(lines)
            return all((words in whole) != absent for words in wanted)

        self.wait(look, f"{'no ' if absent else ''}{wanted}")

    def press_until(self, key: str, *wanted: str) -> None:
        """Press `key` until `wanted` is on the screen: what the key acts on may come to the screen after it."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            self.press(key)
            try:
                self.wait(lambda lines: all(words in "\n".join(lines) for words in wanted), str(wanted), 1.0)
            except AssertionError:
                if time.monotonic() > deadline_s or self._is_at_end:
                    raise
            else:
                return

    def picture(self) -> str:
        """The screen with a frame, for an assertion's message."""
        edge = "+" + "-" * self._screen.columns + "+"
        return "\n".join([edge, *(f"|{line:<{self._screen.columns}}|" for line in self.text()), edge])

    def private_modes(self) -> dict[int, bool]:
        """Every DEC private mode that the program ever switched, and whether it is on now."""
        modes = {}
        for numbers, letter in _MODES.findall(bytes(self.output)):
            for number in numbers.split(b";"):
                modes[int(number)] = letter == b"h"
        return modes

    # --- the end ---

    def exit_code(self, patience_s: float = PATIENCE_S) -> int:
        """The program's exit code when it has left by itself, and everything it wrote is on the screen."""
        try:
            code = self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still there after {patience_s:g} s\n{self.picture()}") from None
        self.modes_after = termios.tcgetattr(self._theirs)
        self._let_go_of_theirs()
        self._reader.join(patience_s)
        assert self._is_at_end, f"the program has left, but something still holds its terminal\n{self.picture()}"
        return code

    def stall(self) -> None:
        """Read nothing any more, like a broken line: what the program writes fills the pty."""
        self._is_stalled.set()
        self.resize(self._screen.columns - 1, self._screen.lines)
        self._reader.join(PATIENCE_S)

    def go_on(self) -> None:
        """Read again after `stall`."""
        self._is_stalled.clear()
        self._reader = threading.Thread(target=self._read_on, name="terminal", daemon=True)
        self._reader.start()

    def waiting_bytes(self) -> int:
        """How much the program has written that nobody has read."""
        return int.from_bytes(fcntl.ioctl(self._ours, termios.FIONREAD, bytes(4)), "little")

    def hang_up(self) -> None:
        """Take the terminal away, as a person does who closes its window."""
        self._let_go_of_theirs()
        self._stop_reading()

    def close(self) -> None:
        """End the program if it is still there, and let go of the terminal."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)
        self._let_go_of_theirs()
        self._stop_reading()

    def _let_go_of_theirs(self) -> None:
        if self._theirs >= 0:
            os.close(self._theirs)
            self._theirs = -1

    def _stop_reading(self) -> None:
        if self._ours >= 0:
            os.close(self._stop)
            self._reader.join(PATIENCE_S)
            os.close(self._stopped)
            os.close(self._ours)
            self._ours = -1

    def _read_on(self) -> None:
        while True:
            readable, _, _ = select.select([self._ours, self._stopped], [], [])
            if self._stopped in readable:
                return
            try:
                piece = os.read(self._ours, _READ_BYTES)
            except OSError:  # EIO: nobody holds the other end any more
                piece = b""
            with self._change:
                self.output += piece
                self._is_at_end = not piece
                self._show(self._decoder.decode(piece))
                self._change.notify_all()
            if not piece or self._is_stalled.is_set():
                return

    def _show(self, text: str) -> None:
        """Feed the screen; a sequence or a frame whose end has not come yet waits for it."""
        text = self._begun + text
        begun = _BEGUN.search(text)
        end = begun.start() if begun else len(text)
        frame = text.rfind(_FRAME_BEGINS)
        if frame >= 0 and _FRAME_ENDS not in text[frame:] and not self._is_at_end:
            end = min(end, frame)
        text, self._begun = text[:end], text[end:]
        if _FRAME_QUESTION in text:
            os.write(self._ours, _FRAME_ANSWER)
        self._stream.feed(_UNKNOWN_TO_PYTE.sub("", text))
