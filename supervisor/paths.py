"""Where a project's socket, lock, note and runs are on this machine, and whether those places are safe to use.

::

    <runtime>/procdeck/<project>/   0700, ours      engine.sock  lock  engine.json
    <state>/procdeck/<project>/runs/<run id>/       logs/000001.ndjson ...  output/  engine.{log,end}  profile.toml

    <spill>/...                                     big items on their way; gone with the engine

`PROCDECK_RUNTIME_DIR`, `PROCDECK_STATE_DIR` and `PROCDECK_SPILL_DIR` name other places for the roots.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from supervisor.errors import ProjectError

PROJECT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")

SOCKET_PATH_LIMIT_BYTES = 107
"""Linux keeps 108 bytes for a socket's path, the last of them NUL (unix(7))."""


@dataclass(frozen=True, slots=True)
class EngineNote:
    """What an engine leaves beside its socket, so that commands find it without asking."""

    project: str
    profile_path: str
    engine_pid: int
    guardian_pid: int
    run_id: str
    launch_directory: str
    started_at: float
    log_directory: str

    def write(self, path: Path) -> None:
        """Write the note whole or not at all."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n")
        draft.replace(path)


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run lives on this machine."""

    project: str
    run_id: str
    directory: Path
    runtime_directory: Path
    spill_directory: Path
    cgroup_directory: Path | None = None
    """Where each incarnation gets a control group of its own; None where none is delegated to us."""

    @property
    def log_directory(self) -> Path:
        return self.directory / "logs"

    @property
    def output_directory(self) -> Path:
        return self.directory / "output"


def read_note(path: Path) -> EngineNote | None:
    """The note at `path`; None where there is none, or none that can be read."""
    try:
        return EngineNote(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _own_directory(path: Path) -> Path:
    """Make `path` a directory of ours that nobody else can write in.

    Raises:
        ProjectError: it is a symbolic link, belongs to somebody else, or others may write in it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    seen = os.lstat(path)
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid():
        raise ProjectError(f"{path} is not a directory of yours; remove it or set PROCDECK_RUNTIME_DIR to one that is")
    if seen.st_mode & 0o077:
        path.chmod(0o700)
    return path


def runtime_root() -> Path:
    """The folder that holds every project's runtime directory."""
    named = os.environ.get("PROCDECK_RUNTIME_DIR")
    if named:
        return Path(named)
    session = os.environ.get("XDG_RUNTIME_DIR")
    if session and Path(session).is_dir() and os.stat(session).st_uid == os.geteuid():
        return Path(session) / "procdeck"
    import tempfile

    return Path(tempfile.gettempdir()) / f"procdeck-{os.geteuid()}"


def state_root() -> Path:
    """The folder that holds every project's runs."""
    named = os.environ.get("PROCDECK_STATE_DIR")
    if named:
        return Path(named)
    from platformdirs import user_state_path

    return user_state_path("procdeck", appauthor=False)


def check_project_name(name: str) -> str:
    """`name`, when it may name a project.

    Raises:
        ProjectError: it may not.
    """
    if not PROJECT_NAME.fullmatch(name):
        raise ProjectError(
            f"project name {name!r} cannot be used: a letter first, then letters, digits, '-' or '_', 40 at the most"
        )
    return name


def runtime_directory(project: str) -> Path:
    """The project's own runtime directory, made 0700 and checked.

    Raises:
        ProjectError: the name or the place cannot be used.
    """
    check_project_name(project)
    _own_directory(runtime_root())
    directory = _own_directory(runtime_root() / project)
    if len(os.fsencode(directory / "engine.sock")) > SOCKET_PATH_LIMIT_BYTES:
        raise ProjectError(
            f"{directory} is too long a path for a socket ({SOCKET_PATH_LIMIT_BYTES} bytes); "
            "set PROCDECK_RUNTIME_DIR to a shorter one"
        )
    return directory


def socket_path(project: str) -> Path:
    return runtime_root() / check_project_name(project) / "engine.sock"


def lock_path(project: str) -> Path:
    return runtime_root() / check_project_name(project) / "lock"


def engine_note_path(project: str) -> Path:
    return runtime_root() / check_project_name(project) / "engine.json"


def engine_note(project: str) -> EngineNote | None:
    """The note of the project's running engine; None where none runs."""
    return read_note(engine_note_path(project)) if is_running(project) else None


def is_running(project: str) -> bool:
    """Whether an engine, or the guardian that still ends its processes, holds the project's lock."""
    import fcntl

    try:
        descriptor = os.open(lock_path(project), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def running_projects() -> list[EngineNote]:
    """The notes of all engines of this user that run now, by project name."""
    try:
        names = sorted(entry.name for entry in os.scandir(runtime_root()) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
    notes = [engine_note(name) for name in names if PROJECT_NAME.fullmatch(name)]
    return [note for note in notes if note is not None]


def runs_directory(project: str) -> Path:
    """Where the project's runs are kept, newest last by name."""
    return state_root() / check_project_name(project) / "runs"


def run_directory(project: str, run_id: str) -> Path:
    """A run's own folder, made 0700."""
    directory = runs_directory(project) / run_id
    directory.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for private in (directory.parent, directory, directory / "logs", directory / "output"):
        private.mkdir(mode=0o700, exist_ok=True)  # a parent that mkdir makes by itself is anybody's to read
    return directory


def loaded_profile_path(directory: Path) -> Path:
    """The text of the profile that a run goes by, in the run's own `directory`; each reload that is applied renews it.

    Secrets in it are not masked; nobody else can enter the directory.
    """
    return directory / "profile.toml"


def note_engine_end(directory: Path, how: str) -> None:
    """Leave beside the logs of the run in `directory` how its engine was lost, for whoever asks why."""
    (directory / "engine.end").write_text(f"{how}\n")


def engine_end(directory: Path) -> str:
    """How the engine of the run in `directory` was lost (``killed by SIGKILL``); empty where nobody has noted it."""
    try:
        return (directory / "engine.end").read_text(errors="replace").strip()
    except OSError:
        return ""


def spill_directory(project: str, run_id: str) -> Path:
    """Where big items between workers travel: in shared memory where the machine has it. Not made here."""
    named = os.environ.get("PROCDECK_SPILL_DIR")
    if named:
        return Path(named) / f"{project}-{run_id}"
    shared = Path("/dev/shm")
    if os.access(shared, os.W_OK):
        return shared / f"procdeck-{os.geteuid()}-{project}-{run_id}"
    import tempfile

    return Path(tempfile.gettempdir()) / f"procdeck-{os.geteuid()}-{project}-{run_id}"


def configs_directory() -> Path | None:
    """The folder of the shipped profiles: beside the packages in a checkout, else among the installed data."""
    import sysconfig

    candidates = [
        Path(__file__).resolve().parent.parent / "configs",
        Path(sysconfig.get_path("data")) / "share" / "procdeck" / "configs",
        Path(sys.prefix) / "share" / "procdeck" / "configs",
    ]
    return next((folder for folder in candidates if (folder / "schema.json").is_file()), None)


def shipped_profiles() -> list[Path]:
    """The profiles that come with procdeck, one in each folder, by name."""
    folder = configs_directory()
    return sorted(folder.glob("*/*.toml")) if folder else []
