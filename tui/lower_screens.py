"""Paints what changes on a screen that lies below another one, and nothing beside it.

Textual's own (8.2) marks the lower screen for a repaint as a whole with each change, and so keeps what it was marked
with before: once all of it was, all of both screens is painted and written again whenever a clock goes on down there.

::

    a clock on the lower screen ──> its regions ──> the upper one, where they can be seen ──> its compositor
"""

from __future__ import annotations

from typing import Any

from textual import screen
from textual.screen import Screen

_refresh = Screen._compositor_refresh  # noqa: SLF001  # what it does for the upper screen is right


def _refresh_little(self: Screen[Any]) -> None:
    app, regions = self.app, self._compositor._dirty_regions  # noqa: SLF001  # as Textual's own
    upper = app.screen
    if self is upper or app.is_inline or self not in app._background_screens:  # noqa: SLF001
        _refresh(self)
    elif regions:
        upper._set_dirty(*regions)  # noqa: SLF001  # not refresh(), which forgets what else is dirty up there
        upper._dirty_widgets.add(upper)  # noqa: SLF001
        upper.check_idle()
        regions.clear()
        self._dirty_widgets.clear()


def paint_little_below() -> None:
    """Have screens paint so from now on."""
    screen.Screen._compositor_refresh = _refresh_little  # type: ignore[method-assign]  # noqa: SLF001
