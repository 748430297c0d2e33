"""The terminal as the dashboard holds it: one that goes away, or that is stopped and continued, hangs nothing."""

from __future__ import annotations

import os
from codecs import getincrementaldecoder
from select import select
from typing import IO, Any, Final

from textual import constants
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

_LOOK_EVERY_S: Final = 0.1
"""How often a thread that waits for keys sees whether it is still wanted."""
_READ_BYTES: Final = 4096


class _Outlet:
    """A file whose reader may go away: what is written then is lost, and nobody waits for it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        try:
            self._file.write(text)
        except OSError:
            pass

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError:
            pass

    def fileno(self) -> int:
        return self._file.fileno()


class TerminalDriver(LinuxDriver):
    """Textual's, which a dead terminal wedges, a SIGCONT without a SIGTSTP starts twice, and Esc keeps waiting."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        assert self._file is not None
        self._file = _Outlet(self._file)  # type: ignore[assignment]
        self._is_on = False

    def start_application_mode(self) -> None:
        self._is_on = True
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def stop_application_mode(self) -> None:
        self._is_on = False
        super().stop_application_mode()

    def _sigcont_application(self, *_: object) -> None:
        """SIGCONT comes after SIGSTOP too, and with the SIGHUP of a closed terminal: nothing to start then."""
        if self._is_on:
            self._app.call_later(self._app.screen.refresh)
        else:
            super()._sigcont_application()

    def run_input_thread(self) -> None:
        """Read keys until the driver is told to stop.

        After a key it is seen in time whether an Esc was one; Textual's own loop looks every 0.1 s, which can be felt.
        """
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")().decode
        patience_s = _LOOK_EVERY_S
        try:
            while not self.exit_event.is_set():
                if select([self.fileno], [], [], patience_s)[0]:
                    typed = os.read(self.fileno, _READ_BYTES)
                    if not typed:
                        return  # the terminal is gone
                    patience_s = constants.ESCAPE_DELAY
                    if text := decode(typed):
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
