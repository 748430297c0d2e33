"""`procdeck plot` and `procdeck export` tell what was measured."""

from __future__ import annotations

import pytest

from supervisor.api.history import HistoryReply, Series, SubjectHistory
from supervisor.api.messages import EngineVitals, Event, Fleet
from supervisor.api.pools import PoolReport, PoolRow
from tui.cli.exits import UsageError
from tui.cli.exporting import page_text
from tui.cli.plotting import plots_text, seconds_of

REPLY = HistoryReply(
    now_at=0.0,
    step_s=1.0,
    subjects=(
        SubjectHistory(
            name="parse.1",
            kind="worker",
            series=(
                Series(figure="cpu", unit="% of a core", values=(0.0, 50.0, 100.0)),
                Series(figure="log", unit="bytes a second", values=(0.0, None, 0.0)),
            ),
        ),
    ),
)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("12h", 43200)])
def test_a_time_is_understood(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5x", "0s", "13h", "-1m", "1.5h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="90s, 10m or 2h"):
        seconds_of(text)


def test_plots_leave_out_what_was_nothing() -> None:
    """One plot for each figure that is something, under its name and unit."""
    text = plots_text(REPLY, 60)
    assert text.startswith("parse.1: cpu, % of a core\n100 %")
    assert "log" not in text
    assert max(map(len, text.splitlines())) <= 60


def test_the_page_of_a_run_has_all_its_parts() -> None:
    """States, pools, charts and events of an engine that runs."""
    pool = PoolRow(name="thumbs", replica="thumbs", report=PoolReport(pool="thumbs", done=5, total=9, failed=1))
    fleet = Fleet(
        project="census", profile_path="p", run_id="r", version="1", started_at=0, started_s=0, now_s=1,
        phase="running", pools=(pool,), engine=EngineVitals(pid=1),
    )  # fmt: skip
    event = Event(cursor=1, at=0.0, subject="parse.1", what="running, <b>pid</b> 7")
    text = page_text("census", "r1", fleet, REPLY, [event], (), 0.0)
    for words in (
        "procdeck: census",
        "run r1",
        "thumbs",
        "5 of 9",
        "parse.1: cpu",
        "running, &lt;b&gt;pid&lt;/b&gt; 7",
    ):
        assert words in text


def test_the_page_of_a_run_that_is_over_has_what_is_left() -> None:
    event = Event(cursor=1, at=0.0, subject="parse.1", what="finished")
    assert "finished" in page_text("census", "r1", None, None, [event], (), 0.0)
