"""What a pool of a profile is to do, as the launch order says it, and the functions that it names."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, slots=True)
class Plan:
    """One ``[pools.X]``.

    Attributes:
        function: ``thumbs:shrink``.
        items: where they come from; None for a pool that code uses.
        chunksize: items that a member gets at a time; 0 for what suits the time they take.
        timeout_s: for each item.
        retries: how often an item that fails is tried again.
        backoff_min_s, backoff_max_s: how long it waits before that; doubled each time.
        results: where they go; None for nowhere but `on_result`.
        max_failures: with more than so many failed items the run is given up.
        resume: what an earlier run has done is not done again.
        start_method: ``fork``, ``spawn``, ``forkserver``; ``thread`` in a simulation.
    """

    name: str
    function: str = ""
    items: dict[str, Any] | None = None
    processes: int = 1
    method: str = "imap_unordered"
    chunksize: int = 0
    timeout_s: float | None = None
    retries: int = 0
    backoff_min_s: float = 0.0
    backoff_max_s: float = 0.0
    maxtasksperchild: int | None = None
    initializer: str = ""
    initargs: tuple[Any, ...] = ()
    finalizer: str = ""
    on_result: str = ""
    on_error: str = ""
    on_complete: str = ""
    results: dict[str, Any] | None = None
    max_failures: int | None = None
    resume: bool = False
    start_method: str = "fork"
    preload: tuple[str, ...] = ()

    @classmethod
    def of(cls, order: dict[str, Any]) -> Plan:
        """The plan in a launch order; keys that are not known are left out."""
        known = {name: value for name, value in order.items() if name in cls.__dataclass_fields__}
        for name in ("initargs", "preload"):
            known[name] = tuple(known.get(name) or ())
        return cls(**known)

    @property
    def is_star(self) -> bool:
        """An item is the arguments of a call, not the one argument."""
        return self.method == "starmap"

    @property
    def is_ordered(self) -> bool:
        """Results are passed on in the order of the items."""
        return self.method in ("map", "starmap", "imap")

    @property
    def takes_all_first(self) -> bool:
        """All items are taken before the first is done, so that it is known how many there are."""
        return self.method in ("map", "starmap")

    def backoff_s(self, attempts: int) -> float:
        """How long an item that has failed `attempts` times waits before it is tried again."""
        return float(
            min(self.backoff_min_s * 2.0 ** min(attempts - 1, 60), max(self.backoff_max_s, self.backoff_min_s))
        )


def resolve(text: str) -> Any:
    """What ``module:name`` names; raises what the import raises, or AttributeError."""
    module, _, path = text.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


class Named:
    """A function by its name: each process imports it for itself, so whatever the name means there can be sent.

    What `pickle` refuses, a lambda or what a decorator has left, is no trouble that way.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.function = resolve(text)
        if not callable(self.function):
            raise TypeError(f"{text} is a {type(self.function).__name__}, not a function")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.text,)

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


class Timed(Named):
    """The same; gives its result and how many seconds it took."""

    def __call__(self, *args: Any) -> tuple[Any, float]:
        begun_s = time.perf_counter()
        result = self.function(*args)
        return result, time.perf_counter() - begun_s
