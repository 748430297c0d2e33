"""`procdeck record`: what the engine says of its fleet, second by second, until it ends or somebody interrupts."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervisor.errors import EngineUnreachable
from tui.cli.ending import wait_until_gone
from tui.cli.exits import ExitCode
from tui.cli.locating import client_of, find_engine
from tui.cli.plotting import seconds_of
from tui.cli.telling import narrate, tell
from tui.recording import Recorder
from tui.render.figures import size

if TYPE_CHECKING:
    from types import FrameType

EVERY_S: Final = 1.0


def record(project: str | None, *, output: Path | None, last: str | None) -> ExitCode:
    """Record into a new directory and tell where it is; SIGTERM and Ctrl-C end it in good order."""
    note = find_engine(project)
    client = client_of(note)
    place = output or Path(f"procdeck-{note.project}-{time.strftime('%Y%m%d-%H%M%S')}.recording")
    end_s = time.monotonic() + seconds_of(last) if last else float("inf")
    client.fleet()  # nobody to record is told before anything is made
    recorder = Recorder(place, Path(note.log_directory))
    interrupt = _Interrupt()
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    narrate(f"recording {note.project} into {place}; Ctrl-C ends it, `procdeck replay {place}` shows it")
    try:
        while time.monotonic() < end_s:
            fleet = client.fleet()
            with interrupt.held():
                recorder.note(fleet, time.time())
            time.sleep(EVERY_S)
    except KeyboardInterrupt:
        narrate("")
    except EngineUnreachable:
        if not wait_until_gone(note.project):
            raise
        narrate(f"{note.project} has ended")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        recorder.close()
    tell(str(place))
    narrate(f"{recorder.frames:,} states in {size(recorder.bytes)}, and the log beside them")
    return ExitCode.OK


class _Interrupt:
    """Has a signal interrupt like Ctrl-C, but never in the midst of what is written."""

    def __init__(self) -> None:
        self._is_asked = self._is_held = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self._is_asked = True
        if not self._is_held:
            raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """A signal that comes meanwhile interrupts afterwards."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
        if self._is_asked:
            raise KeyboardInterrupt
