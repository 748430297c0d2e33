"""What has happened, as much of it as is kept: the engine's answer for the past, its news from then on.

::

    GET /v1/events ──► take ──┐
    stream ─────────► hear ──┴──► a ring of events ──► rows, each wish with how far it has come
      └─ jobs ──────► hear_job ──► where a wish is that is under way

The ring forgets the oldest, and counts them. Nothing here asks or draws.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import islice
from typing import Final

from supervisor.api.messages import Event, Job
from supervisor.api.requests import EventList
from tui.render.events import EventRow, Standing

KEPT: Final = 2000
NEWEST: Final = 100
"""A job that says where it is belongs to one of so many wishes."""


class Happenings:
    """The events of one project's engine, in order.

    Attributes:
        is_behind: something may be missing; the engine has to be asked.
        version: another number whenever anything has changed.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._rows: deque[EventRow] = deque()
        self._standings: dict[int, Standing] = {}
        self._wishes: dict[int, Event] = {}
        """What was asked for, as long as it is kept; by its cursor, as the standings."""
        self._run_id = ""
        self.is_behind = True
        self.version = 0

    @property
    def rows(self) -> tuple[EventRow, ...]:
        """Oldest first. An outcome that its wish tells whole is no row of its own."""
        return tuple(row for row in self._rows if not self._is_told_by_wish(row))

    def _is_told_by_wish(self, row: EventRow) -> bool:
        standing = self._standings.get(row.wish.cursor) if row.wish is not None else None
        return standing is not None and row.wish is not None and standing.tells(row.wish, row.event)

    @property
    def gone(self) -> int:
        """How many events of the run came before all that are kept."""
        return self._rows[0].event.cursor - 1 if self._rows else 0

    @property
    def last_cursor(self) -> int:
        """Of the newest event; 0 where there is none."""
        return self._rows[-1].event.cursor if self._rows else 0

    def of_run(self, run_id: str) -> None:
        """The engine goes by this run; what happened in another one is not its past."""
        if run_id != self._run_id:
            if self._run_id:
                self.start_over()
            self._run_id = run_id

    def lost(self) -> None:
        """The line to the engine has been away: what happened meanwhile has to be asked for."""
        self.is_behind = True

    def hear(self, event: Event) -> None:
        """Something happens."""
        if self._rows and event.cursor > self.last_cursor + 1:
            self.is_behind = True
        if event.cursor > self.last_cursor:
            self._add(event)
            self.version += 1

    def hear_job(self, job: Job, now_at: float) -> None:
        """A job says where it is: that is told of the newest wish that it can be for, as long as it is under way."""
        if job.state != "running" or not job.text:
            return
        for cursor, wish in islice(reversed(self._wishes.items()), NEWEST):
            standing = self._standings[cursor]
            if standing.wanted and not standing.is_over and _is_for(job, wish):
                self._stand(cursor, replace(standing, job=job, job_at=now_at))
                self.version += 1
                return

    def take(self, reply: EventList) -> None:
        """What has happened, as the engine tells it: `reply` is the answer to a question from the very beginning."""
        known = {row.event.cursor: row.event for row in self._rows}
        known.update((event.cursor, event) for event in reply.events)
        jobs = {cursor: (standing.job, standing.job_at) for cursor, standing in self._standings.items() if standing.job}
        self._forget()
        for cursor in sorted(known):
            self._add(known[cursor])
        for cursor, (job, job_at) in jobs.items():
            standing = self._standings.get(cursor)
            if standing is not None and not standing.is_over:
                self._stand(cursor, replace(standing, job=job, job_at=job_at))
        self.is_behind = False
        self.version += 1

    def start_over(self) -> None:
        """Nothing has happened yet, as far as anybody knows; the engine has to be asked."""
        self._forget()
        self.is_behind = True
        self.version += 1

    def _forget(self) -> None:
        self._rows.clear()
        self._standings.clear()
        self._wishes.clear()

    def _add(self, event: Event) -> None:
        for cursor in event.answers:
            self._count(cursor, event)
        standing = Standing(event.outcomes) if event.step == "accepted" else None
        if standing is not None:
            self._standings[event.cursor] = standing
            self._wishes[event.cursor] = event
        wish = next((self._wishes[cursor] for cursor in reversed(event.answers) if cursor in self._wishes), None)
        self._rows.append(EventRow(str(event.cursor), event, standing, wish))
        while len(self._rows) > self._kept:
            gone = self._rows.popleft().event.cursor
            self._standings.pop(gone, None)
            self._wishes.pop(gone, None)

    def _count(self, cursor: int, outcome: Event) -> None:
        """One outcome more of what was asked for at `cursor`."""
        before = self._standings.get(cursor)
        if before is not None:
            self._stand(cursor, before.counting(outcome))

    def _stand(self, cursor: int, standing: Standing) -> None:
        """That is how far the wish at `cursor` has come."""
        self._standings[cursor] = standing
        # Wishes that are not over yet are among the newest: the row is near the end.
        for index in range(len(self._rows) - 1, -1, -1):
            if self._rows[index].event.cursor == cursor:
                self._rows[index] = replace(self._rows[index], standing=standing)
                return


def _is_for(job: Job, wish: Event) -> bool:
    """Whether `job` may be of `wish`: the same action, on a replica that is meant by it."""
    if not wish.what.startswith(f"{job.action} wished"):
        return False
    is_of_all = wish.subject == "engine" and wish.what.endswith(" of all")
    return is_of_all or wish.subject in (job.target, job.target.rpartition(".")[0])
