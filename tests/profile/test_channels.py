"""Channels as other rooms see them: defaults, attributes with units, first values ready for use."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from supervisor.profile.channels import CHANNEL_TABLES, ArraySpec, BlockSpec, LockSpec, QueueSpec, ValueSpec
from supervisor.profile.kinds import CONNECTIONS, NOUNS, SHARED, STREAMS
from supervisor.profile.model import Profile

from .conftest import Load

WORKER = '[workers.a]\ntarget = "m:f"\n'


def test_every_kind_has_its_table_its_word_and_its_place_in_the_profile() -> None:
    """A kind is not half there: it can be declared, connected and told about."""
    assert list(CHANNEL_TABLES) == list(NOUNS) == [*STREAMS, *SHARED]
    assert set(NOUNS) <= set(Profile.model_fields)
    assert {kind for kinds in CONNECTIONS.values() for kind in kinds} == set(NOUNS)


def test_channels_need_no_more_than_they_must(load: Load) -> None:
    """Types and sizes are asked for; the rest has the standard library's defaults."""
    profile = load(
        WORKER
        + "[queues.q]\n[locks.l]\n[events.e]\n[values.v]\ntype = 'i'\n[arrays.r]\ntype = 'c'\nsize = 3\n"
        + "[blocks.b]\nsize = '64MiB'\n[dicts.d]\n[lists.s]\n[namespaces.n]\n"
    )
    queue, lock, value, array = profile.queues["q"], profile.locks["l"], profile.values["v"], profile.arrays["r"]
    assert (queue.maxsize, queue.delivery, queue.max_attempts) == (0, "at-least-once", 3)
    assert (lock.kind, lock.value, lock.parties) == ("lock", 1, None)
    assert profile.events["e"].is_set is False
    assert (value.type_code, value.initial, value.initial_value, value.has_lock) == ("i", None, 0, True)
    assert (array.size, array.length, array.initial_values, array.has_lock) == (3, 3, None, True)
    assert profile.blocks["b"].size_bytes == 64 * 2**20
    assert (profile.dicts["d"].initial, profile.lists["s"].initial, profile.namespaces["n"].initial) == ({}, [], {})
    assert [profile.dicts["d"].name, profile.namespaces["n"].name] == ["d", "n"]


def test_channels_take_what_they_are_given(load: Load) -> None:
    """Friendly type names become codes; first values become what ctypes takes."""
    profile = load(
        WORKER
        + "[queues.q]\ndelivery = 'at-most-once'\n[queues.p]\nmax_attempts = 1\n"
        + "[locks.s]\nkind = 'bounded-semaphore'\nvalue = 4\n[locks.b]\nkind = 'barrier'\nparties = 3\n"
        + "[events.e]\nset = true\n[values.v]\ntype = 'double'\ninitial = 3\nlock = false\n"
        + "[arrays.t]\ntype = 'c'\ninitial = 'hey'\n[arrays.r]\ntype = 'int16'\ninitial = [1, -2]\nlock = false\n"
        + "[dicts.d.initial]\nseen = { deep = [1] }\n[lists.l]\ninitial = [1, 'a']\n[namespaces.n.initial]\nx = 1\n"
    )
    value, text, numbers = profile.values["v"], profile.arrays["t"], profile.arrays["r"]
    assert (profile.queues["q"].delivery, profile.queues["p"].max_attempts) == ("at-most-once", 1)
    assert [(lock.kind, lock.value, lock.parties) for lock in profile.locks.values()] == [
        ("bounded-semaphore", 4, None),
        ("barrier", 1, 3),
    ]
    assert profile.events["e"].is_set is True
    assert (value.type_code, value.initial_value, type(value.initial_value), value.has_lock) == ("d", 3.0, float, False)
    assert (text.type_code, text.length, text.initial_values) == ("c", 3, [b"h", b"e", b"y"])
    assert (numbers.type_code, numbers.length, numbers.initial_values, numbers.has_lock) == ("h", 2, [1, -2], False)
    assert (profile.dicts["d"].initial, profile.lists["l"].initial) == ({"seen": {"deep": [1]}}, [1, "a"])
    assert profile.namespaces["n"].initial == {"x": 1}


def test_channels_can_be_made_in_code_by_attribute_names() -> None:
    """Units and claims are in the attributes."""
    assert ValueSpec(type_code="int64", has_lock=False).type_code == "q"
    assert ArraySpec(type_code="d", size=2).length == 2
    assert BlockSpec(size_bytes=4096).size_bytes == 4096
    assert LockSpec(name="gate", kind="rlock").name == "gate"


def test_channels_are_frozen() -> None:
    """What crosses a boundary is replaced, not mutated."""
    with pytest.raises(ValidationError, match="frozen"):
        QueueSpec().max_attempts = 5
