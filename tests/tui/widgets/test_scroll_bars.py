"""Scroll bars that are drawn anew only where they look otherwise."""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.segment import Segment
from textual.scrollbar import ScrollBar, ScrollBarRender

from tests.tui.fakes import FakeLink, census, replica
from tests.tui.screens.test_fleet import WIDE, dashboard, shown, until
from tui.widgets.scroll_bars import KeptBar, PlainBars, thumb

HEIGHT = 20


def drawn(bar: ScrollBarRender) -> list[tuple[str, object]]:
    """Its cells, as Textual draws them."""
    options = Console(width=1, height=HEIGHT, force_terminal=True).options.update(width=1, height=HEIGHT)
    return [(segment.text, segment.style) for segment in Console().render(bar, options) if segment != Segment.line()]


@pytest.mark.parametrize("kind", [ScrollBarRender, PlainBars])
def test_a_bar_with_the_same_thumb_looks_the_same(kind: type[ScrollBarRender]) -> None:
    """Bars of all sizes with equal ends come out equal, cell by cell."""
    looks: dict[tuple[int, int], set[str]] = {}
    for total in (0, 5, 20, 21, 30, 1_000):
        for position in range(0, max(total - 20, 1), 7):
            bar = kind(virtual_size=total, window_size=20 if total > 20 else 0, position=position)
            looks.setdefault(thumb(bar, HEIGHT), set()).add(repr(drawn(bar)))
    assert {len(each) for each in looks.values()} == {1}
    assert len(set.union(*looks.values())) > 10


async def test_a_bar_follows_the_table() -> None:
    """What it keeps is what Textual would draw, at both ends of the table."""
    app = dashboard(FakeLink(census(rows=tuple(replica(f"w.{number}") for number in range(1, 200)))))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "w.1")
        table = app.fleet_screen.table
        bar = table.vertical_scrollbar
        kept = []
        for key, name in (("home", "w.1"), ("end", "w.199")):
            await pilot.press(key)
            await shown(pilot, f" {name} ")
            await until(pilot, lambda: bar.position == table.scroll_y)
            kept.append(bar.render_lines(bar.size.region))
            assert kept[-1] == ScrollBar.render_lines(bar, bar.size.region)
        assert (isinstance(bar, KeptBar), kept[0] == kept[1]) == (True, False)
