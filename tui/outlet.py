"""Hands the terminal what is painted, so that whoever paints never waits for it, and knows whether it is behind.

It keeps what the terminal has not taken, decides nothing of what is painted, and on leaving waits for no terminal that
takes nothing.

::

    write ──what the terminal takes at once──────────> terminal
      └─────> waiting pieces ──> thread ──os.write──────^
                    │              └── all is taken ──> `when_taken`, once, where somebody asked for it
                    └── `is_behind`: paint no more until then
"""

from __future__ import annotations

import os
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from select import select
from typing import IO, Final

from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread

BEHIND_S: Final = 0.05
"""A terminal that takes longer for what is given to it at once is behind."""
MOST_PIECES: Final = 9
"""So many may wait, three for a frame; a terminal for which more do is behind too."""
KEPT_PIECES: Final = 1000
"""More are never kept: what would come on top is lost, and all is to be painted anew."""
CHUNK_BYTES: Final = 8192
SLOW_CHUNK_BYTES: Final = 512
"""So much is written at once; less to a terminal that is behind, so that it is seen when it takes anything."""
PATIENCE_S: Final = 1.0
"""How long a terminal that takes nothing is waited for on leaving."""
LONGEST_S: Final = 5.0
"""How long one that takes little is."""
_LOOK_AGAIN_S: Final = 0.005
_BREAK_OFF: Final = "\x18\x1b[?2026l"
"""Ends a sequence and a frame of which the rest was dropped (ECMA-48: CAN; private mode 2026)."""


