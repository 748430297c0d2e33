"""Rolling restarts: one replica after another, so many at a time, and none after one that did not come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from supervisor.api.jobs import JobBook
from supervisor.api.messages import Job
from supervisor.replica import Replica


class Rolling:
    """One rolling restart under way.

    Args:
        replicas: what is restarted, in this order.
        max_unavailable: how many may be away at the same time.
        restart: begins the restart of one replica.
    """

    def __init__(
        self,
        book: JobBook,
        replicas: Sequence[Replica],
        max_unavailable: int,
        restart: Callable[[Replica], None],
        now_s: float,
    ) -> None:
        self._book = book
        self._restart = restart
        self._max_unavailable = max(1, max_unavailable)
        self.jobs = tuple(book.open("restart", r.life, now_s, held_text="waits for its turn") for r in replicas)
        self._held = deque(zip(replicas, self.jobs, strict=True))
        self._under_way: list[Job] = []
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
            now = [self._book.get(job.id) or job for job in self._under_way]
            failed = next((job for job in now if job.state == "failed"), None)
            if failed is not None:
                self._give_up(failed)
            self._under_way = [job for job in now if job.state == "running"]
            if not self._held or len(self._under_way) >= self._max_unavailable:
                return
            replica, job = self._held.popleft()
            self._under_way.append(job)
            self._book.begin(job, replica.life)
            self._restart(replica)

    def _give_up(self, failed: Job) -> None:
        while self._held:
            _, job = self._held.popleft()
            self._book.fail(job, f"left as it is, because {failed.target} did not come back: {failed.text}")
