"""The results file as a journal: what it tells, what is read from it, whatever is in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from supervisor.poolrun.journal import Done, Journal, digest_of, errors_path, read_done, result_line, told

PLAIN = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=8,
)


def done_in(data: bytes, place: Path) -> tuple[Done, int]:
    path = place / "journal"
    path.write_bytes(data)
    fd = os.open(path, os.O_RDONLY)
    try:
        return read_done(fd)
    finally:
        os.close(fd)


@settings(max_examples=40)
@given(index=some.integers(0, 10**9), item=PLAIN, result=PLAIN)
def test_a_line_tells_its_item_and_is_known_again(index: int, item: Any, result: Any) -> None:
    """One line of JSON, and the digest read from it is that of the item."""
    line = result_line(index, item, result, 1, 0.25)
    assert line.count(b"\n") == 1
    parsed = json.loads(line)
    assert (parsed["index"], parsed["attempts"], parsed["took_s"]) == (index, 1, 0.25)
    assert digest_of(json.dumps(parsed["item"])) == digest_of(told(item))


@settings(max_examples=40)
@given(lines=some.lists(some.tuples(some.integers(0, 20_000), some.text()), max_size=20), cut=some.integers(0, 60))
def test_what_is_whole_is_done(
    lines: list[tuple[int, str]], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """And a last line that is not, is not."""
    encoded = [result_line(index, item, None, 1, 0.0) for index, item in lines]
    data = b"".join(encoded)
    data = data[: max(0, len(data) - cut)]
    done, whole = done_in(data, tmp_path_factory.getbasetemp())
    assert whole == data.rfind(b"\n") + 1
    kept = dict(lines[: data.count(b"\n")])
    assert done.count == len(kept)
    assert all(done.digest(index) == digest_of(told(item)) for index, item in kept.items())


FOREIGN = (
    b"\n",
    b"null\n",
    b"[]\n",
    b"{}\n",
    b"\xff\xfe\n",
    b'{"index": 1}\n',
    b'{"index": -1, "item": 1, "result": 1}\n',
    b'{"index": "x", "item": 1, "result": 1}\n',
)


@pytest.mark.parametrize("line", FOREIGN)
def test_lines_that_are_not_ours_are_left_alone(line: bytes, place: Path) -> None:
    """They are nobody's done item, and stay in the file."""
    done, whole = done_in(line + result_line(5, "a", 1, 1, 0.1), place)
    assert done.count == 1
    assert done.digest(5)
    assert whole == len(line) + len(result_line(5, "a", 1, 1, 0.1))


def test_what_json_cannot_say_is_a_repr(place: Path) -> None:
    """And says so; NaN is none of JSON's numbers."""
    line = json.loads(result_line(0, {1, 2}, float("nan"), 2, 0.5))
    assert line == {"index": 0, "item": "{1, 2}", "result": "nan", "repr": True, "attempts": 2, "took_s": 0.5}


def test_a_repr_that_raises_is_told() -> None:
    """The item is done all the same."""

    class Mute:
        def __repr__(self) -> str:
            raise RuntimeError("silence")

    assert "whose repr raises RuntimeError" in json.loads(result_line(0, Mute(), Mute(), 1, 0.1))["result"]


def test_addresses_and_the_order_of_sets_are_no_change() -> None:
    """They are others in every process."""
    assert digest_of(told(object())) == digest_of(told(object()))
    assert digest_of(told({"a", "b", "c"})) == digest_of(told({"c", "b", "a"}))
    assert digest_of(told({"a"})) != digest_of(told({"b"}))


def test_done_items_take_little_memory_wherever_they_are() -> None:
    """Single items far out, too."""
    done = Done()
    done.add(10**12, 7)
    done.add(3, 5)
    done.add(3, 6)
    assert (done.count, done.digest(10**12), done.digest(3), done.digest(4)) == (2, 7, 6, 0)


def test_a_journal_makes_its_folders_and_goes_on(place: Path) -> None:
    """Behind what is there."""
    path = place / "new" / "folder" / "r.ndjson"
    for index in range(3):
        journal = Journal(str(path), resume=True)
        assert journal.done.count == index
        journal.write(index, f"item {index}", index, 1, 0.1)
        journal.close()
    assert len(path.read_bytes().splitlines()) == 3


def test_errors_lie_beside_the_results() -> None:
    """With a name that says so."""
    assert errors_path("/out/hashes.ndjson") == "/out/hashes.errors.ndjson"
    assert errors_path("/out/hashes") == "/out/hashes.errors.ndjson"
