"""A real browser: the token opens the page, the table is painted, a key acts only where that is allowed."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from tests.engines import engine_on
from tests.terminal.deck import write_deck
from tests.web.browser import CHROMIUM, Page, chromium, until
from tests.web.visiting import visited

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

INLINE_STYLE = "Applying inline style violates"
"""xterm.js tries; with WebGL it paints without."""


def colors(png: bytes) -> int:
    """How many different rows of pixels an image has: a page with nothing on it has few."""
    width, _ = struct.unpack(">II", png[16:24])
    data, at = b"", 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += size + 12
    rows = zlib.decompress(data)
    step = len(rows) // struct.unpack(">I", png[20:24])[0]
    assert step > width
    return len({rows[start : start + step] for start in range(0, len(rows), step)})


async def shown(page: Page, text: str) -> None:
    """Wait until the terminal was sent `text`."""

    async def is_there() -> bool:
        return text.encode() in page.screen_bytes

    await until(is_there, f"{text!r} to be painted")


async def open_and_press(page: Page, address: str) -> None:
    """Open the dashboard by its whole address, look at it, and press `r`."""
    page.screen_bytes = b""
    await page.open(address)
    await shown(page, "steady")
    await until(lambda: page.evaluate("document.activeElement.className == 'xterm-helper-textarea'"), "the keys")
    assert await page.evaluate("location.href") == address.partition("#")[0]
    assert await page.evaluate("document.cookie") == ""
    await page.type("r")


async def test_the_browser_shows_the_table_and_acts_only_where_allowed(place: Path) -> None:
    with engine_on(write_deck(place) / "procdeck.toml") as engine:
        first_pid = engine.wait_row("steady", lambda row: row.state == "running" and bool(row.pid), "to run").pid
        async with chromium(place) as page:
            async with visited(command=()) as visitor:
                await page.open(visitor.origin)
                await until(lambda: page.evaluate("document.body.innerText.includes('the token is missing')"), "no")
                await page.open("about:blank")
                await open_and_press(page, visitor.server.door.address)
                await shown(page, "allow-control")
                assert colors(await page.screenshot()) > 50
                await page.type("q")
                await until(lambda: page.evaluate("document.body.innerText.includes('was left')"), "the last word")
            assert engine.row("steady").pid == first_pid
            async with visited(command=(), allows_control=True) as visitor:
                await open_and_press(page, visitor.server.door.address)

                async def is_another() -> bool:
                    return engine.row("steady").pid not in (None, first_pid)

                await until(is_another, "steady to run as another process")
            unexpected = [said for said in page.complaints if INLINE_STYLE not in said and "403" not in said]
            assert not any("Content Security Policy" in said for said in unexpected), unexpected
