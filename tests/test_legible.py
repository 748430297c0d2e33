"""What is no UTF-8 can be told all the same."""

from __future__ import annotations

from pathlib import Path

import msgspec

from supervisor import last_fleet
from supervisor.legible import encoded
from tests.api.fake_port import a_fleet

NAME = "/srv/caf\udce9"
"""As Python has the name of a directory that was made in Latin-1."""
SHOWN = "/srv/caf\\udce9"


def test_lone_surrogate_is_told_as_its_escape() -> None:
    """In keys and values, however deep; all else stays as it is."""
    value = {"path": NAME, "more": [{NAME: 1}, ("é", None)]}
    assert msgspec.json.decode(encoded(value)) == {"path": SHOWN, "more": [{SHOWN: 1}, ["é", None]]}
    assert encoded({"path": "é"}) == msgspec.json.encode({"path": "é"})


def test_end_of_a_run_in_such_a_directory_is_written_down(tmp_path: Path) -> None:
    """The engine's own end does not fail by it."""
    fleet = a_fleet()
    log = msgspec.structs.replace(fleet.log, directory=NAME)
    last_fleet.keep(tmp_path, msgspec.structs.replace(fleet, log=log))
    found = last_fleet.read(tmp_path)
    assert found is not None
    assert found.log.directory == SHOWN
