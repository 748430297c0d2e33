"""What a worker's profile declares about its health, as policy and as probes have it. Starts nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from supervisor.lifecycle.health import Check, Nature, Role
from supervisor.processes.probing import HttpProbe, TcpProbe, Timing

if TYPE_CHECKING:
    from supervisor.processes.probing import Answer
    from supervisor.profile.checks import ProbeSpec
    from supervisor.profile.model import WorkerSpec

PROBED: Final = frozenset({"tcp", "http", "exec"})
"""The kinds that are asked; the others are told by the worker."""

_BEFORE: Final[Mapping[str, str]] = {
    "ctx": "ctx.ready() has not been called",
    "notify": "no READY=1 has come",
    "heartbeat": "no heartbeat has come",
    "log": "no line has matched",
    "fd": "no newline has come",
}


def needs_watch(worker: WorkerSpec) -> bool:
    """Whether a worker declares any check."""
    return bool(worker.startup or worker.ready or worker.alive)


def declared(worker: WorkerSpec) -> tuple[tuple[Role, ProbeSpec], ...]:
    """All checks of a worker, each with its role, in the order in which they are shown."""
    roles: tuple[tuple[Role, tuple[ProbeSpec, ...]], ...] = (
        ("startup", worker.startup),
        ("ready", worker.ready),
        ("alive", worker.alive),
    )
    return tuple((role, spec) for role, specs in roles for spec in specs)


def check_of(role: Role, spec: ProbeSpec, heartbeat_s: float | None) -> Check:
    """A check as policy has it; a heartbeat without a period of its own has the worker's."""
    if spec.kind in PROBED:
        return Check(role, Nature.PROBE, spec.what, spec.successes, spec.failures, before="not tried yet")
    if role == "alive":
        period_s = heartbeat_s if spec.kind == "heartbeat" and spec.period_s is None else spec.period_s
        return Check(role, Nature.SILENCE, spec.what, period_s=period_s)
    return Check(role, Nature.ONCE, spec.what, before=_BEFORE.get(spec.kind, ""))


def question_of(spec: ProbeSpec) -> Callable[[], Awaitable[Answer]]:
    """How a tcp or http check is asked."""
    if spec.kind == "tcp":
        return TcpProbe(spec.host, spec.port).ask
    return HttpProbe(spec.url, spec.status_min, spec.status_max, spec.timeout_s).ask


def timing_of(role: Role, spec: ProbeSpec) -> Timing:
    """When it is asked. A liveness check has no quick tries at first: each one that fails would count."""
    return Timing(spec.interval_s, spec.timeout_s, is_quick=role != "alive")
