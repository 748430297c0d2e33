"""Whether a live incarnation has come up, can serve and is alive, as pure policy over what its checks say.

::

    answers of probes, signs of life, time that passes ──► step ──► the next health
                                                              └──► BecameReady | BecameUnready | Unhealthy

Startup checks gate the others, as Kubernetes has it: until all have passed, nobody is asked whether it is ready or
alive. Where none are declared, the first readiness gates the liveness checks, so that a slow start is not taken for a
hang; a start that never ends is the start timeout's to end. What is held (paused) is not judged, and time in which
nobody looked, because the engine itself stood still, is nobody's silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Literal

from supervisor.lifecycle.events import BecameReady, BecameUnready, Unhealthy

Role = Literal["startup", "ready", "alive"]

GAP_S: Final = 1.0
"""A look that comes so much later than it should means that the engine stood still: deadlines start anew."""


class Nature(StrEnum):
    """How a check learns what it knows."""

    ONCE = "once"
    """It is told so, once and for good: ``ctx.ready()``, ``READY=1``, a line of output, the first heartbeat."""
    PROBE = "probe"
    """It is asked again and again; `successes` or `failures` answers in a row turn it."""
    SILENCE = "silence"
    """It must be heard of at least every `period_s`; one miss fails it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One declared check."""

    role: Role
    nature: Nature
    what: str
    """``tcp 127.0.0.1:6390``."""
    successes: int = 1
    failures: int = 3
    period_s: float | None = None
    """None: it may be silent for ever."""
    before: str = ""
    """What is said of it while nothing has been heard: ``no READY=1 came``."""


@dataclass(frozen=True, slots=True)
class CheckLife:
    """One check and what was heard of it."""

    check: Check
    is_passing: bool | None = None
    """None before it has turned either way."""
    text: str = ""
    """What the last answer said."""
    passed: int = 0
    """Good answers in a row."""
    failed: int = 0
    """Bad answers in a row."""
    silent_s: float = 0.0
    """For how long nothing was heard while somebody listened."""

    def in_words(self) -> str:
        """``tcp 127.0.0.1:6390 (connection refused)``."""
        said = self.text or self.check.before
        return f"{self.check.what} ({said})" if said else self.check.what


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that policy knows of the health of one incarnation."""

    incarnation: int
    checks: tuple[CheckLife, ...]
    is_begun: bool = False
    """The target runs."""
    has_started: bool = False
    """All startup checks have passed."""
    is_ready: bool = False
    was_ready: bool = False
    is_held: bool = False
    """Paused: nothing it does or fails to do counts."""
    is_over: bool = False
    """It ends, or was found dead: there is nothing left to judge."""
    looked_s: float = 0.0
    """When time was last counted."""

    @property
    def gates_readiness(self) -> bool:
        """Whether it has a check that says when it is ready; without one it is ready when it runs."""
        return any(life.check.role != "alive" for life in self.checks)

    @property
    def judges_life(self) -> bool:
        """Whether what the liveness checks say counts now."""
        if not self.has_started or self.is_held or self.is_over:
            return False
        has_startup = any(life.check.role == "startup" for life in self.checks)
        return has_startup or self.was_ready or not self.gates_readiness

    def asks(self, index: int) -> bool:
        """Whether the probe at `index` is to be tried now, again and again."""
        check = self.checks[index].check
        if check.nature is not Nature.PROBE or not self.is_begun or self.is_held or self.is_over:
            return False
        if check.role == "startup":
            return not self.has_started
        return self.has_started if check.role == "ready" else self.judges_life

    @property
    def missing(self) -> str:
        """What it waits for before it is ready: ``ready: tcp 127.0.0.1:6390 (connection refused)``; "" when it is."""
        if self.is_ready or self.is_over or not self.gates_readiness:
            return ""
        role = "ready" if _all_pass(self, "startup") else "startup"
        absent = [life.in_words() for life in self.checks if life.check.role == role and not life.is_passing]
        return f"{role}: {', '.join(absent)}" if absent else ""


