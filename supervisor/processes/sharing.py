"""The engine's hold on what workers share beside queues and pipes: locks, events, values, arrays, blocks, dicts, lists.

The engine makes each once and keeps it for the whole run, so a worker that is started again finds it as it was. Dicts,
lists and namespaces live in a manager process of their own, which is one more worker (`MANAGER_NAME`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from supervisor.channels import (
    Array,
    Barrier,
    Block,
    BoundedSemaphore,
    Condition,
    Event,
    Lock,
    RLock,
    Semaphore,
    Value,
)
from supervisor.channels.manager import make_authkey
from supervisor.processes.orders import ChannelEnd
from supervisor.profile.channels import LockSpec
from supervisor.profile.model import Profile, RestartSpec, WorkerSpec

MANAGER_NAME: Final = "shared-state"
"""The worker that keeps a profile's dicts, lists and namespaces."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A process that holds something of a channel, or waits for it."""

    pid: int
    since_s: float | None
    amount: int = 1


@dataclass(frozen=True, slots=True)
class SharedState:
    """One shared channel at one look."""

    name: str
    kind: str
    state: str
    """In words; who holds it is told in `holding`."""
    holding: tuple[Holding, ...] = ()


class Sharing:
    """Everything that the profile's workers share."""

    def __init__(self, profile: Profile, runtime_directory: Path) -> None:
        self._made: dict[str, Any] = {name: _make_lock(spec) for name, spec in profile.locks.items()}
        self._made.update((name, _make_event(name, is_set=spec.is_set)) for name, spec in profile.events.items())
        for name, value in profile.values.items():
            self._made[name] = Value(value.type_code, value.initial_value, lock=value.has_lock, name=name)
        for name, array in profile.arrays.items():
            content = array.initial_values or array.length
            self._made[name] = Array(array.type_code, content, lock=array.has_lock, name=name)
        self._made.update((name, Block(block.size_bytes, name=name)) for name, block in profile.blocks.items())
        self._shapes = _shapes(profile)
        self._managed = _managed(profile)
        self._initial = {
            name: spec.initial
            for table in (profile.dicts, profile.lists, profile.namespaces)
            for name, spec in table.items()
            if spec.initial
        }
        paths = [entry for worker in profile.workers.values() for entry in worker.python_path]
        self._python_path = list(dict.fromkeys(paths))  # it unpickles what any of them stores
        self._address = str(runtime_directory / "manager.sock")
        self._key = make_authkey() if self._managed else -1

    def kinds(self) -> dict[str, str]:
        """The kind of every shared channel, by name."""
        return {**{name: shape[0] for name, shape in self._shapes.items()}, **self._managed}

    def manager(self) -> WorkerSpec | None:
        """The worker that keeps dicts, lists and namespaces; None where the profile has none."""
        if not self._managed:
            return None
        return WorkerSpec(
            name=MANAGER_NAME,
            target="supervisor.agent.managing:keep",
            description="keeps " + ", ".join(f"{kind} {name}" for name, kind in self._managed.items()),
            args={"address": self._address, "kinds": self._managed, "initial": self._initial},
            python_path=self._python_path,
            restart=RestartSpec(policy="always", backoff_min_s=0.1, backoff_max_s=5.0),
            start_method="spawn",
            start_method_reason="it has threads, and lives as long as the run",
        )

    def ends_for(self, worker: WorkerSpec) -> tuple[ChannelEnd, ...]:
        """The shared channels that a replica of `worker` is given; for the manager: its key."""
        if worker.name == MANAGER_NAME:
            return (ChannelEnd("key", "share", {"kind": "authkey"}, (self._key,)),)
        return tuple(self._end(parameter, name) for parameter, name in worker.shares.items())

    def _end(self, parameter: str, name: str) -> ChannelEnd:
        if name in self._managed:
            description = {"kind": self._managed[name], "name": name, "address": self._address}
            return ChannelEnd(parameter, "share", description, (self._key,))
        made = self._made[name]
        return ChannelEnd(parameter, "share", made.describe(), tuple(made.fds()))

    def states(self) -> list[SharedState]:
        """What every shared channel is like now."""
        seen = [_look(name, self._shapes[name], made) for name, made in self._made.items()]
        return seen + [SharedState(name, kind, f"in {MANAGER_NAME}") for name, kind in self._managed.items()]

    def close(self) -> None:
        """Let go of everything."""
        for made in self._made.values():
            close = getattr(made, "close", None)
            if close is not None:
                close()
        if self._key >= 0:
            os.close(self._key)
            self._key = -1


def _make_lock(spec: LockSpec) -> Any:
    simple: dict[str, Callable[..., Any]] = {"lock": Lock, "rlock": RLock, "condition": Condition}
    counted: dict[str, Callable[..., Any]] = {"semaphore": Semaphore, "bounded-semaphore": BoundedSemaphore}
    if spec.kind in simple:
        return simple[spec.kind](name=spec.name)
    if spec.kind in counted:
        return counted[spec.kind](spec.value, name=spec.name)
    return Barrier(spec.parties or 1, name=spec.name)


def _make_event(name: str, *, is_set: bool) -> Event:
    event = Event(name=name)
    if is_set:
        event.set()
    return event


def _shapes(profile: Profile) -> dict[str, tuple[str, str]]:
    """The kind of each channel that the engine makes itself, and what it is, in words."""
    shapes = {name: (str(spec.kind), "") for name, spec in profile.locks.items()}
    shapes.update((name, ("event", "")) for name in profile.events)
    shapes.update((name, ("value", f"type {spec.type_code}")) for name, spec in profile.values.items())
    shapes.update(
        (name, ("array", f"{spec.length} items of type {spec.type_code}")) for name, spec in profile.arrays.items()
    )
    shapes.update((name, ("block", f"{spec.size_bytes:,} bytes")) for name, spec in profile.blocks.items())
    return shapes


def _managed(profile: Profile) -> dict[str, str]:
    tables: Mapping[str, Mapping[str, object]] = {
        "dict": profile.dicts,
        "list": profile.lists,
        "namespace": profile.namespaces,
    }
    return {name: kind for kind, table in tables.items() for name in table}


def _look(name: str, shape: tuple[str, str], made: Any) -> SharedState:
    kind, text = shape
    if kind in ("lock", "rlock", "condition"):
        census = made.census().lock if kind == "condition" else made.census()
        holding = (Holding(census.holder.pid, census.holder.since_s),) if census.holder else ()
        abandoned = f", {census.abandonments} times left by the dead" if census.abandonments else ""
        return SharedState(name, kind, ("held" if holding else "free") + abandoned, holding)
    if kind in ("semaphore", "bounded-semaphore"):
        census = made.census()
        holders = tuple(Holding(pid, None, amount) for pid, amount in census.holders)
        return SharedState(name, kind, f"{census.value} of {census.initial} free", holders)
    if kind == "event":
        return SharedState(name, kind, "set" if made.census().is_set else "not set")
    if kind == "barrier":
        census = made.census()
        return SharedState(
            name, kind, "broken" if census.is_broken else f"{census.n_waiting} of {census.parties} there"
        )
    if kind == "value":
        raw = made.get_obj() if hasattr(made, "get_obj") else made
        return SharedState(name, kind, f"{raw.value!r} ({text})")
    return SharedState(name, kind, text)
