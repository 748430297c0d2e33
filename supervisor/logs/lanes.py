"""Turns the bytes of one worker's pipe into stored lines. Holds at most one unfinished line; reads and writes nothing.

::

    chunk ── Lane (cut at the last newline) ──┬── RecordStamper: lines that are records get the identity appended
                                              └── TextStamper:   lines of stdout and stderr become records

The fast path treats a whole chunk with a handful of C calls; lines are looked at one by one only where a chunk is not
what it should be.
"""

from __future__ import annotations

import base64
from json.encoder import encode_basestring as quote
from typing import Literal, Protocol

import msgspec

from supervisor.logs.segment_files import newlines

Stream = Literal["log", "stdout", "stderr"]

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of a text line that one record holds; a longer line is cut in pieces."""
SPELLED_BYTES = 64 * 1024
"""Of a line that is no UTF-8, so much is shown with each wrong byte as ``\\xff``; in the rest they are U+FFFD. All its
bytes are kept beside it."""
RECORD_LIMIT = 16 * 1024 * 1024
"""Bytes of a structured record; the agent caps its parts so that they never reach it."""

_RECORD_START = b'{"time":"'
_RECORD_END = b"}\n"
_JOINT = _RECORD_END + _RECORD_START
_ALL_BUT_CONTROLS = bytes(range(32, 256))
_STAND_IN = b"\x7f"
"""Takes the place of newlines while all else is escaped: JSON leaves it as it is."""
_encode = msgspec.json.Encoder().encode


class Stamper(Protocol):
    """Makes whole stored lines of whole lines."""

    level: str
    """What all its lines are; empty where each says it for itself."""
    limit: int
    """Bytes of the longest line it takes in one piece."""

    def lines(self, block: bytes, time_text: str) -> bytes:
        """`block` is one or more whole lines, each with its newline."""

    def piece(self, text: bytes, time_text: str, flag: str) -> bytes:
        """One line for `text`, which has no newline; `flag` is ``continued`` or ``partial``."""


class Lane:
    """One pipe of one incarnation.

    Args:
        replica_name: ``parse.2``; stored as the record's worker, whatever the worker itself says.
        incarnation: which life of it.
        stream: ``log`` takes records as the agent writes them; ``stdout`` and ``stderr`` take any bytes.
    """

    def __init__(self, replica_name: str, incarnation: int, stream: Stream) -> None:
        self.name = replica_name
        self.stream: Stream = stream
        kind = RecordStamper if stream == "log" else TextStamper
        self._stamper: Stamper = kind(replica_name, incarnation, stream)
        self.level = self._stamper.level
        """What all lines that it gives are; empty where each says it for itself."""
        self._pending: list[bytes] = []
        self.pending_bytes = 0
        """Bytes of the line that has not ended yet."""

    def feed(self, chunk: bytes, time_text: str) -> bytes:
        """Whole stored lines for the lines that end in `chunk`; may be empty.

        `time_text` stamps lines that bring no time of their own. Chunks of up to 64 KiB keep the transient memory
        low: a chunk of empty lines grows a hundredfold.
        """
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._pending.append(chunk)
            self.pending_bytes += len(chunk)
            return self._cut_pending(time_text) if self.pending_bytes > self._stamper.limit else b""
        if self.pending_bytes:
            block = b"".join((*self._pending, memoryview(chunk)[:end]))
        else:
            block = chunk if end == len(chunk) else chunk[:end]
        rest = chunk[end:]
        self._pending = [rest] if rest else []
        self.pending_bytes = len(rest)
        if len(block) > self._stamper.limit:
            return self._cut_block(block, time_text)
        return self._stamper.lines(block, time_text)

    def cut(self, time_text: str) -> bytes:
        """Stored pieces of a line that has not ended: all of it but its last byte, as there is no memory for more."""
        line = b"".join(self._pending)
        end = _character_start(line, len(line) - 1) if line else 0
        if not end:
            return b""
        self._pending, self.pending_bytes = [line[end:]], len(line) - end
        return self._stamper.piece(line[:end], time_text, "continued")

    def close(self, time_text: str) -> bytes:
        """The stored line for what came after the last newline; empty where nothing did."""
        rest = b"".join(self._pending)
        self._pending, self.pending_bytes = [], 0
        return self._stamper.piece(rest, time_text, "partial") if rest else b""

    def _cut_pending(self, time_text: str) -> bytes:
        line = b"".join(self._pending)
        self._pending = []  # megabytes, which are not needed twice
        pieces, rest = self._cut(line, time_text)
        self._pending, self.pending_bytes = [rest], len(rest)
        return pieces

    def _cut_block(self, block: bytes, time_text: str) -> bytes:
        out = []
        for line in _lines(block):
            if len(line) <= self._stamper.limit:
                out.append(self._stamper.lines(line, time_text))
                continue
            pieces, rest = self._cut(line, time_text)
            out += (pieces, self._stamper.lines(rest, time_text))
        return b"".join(out)

    def _cut(self, line: bytes, time_text: str) -> tuple[bytes, bytes]:
        """Pieces of at most `LINE_LIMIT` bytes, cut between characters, and what is left: at least one byte."""
        pieces = []
        start = 0
        while len(line) - start > LINE_LIMIT:
            end = _character_start(line, start + LINE_LIMIT)
            pieces.append(self._stamper.piece(line[start:end], time_text, "continued"))
            start = end
        return b"".join(pieces), line[start:]


def _lines(block: bytes) -> list[bytes]:
    """Lines with their newlines; unlike ``splitlines`` a lone carriage return ends none."""
    return [line + b"\n" for line in block[:-1].split(b"\n")]


def _character_start(text: bytes, at: int) -> int:
    """The nearest start of a UTF-8 character at or up to 3 bytes before `at`."""
    for start in range(at, at - 4, -1):
        if text[start] & 0xC0 != 0x80:
            return start
    return at


class RecordStamper:
    """Appends the identity to records as the agent writes them; what is no record becomes one that shows it."""

    level = ""
    limit = RECORD_LIMIT

    def __init__(self, replica_name: str, incarnation: int, stream: Stream) -> None:
        identity = f',"stream":"{stream}","worker":"{replica_name}","incarnation":{incarnation}}}\n'
        self._identity = identity.encode()
        self._joint = self._identity + _RECORD_START
        self._growth = len(self._joint) - len(_JOINT)
        self._garbage = TextStamper(replica_name, incarnation, stream, level="WARNING", logger="procdeck.lane")

    def lines(self, block: bytes, time_text: str) -> bytes:
        if block.startswith(_RECORD_START) and block.endswith(_RECORD_END):
            # As many newlines as records begin, and every newline but the last is a joint of two records: then one
            # replace has stamped them all.
            count = newlines(block)
            stamped = block.replace(_JOINT, self._joint)
            if len(stamped) - len(block) == (count - 1) * self._growth and block.count(_RECORD_START) == count:
                return stamped[:-2] + self._identity
        return b"".join(self._line(line, time_text) for line in _lines(block))

    def piece(self, text: bytes, time_text: str, flag: str) -> bytes:
        return self._garbage.piece(text, time_text, flag)

    def _line(self, line: bytes, time_text: str) -> bytes:
        if not line.endswith(_RECORD_END):
            return self._garbage.lines(line, time_text)
        start = 0 if _is_json(line) else line.rfind(_RECORD_START)
        if not line.startswith(_RECORD_START, max(start, 0)):
            return self._garbage.lines(line, time_text)
        # A process that was killed while it wrote a long record leaves its first part before the next record.
        torn = self._garbage.lines(line[:start] + b"\n", time_text) if start else b""
        return torn + line[start:-2] + self._identity


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except msgspec.MsgspecError:
        return False
    return True


class TextStamper:
    """Makes a record of every line: escaped, timed, attributed."""

    limit = LINE_LIMIT

    def __init__(
        self, replica_name: str, incarnation: int, stream: Stream, *, level: str = "", logger: str = ""
    ) -> None:
        self.level = level or ("WARNING" if stream == "stderr" else "INFO")
        self._level = f'","level":"{self.level}","message":"'
        self._name = f',"logger":"{logger}"' if logger else ""
        self._identity = f',"stream":"{stream}","worker":"{replica_name}","incarnation":{incarnation}}}\n'
        self._tail = f'"{self._name}{self._identity}'.encode()

    def lines(self, block: bytes, time_text: str) -> bytes:
        escaped = _escape_lines(block)
        if escaped is None:
            return b"".join(self._any_line(line, time_text) for line in _lines(block))
        head = self._head(time_text)
        stamped = memoryview(escaped.replace(b"\n", self._tail + head))
        return b"".join((head, stamped[: -len(head)]))

    def piece(self, text: bytes, time_text: str, flag: str) -> bytes:
        return self._single(text, time_text, f',"{flag}":true')

    def _any_line(self, line: bytes, time_text: str) -> bytes:
        text = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        return self._single(text, time_text, "")

    def _single(self, text: bytes, time_text: str, fields: str) -> bytes:
        message = _escape_lines(text)
        if message is None:
            message = quote(_spelled(text))[1:-1].encode()
            fields += f',"raw":"{base64.b64encode(text).decode()}"'
        return b"".join((self._head(time_text), message, f'"{self._name}{fields}{self._identity}'.encode()))

    def _head(self, time_text: str) -> bytes:
        return f"{_RECORD_START.decode()}{time_text}{self._level}".encode()


def _spelled(text: bytes) -> str:
    """Bytes that are no UTF-8 as text; spelling each wrong byte costs ten times what replacing it does."""
    if len(text) <= SPELLED_BYTES:
        return text.decode("utf-8", "backslashreplace")
    end = _character_start(text, SPELLED_BYTES)
    return text[:end].decode("utf-8", "backslashreplace") + text[end:].decode("utf-8", "replace")


def _escape_lines(block: bytes) -> bytes | None:
    """`block` with everything but its newlines escaped for JSON; None where it is not valid UTF-8.

    Each replace is a scan by ``memchr`` where there is nothing to replace. ``\\r\\n`` counts as a newline.
    """
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError:
            return None
    controls = block.translate(None, _ALL_BUT_CONTROLS)
    if len(controls) == controls.count(b"\n"):
        return block.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    if b"\r" in controls:
        block = block.replace(b"\r\n", b"\n")
    if _STAND_IN not in block:
        return _encode(block.replace(b"\n", _STAND_IN).decode())[1:-1].replace(_STAND_IN, b"\n")
    return b"\n".join([_encode(line.decode())[1:-1] for line in block.split(b"\n")])
