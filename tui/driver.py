"""The terminal as the dashboard holds it: one that goes away, or that is stopped and continued, hangs nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import termios
from codecs import getincrementaldecoder
from contextlib import suppress
from select import select
from typing import Any, Final

from textual import constants
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.geometry import Size

from tui.outlet import Outlet, is_deaf, speak_to_nobody, write_without_waiting
from tui.pastes import PasteCleaner

_LOOK_EVERY_S: Final = 0.1
"""How often a thread that waits for keys sees whether it is still wanted."""
_READ_BYTES: Final = 4096
ENTER_SCREEN: Final = "\x1b[?1049h"
LEAVE_SCREEN: Final = "\x1b[?1049l"
"""Back to what the terminal showed before (xterm, ctlseqs: private mode 1049)."""
_handed_over: Final[list[tuple[int, list[Any]]]] = []
"""The terminal's descriptor and settings, from one dashboard to the next; empty while there is one."""


class TerminalDriver(LinuxDriver):
    """Textual's, which a dead terminal wedges, a SIGCONT without a SIGTSTP starts twice, and Esc keeps waiting."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        write_without_waiting()
        self._is_on = False
        self._keeps_screen = False

    def keep_screen(self) -> None:
        """Leave what is painted when this ends: another dashboard of this process paints over it at once.

        Until then nothing that is typed is shown; how the terminal was set before is left to that dashboard.
        """
        self._keeps_screen = True

    def write(self, data: str) -> None:
        is_kept = self._keeps_screen and data == LEAVE_SCREEN
        if not (is_kept or (_handed_over and data == ENTER_SCREEN)):
            super().write(data)

    @staticmethod
    def give_back() -> None:
        """Set the terminal as it was before the first dashboard, where none came that could do so.

        To one that takes nothing nothing more is said, or this process would not end.
        """
        if is_deaf():
            speak_to_nobody()
        if _handed_over:
            descriptor, settings = _handed_over.pop()
            with suppress(termios.error, OSError):
                termios.tcsetattr(descriptor, termios.TCSANOW, settings)
                if not is_deaf():
                    os.write(descriptor, f"{LEAVE_SCREEN}\x1b[?25h".encode())

    @property
    def outlet(self) -> Outlet | None:
        """What is painted goes through it; None before the first is."""
        return self._writer_thread if isinstance(self._writer_thread, Outlet) else None

    def start_application_mode(self) -> None:
        self._is_on = True
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._hear_sizes()
        if _handed_over:
            self.attrs_before = _handed_over.pop()[1]

    def _hear_sizes(self) -> None:
        """Ask for the size only when the loop gets to it.

        Of two signals close together Textual's handler of the first could tell its size after that of the second, by
        which it was interrupted, and the screen kept it.
        """
        loop = asyncio.get_running_loop()

        def hear(*_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._tell_size)

        signal.signal(signal.SIGWINCH, hear)

    def _tell_size(self) -> None:
        if self._is_on and not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self.send_message(Resize(size, size))

    def stop_application_mode(self) -> None:
        self._is_on = False
        if self.outlet is not None:
            self.outlet.drop_what_waits()
        if self._keeps_screen and self.attrs_before is not None:
            _handed_over[:] = [(self.fileno, self.attrs_before)]
            self.attrs_before = None
        super().stop_application_mode()

    def _sigtstp_application(self, *_: object) -> None:
        """Give the terminal back and stop, with all of this job, as Ctrl-Z does to other programs.

        Where no shell could continue it the kernel stops nobody: then it goes on at once.
        """
        if not self._auto_restart:
            super()._sigtstp_application()
            return
        self.suspend_application_mode()
        self._must_signal_resume = True
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        try:
            os.kill(0, signal.SIGTSTP)
        finally:
            signal.signal(signal.SIGTSTP, self._sigtstp_application)
        if not self._is_on:
            self._sigcont_application()

    def _sigcont_application(self, *_: object) -> None:
        """SIGCONT comes after SIGSTOP too, and with the SIGHUP of a closed terminal: nothing to start then."""
        if not self._is_on and self._auto_restart:
            if not self._is_in_front():
                os.kill(os.getpid(), signal.SIGSTOP)  # a shell's `bg`: there is nothing that it could be shown on
                return
            self.resume_application_mode()
        if self._is_on:
            self._app.call_later(self._app.screen.refresh, layout=True)

    def _is_in_front(self) -> bool:
        """Whether the terminal is this job's to write to."""
        try:
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        except OSError:
            return True  # it is gone, or none that has jobs; whoever writes next sees that

    def run_input_thread(self) -> None:
        """Read keys until the driver is told to stop.

        After a key it is seen in time whether an Esc was one; Textual's own loop looks every 0.1 s, which can be felt.
        """
        parser, cleaner = XTermParser(self._debug), PasteCleaner()
        decode = getincrementaldecoder("utf-8")().decode
        patience_s = _LOOK_EVERY_S
        try:
            while not self.exit_event.is_set():
                if select([self.fileno], [], [], patience_s)[0]:
                    typed = os.read(self.fileno, _READ_BYTES)
                    if not typed:
                        return  # the terminal is gone
                    patience_s = constants.ESCAPE_DELAY
                    if text := cleaner.clean(decode(typed)):
                        for event in parser.feed(text):
                            self.process_message(event)
                else:
                    patience_s = _LOOK_EVERY_S
                for event in parser.tick():
                    self.process_message(event)
        finally:
            try:
                for _ in parser.feed(""):
                    pass
            except (EOFError, ParseError):
                pass
