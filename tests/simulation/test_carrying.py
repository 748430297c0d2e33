"""Arguments that could not go to another process fail early, or are told of, by their names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from supervisor.simulation.carrying import CannotCross, carried, target_trouble


def iter_of_nothing() -> Iterator[str]:
    """A generator, which no pickle takes."""
    yield from ()


def test_arguments_are_copies() -> None:
    """What a worker changes in its arguments nobody else sees."""
    told: list[str] = []
    given = {"names": ["a"], "root": "/srv"}
    copies = carried(given, "walk", "spawn", told.append)
    assert copies == given
    assert copies["names"] is not given["names"]
    assert told == []


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_argument_that_cannot_be_sent_is_named(method: str) -> None:
    """As in a real run, where the start would fail."""
    with pytest.raises(CannotCross, match=rf"argument lines of walk cannot be pickled: .*; {method} sends"):
        carried({"root": "/srv", "lines": iter_of_nothing()}, "walk", method, print)


def test_under_fork_it_is_only_told() -> None:
    """A fork takes along what cannot be pickled; spawn and forkserver would not."""
    told: list[str] = []
    lines = iter_of_nothing()
    assert carried({"lines": lines}, "walk", "fork", told.append) == {"lines": lines}
    assert len(told) == 1
    assert told[0].startswith("argument lines of walk cannot be pickled")


def test_target_that_pickles_by_another_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """procdeck finds it, but no Process and no pool could be given it."""
    module = ModuleType("pd_targets")
    module.anonymous = lambda: None  # type: ignore[attr-defined]
    module.plain = print  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pd_targets", module)
    assert target_trouble("pd_targets:anonymous").startswith("pd_targets:anonymous cannot be pickled")
    assert target_trouble("pd_targets:plain") == ""
    assert target_trouble("pd_targets:missing") == ""
