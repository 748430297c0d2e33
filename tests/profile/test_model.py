"""The model as other rooms use it: made in code, by attribute names, and never changed."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from supervisor.profile.model import Profile, RestartSpec, WorkerSpec


def test_specs_can_be_made_in_code_by_attribute_names() -> None:
    """Units are in the attributes; the kind follows from what is given."""
    worker = WorkerSpec(
        name="parse",
        module="http.server",
        replicas=2,
        stop_timeout_s=0.25,
        restart=RestartSpec(backoff_min_s=0.1, max=0),
    )
    assert (worker.kind, worker.replica_names()) == ("module", ["parse.1", "parse.2"])
    assert (worker.restart.backoff_min_s, worker.restart.backoff_max_s) == (0.1, 30.0)
    assert (worker.start_method, worker.start_method_reason) == ("forkserver", "procdeck's default")
    assert Profile(name="x", workers={"parse": worker}).project == "x"


def test_a_replica_keeps_its_name_when_others_come() -> None:
    """The first of a worker that declares one replica has the worker's name; scaling adds numbers beside it."""
    alone, three = WorkerSpec(name="walk", target="m:f"), WorkerSpec(name="parse", target="m:f", replicas=3)
    assert [alone.replica_name(number) for number in (1, 2, 3)] == ["walk", "walk.2", "walk.3"]
    assert [three.replica_name(number) for number in (1, 2, 4)] == ["parse.1", "parse.2", "parse.4"]
    assert (alone.replica_names(), three.replica_names()) == (["walk"], ["parse.1", "parse.2", "parse.3"])


def test_specs_are_frozen() -> None:
    """What crosses a boundary is replaced, not mutated."""
    with pytest.raises(ValidationError, match="frozen"):
        WorkerSpec(target="m:f").replicas = 2
