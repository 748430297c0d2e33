"""What a pickle says it is: a line of text, and nothing of it is run."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.channels.preview import preview


@dataclass
class Order:
    id: int
    lines: list[str]


class Trap:
    """Unpickling it would fail the test."""

    def __reduce__(self) -> tuple[object, ...]:
        return exec, ("raise AssertionError",)


@pytest.mark.parametrize(
    "item",
    [None, True, -7, 2**80, 1.5, "text", b"bytes", (), (1,), (1, "two"), [1, [2]], {"a": {"b": None}}, {1: (2, 3)}],
)
@pytest.mark.parametrize("protocol", [4, 5])
def test_plain_items_look_as_they_are_written(item: object, protocol: int) -> None:
    """Numbers, texts and what holds them are shown as Python writes them."""
    assert preview(pickle.dumps(item, protocol)) == repr(item)


def test_objects_are_named_with_their_fields() -> None:
    """Class and state, without importing the class."""
    assert preview(pickle.dumps(Order(3, ["a", "b"]), 5)) == f"{__name__}.Order(id=3, lines=['a', 'b'])"
    assert preview(pickle.dumps(Decimal("1.50"), 5)) == "decimal.Decimal('1.50')"
    assert preview(pickle.dumps(OrderedDict(a=1), 5)).startswith("collections.OrderedDict(")


def test_nothing_is_called() -> None:
    """A pickle that would run something only says what."""
    assert preview(pickle.dumps(Trap(), 5)) == "builtins.exec('raise AssertionError')"


def test_long_items_are_cut() -> None:
    """A line has its width, whatever the item; terminal control characters do not pass."""
    text = preview(pickle.dumps({"k" * 1000: list(range(10_000))}, 5), 80)
    assert len(text) <= 80
    assert "\x1b" not in preview(pickle.dumps("\x1b[31m red", 5))


def test_items_within_themselves_and_bombs_end() -> None:
    """A list that holds itself, and lists of lists that would multiply, are told in bounded time and space."""
    loop: list[object] = []
    loop.append(loop)
    assert preview(pickle.dumps(loop, 5))
    bomb: list[object] = ["x"]
    for _ in range(100):
        bomb = [bomb] * 100
    assert len(preview(pickle.dumps(bomb, 5))) <= 200


@given(st.binary(max_size=300))
def test_any_bytes_give_a_line(data: bytes) -> None:
    """What is no pickle, or half of one, never raises."""
    assert len(preview(data)) <= 200


@given(st.recursive(st.none() | st.integers() | st.text() | st.binary(), st.lists, max_leaves=20), st.integers(0, 200))
def test_half_a_pickle_gives_a_line(item: object, cut: int) -> None:
    """A payload of which only the beginning was read is shown as far as it goes."""
    assert isinstance(preview(pickle.dumps(item, 5)[:cut]), str)
