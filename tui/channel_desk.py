"""A person's wishes for the items of channels: what throws items away is asked first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from supervisor.api.letters import ChannelActionName, Letter
from tui.actions import Action
from tui.hang_desk import Work
from tui.render.pieces import plain
from tui.screens.confirm import Question, discard_question, drain_question
from tui.situation import Situation
from tui.wishes import Wishes


@dataclass(frozen=True)
class ChannelDesk:
    """One for the whole dashboard.

    Attributes:
        acted: something was done to a channel's items.
    """

    wishes: Wishes
    start: Callable[[Work], None]
    confirm: Callable[[Question, Work], None]
    acted: Callable[[str], None]

    def wish(self, action: Action, wish: ChannelActionName, situation: Situation, letter: Letter | None) -> None:
        """Do `action` to the items of the channel under the cursor; `letter` is the dead letter under it."""
        channel = situation.channel
        if channel is None:
            return
        is_for_one = action.id in ("requeue", "discard")
        ids = (situation.letter,) if is_for_one and situation.letter is not None else ()
        do = partial(self._act, channel.name, wish, ids)
        if wish == "drain":
            self.confirm(drain_question(channel.name, channel.depth), do)
        elif wish == "discard":
            number = 1 if is_for_one else channel.dead_letters
            preview = plain(letter.preview) if is_for_one and letter else ""
            self.confirm(discard_question(channel.name, number, preview), do)
        else:
            self.start(do)

    async def _act(self, name: str, wish: ChannelActionName, ids: Sequence[str]) -> None:
        await self.wishes.make_on_channel(name, wish, ids)
        self.acted(name)
