"""Value and Array: what the standard library documents, held by its own and by ours; then what only ours promise."""

from __future__ import annotations

import ctypes
import gc
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pytest

from supervisor import channels
from supervisor.channels import shared
from tests.channels.conftest import METHODS, Crew
from tests.channels.sharing_actors import (
    WORDS,
    NamedPoint,
    Point,
    add_one_to_each,
    count_up,
    hold_and_wait,
    modify,
    write_words,
)


@pytest.fixture(params=["standard", "ours"])
def family(request: pytest.FixtureRequest) -> Any:
    """Who makes the Value or Array."""
    return multiprocessing if request.param == "standard" else channels


@pytest.fixture(params=METHODS)
def kin(request: pytest.FixtureRequest, family: Any) -> Iterator[tuple[Any, Crew]]:
    """A maker of values, and processes of each start method that can take them."""
    crew = Crew(request.param)
    yield (crew.context if family is multiprocessing else family), crew
    crew.dismiss()


def mapped_blocks() -> int:
    return Path("/proc/self/maps").read_text().count("procdeck-block")


def files_of_ours() -> list[str]:
    """What this process has in shared memory under its number."""
    return [name for name in os.listdir("/dev/shm") if f"-{os.getpid()}" in name]


@pytest.mark.parametrize("code", "bBhHiIlLqQ")
def test_integer_codes_keep_their_numbers(family: Any, code: str) -> None:
    """Zero at first, the given number otherwise."""
    assert family.Value(code).value == 0
    number = family.Value(code, 7)
    number.value += 1
    assert number.value == 8


@pytest.mark.parametrize(("code", "value"), [("c", b"x"), ("u", "ü"), ("f", 0.5), ("d", 1 / 3)])
def test_other_codes_keep_their_values(family: Any, code: str, value: object) -> None:
    """Characters and floats."""
    assert family.Value(code, value).value == value


def test_wrong_value_raises_and_changes_nothing(family: Any) -> None:
    """As the ctypes type has it: a TypeError for a wrong type, wrapping for a number that is too big."""
    number = family.Value("i", 5)
    with pytest.raises(TypeError):
        number.value = "five"
    assert number.value == 5
    number.value = 2**32 + 3
    assert number.value == 3


def test_increments_under_the_lock_are_exact(kin: tuple[Any, Crew]) -> None:
    """`with counter.get_lock(): counter.value += 1` in several processes: none is lost."""
    maker, crew = kin
    counter = maker.Value("i", 0)
    for _ in range(3):
        crew.start(count_up, counter, 200)
    assert crew.join() == [0, 0, 0]
    assert counter.value == 600


def test_example_of_the_documentation(kin: tuple[Any, Crew]) -> None:
    """Values, a string, bare objects and an array of structures, changed by another process."""
    maker, crew = kin
    number = maker.Value("i", 7)
    ratio = maker.Value(ctypes.c_double, 1.0 / 3.0, lock=False)
    text = maker.Array("c", b"hello world", lock=maker.RLock() if maker is not channels else True)
    points = maker.Array(Point, [(1.875, -6.25), (-5.75, 2.0), (2.375, 9.5)])
    crew.start(modify, number, ratio, text, points)
    assert crew.join() == [0]
    assert (number.value, ratio.value, text.value) == (49, (1.0 / 3.0) ** 2, b"HELLO WORLD")
    assert [(point.x, point.y) for point in points] == [(3.515625, 39.0625), (33.0625, 4.0), (5.640625, 90.25)]


def test_array_of_a_size_is_zeroed(family: Any) -> None:
    """An integer is the length."""
    array = family.Array("i", 10)
    assert (len(array), list(array)) == (10, [0] * 10)


@pytest.mark.parametrize("items", [[0, 1, -2], range(5), (3,)])
def test_array_of_a_sequence_holds_it(family: Any, items: Any) -> None:
    """A sequence is the content, and its length the length."""
    array = family.Array("q", items)
    assert (len(array), array[:]) == (len(items), list(items))


def test_array_items_and_slices(family: Any) -> None:
    """Read and written by index and slice, also from the end and with steps."""
    array = family.Array("h", range(6))
    array[0] = 10
    array[-1] = 15
    array[1:3] = [11, 12]
    assert array[:] == [10, 11, 12, 3, 4, 15]
    assert (array[::2], array[-2:], array[4]) == ([10, 12, 4], [4, 15], 4)


