"""Numbers, arrays and structures of C in memory that processes share, with a lock that the death of its holder frees.

    Value / Array ── wrapper: takes the lock for each access ──▶ ctypes object in a Block

Only whole words are safe from a kill in mid-write; what spans more is guarded by the lock, which tells of a death.
"""

from __future__ import annotations

import ctypes
import weakref

from supervisor.channels.block import Block
from supervisor.channels.crossing import reduce_channel

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Any

    Description = dict[str, Any]

__all__ = ["Array", "SharedArray", "SharedString", "SharedStructure", "SharedValue", "Value", "from_description"]

_CODES: dict[str, Any] = {
    "c": ctypes.c_char,
    "u": ctypes.c_wchar,
    "b": ctypes.c_byte,
    "B": ctypes.c_ubyte,
    "h": ctypes.c_short,
    "H": ctypes.c_ushort,
    "i": ctypes.c_int,
    "I": ctypes.c_uint,
    "l": ctypes.c_long,
    "L": ctypes.c_ulong,
    "q": ctypes.c_longlong,
    "Q": ctypes.c_ulonglong,
    "f": ctypes.c_float,
    "d": ctypes.c_double,
}
TYPE_CODES = tuple(_CODES)
"""The type codes of the standard library's array module and of multiprocessing."""

_code_of = {kind: code for code, kind in _CODES.items()}


def Value(typecode_or_type: Any, *args: Any, lock: Any = True, name: str = "") -> Any:  # noqa: N802  # the standard name
    """A C number or structure in shared memory, as `multiprocessing.Value`.

    The result has `value` (or a structure's fields), each access under the lock; `v.value += 1` is two of them, so
    hold ``with v.get_lock():`` around it. The death of the lock's holder frees the lock.

    A number of up to 8 bytes is written whole, also by a process that is killed while it writes. A structure, or two
    values that belong together, may be half changed then: the next holder sees `v.get_lock().was_abandoned`.

    It costs a process the two descriptors of a Block and its lock's: put many numbers into one Array.

    Args:
        typecode_or_type: a type code such as "i", "q" or "d", or a ctypes type. TypeError for anything else.
        args: the initial value, as the ctypes type takes it.
        lock: True for a lock of its own, a lock to use instead, or False for the bare ctypes object.
        name: what error messages call it.
    """
    raw = _allocate(_resolve(typecode_or_type), name)
    raw.__init__(*args)
    return _guarded(raw, lock, name)


def Array(typecode_or_type: Any, size_or_initializer: Any, *, lock: Any = True, name: str = "") -> Any:  # noqa: N802
    """A C array in shared memory, as `multiprocessing.Array`: of so many zeros, or as long as the given sequence.

    The result has `len`, items, slices and iteration, and for "c" also `value` and `raw`; each access is under the
    lock. An item of up to 8 bytes is written whole, also by a process that is killed while it writes; a slice may be
    half written then, and the next holder sees `a.get_lock().was_abandoned`.

    Args:
        typecode_or_type: the type of the items: a type code such as "i", "q" or "d", or a ctypes type.
        size_or_initializer: how many items, or their values.
        lock: True for a lock of its own, a lock to use instead, or False for the bare ctypes array.
        name: what error messages call it.
    """
    item = _resolve(typecode_or_type)
    if isinstance(size_or_initializer, int):
        return _guarded(_allocate(item * size_or_initializer, name), lock, name)
    raw = _allocate(item * len(size_or_initializer), name)
    raw.__init__(*size_or_initializer)
    return _guarded(raw, lock, name)


def from_description(description: Description, fds: Sequence[int]) -> Any:
    """The value or array that another process described; it owns `fds` from now on."""
    kind = _unspell(description["type"], description["lengths"])
    name = description["name"]
    size = max(ctypes.sizeof(kind), 1)
    block = Block.from_description({"size": size, "name": name}, fds[:1])
    raw = _placed(kind, block)
    if description["lock"] is None:
        return raw
    return _guarded(raw, _lock_from_description(description["lock"], fds[1:]), name)


