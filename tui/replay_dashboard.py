"""The dashboard of a recording."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.dashboard import Dashboard, Leaving
from tui.link.replay_link import ReplayClock, ReplayLink

SPEEDS = (0.0, 1.0, 10.0, 60.0)
LOG_EVERY_S = 0.25
"""How often the log is taken along."""


class ReplayDashboard(Dashboard):
    """`Dashboard` whose log goes along with the time.

    ``{`` and ``}`` go a minute back and on, ``(`` and ``)`` ten, and the backslash changes the speed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_curly_bracket", "move(-60)", show=False, priority=True),
        Binding("right_curly_bracket", "move(60)", show=False, priority=True),
        Binding("left_parenthesis", "move(-600)", show=False, priority=True),
        Binding("right_parenthesis", "move(600)", show=False, priority=True),
        Binding("backslash", "speed", show=False, priority=True),
    ]

    def __init__(self, link: ReplayLink, project: str, clock: ReplayClock) -> None:
        super().__init__(link, project, clock=clock)
        self._replay_clock = clock
        self.first_words = (
            f"A recording, at {clock.text()}, {speed_text(clock.speed)}. "
            "{ and } go a minute back and on, ( and ) ten; \\ changes the speed."
        )
        self._log_second = -1
        """Of the moment at which the log was made to stand; negative: it is to be made so, wherever it is."""
        self._log_line: int | None = None
        """Where it stood then."""

    def on_mount(self) -> None:
        self.set_interval(LOG_EVERY_S, self._take_log_along)

    def _take_log_along(self) -> None:
        """Have the log end at the moment that is shown, unless a person has gone elsewhere in it."""
        if not self.is_drawing or self._view.fleet is None:
            return
        pane, at_s = self.fleet_screen.log_panes.first, self._replay_clock.wall_s()
        is_elsewhere = self._log_second >= 0 and pane.view.cursor_number != self._log_line
        if is_elsewhere or int(at_s) == self._log_second:
            return
        if pane.stand_at(int(at_s * 1e6)):
            self._log_second, self._log_line = int(at_s), pane.view.cursor_number

    def action_move(self, seconds: int) -> None:
        """Go on from so many seconds later, or earlier."""
        self._replay_clock.go_to(self._replay_clock.wall_s() + seconds)
        self._log_second = -1
        if seconds < 0:
            self._hang_desk.happenings.start_over()
        self.say(f"{self._replay_clock.text()}, {speed_text(self._replay_clock.speed)}")

    def action_speed(self) -> None:
        """The next speed."""
        faster = [speed for speed in SPEEDS if speed > self._replay_clock.speed]
        self._replay_clock.run_at(faster[0] if faster else SPEEDS[0])
        self.say(f"{self._replay_clock.text()}, {speed_text(self._replay_clock.speed)}")

    def ask_quit(self) -> None:
        """Nothing runs that could be left."""
        self.exit(Leaving("detached"))


def speed_text(speed: float) -> str:
    """``standing still``, ``as it was``, ``10 times as fast``."""
    if not speed:
        return "standing still; \\ goes on"
    return "as fast as it was" if speed == 1 else f"{speed:g} times as fast"
