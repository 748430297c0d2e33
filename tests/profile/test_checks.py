"""Checks as other rooms see them: one shape for every way to write one, and words that hold no secret."""

from __future__ import annotations

import dataclasses

import pytest

from supervisor.profile.checks import CHECK_KINDS, ROLES, ProbeSpec, ProbeTable
from supervisor.profile.model import WorkerSpec
from supervisor.profile.wording import known_keys

from .conftest import Load

WORKER = '[workers.a]\ntarget = "m:f"\n'


@pytest.mark.parametrize(
    ("written", "spec", "what"),
    [
        ('"ctx"', ProbeSpec("ctx"), "ctx"),
        ("{ notify = true }", ProbeSpec("notify"), "notify"),
        ('"heartbeat"', ProbeSpec("heartbeat"), "heartbeat"),
        ('{ heartbeat = "10s" }', ProbeSpec("heartbeat", period_s=10.0), "heartbeat 10s"),
        ("{ tcp = 6390 }", ProbeSpec("tcp", host="127.0.0.1", port=6390), "tcp 127.0.0.1:6390"),
        ('{ tcp = ":6390" }', ProbeSpec("tcp", port=6390), "tcp 127.0.0.1:6390"),
        ('{ tcp = "[::1]:80" }', ProbeSpec("tcp", host="::1", port=80), "tcp [::1]:80"),
        ('{ http = "http://h/x" }', ProbeSpec("http", url="http://h/x"), "http http://h/x"),
        (
            '{ http = { url = "https://u:hunter2@h/x?token=hunter2", status = [200, 299] } }',
            ProbeSpec("http", url="https://u:hunter2@h/x?token=hunter2", status_min=200, status_max=299),
            "http https://u:••••••@h/x",
        ),
        (
            '{ http = { url = "http://h/", status = 204 } }',
            ProbeSpec("http", url="http://h/", status_min=204, status_max=204),
            "http http://h/",
        ),
        ('{ exec = ["pg_isready", "-q"] }', ProbeSpec("exec", argv=("pg_isready", "-q")), "exec pg_isready -q"),
        (
            '{ exec = "ping --token hunter2 h" }',
            ProbeSpec("exec", argv=("/bin/sh", "-c", "ping --token hunter2 h")),
            "exec ping --token •••••• h",
        ),
        ('{ log = "listening on \\\\d+" }', ProbeSpec("log", pattern="listening on \\d+"), "log /listening on \\d+/"),
        ("{ fd = 3 }", ProbeSpec("fd", fd=3), "fd 3"),
        (
            '{ tcp = 1, interval = "5s", timeout = 0.5, failures = 2, successes = 4, delay = "1m" }',
            ProbeSpec("tcp", port=1, interval_s=5.0, timeout_s=0.5, failures=2, successes=4, delay_s=60.0),
            "tcp 127.0.0.1:1",
        ),
    ],
)
def test_a_check_is_the_same_however_it_is_written(load: Load, written: str, spec: ProbeSpec, what: str) -> None:
    """A word, a table, alone or in a list; its words hide what looks like a secret."""
    alone = load(f"{WORKER}ready = {written}\n").workers["a"].ready
    listed = load(f"{WORKER}startup = [{written}, {written}]\n").workers["a"].startup
    assert (alone, listed) == ((spec,), (spec, spec))
    assert spec.what == what


def test_a_watchdog_says_how_often_it_is_fed(load: Load) -> None:
    """It is a liveness check."""
    (spec,) = load(f'{WORKER}alive = {{ watchdog = "1500ms" }}\n').workers["a"].alive
    assert (spec, spec.what) == (ProbeSpec("watchdog", period_s=1.5), "watchdog 1.5s")


def test_a_check_is_a_table_of_its_own_too(load: Load) -> None:
    """`[workers.a.ready]`, with a key a line."""
    assert load(f"{WORKER}[workers.a.ready]\ntcp = 80\nfailures = 5\n").workers["a"].ready[0].failures == 5
    assert [spec.kind for spec in load(f"{WORKER}[[workers.a.ready]]\ntcp = 80\n").workers["a"].ready] == ["tcp"]


def test_a_worker_without_checks_has_none(load: Load) -> None:
    """What is not declared is not checked."""
    worker = load(WORKER).workers["a"]
    assert (worker.startup, worker.ready, worker.alive) == ((), (), ())


def test_specs_made_in_code_stay_as_they_are() -> None:
    """And are as good as read ones, which have the same defaults."""
    spec = ProbeSpec("tcp", host="h", port=80)
    assert WorkerSpec(target="m:f", ready=(spec,)).ready == (spec,)
    assert ProbeTable.model_validate({"tcp": "h:80"}).spec() == spec
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.port = 81  # type: ignore[misc]


def test_every_kind_has_a_key_and_a_role() -> None:
    """None can be declared and used nowhere."""
    assert set(CHECK_KINDS) <= set(known_keys(ProbeTable))
    assert {kind for kinds in ROLES.values() for kind in kinds} == set(CHECK_KINDS)
    assert set(ROLES) <= set(WorkerSpec.model_fields)
