"""Makes workers of the pools that have items, so that all that is true of workers is true of them. Decides nothing."""

from __future__ import annotations

from supervisor.profile.model import Profile, WorkerSpec
from supervisor.profile.pools import PoolSpec


def with_pools(profile: Profile) -> Profile:
    """The profile with a worker for each pool that has items, behind its own; the other pools are given to every
    worker of Python, for its code to make."""
    for_code = {name: pool for name, pool in profile.pools.items() if pool.items is None}
    workers = {
        **profile.workers,
        **{name: worker_of(pool) for name, pool in profile.pools.items() if pool.items is not None},
    }
    if for_code:
        workers = {
            name: worker if worker.kind == "command" else worker.model_copy(update={"pools": for_code})
            for name, worker in workers.items()
        }
    return profile.model_copy(update={"workers": workers})


def worker_of(pool: PoolSpec) -> WorkerSpec:
    """The worker that runs a pool: what both tables may say is the pool's, and its queues are connected."""
    both = PoolSpec.model_fields.keys() & WorkerSpec.model_fields.keys() - {"args"}
    values = {name: getattr(pool, name) for name in both}
    return WorkerSpec.model_construct(**values, pool=pool, reads=pool.reads, writes=pool.writes)