def health_of(incarnation: int, checks: tuple[Check, ...]) -> Health:
    """The health of an incarnation that has not been launched yet."""
    return Health(incarnation, tuple(CheckLife(check) for check in checks))


@dataclass(frozen=True, slots=True)
class Begun:
    """The target runs: from now on its checks are asked."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Passed:
    """A check was answered well."""

    at_s: float
    index: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A check was answered badly, or not at all."""

    at_s: float
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A sign of life, `age_s` seconds old."""

    at_s: float
    index: int
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PeriodChanged:
    """The worker itself says how long it may be silent (sd_notify ``WATCHDOG_USEC``); None: for ever."""

    at_s: float
    index: int
    period_s: float | None


@dataclass(frozen=True, slots=True)
class Tripped:
    """The worker itself says that it has failed (sd_notify ``WATCHDOG=trigger``)."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Looked:
    """Time passed. All that was heard meanwhile has been told before."""

    at_s: float
    due_after_s: float
    """How long after the last look this one was meant to come."""


@dataclass(frozen=True, slots=True)
class Held:
    """It was paused."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Rearmed:
    """It goes on after a pause, or was found standing still by no fault of its own: what it did before is forgiven."""

    at_s: float
    text: str = ""
    """Why, where it was not paused by wish: ``stopped by a signal``."""


@dataclass(frozen=True, slots=True)
class Ending:
    """It is being stopped, or says so itself: what fails from now on is no fault."""

    at_s: float
    text: str = ""
    """Its own words; empty where somebody else stops it."""


HealthEvent = Begun | Passed | Failed | Heard | PeriodChanged | Tripped | Looked | Held | Rearmed | Ending
Verdict = BecameReady | BecameUnready | Unhealthy
Judgement = tuple[Health, tuple[Verdict, ...]]


def step(health: Health, event: HealthEvent) -> Judgement:
    """The next health, and what has changed for the incarnation's life."""
    return _HANDLERS[type(event)](health, event)


def _on_begun(health: Health, event: Begun) -> Judgement:
    return _settle(replace(health, is_begun=True, looked_s=event.at_s), event.at_s)


def _on_passed(health: Health, event: Passed) -> Judgement:
    life = health.checks[event.index]
    if not _listens_to(health, event.index):
        return health, ()
    passed = life.passed + 1
    is_passing = True if passed >= life.check.successes or life.check.nature is Nature.ONCE else life.is_passing
    heard = replace(life, is_passing=is_passing, text=event.text, passed=passed, failed=0)
    return _settle(_with(health, event.index, heard), event.at_s)


def _on_failed(health: Health, event: Failed) -> Judgement:
    life = health.checks[event.index]
    if not _listens_to(health, event.index):
        return health, ()
    if life.check.nature is Nature.ONCE:
        return _with(health, event.index, replace(life, text=event.text)), ()
    failed = life.failed + 1
    has_failed = failed >= life.check.failures
    is_passing = bool(life.is_passing) and not has_failed
    heard = replace(life, is_passing=is_passing, text=event.text, passed=0, failed=failed)
    after = _with(health, event.index, heard)
    if has_failed and life.check.role == "alive":
        return _give_up(after, event.at_s, f"{life.check.what}: {event.text}{_times(failed)}", is_hang=False)
    return _settle(after, event.at_s)


def _on_heard(health: Health, event: Heard) -> Judgement:
    life = health.checks[event.index]
    if life.check.nature is Nature.ONCE:
        return _on_passed(health, Passed(event.at_s, event.index))
    silent_s = min(life.silent_s, max(0.0, event.age_s))
    return _with(health, event.index, replace(life, silent_s=silent_s, is_passing=True, text="")), ()


def _on_period_changed(health: Health, event: PeriodChanged) -> Judgement:
    life = health.checks[event.index]
    return _with(health, event.index, replace(life, check=replace(life.check, period_s=event.period_s))), ()


def _on_tripped(health: Health, event: Tripped) -> Judgement:
    if not health.is_begun or health.is_held or health.is_over:
        return health, ()
    return _give_up(health, event.at_s, event.text, is_hang=True)


