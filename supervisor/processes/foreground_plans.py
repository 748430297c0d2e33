"""Turns a profile into the plan of a run in the foreground: workers one after another, or one of them to be debugged.

The plan is JSON. User code runs by it in `supervisor.simulation`, in a process of its own and never in this one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from supervisor.errors import ProcdeckError
from supervisor.processes.orders import ChannelEnd, LaunchOrder
from supervisor.processes.preparing import Surroundings, fill, prepare, python_of
from supervisor.profile.channels import (
    ArraySpec,
    BlockSpec,
    DictSpec,
    EventSpec,
    ListSpec,
    LockSpec,
    NamespaceSpec,
    PipeSpec,
    QueueSpec,
    ValueSpec,
)
from supervisor.profile.model import Profile, WorkerSpec
from supervisor.simulation.order import Ring, in_order

NOBODY_YET: Final = "nobody who runs here"
"""Stands for the worker at the other end of a pipe that is not there and whose messages are not waited for in vain."""

_MODES: Final = (("reads", "read"), ("writes", "write"), ("shares", "share"))


def sequential_plan(profile: Profile, output_directory: Path) -> dict[str, Any]:
    """The plan that runs every worker of the profile, who feeds others first.

    Raises:
        ProcdeckError: there is no such order, or what is to run in one process needs several interpreters.
    """
    names = list(profile.workers)
    try:
        ordered = in_order(names, _needs(profile))
    except Ring as ring:
        raise ProcdeckError(
            f"these workers feed each other in a ring, so that none can run before the others: {ring}; run them at the "
            f"same time instead: procdeck run PROFILE --simulate"
        ) from None
    workers = [profile.workers[name] for name in ordered]
    around = _around(profile, output_directory)
    steps = [_step(profile, worker, number, around) for worker in workers for number in range(1, worker.replicas + 1)]
    return {
        "kind": "sequential",
        "project": profile.project,
        "python": _one_python(profile, workers),
        "directory": str(profile.directory),
        "result": fill(profile.result or "", around),
        "steps": steps,
        "channels": _channels(profile),
    }


def debug_plan(profile: Profile, worker: WorkerSpec, output_directory: Path) -> dict[str, Any]:
    """The plan that runs the first replica of one worker, its channels its own and empty.

    Raises:
        ProcdeckError: it is a command, or what it needs before it starts cannot be had.
    """
    if worker.kind == "command":
        raise ProcdeckError(
            f"{worker.name} is a command, a program of its own, and pdb is for Python code; run it in a shell, "
            f"or debug a target, script, module or pool"
        )
    step = _step(profile, worker, 1, _around(profile, output_directory))
    order = step["order"]
    mine = {end["description"]["name"]: end["mode"] for end in order["channels"]}
    channels = {name: spec for name, spec in _channels(profile).items() if name in mine}
    for name, spec in channels.items():
        if spec["kind"] == "queue":
            spec.update(writers=[], is_fed=True)
        elif spec["kind"] == "pipe":
            here, there = ("readers", "writers") if mine[name] == "read" else ("writers", "readers")
            spec.update({here: [order["name"]], there: [] if here == "readers" else [NOBODY_YET]})
        else:
            spec.update(sharers=[])
    return {
        "kind": "debug",
        "project": profile.project,
        "python": python_of(worker, profile.directory),
        "directory": order["cwd"],
        "order": order,
        "success_exit_codes": step["success_exit_codes"],
        "channels": channels,
    }


def _around(profile: Profile, output_directory: Path) -> Surroundings:
    return Surroundings(profile.directory, output_directory, 0, {"PROCDECK_PROJECT": profile.project})


def _step(profile: Profile, worker: WorkerSpec, number: int, around: Surroundings) -> dict[str, Any]:
    order = _order(profile, worker, number, around)
    return {
        "order": json.loads(order.spec({})[0]),
        "argv": _argv(worker, order),
        "why_not": _why_not(worker),
        "depends_on": {on: wanted.condition for on, wanted in worker.depends_on.items()},
        "success_exit_codes": list(worker.success_exit_codes),
        "is_significant": worker.significant,
    }


def _order(profile: Profile, worker: WorkerSpec, number: int, around: Surroundings) -> LaunchOrder:
    order = prepare(worker, number, 1, _ends(profile, worker), around)
    if order.refusal is not None:
        raise ProcdeckError(f"{worker.name}: {order.refusal.text}")
    return order


def _ends(profile: Profile, worker: WorkerSpec) -> tuple[ChannelEnd, ...]:
    kinds = {name: spec["kind"] for name, spec in _channels(profile).items()}
    return tuple(
        ChannelEnd(parameter, mode, {"kind": kinds[name], "name": name}, ())  # type: ignore[arg-type]  # of _MODES
        for table, mode in _MODES
        for parameter, name in getattr(worker, table).items()
    )


def _argv(worker: WorkerSpec, order: LaunchOrder) -> list[str]:
    """The words of a program of its own; none for what is called in the run's process."""
    match worker.kind:
        case "command":
            return list(order.argv)
        case "script":
            return [order.python, str(order.subject["script"]), *order.argv]
        case "module":
            return [order.python, "-m", str(order.subject["module"]), *order.argv]
        case _:
            return []