def test_wrong_index_or_slice_raises(family: Any) -> None:
    """Outside is an IndexError, a slice of another length a ValueError, a wrong item a TypeError."""
    array = family.Array("i", 3)
    with pytest.raises(IndexError):
        array[3]
    with pytest.raises(IndexError):
        array[3] = 1
    with pytest.raises(ValueError, match="same size"):
        array[0:2] = [1]
    with pytest.raises(TypeError):
        array[0] = "x"
    with pytest.raises(TypeError):
        family.Array("i", 3.5)
    with pytest.raises(ValueError, match=">= 0"):
        family.Array("i", -1)
    assert array[:] == [0, 0, 0]


def test_empty_array(family: Any) -> None:
    """Nothing is in it, and nothing breaks."""
    array = family.Array("d", 0)
    assert (len(array), array[:], list(array)) == (0, [], [])


def test_character_array_has_value_and_raw(family: Any) -> None:
    """`value` ends at the first zero byte, `raw` has all of it."""
    text = family.Array("c", 6)
    text.value = b"abc"
    assert (text.value, text.raw, text[1], text[0:2]) == (b"abc", b"abc\0\0\0", b"b", b"ab")
    text.raw = b"uvwxyz"
    assert text.value == b"uvwxyz"
    with pytest.raises(ValueError, match="too long"):
        text.value = b"much too long"


def test_array_crosses_and_comes_back_changed(kin: tuple[Any, Crew]) -> None:
    """The child works in the same memory."""
    maker, crew = kin
    array, bare = maker.Array("l", [1, 2, 3]), maker.Array("l", 2, lock=False)
    crew.start(add_one_to_each, array)
    crew.start(add_one_to_each, bare)
    assert crew.join() == [0, 0]
    assert (array[:], bare[:]) == ([2, 3, 4], [1, 1])


def test_structure_has_its_fields(family: Any) -> None:
    """Each field is an attribute of the wrapper; the structure itself is behind get_obj()."""
    point = family.Value(Point, 1.5, 2.5)
    point.x += 1
    assert (point.x, point.y, point.get_obj().x) == (2.5, 2.5, 2.5)
    assert isinstance(point.get_obj(), Point)


def test_wrapper_has_its_lock(family: Any) -> None:
    """acquire, release and `with` are the lock's; it is recursive unless another is given."""
    number = family.Value("i", 1)
    with number, number.get_lock():
        number.value = 2
    assert number.acquire()
    number.release()
    assert number.acquire(block=False)
    number.release()
    with pytest.raises((AssertionError, RuntimeError, ValueError)):
        number.release()
    lock = multiprocessing.Lock()
    given = family.Value("i", 1, lock=lock)
    assert given.get_lock() is lock
    assert given.value == 1
    with pytest.raises(AttributeError, match="has no method 'acquire'"):
        family.Value("i", 1, lock="no lock")


def test_without_a_lock_it_is_the_bare_object(family: Any) -> None:
    """lock=False gives the ctypes object, without get_lock()."""
    number, array = family.Value("i", 4, lock=False), family.Array("i", [4], lock=False)
    assert isinstance(number, ctypes.c_int)
    assert isinstance(array, ctypes.c_int * 1)
    assert not hasattr(number, "get_lock")
    number.value += 1
    assert (number.value, array[0], ctypes.sizeof(number)) == (5, 4, 4)


def test_value_passes_only_while_a_process_starts(family: Any) -> None:
    """Not as an item of a queue."""
    for made in (family.Value("i"), family.Array("i", 2), family.Value("i", lock=False)):
        with pytest.raises(RuntimeError):
            ForkingPickler.dumps(made)


@pytest.mark.parametrize("code", ["x", "ii", "", 3, None, int, ctypes.c_int(3)])
def test_wrong_type_code_names_the_right_ones(code: object) -> None:
    """A TypeError that lists what can be used."""
    with pytest.raises(TypeError, match=r"is no type code: use one of c u b B h H i I l L q Q f d, or a ctypes type"):
        channels.Value(code)
    with pytest.raises(TypeError, match="is no type code"):
        channels.Array(code, 3)


