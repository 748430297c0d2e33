"""A dashboard that is painted before there is an engine: what it says meanwhile, and what becomes of it."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from supervisor.errors import ProcdeckError
from supervisor.paths import EngineNote
from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, dashboard, shown, until
from tui.dashboard import Dashboard, Leaving
from tui.recent import recent_profiles
from tui.starting import VERDICT_PATIENCE_S, Starting

NOTE = EngineNote("census", "/srv/census.toml", 12, 11, "run-1", "/srv", 0.0, "/srv/log")


class FakeIgnition:
    """An engine whose word a test speaks."""

    def __init__(self, trouble: ProcdeckError | None = None) -> None:
        reading, self._writing = os.pipe()
        self._report = os.fdopen(reading, "rb", buffering=0)
        self._trouble = trouble
        self.is_left = False
        self.is_over = False
        self.patience_s: list[float | None] = []

    def fileno(self) -> int:
        return self._report.fileno()

    def hear(self, timeout_s: float | None = 0.0) -> None:
        self.patience_s.append(timeout_s)
        if select.select([self], [], [], 0)[0]:
            self.is_over = self._report.readline() != b"valid\n"

    def speak(self) -> None:
        os.close(self._writing)

    def find_valid(self) -> None:
        os.write(self._writing, b"valid\n")

    def result(self) -> EngineNote:
        self._report.close()
        if self._trouble is not None:
            raise self._trouble
        return NOTE

    def leave(self) -> None:
        self.is_left = True
        self.speak()
        self._report.close()


def started_by(ignition: FakeIgnition, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Dashboard:
    """The dashboard of the engine that `ignition` starts."""
    monkeypatch.setenv("PROCDECK_STATE_DIR", str(tmp_path))
    app = dashboard(FakeLink(census()))
    app.starting = Starting(ignition)
    return app


async def test_dashboard_fills_when_the_engine_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is painted before, hears the engine after its word, and its profile is one that was opened."""
    ignition = FakeIgnition()
    app = started_by(ignition, monkeypatch, tmp_path)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "procdeck census")
        await pilot.pause(0.05)
        meanwhile = app.starting
        assert meanwhile is not None
        ignition.find_valid()
        await until(pilot, lambda: bool(ignition.patience_s))
        assert recent_profiles() == []
        ignition.speak()
        await shown(pilot, "parse.2")
        assert app.starting is None
        assert [each.path for each in recent_profiles()] == [Path("/srv/census.toml")]
        await pilot.press("q")
        await shown(pilot, "Stop all")


async def test_engine_that_fails_ends_its_dashboard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its caller tells why, on the terminal that is restored by then."""
    trouble = ProcdeckError("no room")
    ignition = FakeIgnition(trouble)
    app = started_by(ignition, monkeypatch, tmp_path)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "procdeck census")
        ignition.speak()
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == Leaving("unstarted", trouble=trouble)


def test_failure_that_is_known_already_paints_nothing() -> None:
    """The verdict on the profile is waited for, and no more than that; while nothing is known, nothing is said."""
    waiting, failed = FakeIgnition(), FakeIgnition(ProcdeckError("no room"))
    waiting.find_valid()
    starting = Starting(waiting)
    starting.look()
    assert waiting.patience_s == [VERDICT_PATIENCE_S]
    starting.leave()
    failed.speak()
    with pytest.raises(ProcdeckError, match="no room"):
        Starting(failed).look()


async def test_question_waits_for_the_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`q` before there is an engine is answered with the question that belongs to one."""
    ignition = FakeIgnition()
    app = started_by(ignition, monkeypatch, tmp_path)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "procdeck census")
        await pilot.press("q")
        await shown(pilot, "The engine is starting")
        ignition.speak()
        await shown(pilot, "Stop all")
        assert app.return_value is None


async def test_asked_twice_it_leaves_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An engine that does not come keeps nobody."""
    ignition = FakeIgnition()
    app = started_by(ignition, monkeypatch, tmp_path)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "procdeck census")
        await pilot.press("ctrl+c", "ctrl+c")
        await until(pilot, lambda: app.return_value is not None)
    assert (app.return_value, ignition.is_left) == (Leaving("starting"), True)
