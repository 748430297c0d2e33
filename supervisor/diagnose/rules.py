"""The rules by which a stack and the kernel's word become a diagnosis, in the order in which they are tried.

The first that fits a thread says what it does: the most specific come first, what needs no stack comes last.
"""

from __future__ import annotations

from typing import Final

from supervisor.diagnose.kinds import KINDS, Kind, Limit
from supervisor.diagnose.rule import Rule, say
from supervisor.diagnose.rulebook import crossings, locks, ours, pools, processes, queues, threads, world

__all__ = ["KINDS", "RULES", "Kind", "Limit", "Rule", "rule", "say"]

RULES: Final[tuple[Rule, ...]] = (
    *world.STATES,
    *ours.RULES,
    *queues.EXITS,
    *processes.EXITS,
    *queues.LOGS,
    *pools.MEMBERS,
    *pools.THREADS,
    *pools.WAITS,
    *processes.MANAGERS,
    *queues.RULES,
    *locks.SIGNALS,
    *processes.JOINS[:-1],
    *processes.STARTS,
    *locks.PIPES,
    *processes.HELPERS,
    *threads.FORKED,
    *threads.WAITS,
    *world.NETWORK[:2],
    *processes.IMPORTS,
    *locks.LOCKS,
    *threads.LOCKS,
    processes.JOINS[-1],
    *world.NETWORK[2:],
    *world.FILES,
    *world.PROCESSORS,
    *world.SLEEPS,
)

_BY_ID: Final = {one.id: one for one in (*RULES, *crossings.RULES)}


def rule(id: str) -> Rule | None:  # noqa: A002
    """The rule of that id; None for one that there is not."""
    return _BY_ID.get(id)
