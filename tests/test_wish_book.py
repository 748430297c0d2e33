"""Wishes in the event book: from what was asked for to what came of it, and who set a replica in motion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.api.messages import Event, Job
from supervisor.errors import RequestRefused
from supervisor.event_book import EventBook
from supervisor.journal import Journal, read_journal
from supervisor.wish_book import SUBJECTS_LIMIT, Wish, WishBook

ADA = "uid 1000 (ada), dashboard"
LINE = "procdeck restart parse walk --project census"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.ndjson"


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def wishes(path: Path, told: list[Event]) -> Iterator[WishBook]:
    book = EventBook(Journal(path), lambda: 1_700_000_000.0, told.append)
    yield WishBook(book, lambda: ("parse", "parse.1", "parse.2", "walk"))
    book.close()


def _job(number: int, target: str, state: str = "done", text: str = "restarted, pid 4711") -> Job:
    return Job(id=number, action="restart", target=target, state=state, requested_s=0.0, text=text)  # type: ignore[arg-type]


def test_a_wish_is_followed_to_the_outcome_of_each_replica(wishes: WishBook, told: list[Event], path: Path) -> None:
    """Each name is an event with its number of outcomes; each outcome names what it answers. The journal has it all."""
    with wishes.asked(Wish("restart", ("parse", "walk"), ADA, LINE)) as asked:
        asked.accept({"parse": 2, "walk": 1})
    for number, target, name in ((1, "parse.1", "parse"), (2, "parse.2", "parse"), (3, "walk", "walk")):
        asked.follow(_job(number, target, "running"), [name])
    assert wishes.asker_of("parse.2") == ADA
    wishes.settled(_job(1, "parse.1"))
    wishes.settled(_job(2, "parse.2", "failed", "exit code 3"))
    assert wishes.asker_of("parse.2") == ""
    assert [(event.subject, event.step, event.outcomes, event.answers, event.level) for event in told] == [
        ("parse", "accepted", 2, (), "INFO"),
        ("walk", "accepted", 1, (), "INFO"),
        ("parse.1", "done", 0, (1,), "INFO"),
        ("parse.2", "failed", 0, (1,), "WARNING"),
    ]
    assert {(event.by, event.kind) for event in told} == {(ADA, "action")}
    assert [event.command for event in told] == [LINE, LINE, "", ""]
    assert told[3].what == "restart failed: exit code 3"
    assert read_journal(path).events == tuple(told)


def test_a_wish_that_joins_a_job_under_way_gets_its_outcome_too(wishes: WishBook, told: list[Event]) -> None:
    """One outcome answers both."""
    for _ in range(2):
        with wishes.asked(Wish("restart", ("walk",), ADA, LINE)) as asked:
            asked.accept()
        asked.follow(_job(7, "walk", "running"), ["walk"])
    wishes.settled(_job(7, "walk"))
    wishes.settled(_job(7, "walk"))
    assert [event.answers for event in told] == [(), (), (1, 2)]


def test_a_job_that_is_under_way_is_no_outcome(wishes: WishBook, told: list[Event]) -> None:
    """It is followed on to its end."""
    with wishes.asked(Wish("restart", ("walk",), ADA, LINE)) as asked:
        asked.accept()
    asked.follow(_job(7, "walk", "running"), ["walk"])
    wishes.settled(_job(7, "walk", "running", "stopping"))
    assert (len(told), wishes.asker_of("walk")) == (1, ADA)
    wishes.settled(_job(7, "walk"))
    assert told[-1].answers == (told[0].cursor,)


def test_a_refusal_says_why_and_of_whom(wishes: WishBook, told: list[Event]) -> None:
    """A name that nobody has is no subject; the error goes on to whoever asked."""
    for names in (("walk",), ("wlak",)):
        with pytest.raises(RequestRefused), wishes.asked(Wish("stop", names, ADA, LINE)):
            raise RequestRefused("everything is being stopped\nand more")
    assert [(event.subject, event.step, event.level) for event in told] == [
        ("walk", "refused", "WARNING"),
        ("engine", "refused", "WARNING"),
    ]
    assert told[0].what == "stop refused: everything is being stopped"
    assert told[0].command == LINE


def test_what_goes_wrong_after_it_was_accepted_has_failed(wishes: WishBook, told: list[Event]) -> None:
    """It answers what was accepted."""

    def scale() -> None:
        with wishes.asked(Wish("scale to 5", ("parse",), ADA, LINE)) as asked:
            asked.accept()
            raise RequestRefused("no memory")

    with pytest.raises(RequestRefused):
        scale()
    assert [(event.what, event.step, event.answers) for event in told] == [
        ("scale to 5 wished", "accepted", ()),
        ("scale to 5 failed: no memory", "failed", (1,)),
    ]


def test_a_wish_of_many_names_notes_some(wishes: WishBook, told: list[Event]) -> None:
    """Its outcomes are noted all the same."""
    names = [f"w{number}" for number in range(2 * SUBJECTS_LIMIT)]
    with wishes.asked(Wish("stop", names, ADA, LINE)) as asked:
        asked.accept()
    asked.follow(_job(1, names[-1], "running"), [names[-1]])
    wishes.settled(_job(1, names[-1]))
    assert len(told) == SUBJECTS_LIMIT + 1
