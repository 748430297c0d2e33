"""Dicts, lists, namespaces, values, arrays and blocks of workers that take turns in one process."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from supervisor.simulation.channel_set import ChannelSet
from supervisor.simulation.turns import Turns


def _views(spec: dict[str, Any]) -> tuple[Any, Any]:
    """What two workers see of one channel."""
    turns = Turns(["one", "two"])
    turns.begin("one")
    made = ChannelSet(turns, {"it": {"sharers": ["one", "two"], **spec}})
    end = {"parameter": "it", "mode": "share", "description": {"name": "it"}}
    return made.views([end])["it"], made.views([end])["it"]


def test_dict_is_shared_and_its_values_are_copies() -> None:
    """Changing what was read changes nothing, as with a manager."""
    one, two = _views({"kind": "dict", "initial": {"done": [1]}})
    one["done"].append(2)
    assert two["done"] == [1]
    one["more"] = {"a": 1}
    assert sorted(two.items()) == [("done", [1]), ("more", {"a": 1})]
    assert two.pop("more") == {"a": 1}
    assert one.copy() == {"done": [1]}
    assert "done" in one
    with pytest.raises(KeyError):
        one["gone"]


def test_dict_takes_only_what_can_be_pickled() -> None:
    """The mistake shows here, and not first with many processes."""
    one, _ = _views({"kind": "dict", "initial": {}})
    with pytest.raises((pickle.PicklingError, AttributeError)):
        one["call"] = lambda: 0


def test_closing_a_dict_leaves_it_to_the_others() -> None:
    """Each worker closes its own."""
    one, two = _views({"kind": "dict", "initial": {"a": 1}})
    one.close()
    with pytest.raises(ValueError, match="closed"):
        one["a"]
    assert two["a"] == 1


def test_list_has_its_operations() -> None:
    """In place ones too."""
    one, two = _views({"kind": "list", "initial": ["b"]})
    one.append("a")
    one += ["c"]
    one *= 2
    one.sort()
    assert list(two) == ["a", "a", "b", "b", "c", "c"]
    assert two[0:2] == ["a", "a"]


def test_namespace_has_attributes() -> None:
    """What one sets the other reads."""
    one, two = _views({"kind": "namespace", "initial": {"phase": "warm-up"}})
    one.phase = "work"
    assert two.phase == "work"
    del one.phase
    with pytest.raises(AttributeError):
        _ = two.phase


def test_values_and_arrays_begin_as_the_profile_says() -> None:
    """With a lock of their own where they have one."""
    total, again = _views({"kind": "value", "type_code": "q", "initial": 41, "has_lock": True})
    with total.get_lock():
        total.value += 1
    assert again.value == 42
    letters, _ = _views({"kind": "array", "type_code": "c", "length": 2, "initial": ["a", "b"], "has_lock": False})
    assert letters[:] == b"ab"
    numbers, _ = _views({"kind": "array", "type_code": "d", "length": 3, "initial": None, "has_lock": True})
    assert numbers[:] == [0.0, 0.0, 0.0]


def test_block_is_the_same_memory_for_all() -> None:
    """And who closes it takes it from nobody."""
    one, two = _views({"kind": "block", "size_bytes": 16})
    one.buf[0] = 7
    one.close()
    assert two.buf[0] == 7
    two.close()


@pytest.mark.parametrize("kind", ["lock", "rlock", "condition", "semaphore", "bounded-semaphore", "barrier"])
def test_every_kind_of_lock_is_made(kind: str) -> None:
    """Both workers have the same one."""
    one, two = _views({"kind": kind, "value": 1, "parties": 1})
    assert one is two
    assert one.name == "it"


def test_event_is_set_from_the_beginning_where_the_profile_says_so() -> None:
    """`set = true`."""
    event, _ = _views({"kind": "event", "is_set": True})
    assert event.is_set()
