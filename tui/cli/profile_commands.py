"""The grammar of `procdeck check`, `init`, `open`, `profiles`, `profile`, `doctor` and `demo`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from tui.cli.exits import UsageError
from tui.cli.parameters import Json, Profile, Project


def add_to(app: App) -> None:
    """Give `app` these commands."""
    for command in (check, init, profiles, profile, doctor, demo):
        app.command(command)
    app.command(choose, name="open")


def check(profile: Profile | None = None, /, *, as_json: Json = False) -> int:
    """Tell every mistake of a profile, without starting anything."""
    from tui.cli import checking

    return checking.check(profile, as_json=as_json)


def init(
    *files: Annotated[str, Parameter(help="Python files; their top-level functions become the workers.")],
    output: Annotated[
        str | None, Parameter(name=["--output", "-o"], help="Where to; procdeck.toml beside them.")
    ] = None,
    name: Annotated[str | None, Parameter(help="The project's name; that of the directory.")] = None,
    force: Annotated[bool, Parameter(negative="", help="Replace a profile that is there.")] = False,
) -> int:
    """Write a first profile: of FILES, or of your answers to a few questions. No code is run."""
    from tui.cli import starting_out

    return starting_out.init(files, output, name, is_forced=force)


def choose() -> int:
    """Choose a profile to open: those found here, opened lately, running and shipped, each with what it contains."""
    from tui.cli.opening import choose as choose_profile

    return choose_profile(is_asked_for=True)


def profiles(
    directory: Annotated[str, Parameter(help="Where to look, and a little below it.")] = ".",
    /,
    *,
    as_json: Json = False,
) -> int:
    """List the profiles found here, opened lately, running and shipped: what each contains, and its mistakes."""
    from tui.cli.listing import list_profiles

    return list_profiles(directory, as_json=as_json)


def profile(*, as_json: Json = False, project: Project = None) -> int:
    """Show the profile of a running project: what has changed since it was read, and what a reload would do."""
    from tui.cli.profile_text import show_profile

    return show_profile(project, as_json=as_json)


def doctor(
    profile: Annotated[str | None, Parameter(help="A profile; with --start-methods, a function: census:walk.")] = None,
    /,
    *,
    start_methods: Annotated[
        bool, Parameter(negative="", help="Measure what fork, forkserver and spawn cost here, for a function of yours.")
    ] = False,
    python: Annotated[str, Parameter(help="Under another interpreter: .venv/bin/python.", show_default=False)] = "",
    preload: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="What a fork server imports: numpy,PIL. Else the function's module."),
    ] = (),
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Tell what this machine lacks, what earlier runs have left, and what to do about it."""
    if start_methods:
        from tui.cli.start_methods import show_start_costs

        return show_start_costs(profile, python=python, preload=preload, as_json=as_json)
    if python or preload:
        raise UsageError("--python and --preload are for --start-methods: procdeck doctor --start-methods census:walk")
    from tui.cli.doctor import show_findings

    return show_findings(profile, project, as_json=as_json)


def demo(name: Annotated[str, Parameter(help="services, census, ...")] = "services", /) -> int:
    """Open the dashboard on a profile that comes with procdeck."""
    from tui.cli.opening import open_demo

    return open_demo(name)
