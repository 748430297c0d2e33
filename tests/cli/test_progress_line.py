"""What stderr shows of pools in a headless run: on a terminal and elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.samples import a_pool
from tui.cli.progress_line import EVERY_S, ProgressLine, end_text, progress_text

if TYPE_CHECKING:
    from supervisor.api.pools import PoolRow

FAR = a_pool()
FARTHER = a_pool(done=58)
OVER = a_pool(state="finished", done=98, is_live=False)


def _shown(capsys: pytest.CaptureFixture[str]) -> str:
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def test_line_says_how_far_how_fast_and_what_failed() -> None:
    """What is not known, or means nothing, is left out."""
    assert progress_text(FAR) == "hash: 40/100 40 %, 12/s, 5 s left, 2 failed"
    assert progress_text(FAR, 10) == "hash: ⣿⣿⣿⣿⣀⣀⣀⣀⣀⣀ 40/100 40 %, 12/s, 5 s left, 2 failed"
    assert progress_text(a_pool(total=None, eta_s=None, failed=0), 10) == "hash: 38 done, 12/s"
    assert progress_text(a_pool(state="paused", failed=0)) == "hash: 38/100 38 %, paused"


@pytest.mark.parametrize(
    ("pool", "text"),
    [
        (OVER, "hash finished: 98 done, 2 failed, 1 tried again in 4.0 s"),
        (
            a_pool(state="finished", error="stopped, 38 of 100 done", retried=0, is_live=False),
            "hash stopped, 38 of 100 done, 2 failed in 4.0 s",
        ),
        (
            a_pool(state="failed", error="more than 1\nfailure", retried=0),
            "hash failed: 40/100, 2 failed in 4.0 s: more than 1⏎failure",
        ),
        (
            a_pool(is_live=False, failed=0, retried=0, skipped=10),
            "hash ended: 48/100, 10 done by an earlier run in 4.0 s",
        ),
    ],
)
def test_end_says_what_became_of_the_items(pool: PoolRow, text: str) -> None:
    """Of one that was cut short: how far it was."""
    assert end_text(pool) == text


def test_where_nothing_is_rewritten_a_line_comes_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """At most every so many seconds, only what has changed, and at the end; no escape codes."""
    line = ProgressLine(is_rewritten=False)
    for now_s in (0.0, 1.0, EVERY_S - 0.1):
        line.show((FAR,), now_s)
    assert _shown(capsys) == ""
    line.show((FAR,), EVERY_S)
    line.show((FARTHER,), EVERY_S + 1)
    assert _shown(capsys) == f"{progress_text(FAR)}\n"
    line.show((FARTHER,), 2 * EVERY_S)
    line.show((FARTHER,), 3 * EVERY_S)
    assert _shown(capsys) == f"{progress_text(FARTHER)}\n"
    line.show((OVER,), 3 * EVERY_S + 1)
    line.show((OVER,), 4 * EVERY_S + 1)
    line.end()
    assert _shown(capsys) == f"{end_text(OVER)}\n"


def test_pool_that_was_over_between_two_looks_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Though nobody saw it at work; one that never began is not told of."""
    line = ProgressLine(is_rewritten=False)
    waiting = a_pool("later", is_live=False, state="starting")
    for now_s in (0.0, 1.0):
        line.show((OVER, waiting), now_s)
    line.end()
    assert _shown(capsys) == f"{end_text(OVER)}\n"


def test_on_a_terminal_one_line_is_rewritten(capsys: pytest.CaptureFixture[str]) -> None:
    """When it differs; it is taken away before anything else is written, and what ended stays."""
    line = ProgressLine(is_rewritten=True)
    line.show((FAR,), 0.0)
    line.show((FAR,), 0.25)
    assert _shown(capsys) == f"\r\x1b[K{progress_text(FAR, 10, is_ascii=False)}"
    line.clear()
    line.clear()
    assert _shown(capsys) == "\r\x1b[K"
    line.restore()
    line.restore()
    assert _shown(capsys) == f"\r\x1b[K{progress_text(FAR, 10)}"
    line.show((FAR, a_pool("words@parse")), 0.5)
    assert _shown(capsys).startswith("\r\x1b[Khash: 40/100 40 %, 12/s, 5 s left, 2 failed; words@parse: 40/")
    line.show((OVER, a_pool("words@parse")), 0.75)
    assert _shown(capsys).startswith(f"\r\x1b[K{end_text(OVER)}\n\r\x1b[Kwords@parse: ")


def test_end_of_the_run_tells_how_far_the_rest_was(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C: the last that was seen of each."""
    line = ProgressLine(is_rewritten=False)
    line.show((FAR,), 0.0)
    line.end()
    assert _shown(capsys) == "hash ended: 40/100, 2 failed, 1 tried again in 4.0 s\n"
