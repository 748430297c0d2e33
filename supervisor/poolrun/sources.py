"""Where a pool's items come from: what user code gives, a range, the lines of a file, files, a list, a queue.

A source is opened in the thread that takes its items, because user code may take its time to give the first.
"""

from __future__ import annotations

import glob
import os

from supervisor.poolrun.plan import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

COUNTED_BYTES = 256 * 1024 * 1024
"""The lines of a file are counted beforehand when it is no bigger."""


class Source:
    """Items, once.

    Attributes:
        total: how many there are; None while nobody knows.
    """

    def __init__(self, make: Callable[[], Any], words: str) -> None:
        self._make = make
        self._words = words
        self.total: int | None = None

    def open(self) -> Iterator[Any]:
        """Begin. Raises what user code raises; TypeError where it gives nothing to iterate over."""
        made = self._make()
        try:
            iterator: Iterator[Any] = iter(made)
        except TypeError:
            raise TypeError(
                f"{self._words} gives a {type(made).__name__}, which has no items: return a list, or yield them"
            ) from None
        if self.total is None:
            try:
                self.total = len(made)
            except Exception:  # whatever a class of the user's answers: nobody knows then
                self.total = None
        return iterator


def source_of(items: dict[str, Any], context: Any = None) -> Source:
    """The source that the launch order names; a queue is none (`supervisor.poolrun.queue_items`).

    Args:
        context: what a function that has a parameter ``ctx`` is given.
    """
    kind = items["kind"]
    if kind == "target":
        return _from_code(items["target"], dict(items.get("args") or {}), context)
    if kind == "range":
        numbers = range(items["start"], items["stop"], items["step"])
        return Source(lambda: numbers, "the range")
    if kind == "list":
        return Source(lambda: items["values"], "the list")
    if kind == "files":
        return Source(lambda: files(items["pattern"]), items["pattern"])
    if kind == "lines":
        source = Source(lambda: lines(items["path"]), items["path"])
        source.total = count_lines(items["path"])
        return source
    raise ValueError(f"items of kind {kind!r} are none of target, range, lines, files, list, queue")


def _from_code(target: str, args: dict[str, Any], context: Any) -> Source:
    found = resolve(target)
    if not callable(found):
        return Source(lambda: found, target)
    code = getattr(found, "__code__", None)
    if code is not None and "ctx" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        args["ctx"] = context
    return Source(lambda: found(**args), target)


def files(pattern: str) -> list[str]:
    """The files that a pattern fits, sorted; ``**`` goes into folders."""
    return sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))


def lines(path: str) -> Iterator[str]:
    """The lines of a file without their ends, empty ones left out; what is no UTF-8 comes as it does in file names."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            text = line.rstrip("\n")
            if text:
                yield text


def count_lines(path: str) -> int | None:
    """How many items `lines` gives; None where that is not worth the while, or the file cannot be read."""
    try:
        if os.path.getsize(path) > COUNTED_BYTES or not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return sum(1 for line in file if line.strip(b"\r\n"))
    except OSError:
        return None
