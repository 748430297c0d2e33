"""`procdeck check`: every mistake of a profile, or what it would run."""

from __future__ import annotations

from supervisor.errors import ProfileError
from supervisor.profile.kinds import NOUNS
from tui.cli.choosing import profile_named, profile_of_directory
from tui.cli.exits import ExitCode
from tui.cli.telling import complain, tell


def check(profile: str | None) -> ExitCode:
    """Print every mistake of the profile as ``file:line: what``, or one line that says it is good."""
    path = profile_named(profile) if profile is not None else profile_of_directory()
    if path is None:
        complain("no profile here: there is neither procdeck.toml nor [tool.procdeck] in pyproject.toml; name one")
        return ExitCode.USAGE
    from supervisor.profile.loading import load_profile

    try:
        found = load_profile(path)
    except ProfileError as error:
        for mistake in error.mistakes:
            tell(mistake)
        return ExitCode.PROFILE_INVALID
    processes = sum(worker.replicas for worker in found.workers.values())
    workers = _counted(len(found.workers), "worker")
    parts = [found.name, workers if processes == len(found.workers) else f"{workers} ({processes} processes)"]
    declared = ((noun, len(getattr(found, table))) for table, noun in NOUNS.items())
    parts += [_counted(number, noun) for noun, number in declared if number]
    tell(f"ok: {', '.join(parts)}")
    return ExitCode.OK


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
