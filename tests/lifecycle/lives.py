"""Lives for tests, led to where a test begins."""

from __future__ import annotations

from supervisor.lifecycle.events import (
    Event,
    ExitCause,
    Launched,
    ReportedRunning,
    WishStart,
)
from supervisor.lifecycle.life import Life, StartRule
from supervisor.lifecycle.machine import step
from supervisor.lifecycle.restart import RestartRule

OK = ExitCause("exit code 0", is_ok=True, exit_code=0)
BAD = ExitCause("exit code 3", is_ok=False, exit_code=3)


def lead(life: Life, *events: Event) -> Life:
    for event in events:
        life, _ = step(life, event)
    return life


def running(rule: RestartRule | None = None, *, hears_stop: bool = True) -> Life:
    life = Life("w", restart=rule or RestartRule())
    return lead(life, WishStart(1.0), Launched(1.1, 1, 100), ReportedRunning(1.2, 1, hears_stop))


def waiting() -> Life:
    return lead(Life("w", start=StartRule(has_dependencies=True)), WishStart(1.0))


def unready(*, timeout_s: float | None = 60.0) -> Life:
    life = Life("w", start=StartRule(timeout_s=timeout_s, has_checks=True))
    return lead(life, WishStart(1.0), Launched(1.1, 1, 100), ReportedRunning(1.2, 1, hears_stop=True))
