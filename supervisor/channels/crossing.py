"""How a channel crosses to a process that multiprocessing starts by spawn or forkserver."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Rebuild = Callable[[dict[str, Any], Sequence[int]], Any]


def reduce_channel(
    rebuild: Rebuild, description: dict[str, Any], fds: list[int]
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """What `__reduce__` returns. RuntimeError unless multiprocessing is just starting a process."""
    from multiprocessing import context, reduction

    if context.get_spawning_popen() is None:
        kind = description["kind"]
        raise RuntimeError(
            f"a {kind} passes to another process only while that is started: as an argument of a Process, "
            f"by fork, or named in the profile; not as an item of another channel"
        )
    return _rebuild_here, (rebuild, description, [reduction.DupFd(fd) for fd in fds])


def _rebuild_here(rebuild: Rebuild, description: dict[str, Any], passed: list[Any]) -> Any:
    return rebuild(description, [handle.detach() for handle in passed])
