"""What is said of a queue's items that people look at one by one, dead letters and what waits, and of acts on them."""

from __future__ import annotations

from typing import Literal

from supervisor.api.message import Message

ChannelActionName = Literal["requeue", "discard", "drain"]
"""``requeue`` and ``discard`` act on dead letters; ``drain`` throws away what waits in the queue."""
CHANNEL_ACTION_NAMES: tuple[ChannelActionName, ...] = ("requeue", "discard", "drain")


class Letter(Message, frozen=True, kw_only=True):
    """An item that was given up, or one that waits; never unpickled to be shown."""

    id: str
    attempts: int
    bytes: int
    put_s: float | None = None
    reason: str = ""
    """Why it is a dead letter; empty for an item that waits."""
    preview: str = ""
    """What its pickle says it is, read without running it."""


class LetterList(Message, frozen=True, kw_only=True):
    channel: str
    letters: tuple[Letter, ...] = ()
    """Dead letters of a queue, oldest first; for a peek: the first waiting items, as many as can be seen."""


class LetterIds(Message, frozen=True, kw_only=True):
    """The body of a request that requeues or discards dead letters."""

    ids: tuple[str, ...] = ()
    """Which letters; empty for all."""


class ChannelReply(Message, frozen=True, kw_only=True):
    count: int
    text: str
    """What was done, in a sentence."""