def _why_not(worker: WorkerSpec) -> str:
    """Why a worker has no turn: it would not come to an end; "" for one that has."""
    if not worker.autostart:
        return "it waits until somebody starts it (autostart = false)"
    if worker.schedule is not None:
        return "it runs at times of its own (schedule)"
    if worker.reads:
        return ""
    if worker.restart.policy == "always":
        return 'it never ends by itself (restart = "always")'
    if worker.startup or worker.ready or worker.alive:
        return "it has checks, as a service that others use; start it beside this where they need it"
    return ""


def _one_python(profile: Profile, workers: Iterable[WorkerSpec]) -> str:
    """The interpreter of all workers that run in one process.

    Raises:
        ProcdeckError: they have several.
    """
    wanted: dict[str, str] = {}
    for worker in workers:
        if worker.kind not in ("command", "script", "module") and not _why_not(worker):
            wanted.setdefault(python_of(worker, profile.directory), worker.name)
    if len(wanted) > 1:
        shown = ", ".join(f"{name} wants {python}" for python, name in wanted.items())
        raise ProcdeckError(
            f"one after another, all workers run in one process, under one Python, and {shown}; give them the same "
            f"`python`, or run the profile for real"
        )
    import sys

    return next(iter(wanted), sys.executable)


def _needs(profile: Profile) -> Mapping[str, Mapping[str, str]]:
    """Whom each worker needs to have had its turn, and why."""
    needs: dict[str, dict[str, str]] = {name: {} for name in profile.workers}
    for name, worker in profile.workers.items():
        for other in worker.depends_on:
            needs[name][other] = f"depends on {other}"
        for other, writer in profile.workers.items():
            for channel in worker.reads.values():
                if channel in writer.writes.values():
                    needs[name][other] = f"reads {channel}, which {other} writes"
    return needs


def _channels(profile: Profile) -> dict[str, dict[str, Any]]:
    """Every channel of the profile, and who has a part in it, by replica."""
    described: dict[str, dict[str, Any]] = {}
    streams: Mapping[str, QueueSpec | PipeSpec] = {**profile.queues, **profile.pipes}
    for name, stream in streams.items():
        users = {"writers": _users(profile, "writes", name), "readers": _users(profile, "reads", name)}
        described[name] = {**_stream(stream), **users}
    shared: Mapping[str, Any] = {
        **profile.locks,
        **profile.events,
        **profile.values,
        **profile.arrays,
        **profile.blocks,
    }
    for name, spec in shared.items():
        described[name] = {**_shared(spec), "sharers": _users(profile, "shares", name)}
    managed: Mapping[str, Mapping[str, DictSpec | ListSpec | NamespaceSpec]] = {
        "dict": profile.dicts,
        "list": profile.lists,
        "namespace": profile.namespaces,
    }
    for kind, table in managed.items():
        for name, content in table.items():
            sharers = _users(profile, "shares", name)
            described[name] = {"kind": kind, "initial": content.initial, "sharers": sharers}
    return described


def _users(profile: Profile, table: str, channel: str) -> list[str]:
    def has_it(worker: WorkerSpec) -> bool:
        names: Collection[str] = getattr(worker, table).values()
        return channel in names

    return [name for worker in profile.workers.values() if has_it(worker) for name in worker.replica_names()]


def _stream(spec: QueueSpec | PipeSpec) -> dict[str, Any]:
    if isinstance(spec, PipeSpec):
        return {"kind": "pipe", "duplex": spec.duplex}
    return {
        "kind": "queue",
        "maxsize": spec.maxsize,
        "delivery": spec.delivery,
        "max_attempts": spec.max_attempts,
    }


def _shared(spec: LockSpec | EventSpec | ValueSpec | ArraySpec | BlockSpec) -> dict[str, Any]:
    match spec:
        case LockSpec():
            return {"kind": spec.kind, "value": spec.value, "parties": spec.parties or 1}
        case EventSpec():
            return {"kind": "event", "is_set": spec.is_set}
        case ValueSpec():
            first = _as_json(spec.initial_value)
            return {"kind": "value", "type_code": spec.type_code, "initial": first, "has_lock": spec.has_lock}
        case ArraySpec():
            values = spec.initial_values
            return {
                "kind": "array",
                "type_code": spec.type_code,
                "length": spec.length,
                "initial": None if values is None else [_as_json(value) for value in values],
                "has_lock": spec.has_lock,
            }
        case BlockSpec():
            return {"kind": "block", "size_bytes": spec.size_bytes}


def _as_json(element: float | str | bytes) -> float | str:
    return element.decode("latin-1") if isinstance(element, bytes) else element
