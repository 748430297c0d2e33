"""The stacks of one worker as they are now, looked at again while they are shown; and where it spends its time."""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec.structs import replace
from textual.binding import BindingType

from supervisor.api.hangs import SampleReply, StacksReply
from tui.actions import Action
from tui.hang_actions import FLAME_ACTIONS, STACKS_ACTIONS, bindings_of
from tui.hang_desk import HangDesk
from tui.render.channel_detail import Page
from tui.render.flame import flame_lines
from tui.render.pieces import plain
from tui.render.stacks import Changes, stacks_lines
from tui.screens.asking import AskingScreen

EVERY_S: Final = 0.5
"""How often stacks are looked at, at most."""
EVERY_AT_REST_S: Final = 2.0

SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""For how long one can look where time is spent."""


class StacksScreen(AskingScreen[StacksReply]):
    """Looks on while it is on top, and not held."""

    ROWS = STACKS_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(STACKS_ACTIONS)]

    def __init__(self, desk: HangDesk, name: str) -> None:
        super().__init__(desk)
        self.worker = name
        self._changes = Changes()
        self._is_held = False
        self._is_whole = False
        self._begun_s = 0.0

    async def ask(self) -> StacksReply:
        self._begun_s = self.desk.now_s()
        reply = await self.desk.link.stacks(self.worker)
        row = self.desk.row(self.worker)
        leader = row.pid if row else None
        return replace(reply, processes=tuple(sorted(reply.processes, key=lambda each: each.pid != leader)))

    def took(self, reply: StacksReply) -> None:
        self._changes.take(reply, self.reply_s)

    def tick(self) -> None:
        super().tick()
        if self._is_held or self.app.screen is not self or self.asked_s is not None:
            return
        is_at_rest = self.reply is not None and not self.reply.processes
        if self.desk.now_s() - self._begun_s >= (EVERY_AT_REST_S if is_at_rest or self.trouble else EVERY_S):
            self.look()

    def heading(self) -> str:
        return f"Stacks of {plain(self.worker)}"

    def notes(self) -> str:
        if self._is_held:
            return f"HELD, {super().notes()}"
        return f"looking on, {self.reply.took_ms:.0f} ms" if self.reply else ""

    def page(self, reply: StacksReply, width: int) -> Page:
        glyphs = self.desk.glyphs
        return Page(stacks_lines(reply, self._changes, glyphs, self.reply_s, width, is_whole=self._is_whole))

    def may(self, action: Action) -> bool:
        return action.id != "flame" or (self.reply is not None and bool(self.reply.processes))

    def why_not(self, action: Action) -> str:
        del action
        return f"{plain(self.worker)} has no process that could be looked at."

    def do_hold(self) -> None:
        """`f`"""
        self._is_held = not self._is_held
        self.fill()

    def do_whole(self) -> None:
        """`v`"""
        self._is_whole = not self._is_whole
        self.fill()

    def do_flame(self) -> None:
        """`s`"""
        self.desk.open("flame", self.worker)

    def do_why(self) -> None:
        """`w`"""
        self.desk.open("why", self.worker)


class FlameScreen(AskingScreen[SampleReply]):
    """Looks for some seconds, then shows where they went."""

    ROWS = FLAME_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(FLAME_ACTIONS)]

    def __init__(self, desk: HangDesk, name: str) -> None:
        super().__init__(desk)
        self.worker = name
        self._seconds = SECONDS[1]
        self._asked_seconds = self._seconds
        self._with_waiting = False

    async def ask(self) -> SampleReply:
        self._asked_seconds = self._seconds
        return await self.desk.link.sample(self.worker, self._seconds)

    def heading(self) -> str:
        return f"Where {plain(self.worker)} spends its time"

    def looking_words(self, waited_s: float) -> str:
        return f"Looking for {self._asked_seconds:.0f} s, {max(self._asked_seconds - waited_s, 0.0):.0f} s left"

    def notes(self) -> str:
        what = "with what waits, " if self._with_waiting else ""
        return f"{what}s looks for {self._seconds:.0f} s, + - change that"

    def page(self, reply: SampleReply, width: int) -> Page:
        return Page(flame_lines(reply, self.desk.glyphs, width, with_waiting=self._with_waiting))

    def do_waiting(self) -> None:
        """`v`"""
        self._with_waiting = not self._with_waiting
        self.fill()

    def do_longer(self) -> None:
        """`+`"""
        self._step(1)

    def do_shorter(self) -> None:
        """`-`"""
        self._step(-1)

    def _step(self, by: int) -> None:
        at = SECONDS.index(self._seconds) + by
        self._seconds = SECONDS[min(max(at, 0), len(SECONDS) - 1)]
        self.fill()
