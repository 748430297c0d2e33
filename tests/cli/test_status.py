"""`procdeck status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from supervisor.api.messages import Fleet, LogState
from tests.api.fake_port import a_fleet, a_row
from tui.cli.status import status_text

if TYPE_CHECKING:
    from tests.api.fake_port import FakeEngine
    from tests.cli.conftest import Command

GOLDEN = """\
census: running, engine 4700 up 1m, /somewhere/census.toml

NAME     STATE      PID  UPTIME  RESTARTS  CPU%  MEMORY  DOING
walk     finished     -       -         0     -       -  exit code 0
parse.1  running   4711      1m         0    12    48 M  parsing ast.py (45s); 1,500 of 1,790
parse.2  backoff      -       -         2     -       -  restart in 2.5 s; uncaught ValueError at census.py:41
tally    running   4711      1m         0    12    48 M  no heartbeat for 12 s; get counts

CHANNEL  KIND    DEPTH     IN    OUT  WRITERS  READERS
paths    queue  12/200  1,512  1,500  walk     parse.1, parse.2
"""


def test_status_is_a_plain_table(command: Command, engine: FakeEngine) -> None:
    """The golden text; what a worker wrote cannot do anything to the terminal."""
    outcome = command("status")
    assert (outcome.code, outcome.out, outcome.err) == (0, GOLDEN, "")


def test_status_json_is_the_fleet(command: Command, engine: FakeEngine) -> None:
    """For programs: one object, as the engine said it."""
    outcome = command("status", "--json")
    assert outcome.code == 0
    assert msgspec.json.decode(outcome.out, type=Fleet) == engine.port.now


def test_status_tells_of_lost_records_and_of_the_result() -> None:
    """What a person must know stands above the table."""
    fleet = a_fleet(
        a_row("walk"),
        phase="completed",
        outcome="1 finished. Result: /x/census.json",
        channels=(),
        log=LogState(directory="/somewhere/logs", lost=1234),
    )
    assert status_text(fleet).splitlines()[:4] == [
        "census: completed, engine 4700 up 1m, /somewhere/census.toml",
        "1 finished. Result: /x/census.json",
        "1,234 log records could not be stored in /somewhere/logs",
        "",
    ]


def test_status_of_a_fleet_without_workers_is_a_heading() -> None:
    """Nothing to show is no error."""
    assert status_text(a_fleet(channels=())).splitlines()[-1].startswith("NAME  STATE  PID")
