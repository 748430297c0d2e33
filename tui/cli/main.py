"""The grammar of the command line, and the one place where errors become exit codes.

What a command does is in a module of its own, which is imported when the command is given: start-up is cheap.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated, Final, Literal

from cyclopts import App, CycloptsError, Parameter

from supervisor import __version__
from supervisor.errors import (
    AlreadyRunning,
    EngineUnreachable,
    ProcdeckError,
    ProfileError,
    ProjectError,
    RequestRefused,
)
from tui.cli import (
    acting_commands,
    debug_commands,
    figure_commands,
    hang_commands,
    profile_commands,
    recording_commands,
    screenshot_commands,
    settings_commands,
    web_commands,
)
from tui.cli.channel_commands import COMMANDS as CHANNEL_COMMANDS
from tui.cli.channel_commands import app as channel_app
from tui.cli.exits import ExitCode, UsageError
from tui.cli.parameters import All, Json, Profile, Project, Worker
from tui.cli.pool_commands import COMMANDS as POOL_COMMANDS
from tui.cli.pool_commands import app as pool_app
from tui.cli.telling import complain, did_you_mean, narrate

NewProject = Annotated[str | None, Parameter(name="--project", help="Project name, instead of the profile's own.")]

app = App(
    name="procdeck",
    help="Runs the workers of a profile and shows in a dashboard what each one is doing.",
    usage="Usage: procdeck [PROFILE] [--project NAME]\n       procdeck COMMAND ...",
    version=f"procdeck {__version__}",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)


@app.default
def open_dashboard(profile: Profile | None = None, /, *, project: NewProject = None) -> int:
    """Open the dashboard on PROFILE.

    Without one: procdeck.toml, then [tool.procdeck] in pyproject.toml, else a choice of those that come with procdeck.
    """
    from tui.cli.opening import open_profile

    return open_profile(profile, project)


@app.command
def run(
    profile: Profile,
    /,
    *,
    headless: Annotated[bool, Parameter(negative="", help="No screen: logs to stdout, states to stderr.")] = False,
    until_complete: Annotated[bool, Parameter(negative="", help="End when all workers have finished.")] = False,
    simulate: Annotated[
        bool | Literal["threads", "sequential"] | None,
        Parameter(
            negative="",
            requires_equals=True,
            help="In one process: workers as its threads; =sequential: one after another, in this terminal.",
        ),
    ] = None,
    project: NewProject = None,
) -> int:
    """Run PROFILE, in the dashboard or without a screen.

    Headless, Ctrl-C stops everything and a second one kills it. The exit code is that of the significant worker that
    has ended the run; else 0 when every worker finished or was stopped by you; else that of the first one that failed.
    """
    if simulate == "sequential":
        from tui.cli.simulating import run_sequentially

        return run_sequentially(profile, project)
    if headless:
        from tui.cli.headless import run_headless

        return run_headless(profile, project, until_complete=until_complete, is_simulated=bool(simulate))
    if until_complete:
        complain("--until-complete is for --headless; the dashboard stays until you leave it")
        return ExitCode.USAGE
    from tui.cli.opening import open_profile

    return open_profile(profile, project, is_simulated=bool(simulate))


@app.command
def attach(*, project: Project = None) -> int:
    """Open the dashboard on an engine that runs already."""
    from tui.cli import opening

    return opening.attach(project)


@app.command
def status(
    *workers: Worker,
    as_json: Annotated[
        bool, Parameter(name="--json", negative="", help="The fleet as JSON; of WORKERS, an array of all about each.")
    ] = False,
    watch: Annotated[bool, Parameter(negative="", help="Go on: a plain line for whatever changes.")] = False,
    project: Project = None,
) -> int:
    """Show all workers and the channels between them; WORKERS in full: processes, environment, exits."""
    if workers:
        if watch:
            raise UsageError("--watch tells of all workers; for some there is `procdeck events --follow WORKER`")
        from tui.cli.worker_status import show_workers

        return show_workers(project, workers, as_json=as_json)
    if watch and as_json:
        raise UsageError("--watch tells lines; for JSON that goes on there is `procdeck events --follow --json`")
    if watch:
        from tui.cli.watching import watch_status

        return watch_status(project)
    from tui.cli.status import show_status

    return show_status(project, as_json=as_json)


@app.command
def logs(
    *workers: Worker,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"], negative="", help="Go on until interrupted.")] = False,
    count: Annotated[
        int | None,
        Parameter(name=["--count", "-n"], help="So many records, the last ones; 50, or all since a time."),
    ] = None,
    since: Annotated[str | None, Parameter(help='Not older: "14:02", "5m ago", "yesterday 9:30", an ISO time.')] = None,
    until: Annotated[str | None, Parameter(help="Not younger.")] = None,
    level: Annotated[str | None, Parameter(help="This level and graver ones: warning.")] = None,
    grep: Annotated[str | None, Parameter(help="What this regular expression finds, case ignored.")] = None,
    invert: Annotated[bool, Parameter(name=["--invert", "-v"], negative="", help="What --grep does not find.")] = False,
    field: Annotated[
        tuple[str, ...], Parameter(name="--field", help="A part of the record: extra.file=ast.py.", negative="")
    ] = (),
    worker: Annotated[
        tuple[str, ...],
        Parameter(name="--worker", help="The same as WORKERS; may be given several times.", negative=""),
    ] = (),
    run_id: Annotated[str | None, Parameter(name="--run", help='An earlier run by its id, or "last".')] = None,
    as_json: Annotated[
        bool,
        Parameter(
            name="--json",
            negative="",
            help="As stored, an object on each line; extra.lines of a damaged one: so many were deleted before it.",
        ),
    ] = False,
    no_color: Annotated[bool, Parameter(name="--no-color", negative="", help="No colours.")] = False,
    project: Project = None,
) -> int:
    """Show log records of all workers or some, from the running engine, from the last run or from an earlier one."""
    if count is not None and count < 0:
        complain("-n is a number of records, 0 or more")
        return ExitCode.USAGE
    if invert and grep is None:
        complain("--invert shows what --grep does not find; say what that is")
        return ExitCode.USAGE
    from tui.cli.logs import LogWish, show_logs

    wish = LogWish(
        names=(*workers, *worker),
        follow=follow,
        count=count,
        since=since,
        until=until,
        level=level,
        grep=grep,
        is_inverted=invert,
        fields=field,
        run=run_id,
        as_json=as_json,
        is_colored=False if no_color else None,
    )
    return show_logs(project, wish)


@app.command
def errors(
    *workers: Worker,
    since: Annotated[str | None, Parameter(help='Not older: "10m ago", "14:02", "yesterday 9:30".')] = None,
    tracebacks: Annotated[bool, Parameter(name=["--tracebacks", "-t"], negative="", help="With tracebacks.")] = False,
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Show exceptions and crashes by type and place, from the running engine or from the last run."""
    from tui.cli.errors import show_errors

    return show_errors(project, workers, since=since, has_tracebacks=tracebacks, as_json=as_json)


