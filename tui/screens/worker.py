"""All about one worker on one page, a section at a time; only the section that is shown asks the engine.

::

    Overview, Processes, Environment, Exits ──► detail      Figures ──► history
    Stacks ──► stacks                                       Log ──► the store's files, no engine
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Final

from textual.app import ComposeResult

from supervisor.api.hangs import StacksReply
from supervisor.api.history import HistoryReply
from supervisor.api.messages import ActionName, ReplicaRow, WorkerDetail
from supervisor.errors import RequestRefused
from supervisor.logs.index_file import time_us
from supervisor.logs.record import decode
from tui import situation as seen
from tui.actions import Action
from tui.event_actions import WORKER_PAGE_ACTIONS
from tui.hang_desk import HangDesk
from tui.link.log_source import LogSource
from tui.link.view import LinkState
from tui.render.channel_detail import Page
from tui.render.figure_plots import plots_page
from tui.render.glyphs import shown_state
from tui.render.log_lines import Form, record_lines
from tui.render.pieces import Line, Tone, plain
from tui.render.stacks import Changes, stacks_lines
from tui.render.worker_page import (
    RECORDED_SECTIONS,
    SECTIONS,
    environment_lines,
    exit_lines,
    overview_lines,
    process_lines,
)
from tui.screens.asking import AskingScreen
from tui.screens.events import EventsScreen
from tui.screens.plots import EVERY_MINUTES_S, SPANS
from tui.situation import Predicate, Situation
from tui.widgets.hint_bar import HintBar
from tui.widgets.line import LineWidget
from tui.widgets.log_view import SCAN_BUDGET_S
from tui.widgets.page_view import PageView
from tui.widgets.section_bar import SectionBar

EVERY_S: Final[dict[str, float]] = {"Stacks": 0.5, "Log": 0.3, "Environment": 5.0}
"""How often a section is looked at again, where that is not once a second."""
_WISHES: Final[dict[str, Predicate]] = {
    "start": seen.startable,
    "stop": seen.stoppable,
    "restart": seen.restartable,
    "kill": seen.killable,
}
LOG_RECORDS: Final = 200
"""So many of the last ones are shown."""
BETWEEN_S: Final = 0.01
"""Between two looks through the log for all that it has logged."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one section has been filled with."""

    section: str
    detail: WorkerDetail | None = None
    history: HistoryReply | None = None
    stacks: StacksReply | None = None
    records: tuple[bytes, ...] = ()


