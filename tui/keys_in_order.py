"""Does what is typed in the order in which it is typed: a key is done, with what it changes, before the next one.

Textual (8.2) sends each key through the queues of all widgets around the one with the focus, and only then sees what
it is bound to: a letter in a box would overtake the ctrl+u before it, and what follows `/` at once miss its box.

::

    keys, pastes ──> waiting ──one at a time──> the box with the focus, where it is text
                                           └──> else what it is bound to, from the focus up
"""

from __future__ import annotations

import re
from asyncio import Event
from collections import deque
from typing import Any, Final, Protocol, TypeVar, runtime_checkable
from weakref import WeakSet

from textual import events
from textual.app import App
from textual.screen import Screen
from textual.widgets import Input

from tui.render.pieces import plain

Result = TypeVar("Result")

_CONTROLS: Final = re.compile("[\x00-\x1a\x1c-\x1f\x7f]")
"""All but Esc, which begins what `plain` takes out whole."""


@runtime_checkable
class TakesKeys(Protocol):
    """A screen for which every key is something else than what it is bound to."""

    def take_key(self, event: events.Key) -> None:
        """Do what the key means here."""


class KeysInOrder(App[Result]):
    """An app for which it makes no difference how fast somebody types, nor in what pieces it arrives."""

    def __init__(self, *args: object, **settings: object) -> None:
        super().__init__(*args, **settings)  # type: ignore[arg-type]
        self._typed: deque[events.Key | events.Paste] = deque()
        self._there: WeakSet[Screen[Any]] = WeakSet()
        """Screens that have all that is in them, and the focus where they want it."""

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, (events.Key, events.Paste)) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if len(self._typed) == 1:
            self.call_later(self._do_first)

    async def _do_first(self) -> None:
        """Do what was typed first. What comes next waits behind all that it asks of the app, such as another focus."""
        screen = self.screen
        if screen not in self._there:
            mounted: Event = screen._mounted_event  # noqa: SLF001 (what Textual's own `AwaitMount` waits for)
            await mounted.wait()
            self._there.add(screen)
            self.call_later(self._do_first)
            return
        try:
            await self._do(self._typed[0])
        finally:
            self._typed.popleft()
            if self._typed:
                self.call_later(self._do_first)

    async def _do(self, event: events.Key | events.Paste) -> None:
        self.app_focus = True
        box = self.focused if isinstance(self.focused, Input) else None
        if isinstance(event, events.Paste):
            if box is not None:
                box._on_paste(events.Paste(line_to_paste(event.text)))  # noqa: SLF001 (what Textual does with it)
            return
        if await self._check_bindings(event.key, priority=True):
            return
        if isinstance(self.screen, TakesKeys):
            self.screen.take_key(event)
        elif box is not None and event.is_printable:
            await box._on_key(event)  # noqa: SLF001 (what Textual does with it)
        else:
            await self._check_bindings(event.key)


def line_to_paste(text: str) -> str:
    """What a line to type in takes of pasted `text`: of several lines the first that says something.

    Nothing is in it that a terminal would obey.
    """
    lines = (plain(_CONTROLS.sub("", line.replace("\t", " "))).strip() for line in text.splitlines())
    return next(filter(None, lines), "")
