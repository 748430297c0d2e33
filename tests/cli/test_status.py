"""`procdeck status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from supervisor.api.messages import Fleet, LogState, WorkerDetail
from supervisor.lifecycle.states import State
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


STATES = """\
NAME     STATE       PID  UPTIME  RESTARTS  CPU%  MEMORY  DOING
redis    unready    4711      1m         0    12    48 M  unready: tcp :6390 refused; start timeout in 57 s
web      waiting       -       -         0     -       -  waits for redis to be ready
backup   scheduled     -       -         0     -       -  next run 14:05, in 3 m 20 s; exit code 0
still    paused     4711      1m         0    12    48 M  paused for 1m
asked    stopping   4711      1m         0    12    48 M  SIGINT in 0.8 s, SIGKILL in 4.8 s
migrate  skipped       -       -         0     -       -  redis has failed: exit code 1"""


def test_status_says_what_is_waited_for_and_what_comes_next() -> None:
    """Every deadline with its rest; a schedule's next run by the clock on the wall."""
    rest = {"pid": None, "started_s": None, "cpu_percent": None, "rss_bytes": None}
    rows = (
        a_row("redis", State.UNREADY, waits_for="tcp :6390 refused", next_step="start timeout", next_step_s=222.0),
        a_row("web", State.WAITING, waits_for="redis to be ready", **rest),
        a_row(
            "backup", State.SCHEDULED, next_step="scheduled run", next_step_s=365.0, exit_cause="exit code 0", **rest
        ),
        a_row("still", State.PAUSED, warnings=("paused by a signal",)),
        a_row("asked", State.STOPPING, next_step="SIGINT", next_step_s=165.8, kill_s=169.8),
        a_row("migrate", State.SKIPPED, exit_cause="redis has failed: exit code 1"),
    )
    at_14_05 = (14 * 60 + 5) * 60 - 365.0
    assert status_text(a_fleet(*rows, channels=()), at_14_05).split("\n\n")[1] == STATES


def test_status_tells_who_has_ended_the_run() -> None:
    """In the engine's words, or at least that there is such a worker."""
    told = status_text(a_fleet(phase="stopping", exit_code=3, outcome="walk has ended")).splitlines()
    assert told[1] == "walk has ended"
    told = status_text(a_fleet(phase="stopping", exit_code=3)).splitlines()
    assert told[1] == "a significant worker has ended the run, exit code 3"


def test_status_of_a_fleet_without_workers_is_a_heading() -> None:
    """Nothing to show is no error."""
    assert status_text(a_fleet(channels=())).splitlines()[-1].startswith("NAME  STATE  PID")


def test_status_of_a_worker_is_all_about_each_of_its_replicas(command: Command, engine: FakeEngine) -> None:
    """What it is, its processes, environment and exits; a name that nobody has is told with what comes close."""
    told = command("status", "parse")
    assert told.code == 0
    for heading in ("parse.1\n", "parse.2\n", "PROCESSES\n", "ENVIRONMENT\n", "EXITS\n", "Start method\n"):
        assert heading in told.out
    assert "(v " not in told.out
    outcome = command("status", "prase")
    assert (outcome.code, outcome.out) == (4, "")
    assert 'no worker is named "prase"; did you mean "parse"?' in outcome.err
    assert command("status", "walk", "--watch").code == 2


def test_status_of_workers_as_json_is_an_array(command: Command, engine: FakeEngine) -> None:
    """Whatever the engine tells of each."""
    told = msgspec.json.decode(command("status", "walk", "parse.2", "--json").out, type=list[WorkerDetail])
    assert [detail.row.name for detail in told] == ["walk", "parse.2"]
