"""What every value that crosses the socket has in common."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A value that crosses the socket."""
