"""Limits are read as pairs, by the names that the system has for them."""

from __future__ import annotations

import resource

import pytest

from supervisor.profile.limits import UNLIMITED, LimitsTable
from supervisor.profile.model import WorkerSpec
from supervisor.profile.wording import known_keys

from .conftest import Load, Mistakes

WORKER = '[workers.a]\ntarget = "m:f"\n'


def test_every_limit_of_linux_has_its_key() -> None:
    """None is missing and none is made up; a name is the constant's without RLIMIT_."""
    names = {f"RLIMIT_{key.upper()}" for key in known_keys(LimitsTable)}
    known = {name for name in dir(resource) if name.startswith("RLIMIT_")}
    assert names == known - {"RLIMIT_OFILE"}
    assert UNLIMITED == resource.RLIM_INFINITY


def test_limits_are_pairs_of_soft_and_hard(load: Load) -> None:
    """One value is both; sizes where bytes are counted."""
    worker = load(
        f'{WORKER}limits = {{ nofile = 1024, core = 0, as = "2GiB", nproc = [100, 200], cpu = "unlimited", '
        'stack = ["8MiB", "unlimited"], fsize = [1000, "1MB"] }\n'
    ).workers["a"]
    assert worker.limits == {
        "nofile": (1024, 1024),
        "core": (0, 0),
        "as": (2 * 2**30, 2 * 2**30),
        "nproc": (100, 200),
        "cpu": (-1, -1),
        "stack": (8 * 2**20, -1),
        "fsize": (1000, 10**6),
    }


def test_limits_can_be_made_in_code() -> None:
    """In the shape they are read in."""
    limits = {"as": (-1, -1), "nofile": (10, 20)}
    assert WorkerSpec(target="m:f", limits=limits).limits == limits


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("nofil = 3", '3: unknown key "nofil" in [workers.a.limits]; did you mean "nofile"?'),
        (
            "nofile = '3'",
            "3: nofile in [workers.a.limits] must be a whole number such as 1024, a list of two, soft and",
        ),
        ("nofile = true", "3: nofile in [workers.a.limits] must be a whole number such as 1024"),
        ("nofile = -2", "3: nofile in [workers.a.limits] must be a whole number such as 1024"),
        ("nofile = [1]", "3: nofile in [workers.a.limits] must have two limits in a list, the soft and the hard one"),
        (
            "nproc = [3, 2]",
            "3: nproc in [workers.a.limits] must have its soft limit first, which is not above the hard",
        ),
        ("nproc = ['unlimited', 2]", "3: nproc in [workers.a.limits] must have its soft limit first"),
        ("as = '2 GIBS'", '3: as in [workers.a.limits] must be a size such as "64MiB", "10MB" or "512KiB"'),
        ("as = 1.5", '3: as in [workers.a.limits] must be a size such as "2GiB", a list of two, soft and hard, or'),
        ("core = ['1GiB', '2 parsecs']", "3: core in [workers.a.limits] must be a size such as"),
    ],
)
def test_a_limit_that_cannot_be_is_told_why(mistakes: Mistakes, limit: str, told: str) -> None:
    """Which limit, and what it may be."""
    actual = mistakes(f"{WORKER}limits = {{ {limit} }}\n")
    assert [mistake[: len(told)] for mistake in actual] == [told]


def test_all_wrong_limits_are_told_at_once(mistakes: Mistakes) -> None:
    """In a table of their own each has its line."""
    told = mistakes(f"{WORKER}[workers.a.limits]\nnofile = -3\ncore = 'x'\nnproc = 3\nstak = 3\n")
    assert [mistake.split(":")[0] for mistake in told] == ["4", "5", "7"]
    (only,) = mistakes(f"{WORKER}limits = 3\n")
    assert only == "3: limits in [workers.a] must be a table; for example limits = { nofile = 1024 }"
