"""From one project's dashboard to another's: the engine that is wanted, started if need be, and how the two are left.

Workers of the project that is left go on, unless a person wishes otherwise; nothing here stops any by itself.
"""

from __future__ import annotations

import gc
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from supervisor.paths import EngineNote, engine_note, is_running
from tui.recent import remember_profile
from tui.render.figures import plural


@dataclass(frozen=True, slots=True)
class Opened:
    """An engine to look at."""

    note: EngineNote
    is_started: bool
    """It was started for this; else it ran already."""


def open_engine(path: Path, known: EngineNote | None = None) -> Opened:
    """The engine that runs the profile at `path`, started where none does. Blocks until it answers.

    `known` is one that ran it a moment ago, under whatever name.

    Raises:
        ProcdeckError: it cannot be started, or its project runs another profile.
    """
    from supervisor.processes.ignition import start_engine
    from tui.cli.opening import running_on

    note = engine_note(known.project) if known is not None else None
    if note is None:
        note = running_on(path, None)
    opened = Opened(note, is_started=False) if note is not None else Opened(start_engine(path), is_started=True)
    remember_profile(Path(opened.note.profile_path), time.time())
    return opened


def load_dashboard() -> None:
    """Import what `run_dashboard` will, in its own order: Textual reads its frame rate once, on import.

    All of it stays, so nobody looks for garbage in it: not meanwhile, which is a tenth of the time, and not later.
    """
    gc.disable()
    # What goes wrong here goes wrong again, and is told, where the dashboard is run.
    with suppress(Exception):
        os.environ.setdefault("TEXTUAL_FPS", import_module("tui.app").FRAMES_PER_SECOND)
        import_module("tui.dashboard")
        import_module("tui.link.socket_link")
    gc.freeze()
    gc.enable()


def switched_words(left: str, live_workers: int, *, is_stopped: bool) -> str:
    """What is said first in the dashboard that one has come to."""
    if not left:
        return ""
    if is_stopped:
        return f"Everything of {left} was stopped."
    if not live_workers:
        return f"{left} stays as it is: no worker of it runs. ctrl+o goes back to it."
    return f"{left} goes on: {plural(live_workers, 'worker')} running. ctrl+o goes back to it."


def opened_meanwhile(project: str) -> str:
    """A line about a project that was being opened when its opener left; empty where there was none."""
    if not project:
        return ""
    what = "and runs now" if is_running(project) else "and goes on starting"
    return f"{project} was being opened, {what}. See it: procdeck attach --project {project}"


def still_running(projects: list[str]) -> str:
    """A line about projects that were left on the way and run on; empty where none does."""
    running = [project for project in dict.fromkeys(projects) if is_running(project)]
    return f"Still running too: {', '.join(running)}. `procdeck open` finds them again." if running else ""
