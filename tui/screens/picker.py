"""The profiles that can be opened, each with what it contains and whether it is valid; type to filter, Enter opens.

::

    candidates ──► list at once ──► outlines, one after the other, in a thread ──► list and detail again
                                                      Enter ──► take(): the engine, then its dashboard
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Input
from textual.worker import Worker

from supervisor.clock import Clock
from supervisor.errors import ProcdeckError
from tui.actions import Action
from tui.bindings import hear
from tui.hang_actions import PICKER_ACTIONS, bindings_of
from tui.profiles import Card, Outlines, candidates, has_shipped
from tui.render.glyphs import Glyphs
from tui.render.header import pane_title
from tui.render.pieces import Line, Tone, plain, wrap
from tui.render.profile_cards import Row, Start, card_page, chosen_cards, list_rows, start_page
from tui.screens.room import WIDE_FROM_COLUMNS
from tui.screens.upper import UpperScreen
from tui.switching import Opened, open_engine
from tui.widgets.choice_list import ChoiceList
from tui.widgets.hint_bar import HintBar
from tui.widgets.line import LineWidget
from tui.widgets.lines_view import LinesView

AGAIN_S = 2.0
"""How often it is looked anew which files and engines there are."""
NONE_SHIPPED = "Shipped with procdeck: none; this installation came without its profiles."


class PickerScreen(UpperScreen[None]):
    """Lists profiles. What is done with the chosen one is `take`, its subclasses' business."""

    ROWS: ClassVar[tuple[Action, ...]] = PICKER_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,ctrl+k,shift+tab", "move(-1)", show=False, priority=True),
        Binding("down,ctrl+j,ctrl+n,tab", "move(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
    ]

    def __init__(self, glyphs: Glyphs, clock: Clock, directory: Path, *, current: str = "") -> None:
        super().__init__()
        hear(self, [replace(binding, priority=True) for binding in bindings_of(self.ROWS)])
        self.current = current
        """The project that is looked at already; empty: none."""
        self._glyphs = glyphs
        self._clock = clock
        self._directory = directory
        self._outlines = Outlines()
        self._cards: list[Card] = []
        self._rows: list[Row] = []
        self._chosen: Card | Start | None = None
        self._is_loaded = False
        self._is_looking = False
        self._has_shipped = True
        self._clicked = ""
        """What was clicked last: a second click opens it."""
        self._shown_for = ""
        """What was typed when the list was made."""
        self._busy = ""
        """What is being done about a choice; nothing else can be chosen meanwhile."""
        self.opening = ""
        """The project whose engine is on its way; empty: none."""
        self._trouble = ""
        """Why a choice could not be opened, and which one."""
        self._typed = Input(placeholder="type to filter by name or path", compact=True, id="picker-typed")
        self._list = ChoiceList(id="picker-list")
        self._detail = LinesView(id="picker-detail")
        self._detail.can_focus = False

    # --- what a subclass says ---

    def take(self, card: Card) -> None:
        """Open what was chosen; it is valid, or runs."""
        raise NotImplementedError

    def begin(self, start: Start) -> None:
        """Do what a line of `starts` offers."""
        raise NotImplementedError

    def leave(self) -> None:
        """`esc`"""
        self.dismiss(None)

    def starts(self) -> Sequence[Start]:
        """What is offered before all profiles."""
        return ()

    def heading(self) -> str:
        """What the screen is about."""
        return "Profiles"

    # --- what it shows ---

    def compose(self) -> ComposeResult:
        yield LineWidget(id="picker-title", ground="title-focused")
        yield self._typed
        with Container(id="picker-body"):
            yield self._list
            with Container(id="picker-side"):
                yield LineWidget(id="picker-name", ground="title")
                yield self._detail
        yield HintBar(id="picker-hints")

    def on_mount(self) -> None:
        self._typed.cursor_blink = False
        self.set_focus(self._typed)
        self._head = self.query_one("#picker-title", LineWidget)
        self._named = self.query_one("#picker-name", LineWidget)
        self.query_one(HintBar).show(tuple(action for action in self.ROWS if self.may(action)))
        self.set_interval(AGAIN_S, self._look)
        self._look()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < WIDE_FROM_COLUMNS, "-narrow")
        self.call_after_refresh(self._fill)

    def _look(self) -> None:
        _: Worker[None] = self.run_worker(self._load, group="profiles", exclusive=False)

    async def _load(self) -> None:
        """List what there is, then look into each; the list is usable all the time."""
        if self._is_looking or (self._is_loaded and self.app.screen is not self):
            return
        self._is_looking = True
        try:
            await self._load_all()
        finally:
            self._is_looking = False

    async def _load_all(self) -> None:
        found = await asyncio.to_thread(candidates, self._directory)
        self._has_shipped = await asyncio.to_thread(has_shipped)
        known = {card.path: card.outline for card in self._cards}
        self._cards = [replace(card, outline=known.get(card.path)) for card in found]
        self._is_loaded = True
        self._fill()
        for card in tuple(self._cards):
            outline = await asyncio.to_thread(self._outlines.of, card.path)
            if outline != card.outline and self.is_attached:
                self._cards = [replace(one, outline=outline) if one.path == card.path else one for one in self._cards]
                self._fill()

    def _fill(self, *, is_anew: bool = False) -> None:
        width = self._list.size.width - 1
        if width < 1 or not self.is_attached:
            return
        typed = self._shown_for = self._typed.value
        starts = () if typed.strip() else self.starts()
        cards = chosen_cards(self._cards, typed)
        self._rows = list_rows(starts, cards, self.current, self._clock.wall_s(), width, self._glyphs)
        if self._is_loaded and not self._has_shipped and not typed.strip():
            self._rows.append(Row(((f" {NONE_SHIPPED}", Tone.DIM),), None))
        if not self._cards or not self._rows:
            words = "No profile fits; delete what is typed." if self._is_loaded and typed else "Looking for profiles."
            words = "No profile was found." if self._is_loaded and not typed else words
            self._rows += [Row((), None), Row(((f" {words}", Tone.DIM),), None)]
        self._list.show([row.line for row in self._rows], from_top=is_anew)
        self._choose(self._index_of_chosen(is_anew=is_anew))
        self._draw_title()

    def _index_of_chosen(self, *, is_anew: bool) -> int:
        """Where the chosen one stands now; the first that can be chosen where it is gone, or when it begins anew."""
        ids = [_id_of(row.entry) for row in self._rows]
        wanted = _id_of(self._chosen)
        if wanted in ids and wanted and not is_anew:
            return ids.index(wanted)
        return next((index for index, each in enumerate(ids) if each), 0)

    def _choose(self, index: int) -> None:
        """Choose a line. Above the first of a group its heading is to be seen too."""
        self._list.choose(max(index - 1, 0))
        self._list.choose(index)
        before, self._chosen = self._chosen, self._rows[index].entry if self._rows else None
        self._show_detail(is_another=_id_of(before) != _id_of(self._chosen))

    def _show_detail(self, *, is_another: bool) -> None:
        width = self._detail.size.width - 1
        if width < 1:
            return
        entry, lines = self._chosen, list[Line]()
        if self._trouble:
            lines += [
                ((f" {part}", Tone.RED),) for text in self._trouble.splitlines() for part in wrap(text, width - 2)
            ]
            lines.append(())
        if isinstance(entry, Card):
            lines += card_page(entry, self.current, self._clock.wall_s(), width, self._glyphs)
        elif entry is not None:
            lines += start_page(entry, width)
        self._detail.show(lines, from_top=is_another)
        name = "" if entry is None else plain(entry.name)
        more = "pgup pgdn scroll " if len(lines) > self._detail.size.height else ""
        self._named.show(lambda width: pane_title(name, (), ((more, Tone.DIM),), width))

    def _draw_title(self) -> None:
        number = f"{sum(isinstance(row.entry, Card) for row in self._rows)} of {len(self._cards)} "
        notes: Line = ((self._busy + " ", Tone.AMBER),) if self._busy else ((number, Tone.DIM),)
        self._head.show(lambda width: pane_title(self.heading(), (), notes, width))

    # --- keys ---

    def may(self, action: Action) -> bool:
        """Whether `action` can be done here: then it is hinted at."""
        del action
        return True

    def on_input_changed(self) -> None:
        self._trouble = ""
        self._fill(is_anew=True)

    def action_move(self, lines: int) -> None:
        """To the next line that can be chosen."""
        step = 1 if lines > 0 else -1
        index = self._list.chosen + step
        while 0 <= index < len(self._rows):
            if self._rows[index].entry is not None:
                self._trouble = ""
                self._choose(index)
                return
            index += step

    def action_page(self, pages: int) -> None:
        self._detail.action_page(pages)

    def on_choice_list_taken(self) -> None:
        """A click chooses, a second one on the same line opens, as Enter does."""
        index = self._list.chosen
        entry = self._rows[index].entry
        is_again, self._clicked = entry is not None and self._clicked == _id_of(entry), _id_of(entry)
        self._choose(index if entry is not None else self._index_of_chosen(is_anew=False))
        if is_again:
            self.do_open()

    def on_hint_bar_chosen(self, message: HintBar.Chosen) -> None:
        self.action_act(message.action_id)

    def action_act(self, action_id: str) -> None:
        """Do the action called `action_id`."""
        getattr(self, f"do_{action_id.replace('-', '_')}")()

    def do_close(self) -> None:
        """`esc`: first what is typed, then the screen."""
        if self._typed.value:
            self._typed.value = ""
        elif not self._busy:
            self.leave()

    def do_open(self) -> None:
        """`enter`: what is typed may be newer than what is shown."""
        if self._typed.value != self._shown_for:
            self._fill(is_anew=True)
        entry = self._chosen
        if self._busy or entry is None:
            return
        if isinstance(entry, Start):
            self.begin(entry)
        elif entry.engine is None and not entry.is_there:
            self.tell_trouble(f"{entry.path} is gone; there is nothing to open.")
        elif entry.engine is None and entry.outline is not None and entry.outline.mistakes:
            self.tell_trouble(f"{entry.name} has to be mended before it can be run: see below.")
        else:
            self.take(entry)

    # --- opening ---

    def tell_trouble(self, words: str) -> None:
        """Say above the detail why a choice was not opened."""
        self.opening = ""
        self._busy, self._trouble = "", "\n".join(map(plain, words.split("\n")))
        self._draw_title()
        self._show_detail(is_another=True)

    def say_busy(self, words: str) -> None:
        """Say what is being done about a choice; no other is taken until it is done."""
        self._busy = words
        self._draw_title()

    def open_card(self, card: Card) -> None:
        """Have the engine of `card` run, and go to it; where that fails it is said, and nothing has changed."""
        self._trouble, self.opening = "", card.name
        self.say_busy(f"Opening {plain(card.name)}{self._glyphs.ellipsis}")
        _: Worker[None] = self.run_worker(partial(self._open, card), group="opening", exclusive=True)

    async def _open(self, card: Card) -> None:
        try:
            opened = await asyncio.to_thread(open_engine, card.path, card.engine)
        except (ProcdeckError, OSError) as trouble:
            self.tell_trouble(f"{card.name} was not opened:\n{trouble}")
        else:
            await self.go_to(opened)

    async def go_to(self, opened: Opened) -> None:
        """Leave for the dashboard of an engine that runs."""
        raise NotImplementedError


def _id_of(entry: Card | Start | None) -> str:
    if entry is None:
        return ""
    return entry.id if isinstance(entry, Start) else str(entry.path)
