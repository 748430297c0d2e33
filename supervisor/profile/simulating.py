"""A profile as `procdeck run --simulate` runs it: Python workers become threads of one process where that can be.

Only the start method of each worker changes, and the words for it; what a worker is, reads and writes stays the same.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import SkipJsonSchema

from supervisor.profile.model import Profile, StartMethod, WorkerSpec

WHY_NOT: Final = {
    "command": "a command is a program of its own",
    "script": "a script is a program of its own, and stays a process with --simulate",
    "module": "a module that is run is a program of its own, and stays a process with --simulate",
}
_NOTIFYING: Final = frozenset({"notify", "fd", "watchdog"})


class SimulatedSpec(WorkerSpec):
    """A worker that is a thread in this run."""

    real_method: SkipJsonSchema[StartMethod] = "forkserver"
    """Its start method in a real run."""


class SimulatedProfile(Profile):
    """A profile whose run is simulated."""


def simulated(profile: Profile) -> SimulatedProfile:
    """`profile` with a thread in the place of each process that can be one."""
    fields: dict[str, Any] = {name: getattr(profile, name) for name in Profile.model_fields}
    fields["workers"] = {name: _simulated(worker) for name, worker in profile.workers.items()}
    return SimulatedProfile.model_construct(_fields_set=profile.model_fields_set, **fields)


def is_simulated(profile: Profile) -> bool:
    """Whether `simulated` has made it."""
    return isinstance(profile, SimulatedProfile)


def in_the_same_way(before: Profile, after: Profile) -> Profile:
    """`after`, simulated where `before` is."""
    return simulated(after) if is_simulated(before) else after


def real_method(worker: WorkerSpec) -> str:
    """The start method of the real run, where this one is simulated; else empty."""
    return worker.real_method if isinstance(worker, SimulatedSpec) else ""


def why_not(worker: WorkerSpec) -> str:
    """Why a worker stays a process in a simulated run; empty where it becomes a thread."""
    if worker.kind in WHY_NOT:
        return WHY_NOT[worker.kind]
    if worker.user is not None or worker.group is not None:
        return "another user is a matter of processes, so it stays one with --simulate"
    if any(check.kind in _NOTIFYING for check in (*worker.startup, *worker.ready, *worker.alive)):
        return "what it says through a descriptor or NOTIFY_SOCKET is a process's, so it stays one with --simulate"
    return ""


def _simulated(worker: WorkerSpec) -> WorkerSpec:
    reason = why_not(worker)
    if reason:
        return worker.model_copy(update={"start_method_reason": reason})
    fields: dict[str, Any] = {name: getattr(worker, name) for name in WorkerSpec.model_fields}
    fields["start_method"] = "thread"
    fields["start_method_reason"] = f"--simulate; without it: {worker.start_method}, {worker.start_method_reason}"
    return SimulatedSpec.model_construct(_fields_set=worker.model_fields_set, real_method=worker.start_method, **fields)
