"""The dashboard on a real engine: what another client asks for is told among the events, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

from supervisor import paths
from tests.engines import engine_on, write_profile
from tests.tui.screens.test_fleet import WIDE, shown, until
from tui.dashboard import Dashboard
from tui.link.socket_link import SocketLink
from tui.screens.events import EventsScreen

PROFILE = """
name = "asked"

[workers.sleeper]
command = ["sleep", "1000"]
env = { LEVEL = "debug", API_TOKEN = "abcdefghijkl" }
"""


async def test_what_the_command_line_asks_for_appears_in_the_dashboard(place: Path) -> None:
    """Requested, done, by whom, and the command line that asks for the same; its page has the environment, masked."""
    with engine_on(write_profile(place / "p", PROFILE)) as engine:
        engine.wait_state("sleeper", "running")
        project = engine.note.project
        app = Dashboard(SocketLink(paths.socket_path(project)), project)
        async with app.run_test(size=WIDE) as pilot:
            await shown(pilot, "sleeper")
            await pilot.press("V")
            await until(pilot, lambda: isinstance(app.screen, EventsScreen))
            await shown(pilot, "running, pid")
            (job,) = engine.client.act("restart", ["sleeper"])
            await shown(pilot, "▸ restart done in")
            await shown(pilot, "procdeck restart sleeper --project asked")
            await shown(pilot, ", command line")
            await shown(pilot, f" s: {engine.client.job(job.id).text}")
            await pilot.press("escape", "I", *["tab"] * 3)
            await shown(pilot, "LEVEL=debug")
            await shown(pilot, "API_TOKEN=••••••")
            await pilot.press("tab")
            await shown(pilot, "started again as #2")
