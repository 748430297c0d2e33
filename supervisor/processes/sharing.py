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
from supervisor.profile.channels import ArraySpec, BlockSpec, EventSpec, LockSpec, ValueSpec
from supervisor.profile.model import Profile, RestartSpec, WorkerSpec

Spec = LockSpec | EventSpec | ValueSpec | ArraySpec | BlockSpec

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
        self._specs = _specs(profile)
        self._made: dict[str, Any] = {name: _make(spec) for name, spec in self._specs.items()}
        self._managed = _managed(profile)
        self._kept = dict(self._managed)
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

    def refusals(self, profile: Profile, users: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Why what is shared cannot become what `profile` says, a sentence each. `users`: the live ones, by channel."""
        sentences = []
        for name, spec in _specs(profile).items():
            if name in self._specs and self._specs[name] != spec and users.get(name):
                who = users[name]
                sentences.append(
                    f"{name} cannot change while {' and '.join(who)} {'use' if len(who) > 1 else 'uses'} it; "
                    f"first: procdeck stop {' '.join(who)}"
                )
        for name, kind in _managed(profile).items():
            if self._kept.get(name) != kind:
                sentences.append(
                    f"{kind} {name} cannot be added to a run: the process that keeps dicts, lists and namespaces "
                    f"has its names from the start; stop the run and start it again"
                )
        return tuple(sentences)

    def change(self, profile: Profile, users: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Make what `profile` adds, let go of what it drops, make anew what differs. What is refused stays as it is."""
        refusals = self.refusals(profile, users)
        specs = _specs(profile)
        for name, old in list(self._specs.items()):
            if name not in specs or (specs[name] != old and not users.get(name)):
                del self._specs[name]
                _let_go(self._made.pop(name))
        for name in specs.keys() - self._specs.keys():
            self._specs[name] = specs[name]
            self._made[name] = _make(specs[name])
        self._specs = {name: self._specs[name] for name in specs}
        self._managed = {name: kind for name, kind in _managed(profile).items() if self._kept.get(name) == kind}
        return refusals

    def kinds(self) -> dict[str, str]:
        """The kind of every shared channel, by name."""
        return {**{name: _shape(spec)[0] for name, spec in self._specs.items()}, **self._managed}

    def manager(self) -> WorkerSpec | None:
        """The worker that keeps dicts, lists and namespaces; None where the profile has none."""
        if not self._kept:
            return None
        return WorkerSpec(
            name=MANAGER_NAME,
            target="supervisor.agent.managing:keep",
            description="keeps " + ", ".join(f"{kind} {name}" for name, kind in self._kept.items()),
            args={"address": self._address, "kinds": self._kept, "initial": self._initial},
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
        seen = [_look(name, _shape(spec), self._made[name]) for name, spec in self._specs.items()]
        return seen + [SharedState(name, kind, f"in {MANAGER_NAME}") for name, kind in self._managed.items()]

    def close(self) -> None:
        """Let go of everything."""
        for made in self._made.values():
            _let_go(made)
        if self._key >= 0:
            os.close(self._key)
            self._key = -1


def _specs(profile: Profile) -> dict[str, Spec]:
    """What the engine makes itself, by name."""
    return {**profile.locks, **profile.events, **profile.values, **profile.arrays, **profile.blocks}


def _make(spec: Spec) -> Any:
    name = spec.name
    match spec:
        case LockSpec():
            return _make_lock(spec)
        case EventSpec():
            event = Event(name=name)
            if spec.is_set:
                event.set()
            return event
        case ValueSpec():
            return Value(spec.type_code, spec.initial_value, lock=spec.has_lock, name=name)
        case ArraySpec():
            return Array(spec.type_code, spec.initial_values or spec.length, lock=spec.has_lock, name=name)
        case BlockSpec():
            return Block(spec.size_bytes, name=name)


def _make_lock(spec: LockSpec) -> Any:
    simple: dict[str, Callable[..., Any]] = {"lock": Lock, "rlock": RLock, "condition": Condition}
    counted: dict[str, Callable[..., Any]] = {"semaphore": Semaphore, "bounded-semaphore": BoundedSemaphore}
    if spec.kind in simple:
        return simple[spec.kind](name=spec.name)
    if spec.kind in counted:
        return counted[spec.kind](spec.value, name=spec.name)
    return Barrier(spec.parties or 1, name=spec.name)


def _let_go(made: Any) -> None:
    close = getattr(made, "close", None)
    if close is not None:
        close()


def _shape(spec: Spec) -> tuple[str, str]:
    """The kind of a channel that the engine makes itself, and what it is, in words."""
    match spec:
        case LockSpec():
            return str(spec.kind), ""
        case EventSpec():
            return "event", ""
        case ValueSpec():
            return "value", f"type {spec.type_code}"
        case ArraySpec():
            return "array", f"{spec.length} items of type {spec.type_code}"
        case BlockSpec():
            return "block", f"{spec.size_bytes:,} bytes"


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
