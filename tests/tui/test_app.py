"""The way in and out: nothing heavy is imported early, the last line says what runs on, a crash leaves a report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.api.messages import TreeProcess
from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, dashboard
from tui import app as opening
from tui.dashboard import Leaving

AGAIN = "\n  Re-attach: procdeck attach --project census\n  Stop all:  procdeck down --project census"


def test_importing_the_entry_point_imports_no_textual() -> None:
    """The frame rate is read by Textual on import, so the entry point must come first."""
    code = "import sys, tui.app; print(sorted({'textual', 'aiohttp', 'pydantic'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("leaving", "expected"),
    [
        (
            Leaving("detached", live_workers=12),
            f"Detached. 12 workers still running.{AGAIN}",
        ),
        (Leaving("stopped"), "Stopped all."),
        (
            Leaving("stopped", survivors=(TreeProcess(pid=7, parent_pid=1, command="dd"),)),
            "Stopped, except for processes that would not die: 7 (dd)",
        ),
        (Leaving("gone"), "No engine of census answers any more. `procdeck` starts one."),
    ],
)
def test_exit_line_says_what_is_left(leaving: Leaving, expected: str) -> None:
    """Who detaches reads how to come back; who stopped reads that all is at rest."""
    assert opening.exit_line(leaving, "census", started_here=False) == expected


async def test_a_crash_ends_the_dashboard_and_is_kept_for_the_report() -> None:
    """An exception in a screen is not printed over the terminal; the entry point tells it after the restore."""
    app = dashboard(FakeLink(census()))

    async def crash() -> None:
        async with app.run_test(size=NARROW) as pilot:
            app.call_later(lambda: 1 // 0)
            await pilot.pause()

    with pytest.raises(ZeroDivisionError):
        await crash()
    assert isinstance(app.crash, ZeroDivisionError)
    assert app.return_code == 1


def test_a_crash_is_told_with_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, the cause in one line, that the workers live on, and a file with the traceback."""
    monkeypatch.setenv("PROCDECK_STATE_DIR", str(tmp_path))
    assert opening.tell_crash(ValueError("broken widget"), "census") == 1
    said = capsys.readouterr().err
    assert "the dashboard failed: ValueError: broken widget" in said
    assert "The workers are not affected." in said
    report = next((tmp_path / "census" / "crashes").glob("dashboard-*.txt"))
    assert str(report) in said
    assert "ValueError: broken widget" in report.read_text()
