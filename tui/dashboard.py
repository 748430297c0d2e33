"""The dashboard's composition root: one line to the engine, one screen, and the questions asked before leaving."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import App
from textual.binding import Binding, BindingType

from supervisor.api.messages import Event, Job, TreeProcess
from supervisor.clock import Clock, SystemClock
from supervisor.errors import EngineUnreachable, RequestRefused
from tui.link.engine_link import EngineLink, News
from tui.link.log_source import LogSource
from tui.link.view import FleetView, LinkState
from tui.render.glyphs import Glyphs, glyph_set
from tui.render.header import live_workers
from tui.screens.confirm import (
    CANCEL,
    ConfirmScreen,
    Question,
    kill_question,
    quit_question,
    restart_all_question,
)
from tui.screens.fleet import FleetScreen
from tui.screens.wording import Wording
from tui.theme import DEFAULTS, NO_COLOR_THEME, THEME
from tui.wishes import Severity, Wishes

TICK_S = 0.25
DETAIL_EVERY_S = 1.0
DETAIL_DELAY_S = 0.08
"""A cursor that runs through the table asks for the last replica only."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """How the dashboard ended."""

    how: Literal["detached", "stopped", "gone"]
    live_workers: int = 0
    survivors: tuple[TreeProcess, ...] = ()


class Dashboard(App[Leaving]):
    """One project's dashboard. It is only a client: what becomes of it changes nothing for a worker."""

    CSS_PATH = "app.tcss"
    TITLE = "procdeck"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("ctrl+q", "ask_quit", show=False, priority=True),
    ]

    def __init__(
        self, link: EngineLink, project: str, *, clock: Clock | None = None, glyphs: Glyphs | None = None
    ) -> None:
        super().__init__()
        self.project = project
        self._link = link
        self._clock: Clock = clock or SystemClock()
        self._glyphs = glyphs or glyph_set(os.environ.get("PROCDECK_GLYPHS", ""))
        self._source = LogSource()
        self._view = FleetView()
        self._wishes = Wishes(link, self.say)
        self._is_stopping_all = False
        self._utc_offset_s = time.localtime(self._clock.wall_s()).tm_gmtoff
        self._wording = Wording(project, self._glyphs, self._clock, self._utc_offset_s)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    def get_default_screen(self) -> FleetScreen:
        return FleetScreen(self._source, self._wording, self._glyphs, self._utc_offset_s)

    @property
    def fleet_screen(self) -> FleetScreen:
        """The screen below all questions."""
        screen = self.screen_stack[0]
        assert isinstance(screen, FleetScreen)
        return screen

    def on_mount(self) -> None:
        self.register_theme(THEME)
        self.theme = NO_COLOR_THEME if self.no_color else THEME.name
        self.set_interval(TICK_S, self._tick)
        self.set_interval(DETAIL_EVERY_S, self._ask_detail_again)
        if not self.is_headless:
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self._detach)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """After the first paint: everything that may take its time."""
        self.run_worker(self._link.run(self._hear), name="link", exit_on_error=True)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)

    async def on_unmount(self) -> None:
        self._source.close()
        await self._link.close()

    # --- values come down ---

    def _hear(self, news: News) -> None:
        if isinstance(news, FleetView):
            self._view = news
            self._draw()
        elif isinstance(news, Job):
            self._wishes.heard(news)
        else:
            assert isinstance(news, Event)

    def _tick(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self._exit or not self.screen_stack or not self.fleet_screen.is_ready:
            return
        view = self._view
        is_stale = view.state is LinkState.LOST and view.heard_s is not None
        now_s = view.heard_s if is_stale and view.heard_s is not None else self._clock.monotonic_s()
        self.fleet_screen.draw(view, now_s)

    def on_fleet_screen_detail_wanted(self, message: FleetScreen.DetailWanted) -> None:
        self.run_worker(self._fetch_detail(message.name, DETAIL_DELAY_S), group="detail", exclusive=True)

    def _ask_detail_again(self) -> None:
        name = self.fleet_screen.table.cursor_name if self.screen_stack else None
        if name is not None and self._view.state is LinkState.LIVE and self.fleet_screen.is_detail_shown:
            self.run_worker(self._fetch_detail(name, 0.0), group="detail", exclusive=True)

    async def _fetch_detail(self, name: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        self.fleet_screen.show_detail(await self._link.detail(name))

    def say(self, sentence: str, severity: Severity = "information") -> None:
        """Show a sentence for a few seconds. It may hold worker text: it is never parsed."""
        self.notify(sentence, severity=severity, timeout=4.0 if severity == "information" else 8.0, markup=False)

    # --- wishes go up ---

    def on_fleet_screen_wished(self, message: FleetScreen.Wished) -> None:
        action, name = message.action, message.target
        if action.id == "quit":
            self.action_ask_quit()
        elif action.id == "restart_all":
            names = self.fleet_screen.names()
            self._confirm(restart_all_question(names), "restart", ["*"], f"all {len(names)} workers")
        elif action.id == "kill" and name is not None:
            row = self._view.row(name)
            self._confirm(kill_question(name, row.processes if row else 1), "kill", [name], name)
        elif action.wish is not None and name is not None:
            self.run_worker(self._wishes.make(action.wish, [name], name), group="wishes")

    def _confirm(self, question: Question, wish: Literal["restart", "kill"], names: list[str], label: str) -> None:
        def answered(choice: str | None) -> None:
            if choice not in (None, CANCEL):
                self.run_worker(self._wishes.make(wish, names, label), group="wishes")

        self.push_screen(ConfirmScreen(question), answered)

    # --- leaving ---

    def action_interrupt(self) -> None:
        """Ctrl+C: ask; a second time detaches at once."""
        if self._quit_question_is_open():
            self._detach()
        else:
            self.action_ask_quit()

    def _quit_question_is_open(self) -> bool:
        return isinstance(self.screen, ConfirmScreen) and self.screen.question.is_quit

    def action_ask_quit(self) -> None:
        """Ask whether to stop all or to detach; without an engine there is nothing to ask."""
        if self._quit_question_is_open():
            return
        if self._view.state is not LinkState.LIVE:
            self.exit(Leaving("gone"))
            return
        question = quit_question(live_workers(self._view.fleet), is_stopping=self._is_stopping_all)
        self.push_screen(ConfirmScreen(question), self._answered_quit)

    def _answered_quit(self, choice: str | None) -> None:
        if choice == "detach":
            self._detach()
        elif choice in ("stop", "force"):
            self._is_stopping_all = True
            self.run_worker(self._stop_all(is_forced=choice == "force"), group="leaving", exclusive=True)

    def _detach(self) -> None:
        self.exit(Leaving("detached", live_workers(self._view.fleet)))

    async def _stop_all(self, *, is_forced: bool) -> None:
        """Stay and show who is waited for, then leave."""
        self.say("Killing all workers" if is_forced else "Stopping all workers")
        try:
            reply = await self._link.down(is_forced=is_forced)
        except RequestRefused as refused:
            self._is_stopping_all = False
            self.say(str(refused), "error")
        except EngineUnreachable:
            self.exit(Leaving("stopped"))
        else:
            self.exit(Leaving("stopped", survivors=reply.survivors))

    def _fatal_error(self) -> None:
        """Leave the terminal as it was; the entry point tells what happened and where the report is."""
        self._close_messages_no_wait()

    @property
    def crash(self) -> Exception | None:
        """What ended the dashboard against its will."""
        return self._exception
