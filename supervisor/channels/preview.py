"""What a pickle says it is, as a line of text. It is not unpickled: nothing that it names is imported or called."""

from __future__ import annotations

import pickletools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MOST_OPERATIONS = 5000
_MOST_ITEMS = 20
_MOST_CHARACTERS = 60


class _Mark:
    """Where a list of arguments begins on the stack."""


class _Piece(str):
    """Text that stands for an object already, so that it is not quoted again."""

    __slots__ = ()


def preview(pickled: bytes, width: int = 200) -> str:
    """A line like ``('page', 12, {'url': 'https://…'})`` or ``shop.orders.Order(id=7)``; cut to `width` characters.

    Never raises, whatever the bytes are; what cannot be told is shown as ``…``.
    """
    reader = _Reader()
    try:
        for count, (operation, argument, _) in enumerate(pickletools.genops(pickled)):
            if count > _MOST_OPERATIONS:
                break
            reader.take(operation.name, argument)
    except Exception:  # noqa: BLE001  # damaged or cut short: what was understood so far is shown
        reader.is_cut = True
    try:
        text = reader.text()
    except Exception:  # noqa: BLE001
        text = "…"
    text = "".join(character if character.isprintable() else "·" for character in text)
    return text if len(text) <= width else text[: width - 1] + "…"


class _Reader:
    """A pickle machine whose objects are texts."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.is_cut = False

    def text(self) -> str:
        left = [item for item in self.stack if not isinstance(item, _Mark)]
        if not left:
            return "…"
        return ("… " if self.is_cut and len(left) > 1 else "") + _text(left[-1]) + (" …" if self.is_cut else "")

    def take(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _PLAIN:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name]())
        elif name in ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"):
            self.memo[len(self.memo) if argument is None else int(argument)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self.memo.get(int(argument), _Piece("…")))
        elif name in _STEPS:
            _STEPS[name](self)
        elif name == "GLOBAL":
            stack.append(_Piece(str(argument).replace(" ", ".")))
        elif name not in ("PROTO", "FRAME", "STOP", "POP", "READONLY_BUFFER"):
            self.is_cut = True

    def since_mark(self) -> list[Any]:
        items: list[Any] = []
        while self.stack and not isinstance(item := self.stack.pop(), _Mark):
            items.append(item)
        return items[::-1]

    def tuple_of(self, count: int) -> None:
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        self.stack.append(tuple(items))

    def name_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_Piece(f"{module}.{name}"))

    def call(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        inside = ", ".join(map(_text, arguments)) if isinstance(arguments, tuple) else _text(arguments)
        name = _short(_text(function), 2 * _MOST_CHARACTERS)
        self.stack.append(_Piece(f"{name}({_short(inside, 3 * _MOST_CHARACTERS)})"))

    def call_with_names(self) -> None:
        names = self.stack.pop()
        self.call()
        self._add_fields(names)

    def build(self) -> None:
        self._add_fields(self.stack.pop())

    def _add_fields(self, state: Any) -> None:
        target = _short(_text(self.stack.pop()), 5 * _MOST_CHARACTERS)
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
            state = state[1]
        fields = _fields(state) if isinstance(state, dict) else _text(state)
        opened = target[:-1] if target.endswith(")") else f"{target}("
        comma = "" if opened.endswith("(") or not fields else ", "
        self.stack.append(_Piece(f"{opened}{comma}{fields})"))

    def add_items(self) -> None:
        items = self.since_mark()
        target = self.stack[-1]
        if isinstance(target, dict):
            target.update({_key(key): value for key, value in zip(items[::2], items[1::2], strict=False)})
        elif isinstance(target, list):
            target.extend(items)
        elif isinstance(target, set):
            target.update(_Piece(_text(item)) for item in items)

    def add_one(self) -> None:
        item = self.stack.pop()
        if isinstance(self.stack[-1], list):
            self.stack[-1].append(item)

    def set_one(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        if isinstance(self.stack[-1], dict):
            self.stack[-1][_key(key)] = value


_PLAIN = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
    "MARK": _Mark,
    "NEXT_BUFFER": lambda: _Piece("<buffer>"),
}
_STEPS: dict[str, Callable[[_Reader], None]] = {
    "TUPLE": lambda reader: reader.stack.append(tuple(reader.since_mark())),
    "LIST": lambda reader: reader.stack.append(reader.since_mark()),
    "FROZENSET": lambda reader: reader.stack.append(_Piece(f"frozenset({_text(reader.since_mark())})")),
    "TUPLE1": lambda reader: reader.tuple_of(1),
    "TUPLE2": lambda reader: reader.tuple_of(2),
    "TUPLE3": lambda reader: reader.tuple_of(3),
    "STACK_GLOBAL": _Reader.name_global,
    "REDUCE": _Reader.call,
    "NEWOBJ": _Reader.call,
    "NEWOBJ_EX": _Reader.call_with_names,
    "BUILD": _Reader.build,
    "APPENDS": _Reader.add_items,
    "SETITEMS": _Reader.add_items,
    "ADDITEMS": _Reader.add_items,
    "APPEND": _Reader.add_one,
    "SETITEM": _Reader.set_one,
}


_BRACKETS: dict[type, tuple[str, str]] = {tuple: ("(", ")"), list: ("[", "]"), set: ("{", "}")}


def _key(key: Any) -> Any:
    """A key as a dict can take it."""
    return key if isinstance(key, (str, int, float, bytes)) or key is None else _Piece(_text(key))


def _text(item: Any, depth: int = 0) -> str:
    if isinstance(item, _Piece):
        return str(item)
    if isinstance(item, (tuple, list, set)):
        opened, closed = _BRACKETS[type(item)]
        comma = "," if isinstance(item, tuple) and len(item) == 1 else ""
        return f"{opened}{_row(item, depth, lambda each: _text(each, depth + 1))}{comma}{closed}"
    if isinstance(item, dict):
        row = _row(item.items(), depth, lambda pair: f"{_text(pair[0], depth + 1)}: {_text(pair[1], depth + 1)}")
        return f"{{{row}}}"
    if isinstance(item, (str, bytes, bytearray)):
        shown = repr(item[:_MOST_CHARACTERS])
        return shown if len(item) <= _MOST_CHARACTERS else f"{shown[:-1]}…{shown[-1]}"
    return _short(repr(item), _MOST_CHARACTERS)


def _row(items: Any, depth: int, word: Callable[[Any], str]) -> str:
    """Some of the items; fewer the deeper they are, so that nesting does not multiply."""
    most = _MOST_ITEMS >> 2 * depth
    shown = [word(item) for item in list(items)[:most]]
    return ", ".join(shown + ["…"] * (len(items) > most))


def _fields(state: dict[Any, Any]) -> str:
    return ", ".join(f"{key}={_text(value)}" for key, value in list(state.items())[:_MOST_ITEMS])


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
