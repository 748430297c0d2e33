"""The engine process and its guardian: ``python -m supervisor PROFILE [--project NAME]``.

`supervisor.processes.ignition` starts this; a person starts `procdeck`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from supervisor import paths
from supervisor.errors import AlreadyRunning, ProcdeckError, ProfileError
from supervisor.holding import Hold
from supervisor.namesakes import refuse_namesakes

EXIT_REFUSED = 4
"""Another engine has the project; the same number as the command line's own."""

REPORT_FAILED = 5


def main() -> NoReturn:
    """Take the project's lock, end what an earlier engine could not, then be the guardian of a new engine."""
    _take_default_signals()
    arguments = _arguments()
    report = Report(arguments.report)
    try:
        refuse_namesakes()
        hold = Hold(_project_of(arguments))
    except ProcdeckError as error:
        report.failed(error)
        sys.exit(EXIT_REFUSED if isinstance(error, AlreadyRunning) else REPORT_FAILED)
    project = hold.project
    run_id = time.strftime("%Y%m%d-%H%M%S") + f"-{os.getpid()}"
    directory = paths.run_directory(project, run_id)
    _write_to(directory / "engine.log")

    from supervisor.processes import census, cgroups
    from supervisor.processes.guardian import guard

    news: list[str] = []
    census.end_leftovers(project, news.append)
    group = cgroups.run_group(project, run_id)
    place = paths.RunPlace(
        project,
        run_id,
        directory,
        paths.runtime_directory(project),
        paths.spill_directory(project, run_id),
        group.directory if group is not None else None,
    )

    def run_engine() -> int:
        return _run_engine(arguments, place, hold, report, news)

    def when_over(*, is_all_gone: bool) -> None:
        import shutil

        shutil.rmtree(place.spill_directory, ignore_errors=True)
        hold.clear()
        if (group is None or group.end()) and is_all_gone:
            census.forget(directory)

    def when_lost(how: str) -> None:
        with contextlib.suppress(OSError):  # a full disk keeps nobody from being ended
            paths.note_engine_end(directory, how)

    guard(
        run_engine,
        tie_descriptor=arguments.tie,
        when_over=when_over,
        when_lost=when_lost,
        in_guardian=report.close,
    )


def _take_default_signals() -> None:
    """Undo what our starter ignores or blocks, as nohup and a shell's background do: workers would inherit it."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:  # those are Python's own to ignore
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m supervisor", description=__doc__)
    parser.add_argument("profile", type=Path)
    parser.add_argument("--project", default=None)
    parser.add_argument(
        "--report",
        type=int,
        default=None,
        help="a descriptor that gets JSON lines: the profile is valid, how the start went",
    )
    parser.add_argument("--tie", type=int, default=None, help="a pipe whose end stops everything")
    parser.add_argument("--simulate", action="store_true", help="Python workers are threads of one process")
    parser.add_argument("--launch-directory", default=os.getcwd())
    return parser.parse_args()


class Report:
    """Tells whoever started this process how the start goes, until it has told how it went."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        if descriptor is not None:
            os.set_inheritable(descriptor, False)

    def valid(self) -> None:
        """The profile has no mistake: from now on a start takes its time."""
        if self._descriptor is not None:
            self._write({"valid": True})

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
        self._write(message)
        self.close()

    def _write(self, message: dict[str, Any]) -> None:
        assert self._descriptor is not None
        with contextlib.suppress(OSError):  # nobody waits for it any more
            os.write(self._descriptor, json.dumps(message).encode() + b"\n")

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _project_of(arguments: argparse.Namespace) -> str:
    """The project's name: the one that was given, the profile's, or what follows from its place.

    Raises:
        ProfileError: the profile cannot be used.
    """
    if arguments.project is not None:
        return str(arguments.project)
    from supervisor.profile.finding import read_project_name

    name = read_project_name(arguments.profile)
    if name is not None:
        return name
    from supervisor.profile.loading import load_profile

    return load_profile(arguments.profile).name


def _write_to(path: Path) -> None:
    """Have guardian and engine write to the run's own log; their terminal may be gone at any time."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in ((0, null), (1, log), (2, log)):
        os.dup2(descriptor, number)
    os.close(log)
    os.close(null)
    os.chdir("/")


def _run_engine(
    arguments: argparse.Namespace, place: paths.RunPlace, hold: Hold, report: Report, news: list[str]
) -> int:
    from setproctitle import setproctitle

    from supervisor.heap import use_again

    setproctitle(f"procdeck engine {place.project}")
    use_again()
    try:
        from supervisor.profile.loading import load_profile

        profile = load_profile(arguments.profile)
        if arguments.simulate:
            from supervisor.profile.simulating import simulated

            profile = simulated(profile)
        report.valid()
        return asyncio.run(_serve(profile, arguments.launch_directory, place, hold, report, news))
    except ProcdeckError as error:
        report.failed(error)
        return REPORT_FAILED
    except Exception as error:
        log = place.directory / "engine.log"
        report.failed(ProcdeckError(f"the engine failed: {type(error).__name__}: {error}; its log: {log}"))
        raise
    finally:
        hold.let_go()


async def _serve(
    profile: Any, launch_directory: str, place: paths.RunPlace, hold: Hold, report: Report, news: list[str]
) -> int:
    from loguru import logger

    from supervisor.api.server import serve
    from supervisor.engine import Engine

    logger.remove()
    logger.add(place.directory / "engine.log", diagnose=False, backtrace=False, level="INFO")
    listener = hold.bind()
    engine = Engine(profile, place)
    engine.listen_to_signals()
    engine.start()
    for text in news:
        engine.happened("WARNING", "engine", text)
    server = await serve(engine, listener, heal=hold.heal)
    note = paths.EngineNote(
        project=place.project,
        profile_path=str(profile.path),
        engine_pid=os.getpid(),
        guardian_pid=os.getppid(),
        run_id=place.run_id,
        launch_directory=launch_directory,
        started_at=time.time(),
        log_directory=str(place.log_directory),
    )
    hold.announce(note)
    report.well(note)
    await engine.is_over.wait()
    await server.close()
    await engine.close()
    return engine.exit_code or 0


if __name__ == "__main__":
    main()
