"""`procdeck check`: every mistake of a profile, or what it would run, in which order and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from supervisor.errors import ProfileError
from supervisor.profile.kinds import NOUNS
from tui.cli.choosing import profile_named, profile_of_directory
from tui.cli.exits import ExitCode
from tui.cli.telling import complain, tell, tell_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from supervisor.profile.model import Profile, WorkerSpec

RUNS_TOLD: Final = 3
"""How many of a schedule's next runs are told."""
_CONDITIONS: Final = {
    "started": "started",
    "ready": "ready",
    "completed": "completed",
    "completed-ok": "completed well",
}


def check(profile: str | None, *, as_json: bool = False) -> ExitCode:
    """Print every mistake of the profile as ``file:line: what``, or that it is good and what it would do.

    As JSON: the same mistakes, and what it contains.
    """
    path = profile_named(profile) if profile is not None else profile_of_directory()
    if path is None:
        complain("no profile here: there is neither procdeck.toml nor [tool.procdeck] in pyproject.toml; name one")
        return ExitCode.USAGE
    if as_json:
        return _check_as_json(path)
    from supervisor.profile.loading import load_profile

    try:
        found = load_profile(path)
    except ProfileError as error:
        for mistake in error.mistakes:
            tell(mistake)
        return ExitCode.PROFILE_INVALID
    tell(f"ok: {', '.join(_counts(found))}")
    for line in (*_order(found.workers), *_groups(found), *_schedules(found.workers, datetime.now(UTC))):
        tell(line)
    return ExitCode.OK


def _check_as_json(path: Path) -> ExitCode:
    from supervisor.profile.outline import outline_of

    outline = outline_of(path)
    tell_json(
        {
            "path": outline.path,
            "name": outline.name,
            "is_valid": outline.is_valid,
            "mistakes": outline.mistakes,
            "contains": outline.counts(),
            "parts": outline.parts,
        }
    )
    return ExitCode.OK if outline.is_valid else ExitCode.PROFILE_INVALID


def _counts(profile: Profile) -> Iterator[str]:
    """The name of what was checked, and how many there are of each kind."""
    workers = [worker for worker in profile.workers.values() if worker.pool is None]
    processes = sum(worker.replicas for worker in workers)
    counted = _counted(len(workers), "worker")
    yield profile.name
    if workers or not profile.pools:
        yield counted if processes == len(workers) else f"{counted} ({processes} processes)"
    if profile.pools:
        yield _counted(len(profile.pools), "pool")
    for table, noun in NOUNS.items():
        number = len(getattr(profile, table))
        if number:
            yield _counted(number, noun)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _order(workers: Mapping[str, WorkerSpec]) -> Iterator[str]:
    """Who starts after whom: a line for those that start at once, and one for each that waits."""
    waiting = {name: worker for name, worker in workers.items() if worker.depends_on}
    if not waiting:
        return
    first = [name if workers[name].autostart else f"{name} (when told)" for name in workers if name not in waiting]
    yield f"start order: {', '.join(first)}"
    while waiting:
        due = [name for name, worker in waiting.items() if not set(worker.depends_on) & set(waiting)]
        for name in due:
            needs = [
                _condition(other, spec.condition, spec.pattern) for other, spec in waiting[name].depends_on.items()
            ]
            yield f"  then {name}, once {' and '.join(needs)}"
        for name in due:
            del waiting[name]


def _condition(other: str, condition: str, pattern: str | None) -> str:
    if condition == "log":
        return f"{other} has logged /{pattern}/"
    verb = "has" if condition.startswith("completed") else "is"
    return f"{other} {verb} {_CONDITIONS[condition]}"


def _groups(profile: Profile) -> Iterator[str]:
    for name, group in profile.groups.items():
        yield f"group {name}, {group.strategy}: {', '.join(group.workers)}"


def _schedules(workers: Mapping[str, WorkerSpec], now: datetime) -> Iterator[str]:
    """When each scheduled worker would run next."""
    for name, worker in workers.items():
        if worker.schedule is None:
            continue
        if worker.schedule.cron is None:
            first = "at once, then " if worker.schedule.at_start else ""
            yield f"schedule of {name}: {first}every {worker.schedule.every_s:g} s"
        else:
            yield f"schedule of {name}, {worker.schedule.cron}: {', '.join(_next_runs(worker, now)) or 'never'}"


def _next_runs(worker: WorkerSpec, now: datetime) -> Iterator[str]:
    from supervisor.lifecycle.schedule import ScheduleRule, next_due

    assert worker.schedule is not None
    if worker.schedule.at_start:
        yield "at once"
    rule = ScheduleRule(cron=worker.schedule.cron)
    moment = now
    for _ in range(RUNS_TOLD):
        due = next_due(rule, moment)
        if due is None:
            return
        moment = due
        yield f"{due:%a %Y-%m-%d %H:%M}" + (f":{due:%S}" if due.second else "")
