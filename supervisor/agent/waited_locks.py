"""Finds the object that a frame of user code waits for in C: ``with lock:`` and ``lock.acquire()`` have no frame below.

The byte code says which name it was, and only that is looked at. No attribute is computed: neither properties nor
``__getattr__`` run.
"""

from __future__ import annotations

import sys

from supervisor.agent.local_values import local_value

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from types import CodeType, FrameType

_INSTRUCTIONS = (
    "BEFORE_WITH",
    "CALL",
    "CALL_KW",
    "LOAD_ATTR",
    "LOAD_METHOD",
    "LOAD_FAST",
    "LOAD_DEREF",
    "LOAD_GLOBAL",
    "LOAD_NAME",
)
_NUMBERS = {
    (3, 11): (53, 171, -1, 106, 160, 124, 137, 116, 101),
    (3, 12): (53, 171, -1, 106, -1, 124, 137, 116, 101),
    (3, 13): (2, 53, 57, 82, -1, 85, 84, 91, 92),
}
OPERATIONS = dict(zip(_INSTRUCTIONS, _NUMBERS.get(sys.version_info[:2], (-1,) * len(_INSTRUCTIONS)), strict=True))
"""The numbers of the instructions that matter here (`opcode.opmap`, whose import would cost); -1: there is none."""

_BEFORE_WITH, _CALL, _CALL_KW, _ATTRIBUTE, _METHOD, _FAST, _DEREF, _GLOBAL, _NAME = OPERATIONS.values()
_CACHE = 0
_MOST_STEPS_BACK = 40
_SHIFTS_ATTRIBUTES = sys.version_info >= (3, 12)
"""Whether the last bit of a LOAD_ATTR's argument says that it loads a method."""
_WAITS = "acquire"


def waited_object(frame: FrameType) -> tuple[object, str]:
    """The object that the current instruction enters or acquires, and how the code calls it; ``(None, "")``: none."""
    code = frame.f_code
    at = _place_of_name(code, frame.f_lasti)
    return (None, "") if at is None else _resolve(frame, code, code.co_code, at)


def _place_of_name(code: CodeType, at: int) -> int | None:
    """Where the instruction lies that loads the last part of the object's name."""
    words = code.co_code
    if not 0 <= at < len(words):
        return None
    if words[at] == _BEFORE_WITH:
        return _before(words, at)
    if _WAITS not in code.co_names:
        return None
    for _ in range(_MOST_STEPS_BACK):
        previous = _before(words, at)
        if previous is None:
            return None
        at = previous
        if words[at] in (_ATTRIBUTE, _METHOD):
            return _before(words, at) if _attribute(code, words, at) == _WAITS else None
        if words[at] in (_CALL, _CALL_KW):
            return None
    return None


def _before(words: bytes, at: int) -> int | None:
    """The instruction before the one at `at`, whose inline caches are left out."""
    at -= 2
    while at >= 0 and words[at] == _CACHE:
        at -= 2
    return at if at >= 0 else None


def _attribute(code: CodeType, words: bytes, at: int) -> str:
    is_shifted = _SHIFTS_ATTRIBUTES and words[at] == _ATTRIBUTE
    return code.co_names[words[at + 1] >> 1 if is_shifted else words[at + 1]]


def _resolve(frame: FrameType, code: CodeType, words: bytes, at: int) -> tuple[object, str]:
    operation, argument = words[at], words[at + 1]
    if operation == _ATTRIBUTE:
        before = _before(words, at)
        owner, text = (None, "") if before is None else _resolve(frame, code, words, before)
        name = _attribute(code, words, at)
        return (None, "") if owner is None else (_field(owner, name), f"{text}.{name}")
    if operation in (_GLOBAL, _NAME):
        name = code.co_names[argument >> 1 if operation == _GLOBAL else argument]
        own = local_value(frame, name) if operation == _NAME else None
        return frame.f_globals.get(name) if own is None else own, name
    if operation in (_FAST, _DEREF):
        plain = code.co_varnames
        name = (plain + tuple(cell for cell in code.co_cellvars if cell not in plain) + code.co_freevars)[argument]
        return local_value(frame, name), name
    return None, ""


def _field(owner: object, name: str) -> object:
    """What is stored as an attribute in an object, its class or a module."""
    fields = getattr(owner, "__dict__", None)
    if isinstance(fields, dict) and name in fields:
        return fields[name]
    for kind in type(owner).__mro__ if not isinstance(owner, type) else owner.__mro__:
        if name in kind.__dict__:
            return kind.__dict__[name]
    return None
