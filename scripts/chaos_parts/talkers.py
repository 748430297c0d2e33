"""The workers of the log's chaos: they number what they say, in every way there is to say something, and note it down.

What a call has taken is noted once it has returned, in a file that outlives the worker: ``NAME-INCARNATION``, a counter
for each way. Whoever reads the store holds it against that.
"""

from __future__ import annotations

import logging
import mmap
import os
import random
import struct
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.agent.context import Context

TALLIES = "CHAOS_TALLIES"
WAYS = ("logging", "ctx.log", "print", "stderr", "write", "warnings", "loguru", "traceback", "long")
BURST = 60
PAUSE_S = 0.01
LONG_BYTES = 200_000


def talk(ctx: Context) -> None:
    """Say numbers until the end, which mostly is a SIGKILL."""
    path = Path(os.environ[TALLIES], f"{ctx.name}-{ctx.incarnation}")
    with open(path, "w+b") as file:
        file.truncate(8 * len(WAYS))
        tally = memoryview(mmap.mmap(file.fileno(), 8 * len(WAYS))).cast("Q")
    ways = _ways(ctx)
    chance = random.Random(os.getpid())
    while not ctx.stopping.is_set():
        for _ in range(chance.randrange(1, BURST)):
            way = chance.choice(list(ways))
            place = WAYS.index(way)
            if way in ("traceback", "long") and chance.random() < 0.9:
                continue
            ways[way](f"way={way} number={tally[place] + 1} end")
            tally[place] += 1
        time.sleep(chance.random() * PAUSE_S)


def _ways(ctx: Context) -> dict[str, Callable[[str], object]]:
    """How to say a line, by the name of the way."""
    logger = logging.getLogger("talkers")
    warnings.simplefilter("always")
    ways: dict[str, Callable[[str], object]] = {
        "logging": logger.warning,
        "ctx.log": ctx.log.info,
        "print": lambda text: print(text, flush=True),
        "stderr": lambda text: sys.stderr.write(text + "\n"),
        "write": lambda text: os.write(1, text.encode() + b"\n"),
        "warnings": lambda text: warnings.warn(text, stacklevel=1),
        "traceback": _fail,
        "long": lambda text: ctx.log.info("%s", text.ljust(LONG_BYTES, "x")),
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


def read_tally(path: Path) -> dict[str, int]:
    """How many times each way has returned."""
    return dict(zip(WAYS, struct.unpack(f"={len(WAYS)}Q", path.read_bytes()), strict=True))