app.command(channel_app)
app.command(pool_app)
acting_commands.add_to(app)
debug_commands.add_to(app)
hang_commands.add_to(app)
figure_commands.add_to(app)
recording_commands.add_to(app)
screenshot_commands.add_to(app)
profile_commands.add_to(app)
settings_commands.add_to(app)
web_commands.add_to(app)


@app.command
def events(
    *workers: Worker,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"], negative="", help="Go on until interrupted.")] = False,
    count: Annotated[int, Parameter(name=["--count", "-n"], help="So many events, the last ones.")] = 50,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="An object on each line.")] = False,
    project: Project = None,
) -> int:
    """Show what happened to workers, when, why and who asked for it; from the engine or from the last run's journal."""
    if count < 0:
        complain("-n is a number of events, 0 or more")
        return ExitCode.USAGE
    from tui.cli.events import show_events

    return show_events(project, workers, follow=follow, count=count, as_json=as_json)


@app.command
def scale(
    *wishes: Annotated[str, Parameter(help="parse=5, or parse=+1 for one more.", show_default=False)],
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Change how many replicas workers have."""
    from tui.cli import changing

    return changing.scale(project, wishes, as_json=as_json)


@app.command
def signal(
    name: Annotated[str, Parameter(help="HUP, USR1, ...")],
    /,
    *workers: Worker,
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Send a signal to the process of each worker."""
    from tui.cli.changing import send_signal

    return send_signal(project, name, workers, as_json=as_json)


@app.command(name="log-level")
def log_level(
    *words: Annotated[str, Parameter(help="Workers, then the level: parse DEBUG.", show_default=False)],
    logger: Annotated[str, Parameter(help="One logger of logging, by its name.")] = "",
    all_workers: All = False,
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Have workers write more, or less, into the log, while they run."""
    from tui.cli.levels import set_level

    return set_level(project, words, logger=logger, is_for_all=all_workers, as_json=as_json)


@app.command
def reload(
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Only tell what would change.")] = False,
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Read the profile again and apply what differs; one with mistakes changes nothing."""
    from tui.cli import changing

    return changing.reload(project, is_dry_run=dry_run, as_json=as_json)


@app.command
def down(
    *,
    force: Annotated[bool, Parameter(negative="", help="Kill at once instead of asking first.")] = False,
    project: Project = None,
) -> int:
    """Stop everything and end the engine; waits until all is at rest."""
    from tui.cli.ending import bring_down

    return bring_down(project, force=force)


COMMANDS: Final = frozenset(name for name in app if not name.startswith("-"))


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        narrate("")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Nobody reads: what is still buffered must not be written when Python closes stdout at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ExitCode.OUTPUT_CLOSED


def _run(arguments: list[str]) -> int:
    word = arguments[0] if arguments else ""
    if word == "run":  # alone it is no question of what comes after it
        arguments = ["--simulate=threads" if argument == "--simulate" else argument for argument in arguments]
    mistake = _mistaken_command(arguments)
    if mistake:
        complain(mistake)
        return ExitCode.USAGE
    try:
        return int(app(arguments, exit_on_error=False, print_error=False) or ExitCode.OK)
    except CycloptsError as error:
        complain(f"{error}\n{_usage_hint(word)}")
        return ExitCode.USAGE
    except ProfileError as error:
        for mistake in error.mistakes:
            narrate(mistake)
        complain("nothing was started: the profile has to be mended first")
        return ExitCode.PROFILE_INVALID
    except EngineUnreachable as error:
        complain(str(error))
        return ExitCode.NO_ENGINE
    except (RequestRefused, AlreadyRunning) as error:
        complain(str(error))
        return ExitCode.REFUSED
    except (UsageError, ProjectError) as error:
        complain(str(error))
        return ExitCode.USAGE
    except ProcdeckError as error:
        complain(str(error))
        return ExitCode.FAILED
    except FileNotFoundError:
        if not _is_nowhere():
            raise
        complain("the directory that you are in is gone, and nothing can be found from there; go to another one")
        return ExitCode.USAGE


def _is_nowhere() -> bool:
    """The current directory was removed."""
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def _mistaken_command(arguments: list[str]) -> str:
    """What to say of a word that stands where a command does and is none; empty where it may be meant as it is."""
    word, below = (*arguments, "", "")[:2]
    if word == "channels" and below and not below.startswith("-") and below not in CHANNEL_COMMANDS:
        hint = did_you_mean(below, CHANNEL_COMMANDS) or f"; there are {', '.join(sorted(CHANNEL_COMMANDS))}"
        return f'there is no command "channels {below}"{hint}'
    is_pools = word == "pools" and below and not below.startswith("-") and below not in POOL_COMMANDS
    if is_pools and arguments[2:] and not arguments[2].startswith("-"):
        hint = did_you_mean(below, POOL_COMMANDS) or f"; there are {', '.join(sorted(POOL_COMMANDS))}"
        return f'there is no command "pools {below}"{hint}'
    if not word or word.startswith("-") or word in COMMANDS or os.sep in word or os.path.exists(word):
        return ""
    hint = did_you_mean(word, COMMANDS)
    return f'there is no command "{word}"{hint}' if hint else ""


def _usage_hint(word: str) -> str:
    return f"procdeck {word} --help explains it" if word in COMMANDS else "procdeck --help explains it"


if __name__ == "__main__":
    sys.exit(main())
