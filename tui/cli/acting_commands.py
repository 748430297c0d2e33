"""The grammar of `procdeck start`, `stop`, `restart`, `kill`, `pause` and `resume`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from tui.cli.exits import ExitCode
from tui.cli.parameters import All, Json, Project, Worker
from tui.cli.telling import complain


def add_to(app: App) -> None:
    """Give `app` these commands."""
    for command in (start, stop, restart, kill, pause, resume):
        app.command(command)


def start(*workers: Worker, is_for_all: All = False, as_json: Json = False, project: Project = None) -> int:
    """Start workers that are at rest; one that waits for its schedule or in backoff starts now."""
    from tui.cli.acting import act

    return act(project, "start", workers, is_for_all=is_for_all, as_json=as_json)


def stop(*workers: Worker, is_for_all: All = False, as_json: Json = False, project: Project = None) -> int:
    """Stop workers: ask, then SIGTERM, then SIGKILL, each at the time the profile gives."""
    from tui.cli.acting import act

    return act(project, "stop", workers, is_for_all=is_for_all, as_json=as_json)


def restart(
    *workers: Worker,
    is_for_all: All = False,
    rolling: Annotated[bool, Parameter(negative="", help="One after another, each ready before the next.")] = False,
    max_unavailable: Annotated[
        int | None, Parameter(help="So many replicas of a worker at a time; means --rolling.", show_default=False)
    ] = None,
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Stop workers and start them again."""
    if max_unavailable is not None and max_unavailable < 1:
        complain("--max-unavailable is a number of replicas, 1 or more")
        return ExitCode.USAGE
    at_a_time = max_unavailable or int(rolling)
    from tui.cli.acting import act

    return act(project, "restart", workers, is_for_all=is_for_all, as_json=as_json, max_unavailable=at_a_time)


def kill(
    *workers: Worker,
    is_for_all: All = False,
    process: Annotated[str, Parameter(help="One process of theirs only, as `why` names it.", show_default=False)] = "",
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Kill workers and everything they started, at once."""
    from tui.cli.acting import act, kill_process

    if process:
        return kill_process(project, process, is_alone=not (workers or is_for_all), as_json=as_json)
    return act(project, "kill", workers, is_for_all=is_for_all, as_json=as_json)


def pause(*workers: Worker, is_for_all: All = False, as_json: Json = False, project: Project = None) -> int:
    """Let workers and everything they started stand still (SIGSTOP)."""
    from tui.cli.acting import act

    return act(project, "pause", workers, is_for_all=is_for_all, as_json=as_json)


def resume(*workers: Worker, is_for_all: All = False, as_json: Json = False, project: Project = None) -> int:
    """Let paused workers go on (SIGCONT)."""
    from tui.cli.acting import act

    return act(project, "resume", workers, is_for_all=is_for_all, as_json=as_json)
