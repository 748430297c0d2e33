"""Dict, List and Namespace: the standard library's manager, whose death is one clear error in each user.

The manager process (`supervisor.channels.serving`) is the engine's supervised one, or a private one of the process
that makes the first object. The key to it comes by a descriptor.
"""

from __future__ import annotations

import os

from supervisor.channels import platform
from supervisor.channels.link import SharedStateLost
from supervisor.channels.managed import Managed

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Self

__all__ = ["Dict", "List", "Namespace", "SharedStateLost", "from_description", "make_authkey", "read_authkey"]

_KEY_BYTES = 32


class Dict(Managed):
    """A dict in a manager process, as `multiprocessing.Manager().dict()`; takes what dict() takes.

    Every operation is one message to the manager and back; views and iteration are copies of that moment. Changing a
    value that was read changes nothing in the manager: assign it again.
    Raises SharedStateLost once when the manager died; what the operations of a dict raise besides.

    Made like this it lives in a private manager of this process and goes with its maker's close(), garbage collection
    or exit: keep it as long as others use it.
    """

    _kind = "dict"

    def __getitem__(self, key: Any) -> Any:
        return self._call("__getitem__", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._call("__setitem__", key, value)

    def __delitem__(self, key: Any) -> None:
        self._call("__delitem__", key)

    def __contains__(self, key: Any) -> bool:
        return bool(self._call("__contains__", key))

    def __len__(self) -> int:
        return int(self._call("__len__"))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.keys())

    def __ior__(self, other: Any) -> Self:
        self._call("update", other)
        return self

    def keys(self) -> list[Any]:
        """The keys, copied."""
        return list(self._call("keys"))

    def values(self) -> list[Any]:
        """The values, copied."""
        return list(self._call("values"))

    def items(self) -> list[tuple[Any, Any]]:
        """The pairs, copied."""
        return list(self._call("items"))

    def get(self, key: Any, default: Any = None) -> Any:
        """As dict.get."""
        return self._call("get", key, default)

    def pop(self, key: Any, *default: Any) -> Any:
        """As dict.pop."""
        return self._call("pop", key, *default)

    def popitem(self) -> tuple[Any, Any]:
        """As dict.popitem."""
        key, value = self._call("popitem")
        return key, value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """As dict.setdefault."""
        return self._call("setdefault", key, default)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """As dict.update."""
        self._call("update", *args, **kwargs)

    def clear(self) -> None:
        """As dict.clear."""
        self._call("clear")

    def copy(self) -> dict[Any, Any]:
        """The content as a dict of this process."""
        return dict(self._call("copy"))


class List(Managed):
    """A list in a manager process, as `multiprocessing.Manager().list()`; takes what list() takes.

    All that is said of Dict holds for it.
    """

    _kind = "list"

    def __getitem__(self, index: Any) -> Any:
        return self._call("__getitem__", index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._call("__setitem__", index, value)

    def __delitem__(self, index: Any) -> None:
        self._call("__delitem__", index)

    def __contains__(self, value: Any) -> bool:
        return bool(self._call("__contains__", value))

    def __len__(self) -> int:
        return int(self._call("__len__"))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.copy())

    def __reversed__(self) -> Iterator[Any]:
        return iter(self.copy()[::-1])

    def __add__(self, other: list[Any]) -> list[Any]:
        return list(self._call("__add__", other))

    def __mul__(self, count: int) -> list[Any]:
        return list(self._call("__mul__", count))

    __rmul__ = __mul__

    def __iadd__(self, values: Any) -> Self:  # type: ignore[misc]  # a list grows by any iterable
        self._call("extend", values)
        return self

    def __imul__(self, count: int) -> Self:
        self._call("__imul__", count)
        return self

    def append(self, value: Any) -> None:
        """As list.append."""
        self._call("append", value)

    def extend(self, values: Any) -> None:
        """As list.extend; `values` must be something that can be pickled."""
        self._call("extend", values)

    def insert(self, index: int, value: Any) -> None:
        """As list.insert."""
        self._call("insert", index, value)

    def pop(self, index: int = -1) -> Any:
        """As list.pop."""
        return self._call("pop", index)

    def remove(self, value: Any) -> None:
        """As list.remove."""
        self._call("remove", value)

    def clear(self) -> None:
        """As list.clear."""
        self._call("clear")

    def index(self, value: Any, *bounds: int) -> int:
        """As list.index."""
        return int(self._call("index", value, *bounds))

    def count(self, value: Any) -> int:
        """As list.count."""
        return int(self._call("count", value))

    def reverse(self) -> None:
        """As list.reverse."""
        self._call("reverse")

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """As list.sort; `key` must be something that can be pickled."""
        self._call("sort", key=key, reverse=reverse)

    def copy(self) -> list[Any]:
        """The content as a list of this process."""
        return list(self._call("copy"))


class Namespace(Managed):
    """Attributes in a manager process, as `multiprocessing.Manager().Namespace()`; takes keywords.

    Names that begin with an underscore, and `close` and `describe`, are this object's own and not shared. All that is
    said of Dict holds for it.
    """

    _kind = "namespace"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self._call("__getattribute__", name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        elif hasattr(type(self), name):
            raise AttributeError(f"{name!r} is a method of every namespace: choose another name for a shared attribute")
        else:
            self._call("__setattr__", name, value)

    def __delattr__(self, name: str) -> None:
        if name.startswith("_"):
            object.__delattr__(self, name)
        else:
            self._call("__delattr__", name)


_TYPES: dict[str, type[Managed]] = {"dict": Dict, "list": List, "namespace": Namespace}


def from_description(description: dict[str, Any], fds: Sequence[int]) -> Any:
    """The Dict, List or Namespace that the engine described, its key in the one descriptor of `fds`, closed here."""
    (fd,) = fds
    try:
        authkey = read_authkey(fd)
    finally:
        os.close(fd)
    return _TYPES[description["kind"]].from_description(description, authkey)


def make_authkey() -> int:
    """A new secret, in memory: the descriptor to hand to the manager and to each of its users. Close it in the end."""
    fd = platform.shared_page("procdeck-authkey", _KEY_BYTES)
    os.pwrite(fd, os.urandom(_KEY_BYTES), 0)
    return fd


def read_authkey(fd: int) -> bytes:
    """The secret behind a descriptor of `make_authkey`. ValueError when it is something else."""
    authkey = os.pread(fd, _KEY_BYTES + 1, 0)
    if len(authkey) != _KEY_BYTES:
        raise ValueError(f"descriptor {fd} holds no key of a manager: {_KEY_BYTES} bytes are expected")
    return authkey
