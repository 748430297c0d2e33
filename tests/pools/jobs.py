"""What the pools of these tests are given to do; at the top of a module, so that every start method finds it."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from supervisor.pools import Pool


class Picky(Exception):
    """Pickles, and cannot be rebuilt: its second argument is lost."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


class Unpicklable:
    def __reduce__(self) -> Any:
        raise TypeError("not this one")


class Breaks:
    """Pickles, and raises when it is rebuilt."""

    def __reduce__(self) -> Any:
        return _explode, ()


def _explode() -> None:
    raise RuntimeError("rebuilt")


def square(number: int) -> int:
    return number * number


def add(first: int, second: int = 0) -> int:
    return first + second


def pid_of(_item: object) -> int:
    return os.getpid()


def die_at(item: tuple[int, int]) -> int:
    number, fatal = item
    if number == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_at_with(item: tuple[int, int, bytes]) -> int:
    return die_at(item[:2])


def leave(code: int) -> None:
    os._exit(code)


def exit_politely(code: int) -> None:
    sys.exit(code)


def fail(text: str) -> None:
    raise ValueError(text)


def be_picky(_item: object) -> None:
    raise Picky("a", "b")


def return_unpicklable(_item: object) -> Unpicklable:
    return Unpicklable()


def return_broken(_item: object) -> Breaks:
    return Breaks()


def hang(item: int) -> int:
    if item == 3:
        time.sleep(600)
    return item


def megabytes(count: int) -> bytes:
    return bytes(count * 1_000_000)


def filled(item: tuple[str, int]) -> str:
    letter, count = item
    return letter * count


def length(data: bytes) -> int:
    return len(data)


def array(count: int) -> Any:
    import numpy as np

    return np.arange(count)


def die_once(path: str) -> str:
    """Dies the first time it is run."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return "second"
    os.kill(os.getpid(), signal.SIGKILL)
    return "first"


def note(item: tuple[str, int]) -> int:
    """Say which process has begun the item, and wait until somebody takes the file away."""
    directory, number = item
    mark = Path(directory) / f"{number}-{os.getpid()}"
    mark.touch()
    while mark.exists():
        time.sleep(0.005)
    return number


def note_some(item: tuple[str, int, tuple[int, ...]]) -> int:
    """The same for some of the items; the others are done at once."""
    directory, number, noted = item
    return note((directory, number)) if number in noted else number


_greeting = ""


def set_greeting(text: str) -> None:
    global _greeting
    _greeting = text


def greeting(_item: object) -> str:
    return _greeting


def leave_a_mark(directory: str) -> None:
    (Path(directory) / str(os.getpid())).touch()


def fail_to_start() -> None:
    raise OSError("no database")


def generate_then_raise() -> Any:
    yield from range(5)
    raise LookupError("no more of these")


def make_a_pool() -> str:
    """What comes of a pool in a member, and how many directories it leaves."""
    made: list[str] = []
    mkdtemp = tempfile.mkdtemp

    def noted(*args: Any, **options: Any) -> str:
        made.append(mkdtemp(*args, **options))
        return made[-1]

    tempfile.mkdtemp = noted  # type: ignore[assignment]
    try:
        Pool(1)
    except AssertionError as error:
        return f"{error}; left {sum(map(os.path.exists, made))}"
    finally:
        tempfile.mkdtemp = mkdtemp
    return "made"
