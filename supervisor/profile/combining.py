"""Finds the keys of one worker that contradict each other, and those whose written form says more than their value.

Works on the tables as parsed, like `supervisor.profile.checking`; what has the wrong type is left to validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from supervisor.profile.depending import restart_policy
from supervisor.profile.formats.toml_lines import KeyPath
from supervisor.profile.names import did_you_mean
from supervisor.profile.notations import UMASK_RULE
from supervisor.profile.placing import Mistake
from supervisor.profile.supervised import named


def combination_mistakes(path: KeyPath, worker: dict[str, Any], defaults: object) -> Iterator[Mistake]:
    """Every mistake of this kind in the table of one worker, whose path it is given."""
    yield from umask_mistakes(path, worker)
    yield from _schedule_mistakes(path, worker, defaults)
    yield from _watch_mistakes((*path, "watch"), worker.get("watch"))


def umask_mistakes(path: KeyPath, table: dict[str, Any]) -> Iterator[Mistake]:
    """TOML's 22 and 0o26 are the same number, so that a mask without quotes cannot be known for what was meant."""
    if isinstance(table.get("umask"), int):
        whose = "[defaults]" if path == ("defaults",) else named(path)
        yield Mistake((*path, "umask"), f"the umask of {whose} {UMASK_RULE}")


def _schedule_mistakes(path: KeyPath, worker: dict[str, Any], defaults: object) -> Iterator[Mistake]:
    whose, schedule = named(path), worker.get("schedule")
    if not isinstance(schedule, str | dict):
        return
    if isinstance(schedule, dict):
        given = [key for key in ("cron", "every") if key in schedule]
        known = {"cron", "every", "overlap", "at_start"}
        if len(given) == 2:
            yield Mistake((*path, "schedule", "every"), f"the schedule of {whose} has both cron and every; keep one")
        elif not given and not any(did_you_mean(key, ("cron", "every")) for key in schedule if key not in known):
            yield Mistake(
                (*path, "schedule"),
                f'the schedule of {whose} does not say when; give cron = "*/5 * * * *" or every = "10s"',
            )
    if worker.get("significant") is True:
        yield Mistake(
            (*path, "significant"),
            f"{whose} is significant and has a schedule: its first end would end the run; remove one of the two",
        )
    if restart_policy(worker, defaults) == "always":
        source = "" if "restart" in worker else " from [defaults]"
        yield Mistake(
            (*path, "restart" if "restart" in worker else "schedule"),
            f'{whose} has a schedule and restart = "always"{source}, which would leave it no time to wait for; '
            'use "never" or "on-failure"',
        )


def _watch_mistakes(place: KeyPath, watch: object) -> Iterator[Mistake]:
    table = watch if isinstance(watch, dict) else {"paths": watch}
    for key in ("paths", "ignore"):
        patterns = table.get(key)
        for pattern in patterns if isinstance(patterns, list) else ():
            if isinstance(pattern, str) and (told := _pattern_fault(pattern)):
                yield Mistake((*place, key), f'watch of {named(place)} has the pattern "{pattern[:60]}"; {told}')


def _pattern_fault(pattern: str) -> str:
    if not pattern or "\0" in pattern:
        return 'a pattern names files, such as "src/**/*.py"'
    if pattern.startswith(("/", "~")):
        return 'patterns begin in the directory of the profile, such as "src/**/*.py" or "../shared/*.py"'
    for part in pattern.split("/"):
        if "**" in part and part != "**":
            meant = pattern.replace(part, part.replace("**", "**/*"))
            near = f'; did you mean "{meant}"?' if part.startswith("**") and part.count("**") == 1 else ""
            return f'"**" stands for directories and must be alone between slashes{near}'
    return ""
