"""`procdeck replay`: the dashboard on a recording."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

from supervisor.logs.errors import unix_time
from tui.cli.exits import ExitCode, UsageError
from tui.cli.opening import has_screen
from tui.cli.wanted import query_of
from tui.recording import Recording

FASTEST: Final = 1000.0
DAY_S: Final = 86_400


def replay(directory: Path, *, at: str | None, speed: float) -> ExitCode:
    """Show the recording in `directory` from a time on, or from its beginning."""
    if not 0 <= speed <= FASTEST:
        raise UsageError(f"--speed is from 0 to {FASTEST:g}, not {speed:g}")
    begin_at = None if at is None else moment(Recording(directory), at)
    if not has_screen():
        return ExitCode.USAGE
    from tui.replaying import run_replay

    return ExitCode(run_replay(directory, begin_at, speed))


def moment(recording: Recording, text: str) -> float:
    """A time of day means the recording's, on whichever day it has it."""
    at = unix_time(query_of((), since=text).since)
    then = at - DAY_S * math.ceil(max(0.0, at - recording.ends_at) / DAY_S)
    return then if then >= recording.begins_at else at
