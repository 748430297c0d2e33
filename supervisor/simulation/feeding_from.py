"""The items that a worker under the debugger finds in its input: from a file, from the running profile, from letters.

A feed is a part of the plan, as JSON: ``{"parameter": "inbox", "kind": "ndjson", "path": "items.ndjson"}``. Nothing is
unpickled before the worker's own get().

    ndjson     a file: a JSON value on each line           pickles    a file: one pickle after the other
    raw        pickles in the plan itself, in base64; with "beside" the content of the file of a big one
"""

from __future__ import annotations

import base64
import io
import json
import pickletools

from supervisor.simulation.memory_channels import Payload, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["FeedError", "items_of"]


class FeedError(Exception):
    """A feed cannot be read; says where, and what is wrong."""


def items_of(feed: dict[str, Any]) -> list[Payload]:
    """The items of a feed, pickled.

    Raises:
        FeedError: its file cannot be read, or is not what it should be.
    """
    if feed["kind"] == "raw":
        return [_raw(item) for item in feed["items"]]
    path = feed["path"]
    try:
        if feed["kind"] == "ndjson":
            with open(path, encoding="utf-8") as lines:
                return [_parsed(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
        with open(path, "rb") as file:
            return _cut(file.read(), path)
    except OSError as error:
        raise FeedError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise FeedError(
            f"{path}: not UTF-8 text: {error}; a stream of pickles has a name that ends in .pickle"
        ) from None


def _parsed(line: str, where: str) -> Payload:
    try:
        return pack(json.loads(line))
    except ValueError as error:
        raise FeedError(f"{where}: not a JSON value: {error}") from None


def _cut(data: bytes, path: str) -> list[Payload]:
    """A stream of pickles cut into single ones, by their opcodes; none of it is unpickled."""
    stream, payloads = io.BytesIO(data), []
    while (start := stream.tell()) < len(data):
        try:
            for _ in pickletools.genops(stream):
                pass
        except Exception as error:
            raise FeedError(f"{path}: no pickle at byte {start:,}: {error}") from None
        payloads.append(Payload(data[start : stream.tell()]))
    return payloads


def _raw(item: dict[str, Any]) -> Payload:
    if "beside" not in item:
        return Payload(base64.b64decode(item["pickle"]))
    from supervisor.channels.spill import _split

    view, buffers = _split(memoryview(bytearray(base64.b64decode(item["beside"]))))
    return Payload(bytes(view), [bytes(part) if part.readonly else bytearray(part) for part in buffers])
