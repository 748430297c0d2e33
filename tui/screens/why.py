"""Why one worker does not move, with the keys that are a way out; and the verdicts on all workers."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from msgspec.structs import replace
from textual.binding import BindingType

from supervisor.api.hangs import Verdict, WayOut, WhyReply
from supervisor.api.messages import ReplicaRow
from supervisor.lifecycle.states import AT_REST, State
from tui.actions import Action
from tui.hang_actions import HANGS_ACTIONS, WHY_ACTIONS, bindings_of
from tui.hang_desk import HangDesk
from tui.render.channel_detail import Page
from tui.render.hangs import counts_line, hangs_page, verdict_id
from tui.render.pieces import Line, Tone, line_text, plain
from tui.render.why import why_page
from tui.screens.asking import AskingScreen

AGAIN_AFTER_S: Final = 1.0
"""When a worker changes it is looked at again, at most so often."""

_NUMBERS: Final = re.compile(r"\d+")
_OFFERED: Final = frozenset({"release", "kill-process", "resume"})
"""Ways out that there are only where a verdict offers them."""


def _standing(row: ReplicaRow | None) -> tuple[object, ...]:
    """What about a worker makes a verdict outdated when it changes; that a warning counts seconds does not."""
    return () if row is None else (row.state, row.pid, *(_NUMBERS.sub("", warning) for warning in row.warnings))


class WhyScreen(AskingScreen[WhyReply]):
    """One replica's verdicts: one in full, the others in short."""

    ROWS = WHY_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(WHY_ACTIONS)]

    def __init__(self, desk: HangDesk, name: str) -> None:
        super().__init__(desk)
        self.worker = name
        self._chosen = 0
        self._looked_at: tuple[object, ...] = ()

    async def ask(self) -> WhyReply:
        self._looked_at = _standing(self.desk.row(self.worker))
        return await self.desk.link.why(self.worker)

    def took(self, reply: WhyReply) -> None:
        self._chosen = min(self._chosen, max(len(reply.verdicts) - 1, 0))

    def tick(self) -> None:
        super().tick()
        is_due = self.desk.now_s() - self.reply_s >= AGAIN_AFTER_S
        if is_due and self.reply is not None and _standing(self.desk.row(self.worker)) != self._looked_at:
            self.look()

    def heading(self) -> str:
        return f"Why {plain(self.worker)}"

    def notes(self) -> str:
        many = len(self.reply.verdicts) if self.reply else 0
        place = f"{self._chosen + 1} of {many}   " if many > 1 else ""
        return place + super().notes()

    def page(self, reply: WhyReply, width: int) -> Page:
        row = self.desk.row(self.worker)
        if not reply.verdicts and row is not None and row.pid is None:
            return Page(_at_rest(row))
        keys = {action.id: action.key_name for action in self.rows}
        return why_page(reply, self._chosen, keys, self.desk.glyphs, self.reply_s, width)

    @property
    def verdict(self) -> Verdict | None:
        """The one that is shown in full."""
        return self.reply.verdicts[self._chosen] if self.reply and self.reply.verdicts else None

    def way(self, action: str) -> WayOut | None:
        """The best way out of that kind that the verdict offers."""
        ways = self.verdict.ways_out if self.verdict else ()
        return next((way for way in ways if way.action == action), None)

    def may(self, action: Action) -> bool:
        if action.id in _OFFERED:
            return self.way(action.id) is not None
        if action.id in ("restart", "kill"):
            row = self.desk.row(self.worker)
            return self.way(action.id) is not None or (row is not None and row.state not in AT_REST)
        if action.id in ("next", "previous"):
            return self.reply is not None and len(self.reply.verdicts) > 1
        return True

    def why_not(self, action: Action) -> str:
        if action.id == "release":
            return "There is no lock that can be released safely: its holder has to be dead, and the lock no queue's."
        if action.id == "kill-process":
            return "No single process holds others up here. K kills the whole worker."
        if action.id == "resume":
            return f"{plain(self.worker)} does not stand still by a signal."
        if action.id in ("next", "previous"):
            return "There is one verdict only."
        return f"{plain(self.worker)} has no process. Press esc, then a to start it."

    # --- keys ---

    def _target(self, action: str) -> str:
        way = self.way(action)
        return (way.replica if way else "") or self.worker

    def do_restart(self) -> None:
        """`r`"""
        self.desk.restart(self._target("restart"))

    def do_kill(self) -> None:
        """`K`"""
        self.desk.kill(self._target("kill"))

    def do_resume(self) -> None:
        """`p`"""
        self.desk.resume(self._target("resume"), self._look_if_open)

    def do_kill_process(self) -> None:
        """`X`"""
        if way := self.way("kill-process"):
            self.desk.kill_process(way, self._look_if_open)

    def do_release(self) -> None:
        """`u`"""
        if way := self.way("release"):
            self.desk.release(replace(way, replica=self._target("release")), self._look_if_open)

    def _look_if_open(self) -> None:
        if self.is_attached:
            self.look()

    def do_next(self) -> None:
        """`n`"""
        self._step(1)

    def do_previous(self) -> None:
        """`N`"""
        self._step(-1)

    def _step(self, by: int) -> None:
        if self.reply is not None:
            self._chosen = (self._chosen + by) % len(self.reply.verdicts)
            self.view.start_over()
            self.fill()

    def do_stacks(self) -> None:
        """`t`"""
        self.desk.open("stacks", self.worker)

    def do_hangs(self) -> None:
        """`h`"""
        self.desk.open("hangs", "")


