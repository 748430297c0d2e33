"""What is painted when something changes: the part of the line in which it did, where it comes out as another one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.segment import Segment
from textual import screen
from textual._compositor import Compositor
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from tui.compositor import LeanCompositor, PartsUpdate, paint_little

SIZE = (40, 10)


class Page(Widget):
    """Lines that a test sets; remembers which of them it was asked for."""

    DEFAULT_CSS = "Page { width: 1fr; height: 1fr; layers: below above; }"

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.lines = [f"{name} {y}" for y in range(SIZE[1])]
        self.asked: list[int] = []

    def render_line(self, y: int) -> Strip:
        self.asked.append(y)
        return Strip([Segment(self.lines[y])]).adjust_cell_length(self.size.width)


class TwoPages(App[None]):
    """Two pages beside each other, and a lid that can be put over the second line of both."""

    CSS = """
    Screen { layers: below above; }
    #lid { layer: above; width: 10; height: 1; offset: 15 1; display: none; }
    """

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Page("left")
            yield Page("right")
        yield Page("lid")

    def page(self, name: str) -> Page:
        """One of the pages."""
        return self.query_one(f"#{name}", Page)


@pytest.fixture(autouse=True)
def lean_screens() -> Iterator[None]:
    """Screens are made with our compositor in these tests, whoever was here before, and with Textual's after."""
    before = screen.Compositor  # type: ignore[attr-defined]
    paint_little()
    yield
    screen.Compositor = before  # type: ignore[attr-defined]


def painted(app: App[None], *regions: Region) -> list[tuple[int, int, str]]:
    """What is written, by column and line, when `regions` are dirty."""
    compositor = app.screen._compositor
    assert isinstance(compositor, LeanCompositor)
    compositor._dirty_regions.update(regions)
    update = compositor.render_partial_update()
    if update is None:
        return []
    assert isinstance(update, PartsUpdate)
    return [(x, y, strip.text.rstrip()) for x, y, strip in update.parts]


async def settle(pilot: Pilot[None]) -> None:
    """All has been laid out and painted."""
    await pilot.pause()
    await pilot.pause()


async def test_a_line_is_rendered_where_something_is_dirty_in_it() -> None:
    """Neither the lines between two dirty ones are rendered, nor the widget beside them."""
    app = TwoPages()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        left, right = app.page("left"), app.page("right")
        left._styles_cache.clear()
        right._styles_cache.clear()
        left.asked.clear()
        right.asked.clear()
        written = painted(app, Region(0, 0, 20, 1), Region(0, 9, 20, 1))
        assert (written, left.asked, right.asked) == ([(0, 0, "left 0"), (0, 9, "left 9")], [0, 9], [])


async def test_what_is_equal_is_not_written_again() -> None:
    """Of a page that is dirty as a whole only the line that says something else is written."""
    app = TwoPages()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        left = app.page("left")
        everywhere = Region(0, 0, 20, 10)
        assert len(painted(app, everywhere)) == 10
        assert painted(app, everywhere) == []
        left.lines[3] = "another"
        left._styles_cache.clear()
        assert painted(app, everywhere) == [(0, 3, "another")]


async def test_all_is_written_after_all_was_written() -> None:
    """Somebody else may have written to the terminal before Textual asks for all of it."""
    app = TwoPages()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        everywhere = Region(0, 0, 20, 10)
        painted(app, everywhere)
        app.screen._compositor.render_full_update()
        assert len(painted(app, everywhere)) == 10


async def test_what_is_in_front_is_painted_and_what_it_leaves_free() -> None:
    """A widget over two others: each of the three has its part of the line, and gets it back."""
    app = TwoPages()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        everywhere = Region(0, 1, 40, 1)
        assert painted(app, everywhere) == [(0, 1, "left 1"), (20, 1, "right 1")]
        app.page("lid").display = True
        await settle(pilot)
        assert sorted(painted_line(app, 1)) == [(0, "left 1"), (15, "lid 0"), (20, ""), (25, " 1")]
        app.page("lid").display = False
        await settle(pilot)
        assert sorted(painted_line(app, 1)) == [(0, "left 1"), (20, "right 1")]


def painted_line(app: App[None], y: int) -> list[tuple[int, str]]:
    """What the compositor knows to stand in line `y`."""
    compositor = app.screen._compositor
    assert isinstance(compositor, LeanCompositor)
    compositor._dirty_regions.add(Region(0, y, SIZE[0], 1))
    compositor.render_partial_update()
    return [(x, strip.text.rstrip()) for x, strip in compositor._written[y][1].items() if strip is not None]


async def test_what_is_cut_is_cut_between_characters() -> None:
    """A wide character that a widget in front covers by half leaves a blank, and no column is moved."""
    app = TwoPages()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        app.page("left").lines[1] = "表" * 10
        app.page("left")._styles_cache.clear()
        app.page("lid").display = True
        await settle(pilot)
        parts = dict(painted_line(app, 1))
        assert (parts[0], parts[15]) == ("表" * 7, "lid 0")


async def test_it_paints_what_textual_would_paint() -> None:
    """The strips of a whole screen are those of Textual's own compositor."""
    app = TwoPages()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        app.page("lid").display = True
        await settle(pilot)
        compositor = app.screen._compositor
        lines = {y: dict(painted_line(app, y)) for y in range(SIZE[1])}
        texts = [strip.text for strip in Compositor.render_strips(compositor)]
        assert [all(text[x:].startswith(part) for x, part in lines[y].items()) for y, text in enumerate(texts)] == [
            True
        ] * SIZE[1]


async def test_nothing_is_written_where_nothing_is_dirty() -> None:
    """Nor where what is dirty is no longer on the screen."""
    app = TwoPages()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert (painted(app), painted(app, Region(0, 50, 10, 2), Region(0, -3, 10, 2))) == ([], [])


async def test_an_update_goes_to_its_places() -> None:
    """The terminal is told of each part where it begins, counted from one."""
    app = TwoPages()
    async with app.run_test(size=SIZE):
        update = PartsUpdate([(4, 2, Strip([Segment("abc")])), (0, 0, Strip([Segment("d")]))])
        assert update.render_segments(app.console) == "\x1b[3;5Habc\x1b[1;1Hd"


async def test_what_is_dirty_is_in_the_frame_also_before_it_has_said_so() -> None:
    """Two that a key has changed in one turn are one frame; one that waits for a layout is left to that."""
    app = TwoPages()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        left, right, compositor = app.page("left"), app.page("right"), app.screen._compositor
        for page in (left, right):
            page.lines[3] = "other"
            page.refresh(Region(0, 3, 20, 1))
        compositor.update_widgets({left})
        assert [(x, y, text.strip()) for x, y, text in painted(app)] == [(0, 3, "other"), (20, 3, "other")]
        right.lines[3] = "third"
        right.refresh(layout=True)
        compositor.update_widgets({left})
        assert painted(app) == []