class _Guarded:
    """A ctypes object in shared memory and its lock; the names of multiprocessing's SynchronizedBase."""

    def __init__(self, obj: Any, lock: Any, name: str) -> None:
        self._obj = obj
        self._lock = lock
        self._name = name
        self.acquire = lock.acquire
        self.release = lock.release

    def get_obj(self) -> Any:
        """The ctypes object itself; its use takes no lock."""
        return self._obj

    def get_lock(self) -> Any:
        """The lock of each access; `was_abandoned` of it tells whether the last holder died with it."""
        return self._lock

    def describe(self) -> Description:
        """What `from_description` needs besides the descriptors, as JSON can carry it."""
        lock = self._lock.describe()
        return {**_describe(self._obj), "name": self._name, "lock": lock, "fds": self.fds()}

    def fds(self) -> list[int]:
        """The descriptors to hand over beside `describe()`. They stay this object's own."""
        return [*_block_of(self._obj).fds(), *self._lock.fds()]

    def __enter__(self) -> Any:
        return self._lock.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Any:
        return self._lock.__exit__(kind, error, trace)

    def __reduce__(self) -> tuple[Any, ...]:
        return _guarded, (self._obj, self._lock, self._name)

    def __repr__(self) -> str:
        inner = _base_of(type(self._obj))
        shown = f"({self._obj.value!r})" if isinstance(self._obj, ctypes._SimpleCData) else ""  # noqa: SLF001
        return f"<{type(self).__name__} wrapper for {inner.__name__}{shown}>"


def _locked_property(name: str) -> property:
    def read(self: _Guarded) -> Any:
        with self._lock:
            return getattr(self._obj, name)

    def write(self: _Guarded, value: Any) -> None:
        with self._lock:
            setattr(self._obj, name, value)

    return property(read, write)


class SharedValue(_Guarded):
    """One number, as `value`."""

    value = _locked_property("value")


class SharedStructure(_Guarded):
    """A structure or union; a subclass for each type has its fields."""


