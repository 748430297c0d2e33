"""The dashboard of a recording."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.dashboard import Dashboard, Leaving
from tui.link.replay_link import ReplayClock, ReplayLink

SPEEDS = (0.0, 1.0, 10.0, 60.0)


class ReplayDashboard(Dashboard):
    """`Dashboard`, with ``{`` and ``}`` a minute back and on, ``(`` and ``)`` ten, and the backslash for the speed."""

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

    def action_move(self, seconds: int) -> None:
        """Go on from so many seconds later, or earlier."""
        self._replay_clock.go_to(self._replay_clock.wall_s() + seconds)
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
