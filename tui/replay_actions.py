"""What can be done in the dashboard of a recording beside all else, one row each, as in `tui.hang_actions`."""

from __future__ import annotations

from typing import Final

from tui.actions import Action

REPLAY: Final = "A recording (procdeck replay)"

REPLAY_ACTIONS: Final[tuple[Action, ...]] = (
    Action("minute_back", ("left_curly_bracket",), "Minute back", "Show the recording from a minute earlier on.",
           REPLAY, hint_rank=1, leaves_screen=True),
    Action("minute_on", ("right_curly_bracket",), "Minute on", "Show the recording from a minute later on.",
           REPLAY, hint_rank=2, leaves_screen=True),
    Action("ten_back", ("left_parenthesis",), "Ten minutes back", "Show the recording from ten minutes earlier on.",
           REPLAY, leaves_screen=True),
    Action("ten_on", ("right_parenthesis",), "Ten minutes on", "Show the recording from ten minutes later on.",
           REPLAY, leaves_screen=True),
    Action("speed", ("backslash",), "Speed", "Show the recording as fast as it was, 10 or 60 times as fast, or have it "
           "stand still.", REPLAY, hint_rank=3, leaves_screen=True),
)  # fmt: skip

STEPS_S: Final = {"minute_back": -60, "minute_on": 60, "ten_back": -600, "ten_on": 600}
"""How far in time each of them goes."""
