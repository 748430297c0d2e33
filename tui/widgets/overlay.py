"""Widgets that lie over others, and are there only now and then: they come and go without a layout.

::

    laid out over another widget ──┬─ is out: painted, clicked, can have the focus
                                   └─ is not: as if it were not there
"""

from __future__ import annotations

from textual.geometry import Region
from textual.widget import Widget


class Overlay(Widget):
    """The style sheet puts it on a layer in front; a `LeanCompositor` paints it only while it is out."""

    is_out = False
    """A person sees it."""

    def come_out(self, *, is_out: bool) -> None:
        """Lie over what is below, or let it be seen again."""
        if is_out == self.is_out:
            return
        self.is_out = is_out
        self.screen._compositor.forget_order()  # type: ignore[attr-defined]  # noqa: SLF001 (our own one)
        parent = self.parent
        if isinstance(parent, Widget):
            parent.refresh(self.region.translate(-parent.region.offset) if self.region else Region())

    def allow_focus(self) -> bool:
        return self.is_out and super().allow_focus()
