"""What the pools of these tests are given to do."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.pools.jobs import Picky

lambda_square = lambda number: number * number  # noqa: E731 - pickle cannot send it, and need not


def square(number: int) -> int:
    return number * number


def add(first: int, second: int) -> int:
    return first + second


def odd_fails(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def misbehave(what: str) -> object:
    """Do what the item says."""
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "exit":
        sys.exit(3)
    if what == "leave":
        os._exit(5)
    if what == "hang":
        time.sleep(600)
    if what == "picky":
        raise Picky("a", "b")
    if what == "unpicklable":
        return iter(lambda: what, "")
    return what


def succeed_later(item: tuple[str, int]) -> int:
    """Fails until it was tried as often as the item says."""
    path, tries = item
    with open(path, "a") as file:
        file.write("x")
    if os.path.getsize(path) < tries:
        raise OSError("not yet")
    return tries


def wait_for_mark(item: tuple[str, int]) -> int:
    """Say that the item is begun, and wait until somebody takes the file away; items below 0 do not wait."""
    folder, number = item
    if number < 0:
        return number
    mark = Path(folder) / f"{number}-{os.getpid()}"
    mark.touch()
    while mark.exists():
        time.sleep(0.005)
    return number


def succeed_or_wait(item: tuple[str, int]) -> int:
    """`wait_for_mark` for an item below 0, which waits as well; else `succeed_later`."""
    if item[1] >= 0:
        return succeed_later(item)
    mark = Path(item[0]) / f"{-item[1]}-{os.getpid()}"
    mark.touch()
    while mark.exists():
        time.sleep(0.005)
    return item[1]


def tiny(number: int) -> int:
    time.sleep(0.002)
    return number


def numbers(count: int) -> Iterator[int]:
    yield from range(count)


def gated(count: int, first: int, gate: str) -> Iterator[int]:
    """Gives some numbers, and the others once there is a file."""
    for number in range(count):
        while number >= first and not os.path.exists(gate):
            time.sleep(0.005)
        yield number


def listed(count: int) -> list[int]:
    return list(range(count))


def three_then_raise() -> Iterator[int]:
    yield from range(3)
    raise LookupError("no more of these")


def endless() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def two_then_wait(path: str) -> Iterator[int]:
    """Gives two items, and the third never."""
    yield 1
    yield 2
    while True:
        time.sleep(600)


def nothing_to_iterate() -> None:
    return None


def no_database() -> None:
    raise OSError("no database")


def keep(value: Any) -> None:
    with open(os.environ["POOLRUN_KEEP"], "a") as file:
        file.write(f"{value}\n")


def keep_error(item: Any, error: BaseException) -> None:
    keep(f"{item} {type(error).__name__}")


def keep_summary(summary: dict[str, Any]) -> None:
    keep(f"{summary['done']} of {summary['total']}, {summary['failed']} failed, {summary['skipped']} skipped")


def refuse(value: Any) -> None:
    if value == 4:
        raise RuntimeError(f"not {value}")


def of_context(ctx: Any) -> list[Any]:
    return [ctx]
