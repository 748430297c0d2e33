"""The dashboard on a recording: the same screen, with keys that move in time; leaving it asks nothing.

Textual is imported inside, as in `tui.app`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tui.app import ESCAPE_DELAY_MS, FRAMES_PER_SECOND
from tui.link.replay_link import ReplayClock, ReplayLink
from tui.recording import Recording


def clock_of(recording: Recording, at: float | None, speed: float) -> ReplayClock:
    """A clock that begins at a moment, or where the recording does."""
    start_at = recording.begins_at if at is None else min(max(at, recording.begins_at), recording.ends_at)
    fleet = recording.view(recording.begins_at).fleet
    ahead_s = fleet.now_s - recording.begins_at if fleet is not None else 0.0
    return ReplayClock(start_at, recording.begins_at, recording.ends_at, ahead_s, speed)


def run_replay(directory: Path, at: float | None, speed: float) -> int:
    """Show the recording in `directory` until a person leaves it; returns the exit code.

    Raises:
        RecordingError: there is none, or none that can be read.
    """
    os.environ.setdefault("TEXTUAL_FPS", FRAMES_PER_SECOND)
    os.environ.setdefault("ESCDELAY", ESCAPE_DELAY_MS)
    recording = Recording(directory)
    clock = clock_of(recording, at, speed)
    from tui.replay_dashboard import ReplayDashboard
    from tui.settings_desk import settings_in_use

    title, settings = f"{recording.project} (recording)", settings_in_use()
    dashboard = ReplayDashboard(ReplayLink(recording, clock), title, clock, settings=settings)
    dashboard.run(mouse=dashboard.wants_mouse)
    if dashboard.crash is not None:
        raise dashboard.crash
    sys.stdout.write(f"Left the recording at {clock.text()}. Again from here: procdeck replay {directory}\n")
    return 0
