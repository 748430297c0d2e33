"""Which regions of a widget are painted again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget


def noted_repaints(monkeypatch: pytest.MonkeyPatch, widget: Widget) -> list[Region]:
    """Every region that `widget` is asked to paint again from now on; it is painted as ever."""
    noted: list[Region] = []
    real_refresh = widget.refresh

    def refresh(*regions: Region, **how: bool) -> object:
        noted.extend(regions or (widget.size.region,))
        return real_refresh(*regions, **how)

    monkeypatch.setattr(widget, "refresh", refresh)
    return noted


async def settled(pilot: Pilot[Any], noted: list[Region], hear_the_same: Callable[[], None]) -> None:
    """Wait until hearing the same again has nothing painted: while panes still find their heights, all is."""
    async with asyncio.timeout(60):
        while True:
            noted.clear()
            hear_the_same()
            await pilot.pause()
            if noted == []:
                return
