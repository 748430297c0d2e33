"""The page of plots: what is worth one, how high, in whose name."""

from __future__ import annotations

from supervisor.api.history import HistoryReply, Series, SubjectHistory
from tests.tui.hang_fakes import history_reply
from tui.render.figure_plots import plots_page


def words(reply: HistoryReply, width: int = 60, height: int = 24) -> list[str]:
    return ["".join(text for text, _ in line) for line in plots_page(reply, width, height, is_ascii=True)]


def test_each_figure_has_its_plot_and_what_it_is_now() -> None:
    """A log into which nothing is written has none."""
    lines = words(history_reply("parse.1", 60))
    assert [line for line in lines if "now" in line and "most" in line] == [
        " Processor   now 13 %, most 99 %",
        " Memory   now 59 M, most 59 M",
    ]
    assert max(map(len, lines)) <= 60


def test_plots_share_the_height() -> None:
    """Two of them fit a screen; they grow with it up to a measure."""
    assert len(words(history_reply("parse.1", 60), height=24)) == 24
    assert len(words(history_reply("parse.1", 60), height=200)) == 24
    assert len(words(history_reply("parse.1", 60), height=1)) == 12


def test_who_shares_a_name_is_told_apart() -> None:
    """A pool and the worker that has it."""
    series = (Series(figure="done", unit="items a second", values=(1.0, 2.0)),)
    both = HistoryReply(
        now_at=0,
        step_s=1,
        subjects=tuple(SubjectHistory(name="thumbs", kind=kind, series=series) for kind in ("worker", "pool")),
    )
    assert [line.partition("   ")[0] for line in words(both) if "most" in line] == [
        " thumbs (worker) Items done",
        " thumbs (pool) Items done",
    ]


def test_nothing_measured_is_said() -> None:
    assert any("Nothing has been measured" in line for line in words(HistoryReply(now_at=0, step_s=1)))
