"""The dashboard's composition root: one line to the engine, one screen, and the questions asked before leaving."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, cast

from textual.binding import Binding, BindingType

from supervisor.api.messages import Event, Job
from supervisor.clock import Clock, SystemClock
from tui.actions import ACTIONS, BY_ID, meant_by
from tui.bindings import hear
from tui.channel_desk import ChannelDesk
from tui.compositor import paint_little
from tui.fetching import AGAIN_EVERY_S, Fetching
from tui.garbage import LOOK_EVERY_S, leave_little, look_again, settle
from tui.hang_desk import HangDesk, Work
from tui.keymap import choose_keys
from tui.leaving import Leaving, LeavingApp
from tui.link.engine_link import EngineLink, News
from tui.link.log_source import LogSource
from tui.link.older_hits import OlderHits
from tui.link.view import FleetView, LinkState
from tui.local_clock import ahead_of_utc_s
from tui.lower_screens import paint_little_below
from tui.picture_taking import keep_picture
from tui.pool_desk import PoolDesk
from tui.refusals import why_never
from tui.render.glyphs import Glyphs
from tui.render.moments import stored_moment
from tui.screens.confirm import (
    CANCEL,
    ConfirmScreen,
    Question,
)
from tui.screens.fleet import FleetScreen
from tui.screens.jump import JumpScreen
from tui.screens.opening import open_screen
from tui.screens.plan import MistakesScreen, PlanScreen
from tui.screens.themes import ThemesScreen
from tui.screens.wording import Wording
from tui.settings.glyph_choice import glyphs_for
from tui.settings.kept import KeptView
from tui.settings.model import Settings
from tui.settings_desk import SettingsDesk
from tui.situation import SCREEN_NAMES, Access, Place, ScreenName, figures_of
from tui.theme import DEFAULTS
from tui.undo_desk import UndoDesk
from tui.widgets.scroll_bars import fit_scroll_bars
from tui.wishes import Mistakes, Wishes
from tui.worker_desk import WorkerDesk

__all__ = ["Dashboard", "Leaving"]

FRAME_S = 0.1
"""How often the log, and figures that changed, are drawn. What a person did, and states, are drawn at once."""

SLOW_FRAME_S = 0.5
"""The same where a person wants as little motion as can be."""

FRAMES_PER_TICK = 2
"""Every so many frames all is drawn again while a wait is told in tenths of a second."""

AGES_S = 0.95
"""So long after all was drawn, ages may be others; the clock is drawn with its second."""


class Dashboard(LeavingApp):
    """One project's dashboard. It is only a client: what becomes of it changes nothing for a worker."""

    ACCESS: ClassVar[Access] = "all"
    """What a person may do here."""
    CSS_PATH = "app.tcss"
    TITLE = "procdeck"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("ctrl+q", "wish('quit')", show=False, priority=True),
        Binding("ctrl+z", "wish('suspend')", show=False, priority=True),
    ]

    def __init__(
        self,
        link: EngineLink,
        project: str,
        *,
        clock: Clock | None = None,
        glyphs: Glyphs | None = None,
        settings: Settings | None = None,
        kept: KeptView | None = None,
    ) -> None:
        # Textual decides here, before there is a theme, whether NO_COLOR means no colours at all or shades of grey.
        super().__init__(link, ansi_color=True if os.environ.get("NO_COLOR") else None)
        leave_little()
        paint_little()
        paint_little_below()
        self._settings = SettingsDesk(self, settings or Settings(), kept)
        choose_keys(self._settings.settings.keys)
        of_the_app = dict.fromkeys(key for action in ACTIONS if action.is_for_the_app for key in action.keys)
        over_all = [key for key in BY_ID["screenshot"].keys if key.startswith("ctrl+")]  # it is about what lies over
        hear(self, [Binding(key, f"press('{key}')", show=False, priority=key in over_all) for key in of_the_app])
        self.project = project
        self._clock: Clock = clock or SystemClock()
        self._glyphs = glyphs or glyphs_for(self._settings.settings.glyphs, os.environ)
        fit_scroll_bars(self._glyphs)
        self.set_class(self._glyphs.is_ascii, "-ascii")
        self._source = LogSource(
            lambda text: stored_moment(text, self._clock.wall_s(), ahead_of_utc_s), (OlderHits(), OlderHits())
        )
        self._wishes = Wishes(link, self.say)
        self._is_outdated = False
        self._frames = 0
        self._drawn_s = 0.0
        self._wording = Wording(project, self._glyphs, self._clock, ahead_of_utc_s, self.ACCESS)
        self._hang_desk = HangDesk(
            link, self._wishes, self._wording, self.say, lambda: self._view, self._start, self._confirm,
            lambda what, name: open_screen(self, self._hang_desk, what, name),
        )  # fmt: skip
        self._fetching = Fetching(link, lambda: self._view, self._screen_to_fill, self.in_background)
        acted = partial(self._fetching.acted, "channels")
        self._channel_desk = ChannelDesk(self._wishes, self._start, self._confirm, acted)
        self._pool_desk = PoolDesk(
            self._wishes, self._start, self._ask, partial(self._fetching.acted, "pools"), self._clock.monotonic_s
        )
        self._undo_desk = UndoDesk(self._wishes, self._start, self.say, lambda: self.fleet_screen)
        self._worker_desk = WorkerDesk(self._wishes, lambda: self._view, self._start, self._ask, self._pool_desk.resize)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    def get_default_screen(self) -> FleetScreen:
        screen = FleetScreen(self._source, self._wording, self._glyphs, ahead_of_utc_s)
        screen.when_ready = partial(self._settings.lay_out, screen)
        return screen

    @property
    def wants_mouse(self) -> bool:
        """Whether the terminal is to tell of the mouse; where it does not, it keeps its own way of selecting text."""
        return self._settings.settings.mouse

    @property
    def fleet_screen(self) -> FleetScreen:
        """The screen below all questions."""
        screen = self.screen_stack[0]
        assert isinstance(screen, FleetScreen)
        return screen

    def _screen_to_fill(self) -> FleetScreen | None:
        """The first screen, unless it has been left."""
        return self.fleet_screen if self.screen_stack else None

    @property
    def is_drawing(self) -> bool:
        return bool(self.screen_stack) and self.fleet_screen.is_ready

    def on_mount(self) -> None:
        self._settings.begin()
        self.set_interval(SLOW_FRAME_S if self._settings.settings.motion == "reduced" else FRAME_S, self._frame)
        self.set_interval(AGAIN_EVERY_S, self._fetching.again)
        if not self.is_headless:
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self._detach)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """After the first paint: everything that may take its time."""
        self.in_background(partial(self.hear_engine, self._hear), "link")
        settle()
        self.set_interval(LOOK_EVERY_S, look_again)

    def exit(self, *args: Any, **settings: Any) -> None:
        """Leave, and keep how it looks."""
        self._settings.keep()
        super().exit(*args, **settings)

    async def on_unmount(self) -> None:
        self._source.close()
        await self._source.end_helpers()
        await self._link.close()

    # --- values come down ---

    def _hear(self, news: News) -> None:
        if isinstance(news, FleetView):
            is_urgent = _is_urgent(news, self._view)
            self._view = news
            if news.fleet is not None:
                self._hang_desk.happenings.of_run(news.fleet.run_id)
            self._settings.heard(news)
            self.answer_early()
            if is_urgent:
                self._draw()
            else:
                self._is_outdated = True
        elif isinstance(news, Job):
            self._wishes.heard(news)
            self._hang_desk.happenings.hear_job(news, self._clock.wall_s())
        else:
            assert isinstance(news, Event)
            self._hang_desk.happenings.hear(news)

    def _frame(self) -> None:
        """One paint for everything that came since the last: what is far apart on the screen costs all between."""
        self._frames += 1
        if self.is_drawing and not self._exit:
            self.fleet_screen.log_view.pull()
        if self._is_outdated or self._has_gone_on():
            self._draw()
        elif self.is_drawing and not self._exit:
            self.fleet_screen.draw_clock()

    def _has_gone_on(self) -> bool:
        """Whether something that is shown is another thing by itself: an age, or what is left of a wait."""
        now_s = self._clock.monotonic_s()
        if not 0.0 <= now_s - self._drawn_s < AGES_S:
            return True
        if self._frames % FRAMES_PER_TICK or not self.is_drawing:
            return False
        return self.fleet_screen.place == "pools" or self._view.is_counting(now_s)

    def _draw(self) -> None:
        if self._exit or not self.is_drawing:
            return
        self._is_outdated, self._drawn_s = False, self._clock.monotonic_s()
        view = self._view
        is_stale = view.state is LinkState.LOST and view.heard_s is not None
        now_s = view.heard_s if is_stale and view.heard_s is not None else self._clock.monotonic_s()
        self.fleet_screen.draw(view, now_s)

    def on_places_screen_given_up(self, message: FleetScreen.GivenUp) -> None:
        self._wishes.history.push(message.done)

    def on_drawn_screen_detail_wanted(self, message: FleetScreen.DetailWanted) -> None:
        self._fetching.fetch(message.place, message.name)

    # --- wishes go up ---

    def action_press(self, key: str) -> None:
        """Do what `key` means now."""
        self.action_wish(meant_by(key, self.fleet_screen.situation()).id)

    def action_wish(self, action_id: str) -> None:
        """Do what leaves the screen. A key that follows at once is for the question that this opens."""
        action, screen = BY_ID[action_id], self.fleet_screen
        of_the_program: dict[str, Callable[[], object]] = {
            "quit": self.ask_quit,
            "suspend": self._suspend,
            "themes": lambda: self.push_screen(ThemesScreen(self._settings, self._glyphs)),
            "palette": screen.open_palette,
            "undo": self._undo_desk.undo,
            "jump": self.action_jump,
            "screenshot": self._keep_picture,
        }
        if action.id in of_the_program:
            of_the_program[action.id]()
        elif screen.may(action):
            situation = screen.situation()
            if action.channel_wish is not None:
                self._channel_desk.wish(action, action.channel_wish, situation, screen.letter(situation.letter))
            elif action.opens is not None:
                about = figures_of(situation) if action.opens in ("plots", "pipeline") else screen.worker_name
                self._hang_desk.open(action.opens, about or "")
            elif action.id == "reload":
                self.in_background(self._reload, "reload", is_latest_only=True)
            elif action.place == "pools":
                self._pool_desk.wish(action, situation, screen.failure(situation.failure))
            else:
                self._worker_desk.wish(action, situation)

    def _keep_picture(self) -> None:
        now_s = self._clock.wall_s()
        at_s = now_s + ahead_of_utc_s(now_s)
        self.in_background(partial(keep_picture, self, self.project, at_s, self.say), "picture")

    def action_leave_for(self, place: Place | ScreenName, name: str) -> None:
        """Go to a place, and to what is called `name` there, from what is open over the fleet."""
        opening = BY_ID.get(place)
        if opening is not None and not opening.is_offered(self.ACCESS):
            self.say(why_never(opening, self.ACCESS), "warning")
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if place in SCREEN_NAMES:
            self._hang_desk.open(cast("ScreenName", place), name)
        else:
            self.fleet_screen.go(cast("Place", place), name)

    def action_leave_for_moment(self, at: float) -> None:
        """Go to a time in the log, a Unix timestamp, from what is open over the fleet."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.fleet_screen.go_to_moment(at)

    def _suspend(self) -> None:
        """Go back to the shell, where there is one."""
        if self._driver is not None and self._driver.can_suspend:
            self.action_suspend_process()
        else:
            self.say("Cannot suspend: there is no shell here to go back to.", "warning")

    def action_jump(self) -> None:
        """Put labels on all that one can go to from the screen that is shown."""
        self.push_screen(JumpScreen(self.screen), lambda spot: spot.go() if spot is not None else None)

    def action_back_to(self, depth: int) -> None:
        """Go back to the screen over which so many are open: 0 is the first one."""
        while len(self.screen_stack) > depth + 1:
            self.pop_screen()

    async def _reload(self) -> None:
        """Show what a reload would do; do it when a person says so."""
        planned = await self._wishes.reload(is_dry_run=True)
        if isinstance(planned, Mistakes):
            self.push_screen(MistakesScreen(planned.lines))
        elif planned is not None and planned.plan:
            fleet = self._view.fleet
            profile = os.path.basename(fleet.profile_path) if fleet else "the profile"
            self._ask(PlanScreen(profile, planned), lambda _: self._apply_reload)

    async def _apply_reload(self) -> None:
        applied = await self._wishes.reload(is_dry_run=False)
        if isinstance(applied, Mistakes):
            self.push_screen(MistakesScreen(applied.lines))

    def _start(self, work: Work) -> None:
        self.in_background(work, "wishes")

    def _confirm(self, question: Question, do: Work) -> None:
        self._ask(question, lambda _: do)

    def _ask(
        self,
        question: Question | ConfirmScreen,
        act_on: Callable[[str], Work],
    ) -> None:
        """Ask, and do what follows from any answer but Cancel."""

        def answered(choice: str | None) -> None:
            if choice is not None and choice != CANCEL:
                self.in_background(act_on(choice), "wishes")

        self.push_screen(ConfirmScreen(question) if isinstance(question, Question) else question, answered)


def _is_urgent(view: FleetView, before: FleetView) -> bool:
    """Whether there is something in `view` that a person must see without delay: who there is, and in what state."""
    if view.rows is not before.rows and _states(view) != _states(before):
        return True
    return (view.state, view.fleet and view.fleet.phase) != (before.state, before.fleet and before.fleet.phase)


def _states(view: FleetView) -> list[tuple[str, object]]:
    return [(row.name, row.state) for row in view.rows]
