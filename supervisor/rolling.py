"""Rolling restarts: one replica after another, so many at a time, and none after one that did not come back.

A replica that declares no readiness is back when it has run for STEADY_S: one that ends at once did not come back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from supervisor.api.jobs import JobBook
from supervisor.api.messages import Job
from supervisor.lifecycle.states import State
from supervisor.replica import Replica

STEADY_S: Final = 1.0


class Rolling:
    """One rolling restart under way.

    Args:
        replicas: what is restarted, in this order.
        max_unavailable: how many may be away at the same time.
        restart: begins the restart of one replica.
        monotonic_s: the clock.
        look_again: calls a function after so many seconds.
    """

    def __init__(
        self,
        book: JobBook,
        replicas: Sequence[Replica],
        max_unavailable: int,
        restart: Callable[[Replica], None],
        monotonic_s: Callable[[], float],
        look_again: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._book = book
        self._restart = restart
        self._monotonic_s = monotonic_s
        self._look_again = look_again
        self._max_unavailable = max(1, max_unavailable)
        now_s = monotonic_s()
        self.jobs = tuple(book.open("restart", r.life, now_s, held_text="waits for its turn") for r in replicas)
        self._held = deque(zip(replicas, self.jobs, strict=True))
        self._under_way: list[tuple[Replica, Job]] = []
        self._is_advancing = False

    @property
    def is_over(self) -> bool:
        return not self._held and not self._under_way

    def advance(self) -> None:
        """Begin the next restarts if it is their turn; after a failure give up the rest."""
        if self._is_advancing:
            return
        self._is_advancing = True
        try:
            self._advance()
        finally:
            self._is_advancing = False

    def _advance(self) -> None:
        while True:
            still = []
            for replica, job in self._under_way:
                now = self._book.get(job.id) or job
                if now.state == "failed" or (now.state == "done" and not self._has_come_back(replica)):
                    self._give_up(replica, now)
                elif now.state == "running" or not self._is_steady(replica):
                    still.append((replica, now))
            self._under_way = still
            if not self._held or len(self._under_way) >= self._max_unavailable:
                return
            replica, job = self._held.popleft()
            if (self._book.get(job.id) or job).state != "running":
                continue  # it has been scaled or reloaded away while it waited for its turn
            self._under_way.append((replica, job))
            self._book.begin(job, replica.life)
            self._restart(replica)

    def _has_come_back(self, replica: Replica) -> bool:
        return replica.life.state in {State.RUNNING, State.UNREADY, State.PAUSED, State.FINISHED}

    def _is_steady(self, replica: Replica) -> bool:
        life = replica.life
        if life.start.has_checks or life.state is not State.RUNNING:
            return True
        left_s = life.since_s + STEADY_S - self._monotonic_s()
        if left_s > 0:
            self._look_again(left_s, self.advance)
        return left_s <= 0

    def _give_up(self, replica: Replica, failed: Job) -> None:
        why = replica.life.cause.text if replica.life.cause and failed.state == "done" else failed.text
        while self._held:
            _, job = self._held.popleft()
            self._book.fail(job, f"left as it is, because {replica.name} did not come back: {why}")
