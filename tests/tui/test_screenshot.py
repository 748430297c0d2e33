"""Pictures of the dashboard: whole, self-contained, of the place that was asked for, and without any wish."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from supervisor.errors import EngineUnreachable
from tests.tui.fakes import FakeLink, census, channels, replica
from tests.tui.pool_fakes import pools
from tests.tui.screens.test_fleet import NARROW, dashboard, shown, until
from tui import screenshot
from tui.render.picture import CELL, self_contained
from tui.screenshot import PLACES, ScreenshotError, Shot, pictures, place_of

SIZE = (120, 34)


def words_of(svg: str) -> str:
    """The text of a picture, line by line, as whoever looks at it reads it."""
    lines: dict[float, list[tuple[float, str]]] = {}
    for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        place = float(element.get("y", "0")), float(element.get("x", "0"))
        lines.setdefault(place[0], []).append((place[1], (element.text or "").replace("\xa0", " ")))
    return "\n".join(" ".join(text for _, text in sorted(parts)) for _, parts in sorted(lines.items()))


def a_link(**fields: object) -> FakeLink:
    return FakeLink(census(channels=channels(), pools=pools(), **fields))


async def test_a_picture_shows_its_place_and_fetches_nothing() -> None:
    """Valid XML without an address but that of its own grammar; the name is under the cursor; nobody is wished upon."""
    link = a_link()
    shots = [Shot(), Shot("channels", "paths"), Shot("why", "parse.1"), Shot("hangs"), Shot("workers", "parse")]
    first, queue, why, hangs, parse = await pictures(link, "census", shots, SIZE, clock=link.clock)
    assert "parsing ast.py" in words_of(first)
    assert "dict with 2 keys" in words_of(queue)
    assert "wait for each other" in words_of(why)
    assert "DEADLOCK" in words_of(hangs)
    assert "census:parse" in words_of(parse)
    for svg in (first, queue, why, hangs):
        assert set(re.findall(r"https?://[^\"' <)]*", svg)) <= {
            "http://www.w3.org/2000/svg",
            "https://www.textualize.io",
        }
        assert "@font-face" not in svg
        assert "@import" not in svg
    assert (link.wishes, link.ways, link.channel_wishes, link.is_closed) == ([], [], [], True)


async def test_the_logs_are_a_place_too() -> None:
    """They have the whole screen there; what comes after them is seen as without them."""
    link = a_link()
    alone, logs, after = await pictures(link, "census", [Shot(), Shot("logs"), Shot()], SIZE, clock=link.clock)
    assert "Workers" not in words_of(logs)
    assert "Log" in words_of(logs)
    assert words_of(after) == words_of(alone)


async def test_keys_are_pressed_before_the_picture_and_wish_nothing() -> None:
    """What a key opens is drawn; what it would do is refused, and the picture says so."""
    link = a_link()
    shots = [Shot(keys=("question_mark",)), Shot("workers", "parse.1", ("s",))]
    told, refused = await pictures(link, "census", shots, SIZE, clock=link.clock)
    assert "Worker under the cursor" in words_of(told)
    assert "a picture only shows" in words_of(refused)
    assert link.wishes == []


async def test_what_is_not_there_is_told_with_what_is() -> None:
    """A place, a name, a theme, a key that leaves."""
    link = a_link()
    for shot, told in (
        (Shot("chanels"), 'no place "chanels"; there are workers, channels'),
        (Shot("why", "nobody"), 'why has nothing called "nobody"; there are walk, parse.1'),
        (Shot("channels", "parse.1"), 'channels has nothing called "parse.1"; there are paths, facts'),
        (Shot(keys=("q", "d")), 'the key "d" has left the dashboard'),
    ):
        with pytest.raises(ScreenshotError, match=told):
            await pictures(link, "census", [Shot(), shot], SIZE, clock=link.clock)
    with pytest.raises(ScreenshotError, match='no theme "neon"; there are'):
        await pictures(link, "census", [Shot()], SIZE, theme="neon", clock=link.clock)
    assert {"workers", "errors", "hangs", "plots"} <= set(PLACES)


async def test_an_engine_that_says_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No picture of an empty dashboard is taken for one of a project without workers."""
    monkeypatch.setattr(screenshot, "ANSWER_S", 0.3)
    with pytest.raises(EngineUnreachable, match="the engine has said nothing"):
        await pictures(FakeLink(), "census", [Shot()], SIZE)


def test_a_name_alone_is_found_in_its_place() -> None:
    """A worker's before a channel's."""
    view = a_link()._view
    assert place_of("parse.1", view) == ""
    link = a_link()
    link.hear(census(channels=channels(), pools=pools()))
    assert [place_of(word, link._view) for word in ("parse", "parse.2", "paths", "hash", "nobody")] == [
        "workers", "workers", "channels", "pools", ""
    ]  # fmt: skip


async def test_worker_text_stays_text() -> None:
    """Markup, control sequences and what XML forbids are drawn, or replaced, and never obeyed."""
    hostile = "<s>&amp;</s> \x1b[2J\x00\ufffe[b]b[/b] 日本"
    link = a_link()
    link._first = census(rows=(replica("parse.1", activity=hostile),))
    (svg,) = await pictures(link, "<census> & co", [Shot()], SIZE, clock=link.clock)
    told = words_of(svg)
    assert "<s>&amp;</s>" in told
    assert "[b]b[/b] 日本" in told
    assert "<census> & co" in told
    assert "<s>" not in svg


def test_text_is_stretched_to_its_cells() -> None:
    """A wide character has two of them."""
    (told,) = re.findall(r'textLength="([^"]+)"', self_contained('<text textLength="24.4" y="1">日&#160;a&amp;</text>'))
    assert float(told) == pytest.approx(5 * CELL)


async def test_a_key_writes_what_is_on_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over any screen, into the directory in which the dashboard was opened, for its user's eyes alone."""
    monkeypatch.chdir(tmp_path)
    link = a_link()
    app = dashboard(link)

    def are_whole(count: int) -> bool:
        written = [path.read_text() for path in tmp_path.glob("procdeck-census-*.svg")]
        return len(written) == count and all(text.rstrip().endswith("</svg>") for text in written)

    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: are_whole(1))
        await shown(pilot, "Wrote a picture of the screen to")
        await pilot.press("question_mark")
        await shown(pilot, "Worker under the cursor")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: are_whole(2))
    first, second = sorted(tmp_path.iterdir(), key=lambda path: (path.stat().st_mtime_ns, path.name))
    assert "parsing ast.py" in words_of(first.read_text())
    assert "Worker under the cursor" in words_of(second.read_text())
    assert first.stat().st_mode & 0o777 == 0o600


async def test_a_picture_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the directory and the reason."""

    def refuse(*_: object) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tui.picture_taking.write_dump", refuse)
    monkeypatch.chdir(tmp_path)
    async with dashboard(a_link()).run_test(size=(160, 45), notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+s")
        await shown(pilot, "Cannot write a picture into")


async def test_a_picture_has_no_place_where_the_directory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was removed while the dashboard was open."""
    gone = tmp_path / "gone"
    gone.mkdir()
    async with dashboard(a_link()).run_test(size=(160, 45), notifications=True) as pilot:
        await shown(pilot, "parse.1")
        monkeypatch.chdir(gone)
        gone.rmdir()
        await pilot.press("ctrl+s")
        await shown(pilot, "Cannot write a picture: the directory")
