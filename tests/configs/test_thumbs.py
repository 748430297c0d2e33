"""The thumbnails are what the pictures are: the shipped pool profile's own functions, without a pool."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Shipped = Callable[[str], ModuleType]


@pytest.fixture
def thumbs(shipped: Shipped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("PROCDECK_OUTPUT", str(tmp_path))
    return shipped("thumbs/thumbs.py")


def pixels_of(path: Path) -> tuple[int, int, bytes]:
    """Width, height and pixels of a PNG file as `thumbs.png` writes them."""
    data = path.read_bytes()
    width, height = struct.unpack_from(">II", data, 16)
    (length,) = struct.unpack_from(">I", data, 33)
    assert data[37:41] == b"IDAT"
    lines = zlib.decompress(data[41 : 41 + length])
    stride = width * 3 + 1
    return width, height, b"".join(lines[start + 1 : start + stride] for start in range(0, len(lines), stride))


def test_a_thumbnail_has_the_mean_of_its_pixels(thumbs: ModuleType, tmp_path: Path) -> None:
    """Each pixel is the mean of the eight by eight pixels that it stands for."""
    done = thumbs.shrink(thumbs.paint(7))
    width, height, small = pixels_of(Path(done["thumb"]))
    assert (width, height) == (60, 40)
    _, _, pixels = thumbs.read_ppm(tmp_path / "pictures" / "picture-0007.ppm")
    block = [pixels[(y * 480 + x) * 3] for y in range(16, 24) for x in range(24, 32)]
    assert small[(2 * 60 + 3) * 3] == pytest.approx(sum(block) / 64, abs=1)


def test_a_picture_that_is_cut_short_is_told_so(thumbs: ModuleType) -> None:
    """The failures of the profile are failures of the pictures, in words."""
    with pytest.raises(ValueError, match=r"picture-0049.ppm is cut short: 106 of 320 rows"):
        thumbs.shrink(thumbs.paint(49))


def test_the_sheet_shows_every_thumbnail(thumbs: ModuleType, tmp_path: Path) -> None:
    """It is made of the results as the pool wrote them, in the order of the pictures."""
    results = tmp_path / "thumbs.ndjson"
    means = ["#0000ff", "#ff0000"]
    results.write_text(
        "".join(json.dumps({"item": str(2 - n), "result": {"mean": mean}}) + "\n" for n, mean in enumerate(means))
    )
    thumbs.sheet({"results": str(results)})
    width, height, pixels = pixels_of(tmp_path / "sheet.png")
    assert (width, height) == (160, 8)
    assert pixels[: 8 * 3] == b"\xff\0\0" * 8
    assert pixels[8 * 3 : 16 * 3] == b"\0\0\xff" * 8
