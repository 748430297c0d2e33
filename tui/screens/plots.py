"""Figures over time of what is under the cursor, drawn anew each second."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.binding import BindingType

from supervisor.api.history import HistoryReply
from tui.actions import Action
from tui.hang_actions import PLOTS_ACTIONS, bindings_of
from tui.hang_desk import HangDesk
from tui.render.channel_detail import Page
from tui.render.figure_plots import plots_page
from tui.render.pieces import plain
from tui.screens.asking import AskingScreen

SPANS: Final = ((60, "1 minute"), (300, "5 minutes"), (600, "10 minutes"), (3600, "1 hour"), (43_200, "12 hours"))
EVERY_S: Final = 1.0
EVERY_MINUTES_S: Final = 10.0
"""What is told minute by minute does not change each second."""


class PlotsScreen(AskingScreen[HistoryReply]):
    """Looks on while it is on top."""

    ROWS = PLOTS_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(PLOTS_ACTIONS)]

    def __init__(self, desk: HangDesk, name: str) -> None:
        super().__init__(desk)
        self.worker = name
        self._span = self._asked_span = self._shown_span = 1
        self._begun_s = 0.0

    async def ask(self) -> HistoryReply:
        self._begun_s, self._asked_span = self.desk.now_s(), self._span
        return await self.desk.link.history((self.worker,), SPANS[self._span][0])

    def took(self, reply: HistoryReply) -> None:
        del reply
        self._shown_span = self._asked_span

    def tick(self) -> None:
        super().tick()
        every_s = EVERY_S if SPANS[self._span][0] <= 600 else EVERY_MINUTES_S
        if self.app.screen is self and self.asked_s is None and self.desk.now_s() - self._begun_s >= every_s:
            self.look()

    def heading(self) -> str:
        return f"{plain(self.worker)} over the last {SPANS[self._shown_span][1]}"

    def notes(self) -> str:
        return "+ - change how long"

    def page(self, reply: HistoryReply, width: int) -> Page:
        return Page(plots_page(reply, width, self.view.size.height, is_ascii=self.desk.glyphs.is_ascii))

    def may(self, action: Action) -> bool:
        at = {"longer": self._span < len(SPANS) - 1, "shorter": self._span > 0}
        return at.get(action.id, True)

    def why_not(self, action: Action) -> str:
        return "More is not kept." if action.id == "longer" else "Less would be nothing to look at."

    def do_longer(self) -> None:
        """`+`"""
        self._span += 1
        self.look()

    def do_shorter(self) -> None:
        """`-`"""
        self._span -= 1
        self.look()
