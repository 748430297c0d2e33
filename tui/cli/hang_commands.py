"""The grammar of `procdeck why`, `stacks`, `sample`, `release` and `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from tui.cli.parameters import Json, Project, Replica, Worker

OutputFile = Annotated[
    Path | None, Parameter(name=["--output", "-o"], help="The file to write, instead of stdout.", show_default=False)
]
ReportFile = Annotated[
    Path | None, Parameter(name=["--output", "-o"], help="The file to write; without it one here.", show_default=False)
]
LAST_MINUTES: Final = 10.0
LAST_LINES: Final = 200


def add_to(app: App) -> None:
    """Give `app` these commands."""
    app.command(why)
    app.command(stacks)
    app.command(sample)
    app.command(release)
    app.command(report)


def why(
    *workers: Worker,
    has_all: Annotated[bool, Parameter(name="--all", negative="", help="Those who are busy or idle too.")] = False,
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Say why workers do not move: the cause, who waits for whom, on what evidence, and what to do.

    Without a name: all who wait or are stuck. The exit code is 0 where nobody is stuck, 6 where somebody is or a
    warning stands.
    """
    from tui.cli.why import show_why

    return show_why(project, workers, has_all=has_all, as_json=as_json)


def stacks(*workers: Worker, output: OutputFile = None, as_json: Json = False, project: Project = None) -> int:
    """Show what every thread of a worker's processes does; of one at rest, what it was doing last."""
    from tui.cli.stacks import show_stacks

    return show_stacks(project, workers, output=output, as_json=as_json)


def sample(
    worker: Replica,
    /,
    *,
    seconds: Annotated[float, Parameter(name=["--seconds", "-s"], help="How long to look.")] = 2.0,
    rate: Annotated[float, Parameter(help="How often in a second.")] = 50.0,
    is_folded: Annotated[
        bool, Parameter(name="--folded", negative="", help="A line for each stack, as flamegraph.pl reads it.")
    ] = False,
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Show where a worker spends its time, from its stacks over some seconds."""
    from tui.cli.stacks import show_sample

    return show_sample(project, worker, seconds=seconds, rate_hz=rate, is_folded=is_folded, as_json=as_json)


def release(
    worker: Replica,
    resource: Annotated[
        str, Parameter(help="The lock, as `why` names it; without it the only one there is.", show_default=False)
    ] = "",
    /,
    *,
    is_sure: Annotated[bool, Parameter(name="--yes", negative="", help="Do not ask first.")] = False,
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Free a lock whose holder is dead, by the hand of a worker that waits for it; refused where that is not safe."""
    from tui.cli.releasing import release_lock

    return release_lock(project, worker, resource, is_sure=is_sure, as_json=as_json)


def report(
    *workers: Worker,
    output: ReportFile = None,
    minutes: Annotated[float, Parameter(help="So much of the log, back from its end.")] = LAST_MINUTES,
    lines: Annotated[int, Parameter(help="So many of the last lines of each worker, however old.")] = LAST_LINES,
    project: Project = None,
) -> int:
    """Write what somebody needs who is to find out why workers are stuck: one .tar.gz, secrets masked.

    Verdicts, stacks, who waits for whom, status, channels, events, the log around now, the profile, doctor's words,
    versions. Where no engine answers, what there is on disk.
    """
    from tui.cli.report import write_report

    return write_report(project, workers, output=output, minutes=minutes, lines=lines)
