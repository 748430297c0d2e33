"""The terminal as the dashboard holds it: one that goes away, or that is stopped and continued, hangs nothing."""

from __future__ import annotations

from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver


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
    """Textual's, which a dead terminal wedges and a SIGCONT without a SIGTSTP starts twice."""

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
