"""The kinds of channels: the tables they are declared in, and the word for one of each. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NOUNS: Final[Mapping[str, str]] = {
    "queues": "queue",
    "pipes": "pipe",
    "locks": "lock",
    "events": "event",
    "values": "value",
    "arrays": "array",
    "blocks": "block",
    "dicts": "dict",
    "lists": "list",
    "namespaces": "namespace",
}
"""The table of each kind, and what one channel of it is called."""

STREAMS: Final = ("queues", "pipes")
"""What goes from writers to readers: connected by `reads` and `writes`."""

SHARED: Final = tuple(table for table in NOUNS if table not in STREAMS)
"""What has no direction: connected by `shares`."""

CONNECTIONS: Final[Mapping[str, tuple[str, ...]]] = {"reads": STREAMS, "writes": STREAMS, "shares": SHARED}
"""The keys of a worker that name channels, and the kinds that each may name."""


def a(noun: str) -> str:
    """``a queue``, ``an array``."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
