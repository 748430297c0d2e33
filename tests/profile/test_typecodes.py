"""Type codes mean what multiprocessing means by them, and nothing is rounded or wrapped to fit."""

from __future__ import annotations

import ctypes
import math
from multiprocessing.sharedctypes import typecode_to_type  # type: ignore[attr-defined]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.profile.typecodes import ALIASES, CODES, TYPE_RULE, fits, native, rule_of, type_code


def test_the_codes_are_those_of_multiprocessing() -> None:
    """None is missing and none is added."""
    assert set(CODES) == set(typecode_to_type)


@pytest.mark.parametrize(("name", "code"), ALIASES.items())
def test_a_name_means_the_type_it_names(name: str, code: str) -> None:
    """A ctypes name without its prefix, or a numpy name with its width."""
    actual = typecode_to_type[type_code(name)]
    named = getattr(ctypes, f"c_{name}", None) or {"float32": ctypes.c_float, "float64": ctypes.c_double}[name]
    assert actual is typecode_to_type[code]
    assert ctypes.sizeof(actual) == ctypes.sizeof(named)


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("doubel", '; did you mean "double"?'),
        ("D", '; did you mean "d"?'),
        ("int64_t", '; did you mean "int64"?'),
        ("?", ""),
        ("", ""),
        ("di", ""),
        (3, ""),
        (None, ""),
    ],
)
def test_an_unknown_type_is_told_the_right_ones(written: object, near: str) -> None:
    """All codes are listed, and the nearest is suggested."""
    with pytest.raises(ValueError, match="must be a type code") as caught:
        type_code(written)
    text = str(caught.value)
    assert text.startswith(TYPE_RULE)
    assert near in text
    assert "c u b B h H i I l L q Q f d" in text


@given(st.sampled_from(CODES[2:-2]), st.one_of(st.integers(-(2**65), 2**65), st.integers(-300, 300)))
def test_a_whole_number_fits_where_ctypes_keeps_it(code: str, number: int) -> None:
    """Whatever ctypes would wrap around does not fit."""
    assert fits(code, number) == (typecode_to_type[code](number).value == number)


@pytest.mark.parametrize(
    ("code", "element", "is_fit"),
    [
        ("b", 127, True),
        ("b", 300, False),
        ("B", -1, False),
        ("q", 1.0, False),
        ("q", "1", False),
        ("f", 1, True),
        ("f", 1e39, False),
        ("f", math.inf, True),
        ("d", math.nan, True),
        ("d", 10**400, False),
        ("d", "1", False),
        ("c", "a", True),
        ("c", "é", False),
        ("c", "", False),
        ("c", "ab", False),
        ("c", 65, False),
        ("u", "é", True),
        ("u", "éé", False),
        ("u", 65, False),
    ],
)
def test_an_element_fits_only_as_it_is(code: str, element: int | float | str, is_fit: bool) -> None:
    """Out of range, a fraction for a whole number, two characters for one: no fit."""
    assert fits(code, element) is is_fit


def test_rules_end_a_sentence_with_the_range() -> None:
    """One for each family of types."""
    assert [rule_of(code) for code in "cubBqf"] == [
        "one ASCII character",
        "one character",
        "a whole number from -128 to 127",
        "a whole number from 0 to 255",
        "a whole number from -9223372036854775808 to 9223372036854775807",
        "a number from -3.4e+38 to 3.4e+38",
    ]
    assert rule_of("d") == "a number from -1.79e+308 to 1.79e+308"


@pytest.mark.parametrize("code", CODES)
def test_native_elements_are_taken_by_ctypes(code: str) -> None:
    """Zero where none is given, and what was given otherwise."""
    of = typecode_to_type[code]
    given_element = "x" if code in "cu" else 7
    assert of(native(code, None)).value == of().value
    assert of(native(code, given_element)).value == (b"x" if code == "c" else given_element)