class SharedArray(_Guarded):
    """An array; items and slices are read and written under the lock."""

    def __len__(self) -> int:
        return len(self._obj)

    def __getitem__(self, index: Any) -> Any:
        with self._lock:
            return self._obj[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        with self._lock:
            self._obj[index] = value

    def __iter__(self) -> Iterator[Any]:
        """Every item, each read under the lock by itself, as multiprocessing's does."""
        for index in range(len(self._obj)):
            yield self[index]


class SharedString(SharedArray):
    """An array of characters: `value` up to the first zero byte, `raw` all of it."""

    value = _locked_property("value")
    raw = _locked_property("raw")


_shareable_types: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()
_structure_types: weakref.WeakKeyDictionary[Any, type[SharedStructure]] = weakref.WeakKeyDictionary()


def _resolve(typecode_or_type: Any) -> Any:
    if isinstance(typecode_or_type, str) and typecode_or_type in _CODES:
        return _CODES[typecode_or_type]
    try:
        if isinstance(typecode_or_type, type) and ctypes.sizeof(typecode_or_type) >= 0:
            return typecode_or_type
    except TypeError:
        pass
    raise TypeError(f"{typecode_or_type!r} is no type code: use one of {' '.join(TYPE_CODES)}, or a ctypes type")


def _allocate(kind: Any, name: str) -> Any:
    return _placed(kind, Block(max(ctypes.sizeof(kind), 1), name=name))


def _placed(kind: Any, block: Block) -> Any:
    """An object of this ctypes type in the block's memory, which lives as long as the object."""
    raw = _shareable(kind).from_buffer(block.buf)
    raw._shared_block = block  # noqa: SLF001  # an attribute that we add
    return raw


def _shareable(kind: Any) -> Any:
    """A subclass of the ctypes type whose instances can be handed to a process that is started."""
    found = _shareable_types.get(kind)
    if found is None:
        members = {"__module__": kind.__module__, "__reduce__": _reduce, "_shared_type": kind}
        ours = {"describe": _describe_alone, "fds": _fds_alone}
        members.update({name: method for name, method in ours.items() if not hasattr(kind, name)})  # fields come first
        found = _shareable_types[kind] = type(kind)(kind.__name__, (kind,), members)
    return found


def _describe_alone(raw: Any) -> Description:
    return {**_describe(raw), "fds": _fds_alone(raw)}


def _fds_alone(raw: Any) -> list[int]:
    return _block_of(raw).fds()


def _reduce(raw: Any) -> tuple[Any, ...]:
    return reduce_channel(from_description, _describe(raw), _block_of(raw).fds())


def _block_of(raw: Any) -> Block:
    block = getattr(raw, "_shared_block", None)
    if not isinstance(block, Block):
        raise TypeError(f"{raw!r} does not lie in shared memory: make it with Value or Array")
    return block


def _base_of(kind: Any) -> Any:
    return getattr(kind, "_shared_type", kind)


def _describe(raw: Any) -> Description:
    spelled, lengths = _spell(_base_of(type(raw)))
    return {
        "kind": "array" if isinstance(raw, ctypes.Array) else "value",
        "name": _block_of(raw).name,
        "type": spelled,
        "lengths": lengths,
        "lock": None,
    }


def _spell(kind: Any) -> tuple[str, list[int]]:
    """A type as text: the type code or module:name of the innermost items, and the lengths of the arrays around it."""
    lengths = []
    while issubclass(kind, ctypes.Array):
        lengths.append(kind._length_)
        kind = kind._type_
    if kind in _code_of:
        return _code_of[kind], lengths
    if "<locals>" in kind.__qualname__:
        raise TypeError(
            f"{kind.__qualname__} is local to a function: another process cannot find it; move it to module level"
        )
    return f"{kind.__module__}:{kind.__qualname__}", lengths


def _unspell(spelled: str, lengths: Sequence[int]) -> Any:
    kind = _CODES.get(spelled)
    if kind is None:
        from importlib import import_module

        module, _, path = spelled.partition(":")
        kind = vars(import_module(module))
        outer, *inner = path.split(".")
        kind = kind[outer]
        for part in inner:
            kind = getattr(kind, part)
    for length in reversed(lengths):
        kind *= length
    return kind


def _guarded(raw: Any, lock: Any, name: str) -> Any:
    if lock is False:
        return raw
    if lock in (True, None):
        from supervisor.channels.lock import RLock

        lock = RLock(name=name)
    if not hasattr(lock, "acquire"):
        raise AttributeError(f"{lock!r} has no method 'acquire': pass a lock, True or False")
    if isinstance(raw, ctypes._SimpleCData):  # noqa: SLF001  # the public name of it does not exist
        return SharedValue(raw, lock, name)
    if isinstance(raw, ctypes.Array):
        return (SharedString if raw._type_ is ctypes.c_char else SharedArray)(raw, lock, name)
    return _structure_type(_base_of(type(raw)))(raw, lock, name)


def _structure_type(kind: Any) -> type[SharedStructure]:
    found = _structure_types.get(kind)
    if found is None:
        layers = [layer.__dict__.get("_fields_", ()) for layer in reversed(kind.__mro__)]
        fields = {field[0]: _locked_property(field[0]) for layer in layers for field in layer}
        found = _structure_types[kind] = type(f"Shared{kind.__name__}", (SharedStructure,), fields)
    return found


def _lock_from_description(description: Description, fds: Sequence[int]) -> Any:
    from supervisor.channels import lock

    kinds = {"lock": lock.Lock, "rlock": lock.RLock}
    return kinds[description["kind"]].from_description(description, fds)
