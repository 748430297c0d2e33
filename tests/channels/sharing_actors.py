"""What the processes of the tests of shared memory and managers run; a module of its own for spawned ones."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from supervisor.channels import Block, Dict, List, Namespace, SharedStateLost, StopRequested
from supervisor.channels.serving import serve_manager

WORDS = (0, 0xFFFFFFFFFFFFFFFF, 0xAAAAAAAAAAAAAAAA, 0x5555555555555555)


class Point(ctypes.Structure):
    _fields_ = (("x", ctypes.c_double), ("y", ctypes.c_double))


class NamedPoint(Point):
    _fields_ = (("label", ctypes.c_char * 8),)  # type: ignore[assignment]  # ctypes appends it to the base's


def modify(number: Any, ratio: Any, text: Any, points: Any) -> None:
    """The example of the standard library's documentation."""
    number.value **= 2
    ratio.value **= 2
    text.value = text.value.upper()
    for point in points:
        point.x **= 2
        point.y **= 2


def count_up(counter: Any, rounds: int) -> None:
    for _ in range(rounds):
        with counter.get_lock():
            counter.value += 1


def add_one_to_each(array: Any) -> None:
    for index in range(len(array)):
        array[index] += 1


def hold_and_wait(value: Any, ready: Any) -> None:
    """Change one half of what belongs together, and wait with the lock to be killed."""
    with value.get_lock():
        value.x = 1.0
        ready.send_bytes(b"held")
        time.sleep(3600)


def write_words(value: Any) -> None:
    """Write whole words, one after the other, until killed."""
    raw = value.get_obj()
    while True:
        for word in WORDS:
            raw.value = word


def write_back(block: Block, text: bytes) -> None:
    block.buf[: len(text)] = text
    block.close()


def sum_of_array(block: Block, answer: Any) -> None:
    numbers = block.as_array("int64", (block.size // 8,))
    answer.value = int(numbers.sum())
    numbers[0] = -1


def _on_sigterm(number: int, frame: object) -> NoReturn:
    raise StopRequested


def keep(address: str, authkey: bytes, names: dict[str, str], initial: dict[str, Any], teller: Connection) -> None:
    """A manager as the engine runs it."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    serve_manager(address, authkey, lambda: teller.send_bytes(b"ready"), names, initial)


def fill(seen: Dict, results: List, settings: Namespace) -> None:
    seen[os.getpid()] = "here"
    results.append(os.getpid())
    settings.last = os.getpid()


def use_until_lost(seen: Dict, teller: Connection) -> None:
    """Say how each of many uses went."""
    while True:
        try:
            seen["uses"] = uses = seen.get("uses", 0) + 1
        except SharedStateLost as lost:
            teller.send(str(lost))
        else:
            teller.send(uses)


def use_then_wait(seen: Dict, teller: Connection) -> None:
    """Be connected for as long as the process lives."""
    seen["user"] = os.getpid()
    teller.send_bytes(b"used")
    time.sleep(3600)


def make_and_wait(teller: Connection) -> None:
    """Own a private manager until killed."""
    seen = Dict(a=1)
    manager = seen._manager
    assert manager is not None
    teller.send((seen["a"], manager._process.pid))
    time.sleep(3600)


def make_and_exit(value: int) -> None:
    """Leave without closing."""
    global _kept  # still there when the process exits
    _kept = Dict(a=value)
    assert _kept["a"] == value


_kept: Dict | None = None
