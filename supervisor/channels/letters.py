"""Dead letters: items that were tried too often, each one file that is there whole or not at all.

file   one line of JSON about its end | the message, with the file that is beside a big one staying where it is
"""

from __future__ import annotations

import time

from supervisor.channels.envelope import file_name, item_bytes
from supervisor.channels.parcel import ATTEMPTS_AT, HEADER, HEADER_BYTES, SPILLED, SPILLED_BYTES

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from supervisor.channels.pages import DeadLetter, WaitingItem
    from supervisor.channels.spill import Spill

_ENDING = ".letter"
_PREVIEWED_BYTES = 16 << 20


class Letters:
    """The dead letters of one queue.

    Args:
        store: the directory that they are in.
        spill: the directory of the payloads of big ones.
        prefix: how the names of this queue's files begin.
    """

    def __init__(self, store: Spill, spill: Spill, prefix: str) -> None:
        self._store = store
        self._spill = spill
        self._prefix = prefix

    def write(self, message: bytes, pid: int, cause: str, now_s: float) -> bool:
        """Keep a message; False when it is there already, because who wrote it was killed before it could say so."""
        import json

        _, _, sender, _, put_ns, _, _ = HEADER.unpack_from(message)
        about = {"pid": pid, "cause": cause, "ended_s": now_s, "put_s": wall_s(put_ns)}
        name = f"{self._prefix}{put_ns:x}-{sender}{_ENDING}"
        return self._store.write_whole(name, json.dumps(about).encode() + b"\n" + message)

    def all(self) -> list[DeadLetter]:
        """Every letter, the one put first at the head."""
        from supervisor.channels.pages import DeadLetter

        letters = []
        for name, about, message in self._read():
            item = describe_item(message, self._spill)
            letters.append(
                DeadLetter(
                    id=name[len(self._prefix) : -len(_ENDING)],
                    attempts=item.attempts,
                    bytes=item.bytes,
                    put_s=about["put_s"],
                    ended_s=about["ended_s"],
                    last_pid=about["pid"],
                    cause=about["cause"],
                    preview=item.preview,
                )
            )
        return letters

    def chosen(self, letter_id: str | None) -> list[tuple[str, bytes]]:
        """Name and message of one letter, or of all. KeyError when there is none with this id."""
        found = [
            (name, message)
            for name, _, message in self._read()
            if letter_id is None or name == f"{self._prefix}{letter_id}{_ENDING}"
        ]
        if letter_id is not None and not found:
            raise KeyError(letter_id)
        return found

    def remove(self, name: str) -> None:
        """Remove a letter; what is beside it stays."""
        self._store.remove(name)

    def count(self) -> int:
        """How many there are."""
        return sum(map(self.is_letter, self._store.names(self._prefix)))

    def file_names(self) -> set[str]:
        """The files beside letters."""
        return {file_name(message) for _, _, message in self._read() if message[0] in (SPILLED, SPILLED_BYTES)}

    def is_letter(self, name: str) -> bool:
        """Whether a file of this name is a letter, or one in the making."""
        return _ENDING in name

    def _read(self) -> Iterator[tuple[str, dict[str, Any], bytes]]:
        import json

        for name in self._store.names(self._prefix):
            if name.endswith(_ENDING):
                try:
                    line, _, message = self._store.read_whole(name).partition(b"\n")
                except FileNotFoundError:
                    continue  # somebody has just requeued or discarded it
                yield name, json.loads(line), message


def describe_item(message: bytes, spill: Spill) -> WaitingItem:
    """What a message says about its item, without unpickling it."""
    from supervisor.channels.pages import WaitingItem
    from supervisor.channels.preview import preview

    payload = message[HEADER_BYTES:]
    size = len(payload)
    if message[0] in (SPILLED, SPILLED_BYTES):
        size = item_bytes(message)
        try:
            payload = bytes(spill.read(file_name(message))[0][:_PREVIEWED_BYTES])
        except OSError:
            payload = b""
    return WaitingItem(
        attempts=message[ATTEMPTS_AT],
        bytes=size,
        put_s=wall_s(HEADER.unpack_from(message)[4]),
        preview=preview(payload),
    )


def wall_s(monotonic_ns: int) -> float:
    """The time of day of a moment of the monotonic clock, seconds since 1970."""
    return time.time() - (time.monotonic_ns() - monotonic_ns) / 1e9
