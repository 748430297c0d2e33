"""What goes between the terminal in the browser and Textual's web driver, as textual-serve 1.1.3 and Textual 8 have it.

::

    browser   ["stdin", text]  ["resize", {width, height}]  ["focus"]  ["blur"]  ["ping", text]
                  │ translate
    driver    D length payload (keys)          M length JSON (resize, focus, blur)
              D length payload (the screen)    M length JSON (exit, ...)

Refuses what it does not know, and sizes that no screen has.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final

PRELUDE: Final = b"__GANGLION__\n"
"""The line by which the web driver says that packets follow."""

LARGEST_PACKET_BYTES: Final = 16 * 1024 * 1024
_COLUMNS: Final = (20, 500)
_LINES: Final = (6, 250)


def packet(kind: bytes, payload: bytes) -> bytes:
    """One packet, as the web driver writes and reads it."""
    return b"%s%s%s" % (kind, len(payload).to_bytes(4, "big"), payload)


def meta(**values: object) -> bytes:
    """A packet about the terminal."""
    return packet(b"M", json.dumps(values).encode())


async def read_packet(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next packet: its kind and payload.

    Raises:
        asyncio.IncompleteReadError: there is none any more.
        ValueError: it is no packet.
    """
    head = await reader.readexactly(5)
    size = int.from_bytes(head[1:], "big")
    if size > LARGEST_PACKET_BYTES:
        raise ValueError(f"a packet of {size} bytes")
    return head[:1], await reader.readexactly(size)


def is_exit(kind: bytes, payload: bytes) -> bool:
    """Whether this packet is the dashboard's last one."""
    return kind == b"M" and json.loads(payload).get("type") == "exit"


def screen_size(width: object, height: object) -> tuple[int, int]:
    """Columns and lines, both within reason.

    Raises:
        ValueError: they are no whole numbers.
    """
    if not isinstance(width, int) or not isinstance(height, int):
        raise ValueError("a size is two whole numbers")  # noqa: TRY004 (one kind of error for garbage)
    return min(max(width, _COLUMNS[0]), _COLUMNS[1]), min(max(height, _LINES[0]), _LINES[1])


def translate(text: str) -> tuple[bytes, str | None]:
    """What the browser says: the packet for the driver, or none, and what to answer to the browser, or None.

    Raises:
        ValueError: it says nothing that is known.
    """
    match json.loads(text):
        case ["stdin", str(typed)]:
            return packet(b"D", typed.encode("utf-8", "replace")), None
        case ["resize", {"width": width, "height": height}]:
            columns, lines = screen_size(width, height)
            return meta(type="resize", width=columns, height=lines), None
        case ["focus" | "blur" as kind, *_]:
            return meta(type=kind), None
        case ["ping", str(sent)]:
            return b"", json.dumps(["pong", sent])
    raise ValueError("a message of an unknown kind")
