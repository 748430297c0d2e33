"""The dashboard of somebody who only looks."""

from __future__ import annotations

from tui.dashboard import Dashboard, Leaving
from tui.link.engine_link import EngineLink
from tui.link.read_only_link import READ_ONLY, ReadOnlyLink
from tui.settings.model import Settings


class ReadOnlyDashboard(Dashboard):
    """`Dashboard` on a `ReadOnlyLink`: all that is left to decide is when to leave, and that asks nothing."""

    ACCESS = "looking"

    def __init__(self, link: EngineLink, project: str, *, settings: Settings | None = None) -> None:
        super().__init__(ReadOnlyLink(link), f"{project} (read-only)", settings=settings)

    def ask_quit(self) -> None:
        """Nothing can be stopped from here, so there is no question."""
        self.exit(Leaving("detached"))

    def action_interrupt(self) -> None:
        """Ctrl+C kills nobody here, whatever is being stopped elsewhere."""
        self.ask_quit()

    async def _reload(self) -> None:
        """There is no plan to be shown that could not be applied."""
        self.say(f"Cannot reload: {READ_ONLY}", "error")
