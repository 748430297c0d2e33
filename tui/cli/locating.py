"""Which engine, or which run's logs, a command means: by name, by the current directory, or because only one runs."""

from __future__ import annotations

import os
from pathlib import Path

from supervisor.errors import EngineUnreachable
from supervisor.paths import (
    EngineNote,
    check_project_name,
    engine_note,
    is_running,
    running_projects,
    runs_directory,
    socket_path,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.api.client import EngineClient


def find_engine(project: str | None, directory: Path | None = None) -> EngineNote:
    """The running engine that is meant.

    In this order: `project`; the project of the profile in `directory` (the current one); the engine that was started
    in it; the only one that runs.

    Raises:
        EngineUnreachable: none runs, or several could be meant; the message lists the ones that run.
        ProjectError: `project` is no legal name.
    """
    directory = directory or Path.cwd()
    project, source = _expected_project(project, directory)
    if project is not None:
        note = engine_note(project)
        if note is None:
            starts = "; `procdeck` starts it" if source and not is_running(project) else ""
            raise EngineUnreachable(_nobody_there(project, source) + starts)
        return note
    running = running_projects()
    candidates = [note for note in running if note.launch_directory == os.fspath(directory)] or running
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise EngineUnreachable("no engine runs; start one with `procdeck PROFILE`, or see one with `procdeck demo`")
    raise EngineUnreachable(f"it is not clear which engine is meant; {_running_ones(candidates)}")


def client_of(note: EngineNote) -> EngineClient:
    """A client of the engine that left `note`."""
    from supervisor.api.client import EngineClient

    return EngineClient(socket_path(note.project))


def check_named_project(project: str | None) -> str | None:
    """`project`, when it is one that may be named, or none.

    Raises:
        ProjectError: it is no legal name.
    """
    return None if project is None else check_project_name(project)


def find_logs(project: str | None, directory: Path | None = None) -> tuple[str, Path, EngineNote | None]:
    """The project, the folder of its log segments, and the engine that writes them, if one runs.

    Where none runs it is the project's last run.

    Raises:
        EngineUnreachable: there is neither an engine nor a run.
    """
    directory = directory or Path.cwd()
    expected, source = _expected_project(project, directory)
    if expected is None or engine_note(expected) is not None:
        note = find_engine(expected, directory)
        return note.project, Path(note.log_directory), note
    try:
        runs = sorted(entry.name for entry in os.scandir(runs_directory(expected)) if entry.is_dir())
    except OSError:
        runs = []
    if not runs:
        raise EngineUnreachable(f"{_nobody_there(expected, source)}, and it has left no logs")
    return expected, runs_directory(expected) / runs[-1] / "logs", None


def _expected_project(project: str | None, directory: Path) -> tuple[str | None, str]:
    """The project that is named, or that the directory's profile names; and how to say where that was taken from."""
    if project is not None:
        return check_project_name(project), ""
    from supervisor.profile.finding import find_profile, read_project_name

    profile = find_profile(directory)
    if profile is None:
        return None, ""
    return read_project_name(profile), f" (of {profile.name} here)"


def _nobody_there(project: str, source: str) -> str:
    if is_running(project):
        return f"the engine of {project}{source} is just starting or ending; try again in a moment"
    running = running_projects()
    others = f"; {_running_ones(running)}" if running else ""
    return f"no engine runs for {project}{source}{others}"


def _running_ones(notes: list[EngineNote]) -> str:
    return f"running: {', '.join(note.project for note in notes)}; name one with --project NAME"
