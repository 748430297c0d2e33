"""Workers that live and die together: OTP's strategies one_for_one, one_for_all and rest_for_one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from supervisor.lifecycle.life import Life
from supervisor.lifecycle.states import State

Strategy = Literal["one-for-one", "one-for-all", "rest-for-one"]

_UP_OR_STARTING = frozenset({State.STARTING, State.UNREADY, State.RUNNING, State.PAUSED})


@dataclass(frozen=True, slots=True)
class Group:
    """A restart group: its workers in the order in which they depend on each other."""

    name: str
    workers: tuple[str, ...]
    strategy: Strategy

    def bound_to(self, worker: str) -> tuple[str, ...]:
        """The workers that are restarted when `worker` is, its own other replicas included."""
        if self.strategy == "one-for-one" or worker not in self.workers:
            return ()
        if self.strategy == "one-for-all":
            return self.workers
        return self.workers[self.workers.index(worker) :]

    def in_words(self) -> str:
        return f"{self.name}: {self.strategy} of {', '.join(self.workers)}"


def is_restart_by_policy(before: Life, after: Life) -> bool:
    """Whether policy restarts (or waits to restart) a replica that ended by itself."""
    if before.state is State.STOPPING and before.blame:
        return after.state in {State.BACKOFF, State.WAITING, State.STARTING}
    if before.state not in _UP_OR_STARTING:
        return False
    return after.state in {State.BACKOFF, State.WAITING} or (
        after.state is State.STARTING and after.incarnation > before.incarnation
    )


def has_given_up(before: Life, after: Life) -> bool:
    """Whether a replica has just failed for good."""
    return after.state is State.FAILED and before.state is not State.FAILED
