"""The workers of the log's chaos: they number what they say, in every way there is to say something, and note it down.

What a call has taken is noted once it has returned, in a file that outlives the worker: ``NAME-INCARNATION``, a counter
for each way. Whoever reads the store holds it against that.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import mmap
import os
import random
import resource
import struct
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.agent.context import Context

TALLIES = "CHAOS_TALLIES"
LEAVE_OUT = "CHAOS_LEAVE_OUT"
"""Environment variables: the folder for what was noted, and the ways that are not to be taken."""
WAYS = (
    *("logging", "ctx.log", "bound", "print", "stderr", "write", "warnings", "loguru", "traceback", "long", "chained"),
    *("excepthook", "thread", "unraisable", "asyncio", "faulthandler", "child", "child.print"),
)
SELDOM = frozenset(WAYS[WAYS.index("traceback") :])
"""Said once in ten times that their turn comes: they cost a thread, a process, or very many bytes."""
BURST = 60
PAUSE_S = 0.01
LONG_BYTES = 200_000
CHAINED = frozenset(("chained", "excepthook", "thread", "asyncio"))
SECRET = "huntertwo"
"""What a local variable holds whose name says that it is nobody's business."""


def talk(ctx: Context) -> None:
    """Say numbers until the end, which mostly is a SIGKILL."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))  # the engine's may be none, and be inherited
    path = Path(os.environ[TALLIES], f"{ctx.name}-{ctx.incarnation}")
    with open(path, "w+b") as file:
        file.truncate(8 * len(WAYS))
        tally = memoryview(mmap.mmap(file.fileno(), 8 * len(WAYS))).cast("Q")
    left_out = os.environ[LEAVE_OUT].split()
    ways = {way: say for way, say in _ways(ctx).items() if way not in left_out}
    chance = random.Random(os.getpid())
    while not ctx.stopping.is_set():
        for _ in range(chance.randrange(1, BURST)):
            way = chance.choice(list(ways))
            place = WAYS.index(way)
            if way in SELDOM and chance.random() < 0.9:
                continue
            ways[way](f"way={way} number={tally[place] + 1} end")
            tally[place] += 1
        time.sleep(chance.random() * PAUSE_S)


def _ways(ctx: Context) -> dict[str, Callable[[str], object]]:
    """How to say a line, by the name of the way."""
    logger = logging.getLogger("talkers")
    loop = asyncio.new_event_loop()
    warnings.simplefilter("always")
    ways: dict[str, Callable[[str], object]] = {
        "logging": logger.warning,
        "ctx.log": ctx.log.info,
        "print": lambda text: print(text, flush=True),
        "stderr": lambda text: sys.stderr.write(text + "\n"),
        "write": lambda text: os.write(1, text.encode() + b"\n"),
        "warnings": lambda text: warnings.warn(text, stacklevel=1),
        "bound": lambda text: ctx.log.bind(said=text).info(text),
        "traceback": _fail,
        "long": lambda text: ctx.log.info("%s", text.ljust(LONG_BYTES, "x")),
        "chained": lambda text: _catch(text, lambda error: logger.error("chained", exc_info=error)),
        "excepthook": lambda text: _catch(text, lambda error: sys.excepthook(type(error), error, error.__traceback__)),
        "thread": lambda text: _in_thread(lambda: _raise(text)),
        "unraisable": _fail_unseen,
        "asyncio": lambda text: _fail_in_loop(loop, text),
        "faulthandler": _dump,
        "child": lambda text: _in_child(lambda: logger.warning(text)),
        "child.print": lambda text: _in_child(lambda: print(text, flush=True)),
    }
    try:
        from loguru import logger as guru
    except ImportError:
        return ways
    ways["loguru"] = guru.info
    return ways


def _fail(text: str) -> None:
    """A traceback on stderr, as a thread that nobody looks after leaves it; its last line has the number."""
    lines = ["Traceback (most recent call last):", '  File "talkers.py", line 1, in talk', "    fail()"]
    for line in (*lines, f"ValueError: {text}"):
        os.write(2, line.encode() + b"\n")


def _raise(text: str) -> None:
    password = SECRET
    try:
        _ = 1 // (len(password) - len(SECRET))
    except ZeroDivisionError as cause:
        raise ValueError(text) from cause


def _catch(text: str, tell: Callable[[ValueError], object]) -> None:
    try:
        _raise(text)
    except ValueError as error:
        tell(error)


def _in_thread(what: Callable[[], None]) -> None:
    thread = threading.Thread(target=what)
    thread.start()
    thread.join()


def _in_child(say: Callable[[], object]) -> None:
    """From a process that the worker forks itself."""
    pid = os.fork()
    if not pid:
        try:
            say()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def _fail_unseen(text: str) -> None:
    class Fails:
        def __del__(self) -> None:
            raise ValueError(text)

    Fails()


def _fail_in_loop(loop: asyncio.AbstractEventLoop, text: str) -> None:
    loop.call_soon(_raise, text)
    loop.run_until_complete(asyncio.sleep(0))


def _dump(text: str) -> None:
    """A stack in which a function has what is to be said for its name."""

    def dump() -> None:
        faulthandler.dump_traceback(all_threads=False)

    FunctionType(dump.__code__.replace(co_name=text, co_qualname=text), globals())()


def read_tally(path: Path) -> dict[str, int]:
    """How many times each way has returned."""
    return dict(zip(WAYS, struct.unpack(f"={len(WAYS)}Q", path.read_bytes()), strict=True))