def test_fields_of_a_base_structure_are_there_too(crew: Crew) -> None:
    """A structure that extends another has the fields of both, in another process as well."""
    point = channels.Value(NamedPoint, 1.0, 2.0, b"here")
    grid = channels.Value(ctypes.c_int * 3 * 2, (1, 2, 3), (4, 5, 6))
    assert (point.x, point.y, point.label) == (1.0, 2.0, b"here")
    crew.start(modify, point_number := channels.Value("i", 3), point_number, channels.Array("c", b"x"), [point])
    assert crew.join() == [0]
    assert (point.y, point_number.value) == (4.0, 81)
    assert [list(row) for row in grid] == [[1, 2, 3], [4, 5, 6]]


def test_local_structure_cannot_be_described() -> None:
    """A type that no other process can find is an error in words."""

    class Local(ctypes.Structure):
        _fields_ = (("x", ctypes.c_int),)

    with pytest.raises(TypeError, match="is local to a function: another process cannot find it"):
        channels.Value(Local).describe()


@pytest.mark.parametrize("lock", [True, False])
def test_described_value_is_the_same_memory(lock: bool) -> None:
    """As the engine hands it over: through JSON, with the descriptors beside it."""
    made = [
        channels.Value("q", 5, lock=lock, name="total"),
        channels.Array("d", [1.5, 2.5], lock=lock, name="sums"),
        channels.Value(Point, 1.0, 2.0, lock=lock),
        channels.Array("c", b"text", lock=lock),
    ]
    kinds = []
    for one in made:
        description = json.loads(json.dumps(one.describe()))
        kinds.append((description["kind"], description["name"], description["type"]))
        again = shared.from_description(description, [os.dup(fd) for fd in one.fds()])
        assert type(again).__name__ == type(one).__name__
        if hasattr(one, "x"):
            one.x = 9.0
            assert (again.x, again.y) == (9.0, 2.0)
        elif hasattr(one, "__len__"):
            one[0] = one[1]
            assert again[:] == one[:]
        else:
            one.value = 77
            assert again.value == 77
    assert kinds == [
        ("value", "total", "q"),
        ("array", "sums", "d"),
        ("value", "", "tests.channels.sharing_actors:Point"),
        ("array", "", "c"),
    ]


def test_death_of_the_holder_frees_the_lock_and_is_told(crew: Crew) -> None:
    """SIGKILL between two halves of a change: the next one gets the lock, and learns that it was abandoned."""
    point = channels.Value(Point, 0.0, 0.0, name="place")
    listener, teller = crew.context.Pipe(duplex=False)
    holder = crew.start(hold_and_wait, point, teller)
    assert listener.poll(60)
    assert not point.acquire(block=False)
    holder.kill()
    assert crew.join() == [-signal.SIGKILL]
    with point.get_lock() as has_it:
        assert has_it
        assert point.get_lock().was_abandoned
        assert (point.x, point.y) == (1.0, 0.0)
        point.y = 1.0
    with point:
        assert not point.get_lock().was_abandoned
    listener.close()
    teller.close()


def test_killed_writer_leaves_whole_words(forked: Crew) -> None:
    """A word is never half of one number and half of another, whenever its writer was killed."""
    number = channels.Value("Q")
    raw = number.get_obj()
    for _ in range(20):
        writer = forked.start(write_words, number)
        for _ in range(2000):
            assert raw.value in WORDS
        writer.kill()
        writer.join()
        assert number.value in WORDS


def test_thousand_values_and_arrays_leave_nothing() -> None:
    """Descriptors, mappings and /dev/shm are as before, with no close() to call."""
    channels.Value("i").value = 1
    gc.collect()
    before = (os.listdir("/proc/self/fd"), files_of_ours(), mapped_blocks())
    for round_number in range(1000):
        number = channels.Value("q", round_number)
        array = channels.Array("d", 1 + round_number % 7, lock=bool(round_number % 2))
        array[0] = number.value
        del number, array
    gc.collect()  # a lock is freed by it, and not before
    assert (os.listdir("/proc/self/fd"), files_of_ours(), mapped_blocks()) == before


def test_repr_shows_the_number() -> None:
    """For a person at a prompt."""
    assert repr(channels.Value("i", 5)) == "<SharedValue wrapper for c_int(5)>"
    assert repr(channels.Array("i", 5)) == "<SharedArray wrapper for c_int_Array_5>"
    assert repr(channels.Value(Point)) == "<SharedPoint wrapper for Point>"
