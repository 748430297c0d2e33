"""An incarnation's last moments, as the engine sees them."""

from __future__ import annotations

from pathlib import Path

from tests.engines import engine_on, write_profile


def test_pipes_that_close_within_each_other_end_an_incarnation_once(place: Path) -> None:
    """Whoever holds all three pipes of a dead worker lets go of them in one instant: that is one end, not three."""
    profile = write_profile(
        place / "p",
        """
        name = "holders"
        [workers.w]
        command = "(trap 'exit 0' TERM; sleep 1000 & wait) & exit 0"
        replicas = 5
        restart = "never"
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_completed()
        assert all(len(engine.client.detail(row.name).exits) == 1 for row in engine.fleet().rows)
        log = Path(engine.note.log_directory).parent / "engine.log"
        assert "Traceback" not in log.read_text()
