"""A screen over another one, which is closed once: what was still on its way to it then closes no other."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class UpperScreen(ModalScreen[ScreenResultType]):
    """Textual's (8.2), whose `dismiss` takes away whichever screen is uppermost, be it the last one."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close this screen and hand on `result`; nothing happens where it is closed already, or below another one."""
        if self.app.screen_stack[-1:] != [self]:
            return AwaitComplete()
        return super().dismiss(result)
