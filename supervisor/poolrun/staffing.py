"""Makes the pool that a plan asks for, by the start method that it names."""

from __future__ import annotations

import multiprocessing

from supervisor.pools import Pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from supervisor.poolrun.plan import Plan


def pool_of(plan: Plan, initializer: Callable[..., object] | None, finalizer: Callable[[], object] | None) -> Pool:
    """The pool of a plan. With fork it forks: call it before there are other threads."""
    return Pool(
        plan.processes,
        initializer,
        plan.initargs,
        plan.maxtasksperchild,
        context_of(plan),
        finalizer=finalizer,
        name=plan.name,
    )


def context_of(plan: Plan) -> Any:
    """The multiprocessing context of a plan's start method; in a simulation what stands for one."""
    if plan.start_method == "thread":
        from supervisor.pools.threads import ThreadContext

        return ThreadContext()
    context: Any = multiprocessing.get_context(plan.start_method)
    if plan.start_method == "forkserver" and plan.preload:
        context.set_forkserver_preload(list(plan.preload))
    return context
