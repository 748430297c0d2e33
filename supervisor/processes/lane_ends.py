"""The pipes of one incarnation: the write ends that its process gets, and what reads them at our end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

STREAMS: Final[tuple[Literal["log", "stdout", "stderr"], ...]] = ("log", "stdout", "stderr")
"""What the readers of `Pipes` read, in their order."""
STDERR: Final = 2


class Pipe(Protocol):
    """What reads one of the worker's pipes (`supervisor.logs.intake.LaneReader`)."""

    when_closed: Callable[[], None] | None
    is_open: bool
    taps: list[Callable[[bytes], bool]]

    def drain(self) -> bool: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Pipes:
    """The write ends for the child, and the readers at our end."""

    lane: int
    stdout: int
    stderr: int
    readers: tuple[Pipe, ...]
    notify: int = -1
    """The write end on which the worker says that it is ready, owned by its checks; -1 for none."""
