"""`procdeck check`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from supervisor.paths import shipped_profiles
from tests.engines import write_profile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

GOOD = """
    name = "small"
    [queues.items]
    [workers.make]
    target = "work:make"
    writes = { out = "items" }
    [workers.take]
    target = "work:take"
    replicas = 3
    reads = { inbox = "items" }
"""
WORK = """
    def make(out): ...
    def take(inbox): ...
"""


def test_good_profile_is_one_line(command: Command, tmp_path: Path) -> None:
    """What it would run, counted."""
    path = write_profile(tmp_path, GOOD, work=WORK)
    for words in ([str(path)], ["."], []):
        outcome = command("check", *words)
        assert (outcome.code, outcome.out) == (0, "ok: small, 2 workers (4 processes), 1 queue\n")


def test_pools_are_counted_apart_from_workers(command: Command, tmp_path: Path) -> None:
    """Whether code makes them, or their items do."""
    pools = '[pools.a]\nfunction = "work:make"\nitems = 3\n[pools.b]\nprocesses = 2\n'
    write_profile(tmp_path, 'name = "small"\n' + pools, work=WORK)
    assert command("check").out == "ok: small, 2 pools\n"


ORDERED = """
    name = "ordered"
    [workers.web]
    command = "sleep 9"
    depends_on = { redis = "ready", migrate = "completed-ok" }
    [workers.redis]
    command = "sleep 9"
    [workers.last]
    command = "sleep 9"
    depends_on = { web = { log = "listening on" } }
    [workers.spare]
    command = "sleep 9"
    autostart = false
    [workers.migrate]
    command = "true"
    restart = "never"
    depends_on = { redis = "started" }
    [workers.backup]
    command = "true"
    schedule = "*/5 * * * *"
    [workers.tick]
    command = "true"
    schedule = { every = "10s", at_start = true }
    [workers.feast]
    command = "true"
    schedule = { cron = "30 12 24 12 *", at_start = true }
    [groups.front]
    workers = ["web", "last"]
    strategy = "rest-for-one"
"""


def test_order_groups_and_next_runs_are_told(command: Command, tmp_path: Path) -> None:
    """Who starts after whom and why; who restarts together; when each schedule runs next."""
    write_profile(tmp_path, ORDERED)
    told = command("check").out.splitlines()
    assert told[1:6] == [
        "start order: redis, spare (when told), backup, tick, feast",
        "  then migrate, once redis is started",
        "  then web, once redis is ready and migrate has completed well",
        "  then last, once web has logged /listening on/",
        "group front, rest-for-one: web, last",
    ]
    assert re.fullmatch(r"schedule of backup, \*/5 \* \* \* \*: (\w{3} \d{4}-\d\d-\d\d \d\d:\d[05](, )?){3}", told[6])
    assert told[7] == "schedule of tick: at once, then every 10 s"
    assert re.fullmatch(r"schedule of feast, 30 12 24 12 \*: at once(, \w{3} \d{4}-12-24 12:30){3}", told[8])


def test_every_mistake_is_told_with_its_line(command: Command, tmp_path: Path) -> None:
    """All at once, on stdout, exit code 5."""
    path = write_profile(
        tmp_path, 'name = "small"\n[workers.a]\ntarget = "work:make"\nreplica = 2\n[workers.b]\ncomand = "ls"\n'
    )
    outcome = command("check", "procdeck.toml")
    assert outcome.code == 5
    assert f"{path.name}:4: " in outcome.out
    assert 'did you mean "replicas"?' in outcome.out
    assert f"{path.name}:6: " in outcome.out


def test_no_profile_at_all_is_a_usage_error(command: Command) -> None:
    """It says where it has looked."""
    outcome = command("check")
    assert outcome.code == 2
    assert "no profile here" in outcome.err


@pytest.mark.parametrize("path", shipped_profiles(), ids=lambda path: path.stem)
def test_shipped_profiles_are_good(command: Command, path: Path) -> None:
    """Whatever comes with procdeck passes its own check."""
    assert command("check", str(path)).out.startswith("ok: ")
