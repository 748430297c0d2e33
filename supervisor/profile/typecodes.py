"""The types of values and arrays, as `multiprocessing` and `ctypes` have them: codes, names, ranges.

Standard library only. Refuses to round, wrap or cut what does not fit, as ctypes would.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, TypeGuard

from supervisor.profile.names import did_you_mean

CODES: Final = "cubBhHiIlLqQfd"
"""One letter for each type: c and u are a byte and a character, f and d floating point, the others whole numbers."""

ALIASES: Final[Mapping[str, str]] = {
    "char": "c",
    "wchar": "u",
    "byte": "b",
    "ubyte": "B",
    "short": "h",
    "ushort": "H",
    "int": "i",
    "uint": "I",
    "long": "l",
    "ulong": "L",
    "longlong": "q",
    "ulonglong": "Q",
    "float": "f",
    "double": "d",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
"""Other names of the codes: those of ctypes without ``c_``, and those of numpy."""

TYPE_RULE: Final = f'must be a type code ({" ".join(CODES)}) or its name, such as "double" or "int64"'

Element = int | float | str
"""One element as a profile has it; for the types c and u, a character."""


def type_code(value: object) -> str:
    """The code of a type that is given by its code or by a name.

    Raises:
        ValueError: it is neither; the message states the rule.
    """
    code = _code_of(value)
    if code is None:
        near = did_you_mean(value, (*ALIASES, *CODES)) if isinstance(value, str) else ""
        raise ValueError(f"{TYPE_RULE}{near}")
    return code


def is_element(value: object) -> TypeGuard[Element]:
    """Whether `value` may be an element of some type: a number or text, but not true, false or a date."""
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _code_of(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return value if len(value) == 1 and value in CODES else ALIASES.get(value)


def rule_of(code: str) -> str:
    """What an element of the type must be, as the end of a sentence: ``a whole number from -128 to 127``."""
    if code == "c":
        return "one ASCII character"
    if code == "u":
        return "one character"
    if code in "fd":
        largest = "3.4e+38" if code == "f" else "1.79e+308"
        return f"a number from -{largest} to {largest}"
    low, high = _bounds(code)
    return f"a whole number from {low} to {high}"


def fits(code: str, element: Element) -> bool:
    """Whether the type can hold `element` as it is; infinities and NaN are numbers."""
    if isinstance(element, str):
        return len(element) == 1 and (code == "u" or (code == "c" and element.isascii()))
    if code in "cu":
        return False
    if code in "fd":
        return _can_pack(code, element)
    low, high = _bounds(code)
    return isinstance(element, int) and low <= element <= high


def native(code: str, element: Element | None) -> int | float | str | bytes:
    """`element` as ctypes takes it for the type: bytes for c, a float for f and d; None gives the type's zero."""
    if code == "c":
        return str(element or "\0").encode("ascii")
    if code == "u":
        return str(element or "\0")
    return float(element or 0) if code in "fd" else int(element or 0)


def _bounds(code: str) -> tuple[int, int]:
    bits = struct.calcsize(code) * 8
    return (0, 2**bits - 1) if code.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _can_pack(code: str, number: float) -> bool:
    try:
        struct.pack(f"<{code}", number)
    except (OverflowError, struct.error):
        return False
    return True
