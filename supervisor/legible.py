"""Text that UTF-8 has bytes for: names of files and words of commands may be none, and hold lone surrogates then."""

from __future__ import annotations

from typing import Any

import msgspec


def legible(value: Any) -> Any:
    """`value`, of what JSON can say, with the escape of each lone surrogate in its place: ``caf\\udce9``."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {legible(key): legible(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [legible(inner) for inner in value]
    return value


def encoded(value: object) -> bytes:
    """`value` as JSON, made legible where it is not."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(legible(msgspec.to_builtins(value)))
