"""Dicts, lists, namespaces, values, arrays and blocks of a run in one process, as `supervisor.channels` has them.

What a manager would hold is held here, and still pickled on its way in and out: changing a value that was read changes
nothing but a copy, as with a real one.
"""

from __future__ import annotations

import os

from supervisor.channels import Array, Block, Value
from supervisor.channels.manager import Dict, List, Namespace
from supervisor.simulation.memory_channels import pack, refuse_to_travel, unpack
from supervisor.simulation.memory_locks import MemoryBoundedSemaphore, MemoryLock, MemoryRLock, MemorySemaphore
from supervisor.simulation.memory_meetings import MemoryBarrier, MemoryCondition, MemoryEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from supervisor.simulation.turns import Turns

__all__ = ["MemoryDict", "MemoryList", "MemoryNamespace", "make_shared", "view_of"]


_VIEWS = ("keys", "values", "items")
"""Methods whose result cannot be pickled: a list of what it shows travels instead."""


class _Attributes:
    """What a namespace holds."""


class _InMemory:
    """The part of a dict, list or namespace that has its content here, instead of in a manager."""

    def __init__(self, turns: Turns, name: str, content: Any) -> None:
        self._turns = turns
        self._name = name
        self._content = content
        self._is_closed = False

    def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        self._check_open()  # type: ignore[attr-defined]  # a Managed has it
        self._turns.check_process(self._name)
        args, kwargs = unpack(pack((args, kwargs)))
        with self._turns.change:
            result = self._content if method == "#GETVALUE" else getattr(self._content, method)(*args, **kwargs)
            self._turns.changed()
            return unpack(pack(list(result) if method in _VIEWS else result))

    def close(self) -> None:
        """Let go of it in this worker; its content stays for the others."""
        self._is_closed = True

    def __reduce__(self) -> NoReturn:
        refuse_to_travel(self._kind)  # type: ignore[attr-defined]


class MemoryDict(_InMemory, Dict):
    """In place of `supervisor.Dict`."""


class MemoryList(_InMemory, List):
    """In place of `supervisor.List`."""


class MemoryNamespace(_InMemory, Namespace):
    """In place of `supervisor.Namespace`."""

    def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if method in ("#GETVALUE", "__repr__"):
            shown = ", ".join(f"{name}={value!r}" for name, value in vars(self._content).items())
            return f"Namespace({shown})"
        return super()._call(method, *args, **kwargs)


_MANAGED = {"dict": MemoryDict, "list": MemoryList, "namespace": MemoryNamespace}


def make_shared(turns: Turns, name: str, spec: dict[str, Any], sharers: Sequence[str]) -> Any:
    """What the workers of a run share under this name, as the plan describes it; `view_of` it is for each worker."""
    kind, initial = spec["kind"], spec.get("initial")
    if kind == "event":
        event = MemoryEvent(turns, name, sharers)
        if spec["is_set"]:
            event.set()
        return event
    if kind in ("value", "array"):
        lock: Any = MemoryRLock(turns, name, sharers) if spec["has_lock"] else False
        first = _native(spec["type_code"], initial)
        if kind == "value":
            return Value(spec["type_code"], first, lock=lock, name=name)
        return Array(spec["type_code"], spec["length"] if initial is None else first, lock=lock, name=name)
    if kind == "block":
        return Block(spec["size_bytes"], name=name)
    if kind == "namespace":
        content = _Attributes()
        vars(content).update(initial or {})
        return content
    if kind in _MANAGED:
        return initial
    return _make_lock(kind, turns, name, sharers, spec)


def view_of(made: Any, turns: Turns, name: str, kind: str) -> Any:
    """One worker's own object for what is shared: it may close that without taking it from the others."""
    if kind in _MANAGED:
        return _MANAGED[kind](turns, name, made)
    if kind == "block":
        return Block.from_description(made.describe(), [os.dup(fd) for fd in made.fds()])
    return made


def _make_lock(kind: str, turns: Turns, name: str, sharers: Sequence[str], spec: dict[str, Any]) -> Any:
    simple: dict[str, Callable[..., Any]] = {"lock": MemoryLock, "rlock": MemoryRLock, "condition": MemoryCondition}
    counted = {"semaphore": MemorySemaphore, "bounded-semaphore": MemoryBoundedSemaphore}
    if kind in simple:
        return simple[kind](turns, name, sharers)
    if kind in counted:
        return counted[kind](turns, spec["value"], name, sharers)
    return MemoryBarrier(turns, spec["parties"], name, sharers)


def _native(type_code: str, initial: Any) -> Any:
    """First values as ctypes takes them; JSON has no bytes, so characters of type c come as text."""
    if type_code == "c" and isinstance(initial, str):
        return initial.encode("latin-1")
    if type_code == "c" and isinstance(initial, list):
        return [one.encode("latin-1") if isinstance(one, str) else one for one in initial]
    return initial
