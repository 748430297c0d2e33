"""How a run ended is written down, and read by whoever was not told."""

from __future__ import annotations

from pathlib import Path

from supervisor import last_fleet
from tests.api.fake_port import a_fleet, a_row


def test_what_is_kept_is_read(tmp_path: Path) -> None:
    """All of it, and nobody else may read it; a second time it is replaced."""
    fleet = a_fleet(a_row("walk"), a_row("日本語"))
    last_fleet.keep(tmp_path, a_fleet())
    last_fleet.keep(tmp_path, fleet)
    assert last_fleet.read(tmp_path) == fleet
    assert [path.name for path in tmp_path.iterdir()] == [last_fleet.LAST_NAME]
    assert (tmp_path / last_fleet.LAST_NAME).stat().st_mode & 0o077 == 0


def test_what_cannot_be_kept_or_read_stops_nobody(tmp_path: Path) -> None:
    """No place for it, none there, and a file that is none of ours."""
    last_fleet.keep(tmp_path / "gone", a_fleet())
    assert last_fleet.read(tmp_path / "gone") is None
    assert last_fleet.read(tmp_path) is None
    (tmp_path / last_fleet.LAST_NAME).write_bytes(b'{"project": 1')
    assert last_fleet.read(tmp_path) is None