class Outlet(WriterThread):
    """Textual's, which makes who writes wait as soon as 30 pieces do."""

    def __init__(self, file: IO[str]) -> None:
        super().__init__(file)
        self._descriptor = file.fileno()
        self._encoding = getattr(file, "encoding", None) or "utf-8"
        self._painter = threading.get_ident()
        self._quick_descriptor = _that_never_waits(self._descriptor)
        self._waiting: deque[bytes] = deque()
        """What is being written stays the first until the terminal has taken it."""
        self._calls: SimpleQueue[bool] = SimpleQueue()
        """One for each piece that was put there; False is the last."""
        self._in_hand = 0
        """So many of them are being written."""
        self._since_s: float | None = None
        self._sent_bytes = 0
        self._when_taken: Callable[[], object] | None = None
        self._is_abandoned = False
        self.has_lost = False
        """A piece was dropped; who paints all anew resets it."""

    def write(self, text: str) -> None:
        """Have `text` written; returns at once.

        What the terminal takes now is written here: the thread would wait for its turn, which on a key is the longest
        wait of all. Only who paints does so, and only while nothing waits, so that all keeps its order.
        """
        piece = text.encode(self._encoding, "backslashreplace")
        if self._waiting or threading.get_ident() != self._painter:
            self._keep(piece)
        elif rest := piece[self._write_quickly(piece) :]:
            self._keep(rest)

    def _keep(self, piece: bytes) -> None:
        if len(self._waiting) >= KEPT_PIECES:
            self.has_lost = True
        else:
            self._waiting.append(piece)
            self._calls.put(True)

    def _write_quickly(self, piece: bytes) -> int:
        """How many bytes of `piece` the terminal has taken without a wait."""
        if self._quick_descriptor is None:
            return 0
        try:
            return os.write(self._quick_descriptor, piece)
        except OSError:  # it is full; or it is gone, which the thread finds out too
            return 0

    @property
    def is_idle(self) -> bool:
        """Whether the terminal has taken all."""
        return not self._waiting

    @property
    def is_behind(self) -> bool:
        """Whether the terminal takes what is written more slowly than it comes."""
        return self._is_slow() or len(self._waiting) - self._in_hand > MOST_PIECES

    def _is_slow(self) -> bool:
        since_s = self._since_s
        return since_s is not None and time.monotonic() - since_s > BEHIND_S

    def tell_when_taken(self, tell: Callable[[], object]) -> None:
        """Call `tell` as soon as the terminal has taken all, or when this ends: from the thread, or from here."""
        self._when_taken = tell
        if self.is_idle:
            self._tell()

    def _tell(self) -> None:
        tell, self._when_taken = self._when_taken, None
        if tell is not None:
            tell()

    # --- the thread ---

    def run(self) -> None:
        """Write what waits, in as few pieces as can be."""
        while self._calls.get():
            if pieces := list(self._waiting):  # else an earlier call has seen to it
                self._in_hand, self._since_s = len(pieces), time.monotonic()
                self._send(b"".join(pieces))
                self._since_s = None
                while self._in_hand:
                    self._in_hand -= 1
                    self._waiting.popleft()
            if not self._waiting:
                self._tell()

    def _send(self, whole: bytes) -> None:
        """Write all of it, unless the terminal is gone or given up."""
        rest = memoryview(whole)
        while rest and not self._is_abandoned:
            try:
                count = os.write(self._descriptor, rest[: SLOW_CHUNK_BYTES if self._is_slow() else CHUNK_BYTES])
            except BlockingIOError:  # somebody else who holds the terminal wants it so
                select([], [self._descriptor], [], BEHIND_S)
            except OSError:
                return  # the terminal is gone: what is written is lost, and nobody waits for it
            else:
                self._sent_bytes += count
                rest = rest[count:]

    # --- the end ---

    def drop_what_waits(self) -> None:
        """Let the terminal take what waits; one that does not loses it, so that there is room for what comes next."""
        if self._is_taken():
            return
        self._is_abandoned = True
        give_up_s = time.monotonic() + PATIENCE_S
        while not self.is_idle and time.monotonic() < give_up_s:
            self._discard()
            time.sleep(_LOOK_AGAIN_S)
        self._discard()
        self._is_abandoned = not self.is_idle
        self.write(_BREAK_OFF)

    def stop(self) -> None:
        """End the thread when all is written; one whose terminal takes nothing is left behind."""
        self._calls.put(False)
        if not self._is_taken():
            self._is_abandoned = True
            self._discard()
        self.join(PATIENCE_S)
        if self._quick_descriptor is not None:
            os.close(self._quick_descriptor)
            self._quick_descriptor = None
        self._tell()

    def _is_taken(self) -> bool:
        """Wait until nothing waits, as long as the terminal takes anything; whether it has taken all."""
        begun_s = moved_s = time.monotonic()
        before = self._sent_bytes
        while not self.is_idle and self.is_alive():
            time.sleep(_LOOK_AGAIN_S)
            now_s = time.monotonic()
            if self._sent_bytes != before:
                before, moved_s = self._sent_bytes, now_s
            if now_s - moved_s > PATIENCE_S or now_s - begun_s > LONGEST_S:
                return False
        return True

    def _discard(self) -> None:
        """What the kernel holds for the terminal is lost; a write that waits is woken, which emptying does not do."""
        with suppress(termios.error, OSError):
            termios.tcflush(self._descriptor, termios.TCOFLUSH)
            termios.tcflow(self._descriptor, termios.TCOOFF)
            termios.tcflow(self._descriptor, termios.TCOON)


def _that_never_waits(terminal: int) -> int | None:
    """Another descriptor of the same terminal; that others who hold it wait for it as before is left to them.

    None where it has no name here, or is another user's: then the thread writes all.
    """
    try:
        return os.open(os.ttyname(terminal), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None


def write_without_waiting() -> None:
    """Have every driver that starts from now on write so."""
    linux_driver.WriterThread = Outlet  # type: ignore[attr-defined]


def is_deaf() -> bool:
    """Whether a terminal that has been left has still not taken what was written last."""
    return any(isinstance(thread, Outlet) for thread in threading.enumerate())


def speak_to_nobody() -> None:
    """Let nothing that this process says from now on wait for the terminal."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for file in (sys.__stdout__, sys.__stderr__):
        if file is not None:
            os.dup2(nowhere, file.fileno())
    os.close(nowhere)
