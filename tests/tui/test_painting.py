"""What is on the terminal after many small paints is what one paint of everything would put there."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import RenderableType
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip

from tests.tui.action_scenes import LINES, link_with_everything
from tests.tui.fakes import FakeLink
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, shown, until
from tests.tui.strips import strips_of
from tui.compositor import PartsUpdate
from tui.dashboard import Dashboard, Leaving

KEYS: Final = (
    *("question_mark", "colon", "K", "U", "J", "ctrl+o", "slash", "F", "x", "w", "t", "i", "I", "V", "A", "Y", "h"),
    *("1", "2", "3", "4", "8", "z", "d", "B", "Z", "Q", "W", "H", "L", "O", "enter", "tab", "plus"),
    *("j", "k", "G", "g", "pageup", "pagedown", "ctrl+up", "ctrl+down", "ctrl+left", "a", "space"),
    *("exclamation_mark", "right_square_bracket"),
)  # fmt: skip
BACK: Final = 0.45
"""So often Esc is the next key, so that things close about as often as they open."""
STEPS: Final = 12

Cell = tuple[str, Style | None]


class Cells:
    """The cells of a terminal to which only what a dashboard paints is written."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[int, Cell]] = {}

    def show(self, renderable: object) -> None:
        """Write a paint."""
        if isinstance(renderable, LayoutUpdate):
            for y, strips in enumerate(renderable.strips, renderable.region.y):
                self._write(renderable.region.x, y, Strip.join(strips))
        elif isinstance(renderable, PartsUpdate):
            for x, y, strip in renderable.parts:
                self._write(x, y, strip)
        else:
            assert renderable is None, f"unknown to this test: {renderable!r}"

    def _write(self, x: int, y: int, strip: Strip) -> None:
        row = self.rows.setdefault(y, {})
        for text, style, _ in strip:
            for letter in text:
                row[x] = (letter, _bare(style))
                x += cell_len(letter)


def _bare(style: Style | None) -> Style | None:
    """What a terminal is told of it."""
    return style.clear_meta_and_links() if style is not None else None


def whole(app: Dashboard) -> Cells:
    """What one paint of everything writes."""
    cells = Cells()
    for y, strip in enumerate(strips_of(app)):
        cells._write(0, y, strip)
    return cells


def differences(seen: Cells, wanted: Cells) -> list[str]:
    """The lines that are not as they should be."""
    found = []
    for y, row in wanted.rows.items():
        other = seen.rows.get(y, {})
        if any(other.get(x) != cell for x, cell in row.items()):
            columns = [x for x, cell in row.items() if other.get(x) != cell]
            now = "".join(other.get(x, ("", None))[0] for x in row)
            found.append(f"{y}, {columns[:8]}: {now!r} for {''.join(cell[0] for cell in row.values())!r}")
    return found


def watched(link: FakeLink, monkeypatch: pytest.MonkeyPatch) -> tuple[Dashboard, Cells]:
    """A dashboard, and the cells to which it paints."""
    app, cells = dashboard(link), Cells()
    before = app._display

    def display(screen: Screen[Any], renderable: RenderableType | None) -> None:
        if not app._batch_count and app._running:
            cells.show(renderable)
        before(screen, renderable)

    monkeypatch.setattr(app, "_display", display)
    return app, cells


async def _press(key: str, app: Dashboard, cells: Cells, pilot: Pilot[Leaving], passed: list[str]) -> None:
    passed.append(key)
    await pilot.press(key)
    told: list[str] = []

    def is_as_it_should_be() -> bool:
        told[:] = differences(cells, whole(app))
        return not told

    try:
        await until(pilot, is_as_it_should_be)
    except TimeoutError:
        raise AssertionError(f"after {' '.join(passed)}:\n" + "\n".join(told)) from None


@pytest.mark.parametrize(("seed", "size"), [(1, NARROW), (2, WIDE)])
async def test_what_is_painted_bit_by_bit_is_what_is_there(
    seed: int, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any keys in any order, with news of the workers between them: no letter is left over, and none is missing."""
    chance = random.Random(seed)
    directory = tmp_path / "run" / "logs"
    link = link_with_everything(directory)
    monkeypatch.chdir(tmp_path)
    app, cells = watched(link, monkeypatch)
    passed: list[str] = []
    async with app.run_test(size=size, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await until(pilot, lambda: app.fleet_screen.logs.source.line_count == LINES)
        fleet = link._view.fleet
        assert fleet is not None
        for _ in range(STEPS):
            rows = [msgspec.structs.replace(row, activity=f"round {chance.random()}") for row in fleet.rows]
            link.hear(msgspec.structs.replace(fleet, rows=tuple(rows)))
            key = "escape" if chance.random() < BACK else chance.choice(KEYS)
            await _press(key, app, cells, pilot, passed)
