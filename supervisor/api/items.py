"""What is said of the items that wait in a queue, as they are: pickles, which nobody unpickles on the way.

For who debugs a worker with copies of them. Whoever unpickles them runs what they say: only their owner may ask.
"""

from __future__ import annotations

from supervisor.api.message import Message

ITEMS_LIMIT = 1000
ITEMS_LIMIT_BYTES = 4 << 20
"""Of pickles in one answer; those of big items are not in it."""


class RawItem(Message, frozen=True, kw_only=True):
    """One item."""

    pickled: bytes = b""
    """Its pickle, in base64."""
    path: str = ""
    """The file in which it is, where it is too big for an answer; gone when the item is received."""


class ItemList(Message, frozen=True, kw_only=True):
    """What waits in a queue, first item first; nothing is taken."""

    channel: str
    items: tuple[RawItem, ...] = ()
    left_out: int = 0
    """Items that wait as well and are not in this answer."""
