"""Says at once when a member of a user's own `multiprocessing.Pool` has died: the pool replaces it in silence, and
whoever waits for its task waits for ever.
"""

from __future__ import annotations

import functools
import signal

from supervisor.agent.awaiting import when_imported

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def watch_pools(emit: Callable[..., bool]) -> None:
    """From now on say with `emit` when a pool loses a member."""
    when_imported("multiprocessing.pool", functools.partial(_watch, emit))


def _watch(emit: Callable[..., bool], module: ModuleType) -> None:
    """Look at the members where the pool's own thread takes the dead ones out, ten times a second."""
    take_out = module.Pool._join_exited_workers  # noqa: SLF001

    def take_out_and_tell(members: list[Any]) -> Any:
        before = list(members)
        has_taken = take_out(members)
        try:
            left = {id(member) for member in members}
            # Asked only now: before it, a member may die between our look and the pool's own.
            for member in before:
                if id(member) not in left and member.exitcode:
                    emit("WARNING", _words(member), logger="procdeck.agent")
        except Exception:  # a pool must not fail because of what is said about it
            pass
        return has_taken

    module.Pool._join_exited_workers = staticmethod(take_out_and_tell)  # noqa: SLF001


def _words(member: Any) -> str:
    code = member.exitcode
    try:
        how = f"exit code {code}" if code > 0 else f"killed by {signal.Signals(-code).name}"
    except ValueError:
        how = f"killed by signal {-code}"
    return (
        f"pool member {member.name} (pid {member.pid}) died: {how}. It is replaced, but a task that it had in hand "
        "is lost, and map(), join() and get() without a timeout may wait for its result for ever"
    )