class WorkerScreen(AskingScreen[Look]):
    """Looks on while it is on top."""

    ROWS = WORKER_PAGE_ACTIONS

    def __init__(self, desk: HangDesk, name: str) -> None:
        super().__init__(desk)
        self.worker = name
        self._sections = RECORDED_SECTIONS if self._is_recorded else SECTIONS
        self._index = 0
        self._span = 1
        self._begun_s = 0.0
        self._is_whole = False
        self._changes = Changes()
        self._source = LogSource()
        self._seen: dict[str, Look] = {}
        """What each section was filled with last: it is shown until it is looked at again."""

    def compose(self) -> ComposeResult:
        yield LineWidget(id="asking-title", ground="title-focused")
        yield SectionBar(self._sections, id="sections")
        yield PageView(id="asking")
        yield HintBar(id="asking-hints")

    def on_mount(self) -> None:
        self._bar = self.query_one(SectionBar)

    def on_unmount(self) -> None:
        self._source.close()

    @property
    def _is_recorded(self) -> bool:
        """There is no engine that could tell more than what was recorded."""
        return self.desk.wording.access == "recording"

    @property
    def section(self) -> str:
        """The one that is shown."""
        return self._sections[self._index]

    @property
    def _row(self) -> ReplicaRow | None:
        return self.desk.row(self.worker)

    async def ask(self) -> Look:
        self._begun_s, section, link = self.desk.now_s(), self.section, self.desk.link
        if section == "Figures":
            return Look(section, history=await link.history((self.worker, *self._queues()), SPANS[self._span][0]))
        if section == "Stacks":
            return Look(section, stacks=await link.stacks(self.worker))
        if section == "Log":
            return Look(section, records=await self._last_records())
        detail = await link.detail(self.worker)
        if detail is None and not self._is_recorded:
            raise RequestRefused(f"the engine tells nothing of {self.worker}")
        return Look(section, detail=detail)

    def _queues(self) -> tuple[str, ...]:
        """The queues that it reads and writes."""
        row, channels = self._row, self.desk.view().channels
        names = dict.fromkeys((*row.reads, *row.writes)) if row is not None else ()
        return tuple(name for name in names if name in channels and channels[name].kind == "queue")

    async def _last_records(self) -> tuple[bytes, ...]:
        """The last of what it has logged; in a recording those before the moment that is shown."""
        fleet, source = self.desk.view().fleet, self._source
        source.open(fleet.log.directory if fleet is not None else "")
        source.narrow("", self.worker)
        source.advance(SCAN_BUDGET_S)
        if not self._is_recorded:
            return tuple(source.lines(max(source.line_count - LOG_RECORDS, 0), LOG_RECORDS))
        while source.is_filtering or not (source.timeline is None or source.timeline.is_complete):
            await asyncio.sleep(BETWEEN_S)
            source.advance(SCAN_BUDGET_S)
        at_us = int(self.desk.wording.clock.wall_s() * 1e6)
        number = source.timeline.line_at(at_us) if source.timeline is not None else None
        first = max(source.index(number or 0) + 1 - LOG_RECORDS, 0)
        return tuple(line for line in source.lines(first, LOG_RECORDS) if time_us(line[9:35]) < at_us)

    def took(self, reply: Look) -> None:
        self._seen[reply.section] = reply
        if reply.stacks is not None:
            self._changes.take(reply.stacks, self.reply_s)

    def tick(self) -> None:
        super().tick()
        if self.app.screen is self and self.asked_s is None and self.desk.now_s() - self._begun_s >= self._every_s():
            self.look()

    def _every_s(self) -> float:
        if self.section == "Figures" and SPANS[self._span][0] > 600:
            return EVERY_MINUTES_S
        return EVERY_S.get(self.section, 1.0)

    def heading(self) -> str:
        row = self._row
        if row is None:
            return plain(self.worker)
        word = shown_state(row)
        return f"{plain(self.worker)}  {self.desk.glyphs.states[word]} {word}"

    def notes(self) -> str:
        if self.section == "Figures":
            return f"over the last {SPANS[self._span][1]}, + - change that"
        if self.section == "Stacks" and self.reply is not None and self.reply.stacks is not None:
            return f"looking on, {self.reply.stacks.took_ms:.0f} ms"
        return "so far" if self.section == "Log" and self._source.is_filtering else ""

    def fill(self) -> None:
        is_at_end = self.view.scroll_offset.y >= self.view.max_scroll_y
        super().fill()
        if self.section == "Log" and is_at_end:
            self.view.scroll_end(animate=False, force=True)

    def page(self, reply: Look, width: int) -> Page:
        return Page(self._lines(reply, width))

    def _lines(self, reply: Look, width: int) -> list[Line]:
        glyphs, wording, detail = self.desk.glyphs, self.desk.wording, reply.detail
        if reply.history is not None:
            return plots_page(reply.history, width, self.view.size.height, is_ascii=glyphs.is_ascii)
        if reply.stacks is not None:
            return stacks_lines(reply.stacks, self._changes, glyphs, self.reply_s, width, is_whole=self._is_whole)
        if reply.section == "Log":
            return self._log_lines(reply.records, width)
        if detail is None or reply.section == "Overview":
            return self._overview(detail, width)
        if reply.section == "Processes":
            return process_lines(detail.tree, width, glyphs, is_whole=self._is_whole)
        if reply.section == "Environment":
            return environment_lines(detail, width, glyphs, is_whole=self._is_whole)
        return exit_lines(detail, width, glyphs, self.desk.now_s(), wording.clock.wall_s(), wording.utc_offset_s)

    def _overview(self, detail: WorkerDetail | None, width: int) -> list[Line]:
        desk, wording, view = self.desk, self.desk.wording, self.desk.view()
        row = self._row or (detail.row if detail is not None else None)
        if row is None:
            return [(), ((f" There is no {plain(self.worker)} at this moment.", Tone.STRONG),)]
        return overview_lines(
            row, detail, view.channels, desk.glyphs, desk.now_s(), width, wording.utc_offset_s,
            wording.local_offset_s(), view.pools_of.get(self.worker), access=wording.access,
        )  # fmt: skip

    def _log_lines(self, records: tuple[bytes, ...], width: int) -> list[Line]:
        if not records:
            return [(), ((" It has written nothing to the log.", Tone.STRONG),)]
        form = Form(width, min(len(self.worker), 16), self.desk.wording.utc_offset_s, self.desk.glyphs.ellipsis)
        return [line for stored in records for line in record_lines(decode(stored), form)]

    # --- what a person does ---

    def may(self, action: Action) -> bool:
        at = {
            "longer": self.section == "Figures" and self._span < len(SPANS) - 1,
            "shorter": self.section == "Figures" and self._span > 0,
            "whole": self.section in ("Processes", "Environment", "Stacks"),
            "why": self._row is not None,
        }
        applies = _WISHES.get(action.id)
        is_live = self.desk.view().state is LinkState.LIVE
        return applies(Situation(row=self._row, is_live=is_live)) if applies else at.get(action.id, True)

    def why_not(self, action: Action) -> str:
        if action.id in ("longer", "shorter"):
            return "That is as far as it goes." if self.section == "Figures" else "Only its figures are of some time."
        if action.id == "whole":
            return "There is nothing more to show."
        row = self._row
        if row is None:
            return f"{plain(self.worker)} is no worker of this run any more."
        return f"{action.label}: {plain(self.worker)} is {shown_state(row)}."

    def _go(self, index: int) -> None:
        """Show another section: what it was filled with last at once, then what is so now."""
        self._index = index % len(self._sections)
        self._bar.show(self._index)
        self.turn_to(self._seen.get(self.section))
        self.view.start_over()
        self.fill()
        self.look()

    def on_section_bar_chosen(self, message: SectionBar.Chosen) -> None:
        self._go(message.index)

    def do_next(self) -> None:
        """`tab`"""
        self._go(self._index + 1)

    def do_previous(self) -> None:
        """`shift+tab`"""
        self._go(self._index - 1)

    def do_longer(self) -> None:
        """`+`"""
        self._span += 1
        self._go(self._index)

    def do_shorter(self) -> None:
        """`-`"""
        self._span -= 1
        self._go(self._index)

    def do_whole(self) -> None:
        """`v`"""
        self._is_whole = not self._is_whole
        self.fill()

    def do_start(self) -> None:
        """`a`"""
        self._wish("start")

    def do_stop(self) -> None:
        """`s`"""
        self._wish("stop")

    def do_restart(self) -> None:
        """`r`"""
        self._wish("restart")

    def do_kill(self) -> None:
        """`K`"""
        self.desk.kill(self.worker)

    def _wish(self, action: ActionName) -> None:
        self.desk.start(partial(self.desk.wishes.make, action, [self.worker], self.worker))

    def do_why(self) -> None:
        """`w`"""
        self.desk.open("why", self.worker)

    def do_events(self) -> None:
        """`V`"""
        self.app.push_screen(EventsScreen(self.desk, self.worker))
