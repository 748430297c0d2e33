"""The way into the dashboard: `procdeck [PROFILE]`, `attach` and `demo`. Starts an engine where none runs yet."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from supervisor.errors import AlreadyRunning
from supervisor.paths import EngineNote, check_project_name, engine_note
from tui.cli.choosing import profile_named, profile_of_directory, shipped_named
from tui.cli.exits import ExitCode
from tui.cli.locating import find_engine
from tui.cli.telling import complain, narrate
from tui.switching import load_dashboard


def open_profile(profile: str | None, project: str | None, *, is_simulated: bool = False) -> ExitCode:
    """Open the dashboard on a profile: the named one, the directory's own, or one that is chosen."""
    path = profile_named(profile) if profile is not None else profile_of_directory()
    if not has_screen():
        return ExitCode.USAGE
    if path is None:
        return choose(is_asked_for=False)
    return _open(path, project, is_simulated=is_simulated)


def choose(*, is_asked_for: bool) -> ExitCode:
    """Let a person choose among all profiles that can be found, or have a first one written, and go on from there.

    `is_asked_for`: somebody wants to choose; else there is no profile here, and it is said what to do about that.
    """
    if not has_screen():
        return ExitCode.USAGE
    from tui.app import choose_first

    began = choose_first(Path.cwd(), is_asked_for=is_asked_for)
    if began is None:
        return ExitCode.OK
    if began.note is not None:
        return _show(began.note, started_here=began.is_started)
    from tui.cli.starting_out import init

    return init((), None, None, is_forced=False)


def open_demo(name: str) -> ExitCode:
    """Open the dashboard on a profile that comes with procdeck."""
    path = shipped_named(name)
    return _open(path, None) if has_screen() else ExitCode.USAGE


def attach(project: str | None) -> ExitCode:
    """Open the dashboard on an engine that runs already."""
    note = find_engine(project)
    return _show(note, started_here=False) if has_screen() else ExitCode.USAGE


def running_on(path: Path, project: str | None) -> EngineNote | None:
    """The engine that runs this profile already.

    Raises:
        AlreadyRunning: the project's engine runs another profile.
    """
    name = _name_of(path, project)
    note = engine_note(name) if name is not None else None
    if note is None or Path(note.profile_path).resolve() == path.resolve():
        return note
    raise AlreadyRunning(
        f"project {note.project} is already running another profile, {note.profile_path} (engine {note.engine_pid}); "
        f"give this one a name of its own with --project NAME, or end the other: procdeck down --project {note.project}"
    )


def _name_of(path: Path, project: str | None) -> str | None:
    """The project's name; None where only the engine can tell."""
    from supervisor.profile.finding import read_project_name

    return check_project_name(project) if project is not None else read_project_name(path)


def _open(path: Path, project: str | None, *, is_simulated: bool = False) -> ExitCode:
    note = running_on(path, project)
    if note is not None and is_simulated:
        raise AlreadyRunning(
            f"{note.project} is already running (engine {note.engine_pid}); to simulate it, end that run first "
            f"(procdeck down --project {note.project}), or give this one a name of its own with --project NAME"
        )
    if note is not None:
        narrate(f"{note.project} is already running (engine {note.engine_pid}); attaching to it")
        return _show(note, started_here=False)
    from supervisor.processes.ignition import Ignition

    ignition = Ignition(path, project, is_simulated=is_simulated)
    # The screen's modules load, and it is painted, while the engine starts.
    name = _name_of(path, project)
    if name is None:
        load_dashboard()
        return _show(ignition.result(), started_here=True)
    from tui.app import run_dashboard

    return ExitCode(run_dashboard(name, started_here=True, ignition=ignition))


def _show(note: EngineNote, *, started_here: bool) -> ExitCode:
    from tui.app import run_dashboard
    from tui.recent import remember_profile

    remember_profile(Path(note.profile_path), time.time())
    return ExitCode(run_dashboard(note.project, started_here=started_here))


def has_screen() -> bool:
    """Whether there is a terminal for the dashboard; complains, with what to use instead, where there is none."""
    instead = "use `procdeck run PROFILE --headless`, `procdeck status` or `procdeck logs` instead"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        complain(f"the dashboard needs a terminal, and stdin or stdout is none; {instead}")
        return False
    if os.environ.get("TERM", "dumb") in {"", "dumb"}:
        complain(f"the dashboard needs a terminal that can move its cursor, and TERM is dumb; {instead}")
        return False
    return True