def _on_looked(health: Health, event: Looked) -> Judgement:
    passed_s = max(0.0, event.at_s - health.looked_s)
    is_gap = passed_s > event.due_after_s + GAP_S
    counted_s = min(passed_s, 2 * event.due_after_s)
    health = replace(health, looked_s=event.at_s)
    if not health.judges_life:
        return health, ()
    for index, life in enumerate(health.checks):
        if life.check.role != "alive" or life.check.nature is not Nature.SILENCE:
            continue
        silent_s = 0.0 if is_gap else life.silent_s + counted_s
        period_s = life.check.period_s
        if period_s is None or silent_s <= period_s:
            health = _with(health, index, replace(life, silent_s=silent_s))
            continue
        text = f"silent for {period_s:g} s" + ("; it has never given a sign of life" if life.is_passing is None else "")
        health = _with(health, index, replace(life, silent_s=silent_s, is_passing=False, text=text))
        return _give_up(health, event.at_s, f"{life.check.what}: {text}", is_hang=True)
    return health, ()


def _on_held(health: Health, event: Held) -> Judgement:
    return replace(health, is_held=True, looked_s=event.at_s), ()


def _on_rearmed(health: Health, event: Rearmed) -> Judgement:
    checks = tuple(
        replace(
            life, silent_s=0.0, failed=0, text=event.text if life.check.role == "alive" and event.text else life.text
        )
        for life in health.checks
    )
    return replace(health, checks=checks, is_held=False, looked_s=event.at_s), ()


def _on_ending(health: Health, event: Ending) -> Judgement:
    over = replace(health, is_over=True, is_ready=False)
    if event.text and health.is_ready and health.gates_readiness and not health.is_over:
        return over, (BecameUnready(event.at_s, health.incarnation, event.text),)
    return over, ()


def _listens_to(health: Health, index: int) -> bool:
    """Whether an answer counts. What was said once counts whenever it was said; a probe only when it is asked."""
    if health.is_over:
        return False
    return health.checks[index].check.nature is Nature.ONCE or health.asks(index)


def _settle(health: Health, now_s: float) -> Judgement:
    """Draw what follows from what the checks say now."""
    if not health.is_begun or health.is_over:
        return health, ()
    if not health.has_started:
        if not _all_pass(health, "startup"):
            return health, ()
        health = replace(health, has_started=True)
    if not health.gates_readiness:
        return replace(health, is_ready=True, was_ready=True), ()
    failing = [life for life in health.checks if life.check.role == "ready" and not life.is_passing]
    if not failing and not health.is_ready:
        return replace(health, is_ready=True, was_ready=True), (BecameReady(now_s, health.incarnation),)
    if failing and health.is_ready:
        text = f"{failing[0].check.what}: {failing[0].text}{_times(failing[0].failed)}"
        return replace(health, is_ready=False), (BecameUnready(now_s, health.incarnation, text),)
    return health, ()


def _give_up(health: Health, now_s: float, text: str, *, is_hang: bool) -> Judgement:
    return replace(health, is_over=True), (Unhealthy(now_s, health.incarnation, text, is_hang=is_hang),)


def _all_pass(health: Health, role: Role) -> bool:
    return all(life.is_passing for life in health.checks if life.check.role == role)


def _with(health: Health, index: int, life: CheckLife) -> Health:
    return replace(health, checks=(*health.checks[:index], life, *health.checks[index + 1 :]))


def _times(count: int) -> str:
    return f", {count} times in a row" if count > 1 else ""


_HANDLERS: Final[Mapping[type, Callable[[Health, Any], Judgement]]] = {
    Begun: _on_begun,
    Passed: _on_passed,
    Failed: _on_failed,
    Heard: _on_heard,
    PeriodChanged: _on_period_changed,
    Tripped: _on_tripped,
    Looked: _on_looked,
    Held: _on_held,
    Rearmed: _on_rearmed,
    Ending: _on_ending,
}