def _at_rest(row: ReplicaRow) -> list[Line]:
    """Of a worker without a process there is nothing to judge."""
    word = "is stuck in the kernel" if row.state is State.STUCK else f"is {row.state.value}"
    lines: list[Line] = [(), ((f"  {plain(row.name)} {word}: it has no process that could wait.", Tone.STRONG),)]
    if row.exit_cause:
        lines += [(), ((f"  It ended: {plain(row.exit_cause)}", Tone.PLAIN),)]
    return [*lines, (), (("  t ", Tone.ACCENT), ("tells what it was doing when it ended.", Tone.PLAIN))]


class HangsScreen(AskingScreen[WhyReply]):
    """The verdicts on all replicas, worst first; the cursor goes from one to the next."""

    ROWS = HANGS_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(HANGS_ACTIONS)]

    def __init__(self, desk: HangDesk) -> None:
        super().__init__(desk)
        self._looked_at: tuple[object, ...] = ()
        self._replicas: dict[str, str] = {}

    def _standings(self) -> tuple[object, ...]:
        return tuple(_standing(row) for row in self.desk.view().rows)

    async def ask(self) -> WhyReply:
        self._looked_at = self._standings()
        reply = await self.desk.link.why()
        places = {row.name: at for at, row in enumerate(self.desk.view().rows)}
        in_table_order = sorted(reply.verdicts, key=lambda each: places.get(each.replica, len(places)))
        return replace(reply, verdicts=tuple(in_table_order))

    def took(self, reply: WhyReply) -> None:
        self._replicas = {verdict_id(verdict): verdict.replica for verdict in reply.verdicts}

    def tick(self) -> None:
        super().tick()
        is_due = self.desk.now_s() - self.reply_s >= AGAIN_AFTER_S
        if is_due and self.reply is not None and self._standings() != self._looked_at:
            self.look()

    def heading(self) -> str:
        counts = line_text(counts_line(self.reply.verdicts)) if self.reply else ""
        return f"Hangs {counts}".rstrip()

    def page(self, reply: WhyReply, width: int) -> Page:
        return hangs_page(reply, self.desk.glyphs, self.reply_s, width)

    def may(self, action: Action) -> bool:
        return action.id not in ("why", "stacks") or bool(self._chosen)

    @property
    def _chosen(self) -> str:
        """The replica under the cursor."""
        return self._replicas.get(self.view.chosen_in_sight or "", "")

    def do_why(self) -> None:
        """`w`"""
        self.desk.open("why", self._chosen)

    def do_stacks(self) -> None:
        """`t`"""
        self.desk.open("stacks", self._chosen)
