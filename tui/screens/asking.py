"""A screen that fills itself with an answer of the engine: it shows that it looks, the answer, or why there is none.

::

    look() ──► ask() in the background ──► took() ──► page()
                        └─ refused, no engine ──► told where the answer would be; Esc goes back at any time
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import takewhile
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.worker import Worker

from supervisor.errors import EngineUnreachable, RequestRefused
from tui.actions import BY_ID, Action, place_keys
from tui.bindings import hear
from tui.hang_actions import bindings_of
from tui.hang_desk import HangDesk
from tui.jumping import Spot
from tui.offers import also_offered, offered
from tui.palette import Entry, action_entries, go_entries
from tui.refusals import why_never
from tui.render.channel_detail import Page
from tui.render.figures import duration
from tui.render.header import pane_title
from tui.render.pieces import Line, Tone, line_width, plain, wrap
from tui.render.ways import Ways, crumbs, target_at
from tui.screens.palette import PaletteScreen
from tui.screens.reading import HelpScreen
from tui.screens.upper import UpperScreen
from tui.widgets.hint_bar import HintBar
from tui.widgets.line import LineWidget
from tui.widgets.page_view import PageView

TICK_S = 0.1
SHORT_S = 0.5
"""A look that is done sooner is not worth a word."""
LONG_S = 1.5
"""A look that takes longer is worth a word about why."""

ReplyT = TypeVar("ReplyT")


class AskingScreen(UpperScreen[None], Generic[ReplyT]):
    """Asks once when it opens, and again when it is told to; the last answer stays until there is a new one."""

    ROWS: ClassVar[tuple[Action, ...]] = ()

    def __init__(self, desk: HangDesk) -> None:
        super().__init__()
        ways = [Binding(key, "palette", show=False) for key in BY_ID["palette"].keys]
        ways += [Binding(key, f"app.leave_for('{place}', '')", show=False) for place, key in place_keys()]
        ways += [Binding(key, "app.jump", show=False) for key in BY_ID["jump"].keys]
        ways += [Binding(key, "app.wish('picker')", show=False) for key in BY_ID["picker"].keys]
        hear(self, [*ways, *bindings_of(self.ROWS)])
        self.desk = desk
        self._room = 0
        """Cells for crumbs before the heading."""
        self.reply: ReplyT | None = None
        self.reply_s = 0.0
        """When it came (monotonic)."""
        self.asked_s: float | None = None
        """Since when an answer is waited for; None while none is."""
        self.trouble = ""
        """Why the last look gave nothing."""
        self._turn = 0
        """Another number for each thing that is asked about: an answer of a turn that is over is not wanted."""
        access = desk.wording.access
        self.rows = offered(self.ROWS, access)
        """What can ever be done here."""
        self.also = also_offered(access)
        """The same, of what the app does over every screen."""

    # --- what a subclass says ---

    async def ask(self) -> ReplyT:
        """Ask the engine. Raises as the link does."""
        raise NotImplementedError

    def page(self, reply: ReplyT, width: int) -> Page:
        """The answer."""
        raise NotImplementedError

    def heading(self) -> str:
        """What the screen is about."""
        raise NotImplementedError

    def took(self, reply: ReplyT) -> None:
        """An answer has come; it is shown next."""

    def notes(self) -> str:
        """What is said beside the heading of the answer that is shown."""
        return f"looked {duration(self.desk.now_s() - self.reply_s)} ago"

    def looking_words(self, waited_s: float) -> str:
        """What is said while the first answer is waited for."""
        del waited_s
        return f"Looking{self.desk.glyphs.ellipsis}"

    def may(self, action: Action) -> bool:
        """Whether `action` can be done now: then it is hinted at."""
        del action
        return True

    # --- what all do ---

    def compose(self) -> ComposeResult:
        yield LineWidget(id="asking-title", ground="title-focused")
        yield PageView(id="asking")
        yield HintBar(id="asking-hints")

    def on_mount(self) -> None:
        self.view = self.query_one(PageView)
        self._title = self.query_one("#asking-title", LineWidget)
        self._hints = self.query_one(HintBar)
        self.view.focus()
        self.set_interval(TICK_S, self.tick)
        self.look()

    def on_resize(self, _: events.Resize) -> None:
        self.call_after_refresh(self.fill)

    def tick(self) -> None:
        """Time goes by."""
        if self.reply is None:
            self.fill()
        else:
            self._draw_title()
            self._hint()

    def look(self) -> None:
        """Ask, unless an answer is waited for already."""
        if self.asked_s is None:
            self.asked_s = self.desk.now_s()
            self._draw_title()
            _: Worker[None] = self.run_worker(self._look, group="asking", exclusive=True)

    async def _look(self) -> None:
        turn = self._turn
        try:
            reply = await self.ask()
        except (RequestRefused, EngineUnreachable) as trouble:
            if turn == self._turn:
                self.trouble = plain(str(trouble))
        else:
            if turn == self._turn:
                self.reply, self.reply_s, self.trouble = reply, self.desk.now_s(), ""
                self.took(reply)
        finally:
            if turn == self._turn:
                self.asked_s = None
        if turn == self._turn and self.is_attached:
            self.fill()

    def look_anew(self) -> None:
        """Ask again: it is another time now, so an answer under way is not wanted any more."""
        self.turn_to(self.reply)
        self.look()

    def turn_to(self, reply: ReplyT | None) -> None:
        """Ask about something else: `reply` is what is known of it. An answer under way is not waited for any more."""
        self.reply, self.asked_s, self.trouble = reply, None, ""
        self._turn += 1

    def fill(self) -> None:
        """Show what there is now."""
        width = self.view.text_width
        if width < 1:
            return
        if self.reply is None:
            self.view.show_page(Page(self._in_place_of_a_page(width)))
        else:
            page = self.page(self.reply, width)
            trouble = _told(f"Could not look again: {self.trouble}", width) if self.trouble else []
            items = tuple(type(item)(item.id, item.line + len(trouble), item.height) for item in page.items)
            self.view.show_page(Page([*trouble, *page.lines], items))
        self._draw_title()
        self._hint()

    def _hint(self) -> None:
        besides = (action for action in self.also if action.hint_rank)
        self._hints.show((*besides, *(action for action in self.rows if self.may(action))))

    def _in_place_of_a_page(self, width: int) -> list[Line]:
        if self.trouble:
            return [(), *_told(self.trouble, width), (), ((" Esc goes back.", Tone.DIM),)]
        waited_s = 0.0 if self.asked_s is None else self.desk.now_s() - self.asked_s
        lines: list[Line] = [(), ((f" {self.looking_words(waited_s)}", Tone.STRONG),), ()]
        if waited_s >= LONG_S:
            lines.append(((f" It takes {duration(waited_s)} so far: processes are asked, and may be slow.", Tone.DIM),))
        return [*lines, ((" Esc goes back.", Tone.DIM),)]

    def _draw_title(self) -> None:
        notes = "" if self.reply is None else self.notes()
        if self.reply is not None and self.asked_s is not None and self.desk.now_s() - self.asked_s >= SHORT_S:
            notes = "looking again"
        self.show_title(((notes + " ", Tone.DIM),))

    def show_title(self, chip: Line, notes: Line = ()) -> None:
        """Show where one is, the heading with `notes` after it, and `chip` at the right."""
        self._title.show(lambda width: self._crumbed(notes, chip, width))

    def _crumbed(self, notes: Line, chip: Line, width: int) -> Line:
        rest = pane_title(self.heading(), notes, chip, width - self._way_here(notes, chip, width).width)
        return (*self._way_here(notes, chip, width).line, *rest)

    def _way_here(self, notes: Line, chip: Line, width: int) -> Ways:
        """The screens below this one, as far as there is room before its heading."""
        self._room = width - line_width((*notes, *chip)) - cell_len(self.heading()) - 3
        return crumbs(self._passed(), self._room, self.desk.glyphs)

    def _passed(self) -> list[str]:
        """What the screens below this one are called."""
        below = list(takewhile(lambda screen: screen is not self, self.app.screen_stack))
        places = [str(getattr(screen, "place", "")).capitalize() for screen in below[:1]]
        return [*places, *(screen.crumb() for screen in below if isinstance(screen, AskingScreen))]

    def crumb(self) -> str:
        """What this screen is called where one looks back to it: one word."""
        return type(self).__name__.removesuffix("Screen")

    def title_spots(self) -> Iterator[Spot]:
        """The ways back."""
        for span in crumbs(self._passed(), self._room, self.desk.glyphs).spans:
            go = partial(self.call_later, self.run_action, f"app.back_to({span.target})")
            yield Spot(self._title.region.x + span.begin - 1, self._title.region.y, "place", go)

    async def on_click(self, event: events.Click) -> None:
        """A crumb leads back to its screen."""
        spans = crumbs(self._passed(), self._room, self.desk.glyphs).spans
        target = target_at(spans, event.x) if event.widget is self._title else None
        if target is not None:
            await self.run_action(f"app.back_to({target})")

    def action_act(self, action_id: str) -> None:
        """Do the action called `action_id`, where it can be done."""
        action = next(action for action in self.ROWS if action.id == action_id)
        if action not in self.rows:
            self.desk.say(why_never(action, self.desk.wording.access), "warning")
        elif self.may(action):
            getattr(self, f"do_{action_id.replace('-', '_')}")()
        else:
            self.desk.say(self.why_not(action), "warning")

    def why_not(self, action: Action) -> str:
        """Why `action` cannot be done now."""
        return f"{action.label}: there is nothing to do it to."

    async def on_hint_bar_chosen(self, message: HintBar.Chosen) -> None:
        await self._do(message.action_id)

    async def _do(self, action_id: str) -> None:
        """Do the action called `action_id`, which may be the app's."""
        if any(action.id == action_id for action in self.also):
            await self.run_action(f"app.wish('{action_id}')")
        else:
            self.action_act(action_id)

    def action_palette(self) -> None:
        """Offer what can be done here, and all that one can go to."""
        rows = (*self.also, *self.rows)
        actions = action_entries(rows, lambda action: "" if self._may(action) else self.why_not(action))
        entries = [*actions, *go_entries(self.desk.view(), ())]
        self.app.push_screen(PaletteScreen(entries, self.desk.glyphs), self._do_entry)

    async def _do_entry(self, entry: Entry | None) -> None:
        if entry is not None and entry.what == "action":
            await self._do(entry.id)
        elif entry is not None:
            await self.run_action(f"app.leave_for({entry.what!r}, {entry.id!r})")

    # --- what every such screen has keys for ---

    def do_close(self) -> None:
        """`esc`"""
        self.dismiss(None)

    def do_help(self) -> None:
        """`?`"""
        here = (*self.also, *self.rows)
        access = self.desk.wording.access
        self.app.push_screen(HelpScreen(self.ROWS[0].group, lambda each: each in here and self._may(each), access))

    def _may(self, action: Action) -> bool:
        """Whether `action`, which may be the app's, can be done now."""
        return action in self.also or self.may(action)

    def do_again(self) -> None:
        """Look again."""
        self.look()

    def do_dump(self) -> None:
        """`d`"""
        self.desk.dump()

    def do_report(self) -> None:
        """`e`"""
        self.desk.report()


def _told(trouble: str, width: int) -> list[Line]:
    return [((f" {part}", Tone.RED),) for part in wrap(trouble, max(width - 2, 12))]
