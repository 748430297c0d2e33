"""Makes a worker's end of any channel from what the engine handed over, loading only the module that it needs."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_CLASSES = {
    "queue": ("queue", "Queue"),
    "pipe": ("pipe", "PipeConnection"),
    "lock": ("lock", "Lock"),
    "rlock": ("lock", "RLock"),
    "semaphore": ("semaphore", "Semaphore"),
    "bounded semaphore": ("semaphore", "BoundedSemaphore"),
    "event": ("event", "Event"),
    "condition": ("condition", "Condition"),
    "barrier": ("barrier", "Barrier"),
    "block": ("block", "Block"),
}
_FUNCTIONS = {"value": "shared", "array": "shared", "dict": "manager", "list": "manager", "namespace": "manager"}


def connect(description: dict[str, Any], fds: Sequence[int], mode: str) -> Any:
    """The channel that `description` and `fds` describe; `mode` is "read", "write" or "share".

    Raises:
        ValueError: the description is of a kind that this version does not have.
    """
    kind = description["kind"]
    if kind == "authkey":
        return _read_key(fds)
    if kind in _FUNCTIONS:
        return import_module(f"supervisor.channels.{_FUNCTIONS[kind]}").from_description(description, fds)
    if kind not in _CLASSES:
        raise ValueError(f"a channel of unknown kind {kind!r}; do the engine and the worker run the same version?")
    module, name = _CLASSES[kind]
    made = getattr(import_module(f"supervisor.channels.{module}"), name)
    if kind == "queue":
        return made.from_description(description, fds, mode)
    return made.from_description(description, fds)


def _read_key(fds: Sequence[int]) -> bytes:
    """The secret of the manager, for the worker that is the manager."""
    import os

    from supervisor.channels.manager import read_authkey

    (fd,) = fds
    key: bytes = read_authkey(fd)
    os.close(fd)
    return key
