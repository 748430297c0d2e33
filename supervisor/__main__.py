"""The engine process and its guardian: ``python -m supervisor PROFILE [--project NAME]``.

`supervisor.processes.ignition` starts this; a person starts `procdeck`.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from supervisor import paths
from supervisor.errors import AlreadyRunning, ProcdeckError, ProfileError

REPORT_FAILED = 5


def main() -> NoReturn:
    """Take the project's lock, then be the guardian of a new engine."""
    arguments = _arguments()
    report = Report(arguments.report)
    try:
        refuse_namesakes()
        project, lock = _take_lock(arguments)
    except ProcdeckError as error:
        report.failed(error)
        sys.exit(REPORT_FAILED)
    run_id = time.strftime("%Y%m%d-%H%M%S") + f"-{os.getpid()}"
    place = paths.run_directory(project, run_id)
    _write_to(place / "engine.log")
    spill = paths.spill_directory(project, run_id)

    def run_engine() -> int:
        return _run_engine(arguments, project, run_id, lock, report)

    def when_over() -> None:
        import shutil

        shutil.rmtree(spill, ignore_errors=True)
        for path in (paths.engine_note_path(project), paths.socket_path(project)):
            path.unlink(missing_ok=True)

    from supervisor.processes.guardian import guard

    guard(run_engine, tie_descriptor=arguments.tie, when_over=when_over, in_guardian=report.close)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m supervisor", description=__doc__)
    parser.add_argument("profile", type=Path)
    parser.add_argument("--project", default=None)
    parser.add_argument(
        "--report", type=int, default=None, help="a descriptor that gets one JSON line: how the start went"
    )
    parser.add_argument("--tie", type=int, default=None, help="a pipe whose end stops everything")
    parser.add_argument("--launch-directory", default=os.getcwd())
    return parser.parse_args()


class Report:
    """Tells whoever started this process how the start went, once."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        if descriptor is not None:
            os.set_inheritable(descriptor, False)

    def well(self, note: paths.EngineNote) -> None:
        from dataclasses import asdict

        self._tell({"note": asdict(note)})

    def failed(self, error: BaseException) -> None:
        mistakes = error.mistakes if isinstance(error, ProfileError) else None
        self._tell({"kind": type(error).__name__, "error": str(error), "mistakes": mistakes})

    def _tell(self, message: dict[str, Any]) -> None:
        if self._descriptor is None:
            sys.stderr.write(message.get("error", "") + "\n")
            return
        try:
            os.write(self._descriptor, json.dumps(message).encode() + b"\n")
        except OSError:
            pass  # nobody waits for it any more
        self.close()

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def refuse_namesakes() -> None:
    """Refuse to start where another distribution claims our import names (PyPI's supervisor is supervisord).

    Raises:
        ProcdeckError: there is one; which of the two Python imports would be chance.
    """
    from importlib import metadata

    for name in ("supervisor", "tui"):
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        raise ProcdeckError(
            f"the distribution {name!r} {version} is installed in {sys.prefix} and has the same import name as "
            f"procdeck's {name!r}; remove it (pip uninstall {name}) or give procdeck an environment of its own"
        )


def _take_lock(arguments: argparse.Namespace) -> tuple[str, int]:
    """The project's name, and its lock: held by guardian and engine, freed by the kernel when both are gone."""
    project = arguments.project
    if project is None:
        from supervisor.profile.finding import read_project_name

        project = read_project_name(arguments.profile)
        if project is None:
            from supervisor.profile.loading import load_profile

            project = load_profile(arguments.profile).name
    paths.runtime_directory(project)
    lock = os.open(paths.lock_path(project), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        note = paths.read_note(paths.engine_note_path(project))
        who = f" (pid {note.engine_pid}, {note.profile_path})" if note else ""
        raise AlreadyRunning(
            f"project {project!r} is running already{who}; attach to it, end it with "
            f"'procdeck down --project {project}', or start this one under another name with --project NAME"
        ) from None
    return project, lock


def _write_to(path: Path) -> None:
    """Have guardian and engine write to the run's own log; their terminal may be gone at any time."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in ((0, null), (1, log), (2, log)):
        os.dup2(descriptor, number)
    os.close(log)
    os.close(null)
    os.chdir("/")


def _run_engine(arguments: argparse.Namespace, project: str, run_id: str, lock: int, report: Report) -> int:
    from setproctitle import setproctitle

    setproctitle(f"procdeck engine {project}")
    try:
        from supervisor.profile.loading import load_profile

        profile = load_profile(arguments.profile)
        return asyncio.run(_serve(profile, arguments, project, run_id, report))
    except ProcdeckError as error:
        report.failed(error)
        return REPORT_FAILED
    except Exception as error:
        log = paths.runs_directory(project) / run_id / "engine.log"
        report.failed(ProcdeckError(f"the engine failed: {type(error).__name__}: {error}; its log: {log}"))
        raise
    finally:
        os.close(lock)


async def _serve(profile: Any, arguments: argparse.Namespace, project: str, run_id: str, report: Report) -> int:
    from loguru import logger

    from supervisor.api.server import bind_socket, serve
    from supervisor.engine import Engine

    directory = paths.run_directory(project, run_id)
    logger.remove()
    logger.add(directory / "engine.log", diagnose=False, backtrace=False, level="INFO")
    place = paths.RunPlace(
        project, run_id, directory, paths.runtime_directory(project), paths.spill_directory(project, run_id)
    )
    listener = bind_socket(paths.socket_path(project))
    engine = Engine(profile, place)
    engine.listen_to_signals()
    engine.start()
    server = await serve(engine, listener)
    note = paths.EngineNote(
        project=project,
        profile_path=str(profile.path),
        engine_pid=os.getpid(),
        guardian_pid=os.getppid(),
        run_id=run_id,
        launch_directory=arguments.launch_directory,
        started_at=time.time(),
        log_directory=str(place.log_directory),
    )
    note.write(paths.engine_note_path(project))
    report.well(note)
    await engine.is_over.wait()
    await server.close()
    engine.close()
    return 0


if __name__ == "__main__":
    main()
