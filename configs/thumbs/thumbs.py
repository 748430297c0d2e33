"""The functions of thumbs.toml: pictures are painted on the spot, then made small. The standard library only.

::

    paint (pool over numbers) ──painted──> shrink (pool over a queue) ──> thumbs.ndjson, *.png, sheet.png

Every 50th picture is cut short on purpose, so that there is something to see in the failures.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 480, 320
"""Of a picture, in pixels."""
SMALLER = 8
"""How many pixels of a picture become one of its thumbnail, in each direction."""
SPOILT_EVERY = 50
SHEET_COLUMNS = 20

_WAVE = [round(127.5 * (1 + _x / 128 if _x < 128 else 3 - _x / 128)) % 256 for _x in range(256)]


def paint(number: int) -> str:
    """Paint picture `number`, a pattern that no other number has, as a PPM file; its path."""
    red, green, blue = number * 7 % 251 + 1, number * 13 % 241 + 2, number * 29 % 239 + 3
    waves = bytes(_WAVE)
    rows = []
    for y in range(HEIGHT):
        row = bytearray(WIDTH * 3)
        row[0::3] = bytes((x * red >> 6) + y & 255 for x in range(WIDTH)).translate(waves)
        row[1::3] = bytes((x + y) * green >> 7 & 255 for x in range(WIDTH)).translate(waves)
        row[2::3] = bytes((x * y >> 5) + blue & 255 for x in range(WIDTH)).translate(waves)
        rows.append(bytes(row))
    if number % SPOILT_EVERY == SPOILT_EVERY - 1:
        rows = rows[: HEIGHT // 3]
    path = _folder("pictures") / f"picture-{number:04}.ppm"
    path.write_bytes(b"P6 %d %d 255\n" % (WIDTH, HEIGHT) + b"".join(rows))
    return str(path)


def shrink(path: str) -> dict[str, Any]:
    """Write the thumbnail of the picture at `path` as a PNG file: where it is, and the picture's mean colour.

    Raises:
        ValueError: the file is not a whole PPM picture.
    """
    width, height, pixels = read_ppm(Path(path))
    rows = [
        shrunk_row([pixels[(y + line) * width * 3 :][: width * 3] for line in range(SMALLER)], width)
        for y in range(0, height - SMALLER + 1, SMALLER)
    ]
    thumb = _folder("thumbs") / (Path(path).stem + ".png")
    thumb.write_bytes(png(width // SMALLER, rows))
    whole = b"".join(rows)
    mean = [sum(whole[channel::3]) // (len(whole) // 3) for channel in range(3)]
    return {"thumb": str(thumb), "mean": "#{:02x}{:02x}{:02x}".format(*mean)}


def sheet(summary: dict[str, Any]) -> None:
    """Write sheet.png: a square of its mean colour for every thumbnail. Called when the pool has completed.

    Args:
        summary: what the pool says of its run; `results` is the file with a line for each item.
    """
    import json

    with open(summary["results"], encoding="utf-8") as lines:
        done = sorted((json.loads(line) for line in lines), key=lambda line: str(line["item"]))
    colours = [bytes.fromhex(line["result"]["mean"][1:]) for line in done]
    rows = []
    for start in range(0, len(colours), SHEET_COLUMNS):
        row = b"".join(colour * SMALLER for colour in colours[start : start + SHEET_COLUMNS])
        rows += [row.ljust(SHEET_COLUMNS * SMALLER * 3, b"\0")] * SMALLER
    (_folder("") / "sheet.png").write_bytes(png(SHEET_COLUMNS * SMALLER, rows))
    print(f"{len(colours)} thumbnails, sheet.png shows their colours")


def read_ppm(path: Path) -> tuple[int, int, bytes]:
    """Width, height and the pixels, three bytes each, of a binary PPM file (netpbm.sourceforge.net/doc/ppm.html).

    Raises:
        ValueError: it is not one, or not whole.
    """
    head, _, pixels = path.read_bytes().partition(b"\n")
    words = head.split()
    if len(words) != 4 or words[0] != b"P6":
        raise ValueError(f"{path.name} is no PPM picture: it begins with {head[:20]!r}")
    width, height = int(words[1]), int(words[2])
    if len(pixels) != width * height * 3:
        raise ValueError(f"{path.name} is cut short: {len(pixels) // (width * 3)} of {height} rows")
    return width, height, pixels


def shrunk_row(rows: list[bytes], width: int) -> bytes:
    """One row of the thumbnail: the mean of `SMALLER` times `SMALLER` pixels of `rows`, for each channel."""
    count = SMALLER * SMALLER
    small = bytearray(width // SMALLER * 3)
    for place in range(len(small)):
        pixel, channel = divmod(place, 3)
        first = pixel * SMALLER * 3 + channel
        small[place] = sum(sum(row[first : first + SMALLER * 3 : 3]) for row in rows) // count
    return bytes(small)


def png(width: int, rows: list[bytes]) -> bytes:
    """A PNG file of rows of RGB pixels (www.w3.org/TR/png-3, section 5)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _folder(name: str) -> Path:
    folder = Path(os.environ.get("PROCDECK_OUTPUT", ".")) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
