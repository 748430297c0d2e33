"""Notes every wish of a person in the event book, from its request to its outcome, and who has set what in motion.

::

    asked ──► accepted ──► done | failed     an outcome for each replica, or one for the whole wish
        └───► refused                        and why
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from supervisor import naming
from supervisor.errors import ProcdeckError

if TYPE_CHECKING:
    from supervisor.api.messages import Event, Job
    from supervisor.event_book import EventBook

SUBJECTS_LIMIT: Final = 20
"""Names of one wish that are noted, each on its own."""
FOLLOWED_LIMIT: Final = 10_000
"""Jobs whose outcomes are waited for; the oldest are forgotten, as nothing will settle them."""

Kind = Literal["action", "channel"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody has asked for.

    Attributes:
        what: a few words: ``restart``, ``SIGHUP``, ``scale to 5``.
        names: of what, as they were asked for; ``*`` is all workers.
        by: who asks.
        command: the command line that asks for the same; empty where there is none.
        subject: what the events are about; empty: each name, or the engine.
    """

    what: str
    names: Sequence[str]
    by: str
    command: str
    kind: Kind = "action"
    subject: str = ""


@dataclass(frozen=True, slots=True)
class _Followed:
    """A job under way: whose it is, and the wishes that wait for it."""

    target: str
    by: str
    wishes: tuple[int, ...]


class Asked:
    """One wish that is being looked at; exactly one of `accept` and a refusal follows, then its outcomes."""

    def __init__(self, wish: Wish, note: Callable[..., Event], follow: Callable[[Job, str, tuple[int, ...]], None]):
        self._wish = wish
        self._note = note
        self._follow = follow
        self._accepted: dict[str, int] = {}
        """The cursor of each name's event."""

    def accept(self, outcomes: Mapping[str, int] | None = None) -> None:
        """It is going to be done; `outcomes` says of each name how many outcomes are to be waited for: one."""
        wish = self._wish
        for name in tuple(wish.names)[:SUBJECTS_LIMIT]:
            event = self._note(
                "INFO",
                wish.subject or _subject(name),
                f"{wish.what} wished{' of all' if name == naming.ALL else ''}",
                step="accepted",
                outcomes=outcomes.get(name, 0) if outcomes is not None else 1,
            )
            self._accepted[name] = event.cursor

    def follow(self, job: Job, names: Sequence[str]) -> None:
        """The outcome of `job` is one of what was wished of `names`."""
        self._follow(job, self._wish.by, tuple(self._accepted[name] for name in names if name in self._accepted))

    def done(self, text: str, *, level: str = "INFO", subject: str = "") -> None:
        """All of it has been done."""
        names = tuple(self._wish.names)
        self._note(
            level,
            subject or self._wish.subject or (_subject(names[0]) if len(names) == 1 else "engine"),
            text,
            step="done",
            answers=tuple(self._accepted.values()),
        )

    def refuse(self, why: str, known: Sequence[str]) -> None:
        """Nothing of it is done, or it has failed on the way."""
        names = [name for name in self._wish.names if name in known]
        is_begun = bool(self._accepted)
        verb = "failed" if is_begun else "refused"
        self._note(
            "WARNING",
            self._wish.subject or (_subject(names[0]) if len(names) == 1 else "engine"),
            f"{self._wish.what} {verb}: {why}",
            step=verb,
            answers=tuple(self._accepted.values()),
        )


class WishBook:
    """The wishes of one engine. `known` gives the names that an event can be about."""

    def __init__(self, book: EventBook, known: Callable[[], Sequence[str]]) -> None:
        self._book = book
        self._known = known
        self._followed: dict[int, _Followed] = {}
        self._jobs_of: dict[str, dict[int, None]] = {}
        """By the replica's name."""

    @contextmanager
    def asked(self, wish: Wish) -> Iterator[Asked]:
        """Note what becomes of `wish`; an error that a person can meet is its refusal, and goes on."""

        def note(level: str, subject: str, what: str, **more: object) -> Event:
            return self._book.add(level, wish.kind, subject, what, by=wish.by, command=wish.command, **more)  # type: ignore[arg-type]

        asked = Asked(wish, note, self._follow)
        try:
            yield asked
        except ProcdeckError as error:
            asked.refuse(str(error).partition("\n")[0], self._known())
            raise

    def _follow(self, job: Job, by: str, wishes: tuple[int, ...]) -> None:
        before = self._followed.get(job.id)
        self._followed[job.id] = _Followed(job.target, by, (*(before.wishes if before else ()), *wishes))
        self._jobs_of.setdefault(job.target, {})[job.id] = None
        while len(self._followed) > FOLLOWED_LIMIT:
            self._forget(next(iter(self._followed)))

    def _forget(self, job_id: int) -> _Followed | None:
        followed = self._followed.pop(job_id, None)
        if followed is not None:
            jobs = self._jobs_of[followed.target]
            del jobs[job_id]
            if not jobs:
                del self._jobs_of[followed.target]
        return followed

    def settled(self, job: Job) -> None:
        """A job is over: that is an outcome of whatever asked for it."""
        if job.state == "running":
            return
        followed = self._forget(job.id)
        if followed is None:
            return
        self._book.add(
            "INFO" if job.state == "done" else "WARNING",
            "action",
            job.target,
            f"{job.action} {job.state}: {job.text}",
            by=followed.by,
            step=job.state,
            answers=followed.wishes,
        )

    def asker_of(self, target: str) -> str:
        """Who has asked for what happens to the replica `target` now; empty where nobody has."""
        jobs = self._jobs_of.get(target)
        return self._followed[next(reversed(jobs))].by if jobs else ""


def _subject(name: str) -> str:
    return name if name != naming.ALL else "engine"
