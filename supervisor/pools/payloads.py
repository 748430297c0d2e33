"""Payloads that are too big for a message: a file in memory for each, copied once where nothing of it is to be mapped.

The file of a result that was copied is kept, for its member to write the next one into: memory that is there already
takes a fifth of the time of new memory.

    member ── task-PID-… ──► pool: copies it, renames it ──► used-PID ── renamed and written over ──► task-PID-…
"""

from __future__ import annotations

import os
import struct
from _pickle import Unpickler

from supervisor.channels.parcel import Pickled, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from supervisor.channels.spill import Spill

BESIDE_BYTES = 262_144
"""Bigger payloads go through a file in memory."""
TASK = "task-"
USED = "used-"
MOST_KEPT_BYTES = 64 << 20
"""A bigger file is not kept, but removed."""
_HEAD = struct.Struct("<QQ")
"""How many pieces a file has, the pickle and the buffers beside it, and the size of the pickle."""


def put(spill: Spill, pressed: bytes | Pickled) -> str:
    """Put a payload into a new file; the file's name."""
    return spill.write(_whole(pressed), TASK)[0]


def put_again(spill: Spill, pressed: bytes | Pickled) -> str:
    """The same, into the file that the pool has kept for this process, where there is one and its reader copies."""
    whole = _whole(pressed)
    name = None if whole.buffers else spill.write_over(f"{USED}{os.getpid()}", whole, TASK)
    return name or spill.write(whole, TASK)[0]


def take(spill: Spill, name: str) -> tuple[Any, int, bool]:
    """The object in a file, how many bytes that has, and whether all were copied, so that nobody reads it any more.

    Raises OSError when the file is gone, and what unpickling raises.
    """
    with open(spill.open(name), "rb") as file:
        pieces, _ = _HEAD.unpack(file.read(_HEAD.size))
        if pieces == 1:
            value = Unpickler(file).load()
            return value, file.seek(0, os.SEEK_END), True
    data, buffers = spill.read(name)
    return loads(data, buffers=buffers), data.nbytes + sum(buffer.nbytes for buffer in buffers), False


def keep(spill: Spill, name: str, byte_count: int) -> bool:
    """Keep a file that was copied for the member that has written it. Whether it was kept; else it is removed."""
    if byte_count > MOST_KEPT_BYTES:
        spill.remove(name)
        return False
    spill.keep(name, USED + name.removeprefix(TASK).partition("-")[0])
    return True


def _whole(pressed: bytes | Pickled) -> Pickled:
    return pressed if isinstance(pressed, Pickled) else Pickled([pressed], [])
