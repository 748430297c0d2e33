"""The dashboard of a recording."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding
from textual.widgets import Input

from tui.bindings import hear
from tui.dashboard import Dashboard, Leaving
from tui.link.engine_link import News
from tui.link.log_source import Narrowing
from tui.link.replay_link import ReplayClock, ReplayLink
from tui.link.view import FleetView
from tui.replay_actions import REPLAY_ACTIONS, STEPS_S
from tui.screens.asking import AskingScreen
from tui.screens.logs import LogPane
from tui.settings.model import Settings

SPEEDS = (0.0, 1.0, 10.0, 60.0)
LOG_EVERY_S = 0.25
"""How often the logs are taken along."""
TIME_CELLS = len("02:13:05")
ELSEWHERE = "STAYS HERE"
"""What the log's title says once a person has gone to other lines than those of the moment."""
_OF_REPLAY = {(action.id,) for action in REPLAY_ACTIONS}


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where a log was made to stand."""

    second: int
    """Of the moment for which it was."""
    line: int | None
    """The line under its cursor then: under another one a person has gone elsewhere."""
    narrowing: Narrowing
    """What it let through then."""


class ReplayDashboard(Dashboard):
    """`Dashboard` whose logs go along with the time; `tui.replay_actions` moves it, whatever is shown."""

    ACCESS = "recording"

    def __init__(self, link: ReplayLink, project: str, clock: ReplayClock, *, settings: Settings | None = None) -> None:
        super().__init__(link, project, clock=clock, settings=settings)
        self._replay_clock = clock
        self.first_words = (
            f"A recording, at {clock.text()}, {speed_text(clock.speed)}. "
            f"{_key('minute_back')} and {_key('minute_on')} go a minute back and on, {_key('ten_back')} and "
            f"{_key('ten_on')} ten; {_key('speed')} changes the speed."
        )
        hear(self, [
            Binding(key, f"wish('{action.id}')", show=False, priority=True)
            for action in REPLAY_ACTIONS
            for key in action.keys
        ])  # fmt: skip
        self._stands: dict[LogPane, _Stand] = {}
        """Where each log was made to stand; one that has none is to be made so, wherever it is."""
        self._is_moved = False
        """What is open over the first screen still shows another moment."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where a person types, the keys of a recording are letters like all others."""
        is_letter = action == "wish" and parameters[:1] in _OF_REPLAY and isinstance(self.focused, Input)
        return False if is_letter else super().check_action(action, parameters)

    def on_mount(self) -> None:
        self.set_interval(LOG_EVERY_S, self._take_logs_along)

    def _hear(self, news: News) -> None:
        super()._hear(news)
        if self._is_moved and isinstance(news, FleetView):
            self._is_moved = False
            for screen in self.screen_stack:
                if isinstance(screen, AskingScreen):
                    screen.look_anew()

    def _take_logs_along(self) -> None:
        """Have each log end at the moment that is shown, unless a person has gone elsewhere in it."""
        if not self.is_drawing or self._view.fleet is None:
            return
        panes = tuple(self.fleet_screen.log_panes)
        self._stands = {pane: stand for pane, stand in self._stands.items() if pane in panes}
        told = [self._take_along(pane) for pane in panes]
        self._take_errors_along()
        if any(told):
            self.fleet_screen.redraw()

    def _take_errors_along(self) -> None:
        """Have nothing be told of that has failed later."""
        timeline, at_s = self.fleet_screen.log_panes.first.source.timeline, self._replay_clock.wall_s()
        if timeline is not None and timeline.is_complete:
            self.fleet_screen.tell_errors_until(timeline.count_before(int(at_s * 1e6)), at_s)

    def _take_along(self, pane: LogPane) -> bool:
        """Have one log end at the moment that is shown; whether its title says something else by that."""
        at_s, stand, narrowing = self._replay_clock.wall_s(), self._stands.get(pane), pane.source.narrowing
        is_same = stand is not None and stand.narrowing == narrowing  # other lines have other numbers of their own
        is_elsewhere = pane.recorded == ELSEWHERE and stand is not None
        if stand is not None and is_same:
            is_elsewhere = pane.view.cursor_number != stand.line
        if not is_elsewhere and (stand is None or not is_same or int(at_s) != stand.second):
            if pane.stand_at(int(at_s * 1e6)):
                self._stands[pane] = _Stand(int(at_s), pane.view.cursor_number, narrowing)
            elif pane.source.line_count:
                return False  # its lines are still counted
        told, before = ELSEWHERE if is_elsewhere else self._replay_clock.text()[-TIME_CELLS:], pane.recorded
        pane.recorded, pane.recorded_us = told, int(at_s * 1e6)
        return told != before

    def action_wish(self, action_id: str) -> None:
        if action_id in STEPS_S:
            self._move(STEPS_S[action_id])
        elif action_id == "speed":
            self._change_speed()
        else:
            super().action_wish(action_id)

    def _move(self, seconds: int) -> None:
        """Go on from so many seconds later, or earlier."""
        self._replay_clock.go_to(self._replay_clock.wall_s() + seconds)
        self._stands.clear()
        if seconds < 0:
            self._hang_desk.happenings.start_over()
        self._is_moved = True
        self.say(f"{self._replay_clock.text()}, {speed_text(self._replay_clock.speed)}")

    def _change_speed(self) -> None:
        """The next speed."""
        faster = [speed for speed in SPEEDS if speed > self._replay_clock.speed]
        self._replay_clock.run_at(faster[0] if faster else SPEEDS[0])
        self.say(f"{self._replay_clock.text()}, {speed_text(self._replay_clock.speed)}")

    def ask_quit(self) -> None:
        """Nothing runs that could be left."""
        self.exit(Leaving("detached"))


def _key(action_id: str) -> str:
    action = next(action for action in REPLAY_ACTIONS if action.id == action_id)
    return action.key_name or f'"{action.label}"'


def speed_text(speed: float) -> str:
    """``standing still``, ``as it was``, ``10 times as fast``."""
    if not speed:
        return f"standing still; {_key('speed')} goes on"
    return "as fast as it was" if speed == 1 else f"{speed:g} times as fast"
