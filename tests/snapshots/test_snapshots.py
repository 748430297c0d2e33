"""Every place looks as it did when somebody looked at it; `pytest tests/snapshots --renew` after a wished change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.snapshots.painting import painted
from tests.snapshots.places import PROFILES, SNAPSHOTS, Snapshot, write_files
from tests.tui.fakes import FakeLink
from tests.tui.screens.test_fleet import shown, until
from tui import profiles
from tui.dashboard import Dashboard, Leaving

GOLDEN = Path(__file__).parent / "golden"
STILL_FRAMES = 3
"""A screen that is the same after so many frames has come to rest."""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In a directory of its own, at a longitude of its own, where no other profile is known."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(profiles, "shipped_profiles", list)
    monkeypatch.setattr("tui.screens.switching._here", lambda: PROFILES)
    monkeypatch.setattr("tui.widgets.log_strips.HIGHLIGHT_S", 60.0)  # the collector may run amid a line
    for name in ("NO_COLOR", "PROCDECK_GLYPHS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    write_files()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda each: each.file)
async def test_a_place_looks_as_it_did(snapshot: Snapshot, request: pytest.FixtureRequest) -> None:
    """Text and styles, cell by cell."""
    link = FakeLink(snapshot.fleet())
    snapshot.spoil(link)
    app = Dashboard(link, "census", clock=link.clock)
    async with app.run_test(size=snapshot.size) as pilot:
        await shown(pilot, "procdeck census")
        await until(pilot, lambda: link._view.fleet is not None)
        await until(pilot, lambda: not is_busy(app))
        for key in snapshot.keys:
            await pilot.press(key)
            await until(pilot, lambda: not is_busy(app))
        if snapshot.spoil_later is not None:
            snapshot.spoil_later(link)
        await shown(pilot, snapshot.shows)
        told = await come_to_rest(pilot, app)
    golden = GOLDEN / snapshot.file
    if request.config.getoption("--renew", default=False):
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(told)
    assert told == golden.read_text()


def is_busy(app: Dashboard) -> bool:
    """Something is asked of the engine, or read of the log."""
    is_asking = any(not work.is_finished and work.group != "link" for work in app.workers)
    return is_asking or any(pane.source.is_scanning for pane in app.fleet_screen.log_panes)


async def come_to_rest(pilot: Pilot[Leaving], app: Dashboard) -> str:
    """Wait until nothing is under way, and the screen is the same after some frames as it was before; what it shows."""
    last, since = "", app._frames

    def is_still() -> bool:
        nonlocal last, since
        if is_busy(app):
            last, since = "", app._frames
        elif app._frames - since >= STILL_FRAMES:
            before, last, since = last, painted(app), app._frames
            return before == last
        return False

    await until(pilot, is_still)
    return last


def test_no_golden_is_left_over() -> None:
    """Each belongs to a snapshot, there are no more than can be looked at, and none is too long to be read."""
    assert {path.name for path in GOLDEN.iterdir()} == {snapshot.file for snapshot in SNAPSHOTS}
    assert len(SNAPSHOTS) <= 30
