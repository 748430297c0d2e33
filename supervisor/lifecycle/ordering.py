"""Who has to wait for whom: whether what a worker depends on is there, and who may be stopped before whom. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from supervisor.lifecycle.life import Life
from supervisor.lifecycle.states import UP, State

Condition = Literal["started", "ready", "completed", "completed-ok", "log"]

_IN_WORDS: Final[Mapping[Condition, str]] = {
    "started": "to be started",
    "ready": "to be ready",
    "completed": "to complete",
    "completed-ok": "to complete well",
}


@dataclass(frozen=True, slots=True)
class Dependency:
    """What one worker wants of another before it starts."""

    on: str
    """The other worker."""
    condition: Condition
    pattern: str = ""
    """For ``log``: the regular expression that a line has to match."""

    def in_words(self) -> str:
        if self.condition == "log":
            return f"{self.on} to log /{self.pattern}/"
        return f"{self.on} {_IN_WORDS[self.condition]}"


class Outlook(Enum):
    """How a dependency stands."""

    MET = "met"
    OPEN = "open"
    LOST = "lost"
    """It will not come by itself."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """How all dependencies of a worker stand, and the first that is not met in words."""

    outlook: Outlook
    text: str = ""


HasLogged = Callable[[str, str], bool]
"""Whether a replica, by name, has logged a line that matches a pattern."""


def prospect(
    dependencies: Iterable[Dependency], lives: Mapping[str, Sequence[Life]], has_logged: HasLogged
) -> Prospect:
    """How `dependencies` stand, given the lives of each worker's replicas. Lost goes before open, open before met."""
    found = Prospect(Outlook.MET)
    for dependency in dependencies:
        for life in lives.get(dependency.on, ()):
            outlook = _outlook(dependency, life, has_logged)
            if outlook is Outlook.LOST:
                return Prospect(Outlook.LOST, _why_lost(dependency, life))
            if outlook is Outlook.OPEN and found.outlook is Outlook.MET:
                found = Prospect(Outlook.OPEN, f"{dependency.in_words()} ({life.name} is {life.state})")
    return found


def _outlook(dependency: Dependency, life: Life, has_logged: HasLogged) -> Outlook:
    if dependency.condition == "log" and has_logged(life.name, dependency.pattern):
        return Outlook.MET
    if life.state is State.SKIPPED:
        return Outlook.LOST
    if dependency.condition in ("completed", "completed-ok"):
        return _completion(life, is_any_end_good=dependency.condition == "completed")
    if life.state is State.FAILED:
        return Outlook.LOST
    if dependency.condition == "started":
        return Outlook.MET if life.state in {*UP, State.FINISHED} else Outlook.OPEN
    if life.state is State.FINISHED:
        return Outlook.MET if dependency.condition == "ready" and life.was_ready else Outlook.LOST
    return Outlook.MET if dependency.condition == "ready" and _is_ready(life) else Outlook.OPEN


def _completion(life: Life, *, is_any_end_good: bool) -> Outlook:
    has_run = life.state is State.SCHEDULED and life.cause is not None
    if life.state is State.FINISHED or (has_run and (is_any_end_good or (life.cause and life.cause.is_ok))):
        return Outlook.MET
    if life.state is State.FAILED:
        return Outlook.MET if is_any_end_good else Outlook.LOST
    return Outlook.OPEN


def _is_ready(life: Life) -> bool:
    return life.state is State.RUNNING or (life.state is State.PAUSED and life.paused_in is State.RUNNING)


def _why_lost(dependency: Dependency, life: Life) -> str:
    cause = f": {life.cause.text}" if life.cause else ""
    if life.state is State.FINISHED:
        return f"{life.name} has finished, and {dependency.in_words()} was waited for{cause}"
    return f"{life.name} {'was skipped' if life.state is State.SKIPPED else 'has failed'}{cause}"


def may_stop(worker: str, dependents: Mapping[str, Set[str]], live: Set[str]) -> bool:
    """Whether nobody lives who depends on `worker`: what came up last goes down first."""
    return not (dependents.get(worker, frozenset()) & (live - {worker}))


def dependents_of(dependencies: Mapping[str, Iterable[Dependency]]) -> dict[str, set[str]]:
    """Who depends on each worker, from what each worker depends on."""
    found: dict[str, set[str]] = {}
    for worker, wanted in dependencies.items():
        for dependency in wanted:
            found.setdefault(dependency.on, set()).add(worker)
    return found
