"""What is kept of what has happened: in order, bounded, each wish with its outcomes, and nothing of another run."""

from __future__ import annotations

import pytest

from supervisor.api.messages import Event, Job
from supervisor.api.requests import EventList
from tests.tui.event_fakes import RESTART, event, history, state
from tests.tui.fakes import NOW_AT
from tui.happenings import Happenings
from tui.render.events import Standing, event_texts, standing_words


def _taken(happenings: Happenings) -> Happenings:
    happenings.take(EventList(events=history(), next_cursor=22))
    return happenings


def test_news_and_the_answer_come_to_the_same_in_any_order() -> None:
    """What is heard before the answer, and in it, is there once."""
    late = Happenings()
    late.hear(history()[-1])
    late.take(EventList(events=history()[:-1], next_cursor=21))
    assert late.rows == _taken(Happenings()).rows
    late.hear(history()[-1])
    assert [row.event.cursor for row in late.rows] == list(range(1, 23))
    assert not late.is_behind


def test_a_wish_has_the_outcomes_that_came_after_it() -> None:
    """One done, one failed, of two; each change is another version."""
    happenings = Happenings()
    happenings.take(EventList(events=history()[:16], next_cursor=16))
    standings = []
    for heard in history()[16:]:
        before = happenings.version
        happenings.hear(heard)
        assert happenings.version != before
        standings.append(next(row.standing for row in happenings.rows if row.event.cursor == 16))
    assert standings[0] == Standing(wanted=2)
    assert standings[-1] is not None
    assert (standings[-1].done, standings[-1].failed, standings[-1].is_over) == (1, 1, True)
    assert standings[-1].why == "restart failed: exit code 3"


def test_the_ring_forgets_the_oldest_and_counts_them() -> None:
    """Whatever came: it never holds more, and outcomes of forgotten wishes harm nobody."""
    happenings = Happenings(kept=5)
    _taken(happenings)
    assert ([row.event.cursor for row in happenings.rows], happenings.gone) == ([18, 19, 20, 21, 22], 17)
    happenings.hear(event(23, 0.0, "parse.2", "restart done", step="done", answers=(16,)))
    assert (len(happenings.rows), happenings.gone) == (5, 18)


def test_a_gap_in_the_news_is_known() -> None:
    """Until the engine has been asked again."""
    happenings = _taken(Happenings())
    happenings.hear(state(30, 0.0, "walk", "running"))
    has_noticed = happenings.is_behind
    happenings.take(EventList(events=(*history(), state(25, 1.0, "walk", "starting")), next_cursor=30))
    assert (has_noticed, happenings.is_behind) == (True, False)
    assert [row.event.cursor for row in happenings.rows][-2:] == [25, 30]


def test_another_run_begins_with_nothing() -> None:
    """Its cursors may be the same."""
    happenings = Happenings()
    happenings.of_run("run-1")
    _taken(happenings)
    happenings.of_run("run-1")
    assert len(happenings.rows) == 22
    happenings.of_run("run-2")
    assert (len(happenings.rows), happenings.gone, happenings.is_behind) == (0, 0, True)
    happenings.hear(history()[0])
    assert len(happenings.rows) == 1


def _job(target: str, text: str, *, action: str = "restart", state: str = "running") -> Job:
    return Job(id=1, action=action, target=target, state=state, requested_s=0.0, text=text)  # type: ignore[arg-type]


def test_a_job_under_way_is_told_of_its_wish() -> None:
    """Of the newest that it can be for; of none that is over, that asks for something else, or is about others."""
    happenings = Happenings()
    for heard in history()[:16]:
        happenings.hear(heard)
    before = happenings.version
    for other in (
        _job("walk", "stopping"),
        _job("parse.1", "stopping", action="stop"),
        _job("parse.1", ""),
        _job("parse.1", "restarted, pid 4008", state="done"),
    ):
        happenings.hear_job(other, NOW_AT)
    assert happenings.version == before
    happenings.hear_job(_job("parse.2", "stopping: asked"), NOW_AT)
    told = happenings.rows[15].standing
    assert told is not None
    assert told.job is not None
    assert (happenings.version, told.job.text, told.job_at) == (before + 1, "stopping: asked", NOW_AT)
    happenings.take(EventList(events=history()[:16], next_cursor=16))
    assert happenings.rows[15].standing == told
    for heard in history()[16:]:
        happenings.hear(heard)
    happenings.hear_job(_job("parse.2", "stopping: asked"), NOW_AT)
    over = happenings.rows[15].standing
    assert over is not None
    assert (over.is_over, over.job) == (True, None)


def test_a_wish_of_all_has_the_jobs_of_all() -> None:
    """It is told as the engine's own."""
    happenings = Happenings()
    happenings.hear(event(1, 1.0, "engine", "stop wished of all", kind="action", step="accepted", outcomes=3))
    happenings.hear_job(_job("parse.2", "SIGKILL sent", action="stop"), NOW_AT)
    standing = happenings.rows[0].standing
    assert standing is not None
    assert standing.job is not None


def test_an_outcome_knows_the_command_line_of_its_wish() -> None:
    """As long as the wish is kept."""
    happenings = _taken(Happenings())
    assert happenings.rows[18].command == RESTART
    few = _taken(Happenings(kept=4))
    assert [(row.event.cursor, row.wish is None) for row in few.rows] == [
        (19, False),
        (20, False),
        (21, True),
        (22, True),
    ]


def _stop(subject: str, **fields: object) -> tuple[Event, Event]:
    """A wish of one, and its outcome a second later."""
    usual: dict[str, object] = {"kind": "action", "step": "done", "answers": (1,)}
    return (
        event(1, 2.0, subject, "stop wished", kind="action", step="accepted", outcomes=1),
        event(2, 1.0, "walk", "stop done: stopped: exit code 0", **(usual | fields)),
    )


def test_the_one_outcome_of_a_wish_is_told_in_its_row() -> None:
    """Once: how long it took, and how it ended; a filter finds it there."""
    happenings = Happenings()
    for heard in _stop("walk"):
        happenings.hear(heard)
    (row,) = happenings.rows
    assert row.standing is not None
    assert standing_words(row.event, row.standing, NOW_AT)[0] == "done in 1.0 s: stopped: exit code 0"
    assert "stopped: exit code 0" in event_texts(row)
    happenings.hear(state(3, 0.0, "walk", "running"))
    assert (happenings.last_cursor, len(happenings.rows)) == (3, 2)
    happenings.take(EventList(events=(), next_cursor=3))
    assert len(happenings.rows) == 2


@pytest.mark.parametrize(
    ("subject", "fields"),
    [("engine", {}), ("walk", {"level": "WARNING"}), ("walk", {"answers": (7,)})],
)
def test_an_outcome_that_says_more_has_a_row_of_its_own(subject: str, fields: dict[str, object]) -> None:
    """Of another one than the wish, a warning, or of a wish that is not kept."""
    happenings = Happenings()
    for heard in _stop(subject, **fields):
        happenings.hear(heard)
    assert len(happenings.rows) == 2
