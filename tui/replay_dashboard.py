"""The dashboard of a recording."""

from __future__ import annotations

from textual.binding import Binding
from textual.widgets import Input

from tui.bindings import hear
from tui.dashboard import Dashboard, Leaving
from tui.link.replay_link import ReplayClock, ReplayLink
from tui.replay_actions import REPLAY_ACTIONS, STEPS_S
from tui.screens.fleet import FleetScreen
from tui.settings.model import Settings

SPEEDS = (0.0, 1.0, 10.0, 60.0)
LOG_EVERY_S = 0.25
"""How often the log is taken along."""
TIME_CELLS = len("02:13:05")
ELSEWHERE = "STAYS HERE"
"""What the log's title says once a person has gone to other lines than those of the moment."""
_OF_REPLAY = {(action.id,) for action in REPLAY_ACTIONS}


class ReplayDashboard(Dashboard):
    """`Dashboard` whose log goes along with the time; `tui.replay_actions` moves it, whatever is shown."""

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
        self._log_second = -1
        """Of the moment at which the log was made to stand; negative: it is to be made so, wherever it is."""
        self._log_line: int | None = None
        """Where it stood then."""

    def get_default_screen(self) -> FleetScreen:
        screen = super().get_default_screen()
        screen.also = REPLAY_ACTIONS
        return screen

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where a person types, the keys of a recording are letters like all others."""
        is_letter = action == "wish" and parameters[:1] in _OF_REPLAY and isinstance(self.focused, Input)
        return False if is_letter else super().check_action(action, parameters)

    def on_mount(self) -> None:
        self.set_interval(LOG_EVERY_S, self._take_log_along)

    def _take_log_along(self) -> None:
        """Have the log end at the moment that is shown, unless a person has gone elsewhere in it."""
        if not self.is_drawing or self._view.fleet is None:
            return
        pane, at_s = self.fleet_screen.log_panes.first, self._replay_clock.wall_s()
        is_elsewhere = self._log_second >= 0 and pane.view.cursor_number != self._log_line
        if not is_elsewhere and int(at_s) != self._log_second and pane.stand_at(int(at_s * 1e6)):
            self._log_second, self._log_line = int(at_s), pane.view.cursor_number
        if not is_elsewhere and int(at_s) != self._log_second:
            return  # its lines are still counted
        told, before = ELSEWHERE if is_elsewhere else self._replay_clock.text()[-TIME_CELLS:], pane.recorded
        pane.recorded, pane.recorded_us = told, int(at_s * 1e6)
        if told != before:
            self.fleet_screen.redraw()

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
        self._log_second = -1
        if seconds < 0:
            self._hang_desk.happenings.start_over()
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
