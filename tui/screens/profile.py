"""The profile's file as it is now: what has changed since the engine read it, what is wrong, what a reload would do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from supervisor.errors import EngineUnreachable, RequestRefused
from tui.actions import Action, key_of
from tui.editing import NoEditor, edit
from tui.hang_actions import PROFILE_ACTIONS, bindings_of
from tui.hang_desk import HangDesk
from tui.leaving import LeavingApp
from tui.link.view import LinkState
from tui.profile_file import Declared, ProfileFile, ProfileReader
from tui.render.channel_detail import Page
from tui.render.figures import plural
from tui.render.pieces import Line, plain
from tui.render.profile_page import FilePage, Standing, file_page, plan_page, position_of
from tui.screens.asking import AskingScreen
from tui.screens.room import WIDE_FROM_COLUMNS
from tui.widgets.file_view import FileView
from tui.widgets.hint_bar import HintBar
from tui.widgets.line import LineWidget
from tui.widgets.lines_view import LinesView

EVERY_S: Final = 1.0
"""How often it is looked whether the file has changed."""
PLAN_EVERY_S: Final = 10.0
"""A plan may change while the file does not: a worker was scaled, a file of variables was written."""
AROUND: Final = 4
"""Lines that are to be seen before and after where one goes at a key."""
PLAN_SHARE: Final = 3
"""Of ten columns of a wide terminal, as in the style sheet: beside it lines of 100 characters stand whole at 160."""
LOOKS_AT_FIRST: Final = 2
"""A glance at the text, and a look at what is wrong in it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look gave."""

    file: ProfileFile
    standing: Standing


class ProfileScreen(AskingScreen[Look]):
    """Looks on while it is on top. The file is read here, the plan is the engine's."""

    ROWS = PROFILE_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(PROFILE_ACTIONS)]

    def __init__(self, desk: HangDesk, _: str = "") -> None:
        super().__init__(desk)
        self._reader: ProfileReader | None = None
        self._read_for: tuple[str, str] = ("", "")
        self._planned_s = 0.0
        self._begun_s = 0.0
        self._page = FilePage([], [], [], [])
        self._page_of: tuple[object, int] = (None, 0)
        self._is_recorded = desk.wording.access == "recording"
        """Nothing was recorded of the file, so it is told as it is now; there is no engine that would plan a reload."""
        self._is_plan_wanted = not self._is_recorded
        self._looks = 0
        self._put_at = 0
        """The line of the screen that the cursor was put on."""
        self._edited: ProfileFile | None = None
        """What the file was before it was edited, until it is told what has become of it."""

    def compose(self) -> ComposeResult:
        yield LineWidget(id="asking-title", ground="title-focused")
        with Container(id="profile-body"):
            yield FileView(id="asking")
            plan = LinesView(id="profile-plan")
            plan.can_focus = False
            yield plan
        yield HintBar(id="asking-hints")

    # --- looking ---

    def look(self) -> None:
        if self.desk.view().state is not LinkState.CONNECTING:  # what is to be read is not known yet
            super().look()

    async def ask(self) -> Look:
        self._begun_s = self.desk.now_s()
        reader = self._reader_now()
        before = self.reply
        if before is None:  # the text at once, and what is to be said of it next
            return Look(await asyncio.to_thread(reader.glance), Standing())
        file = await asyncio.to_thread(reader.read)
        is_live = self.desk.view().state is LinkState.LIVE
        is_known = before.file is file and bool(before.standing.trouble) != is_live
        if is_known and self._begun_s - self._planned_s < PLAN_EVERY_S:
            return Look(file, before.standing)
        self._planned_s = self._begun_s
        return Look(file, await self._plan())

    def _reader_now(self) -> ProfileReader:
        """The reader of what the engine said last of itself.

        Raises:
            EngineUnreachable: it has said nothing yet.
        """
        fleet = self.desk.view().fleet
        if fleet is None:
            raise EngineUnreachable("the engine has not told yet which profile it runs")
        run = (fleet.profile_path, fleet.log.directory)
        if self._reader is None or run != self._read_for:
            self._read_for = run
            directory = Path(fleet.log.directory).parent if fleet.log.directory else None
            self._reader = ProfileReader(Path(fleet.profile_path), directory)
        return self._reader

    async def _plan(self) -> Standing:
        try:
            return Standing(await self.desk.link.reload(is_dry_run=True))
        except RequestRefused as refused:
            return Standing(refusal=str(refused))
        except EngineUnreachable:
            return Standing(trouble="no engine answers")

    def took(self, reply: Look) -> None:
        self._looks += 1
        if self._looks == 1:
            self.call_later(self.look)
        if self._looks <= LOOKS_AT_FIRST:
            self.call_after_refresh(self._go_to_first)
        before, self._edited = self._edited, None
        if before is not None:
            self._tell_edited(before, reply)

    def _go_to_first(self) -> None:
        """What has changed, or is wrong, is what one has come for, unless one has gone elsewhere meanwhile."""
        if self._page.stops and self._file_view.chosen == self._put_at:
            self._put_at = self._page.stops[0]
            self._file_view.choose(self._put_at, AROUND)

    def _go_to_mistake(self) -> None:
        """The first one."""
        if self._page.wrong:
            self._file_view.choose(self._page.wrong[0], AROUND)

    def tick(self) -> None:
        super().tick()
        is_due = self.desk.now_s() - self._begun_s >= EVERY_S
        if self.app.screen is self and self.asked_s is None and is_due:
            self.look()

    # --- showing ---

    def heading(self) -> str:
        fleet = self.desk.view().fleet
        return f"Profile {plain(fleet.profile_path)}" if fleet else "Profile"

    def notes(self) -> str:
        if self.reply is None:
            return ""
        if self._is_recorded:
            return "the file as it is now"
        file = self.reply.file
        changed = sum(bool(line.mark) for line in file.lines)
        told = [plural(changed, "changed line")] if changed and not file.trouble else []
        told += [plural(file.mistakes, "mistake")] if file.mistakes else []
        return ", ".join(told) or ("gone" if file.trouble else "as the engine read it" if file.is_compared else "")

    def page(self, reply: Look, width: int) -> Page:
        if self._page_of != (reply.file, width):
            self._page = file_page(reply.file, width, self.desk.glyphs)
            self._page_of = (reply.file, width)
        self._fill_plan(reply)
        return Page(self._page.lines)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < WIDE_FROM_COLUMNS, "-narrow")
        super().on_resize(event)

    def _fill_plan(self, reply: Look) -> None:
        plan = self.query_one("#profile-plan", LinesView)
        is_narrow = self.has_class("-narrow")
        plan.display = self._is_plan_wanted
        width = (self.size.width if is_narrow else self.size.width * PLAN_SHARE // 10) - 2
        key = key_of("reload") if self._can_reload else ""
        lines: list[Line] = plan_page(reply.file, reply.standing, key, width, self.desk.glyphs.ellipsis)
        most = max((self.size.height - 2) // 3, 1)
        plan.styles.height = min(len(lines), most) if is_narrow else "1fr"
        plan.show(lines)

    # --- keys ---

    @property
    def _can_reload(self) -> bool:
        return any(action.id == "reload" for action in self.rows)

    @property
    def _file_view(self) -> FileView:
        assert isinstance(self.view, FileView)
        return self.view

    @property
    def _line(self) -> int:
        """The line of the file under the cursor."""
        chosen = self._file_view.chosen
        return self._page.numbers[chosen] if chosen < len(self._page.numbers) else 1

    @property
    def _declared(self) -> Declared | None:
        return self.reply.file.declared_at(self._line) if self.reply is not None else None

    def may(self, action: Action) -> bool:
        if action.id in ("next", "previous"):
            return bool(self._page.stops)
        if action.id == "go":
            return self._declared is not None
        if action.id == "edit":
            return self.reply is not None and not self.reply.file.trouble
        if action.id == "reload":
            return self.desk.view().state is LinkState.LIVE
        return True

    def why_not(self, action: Action) -> str:
        if action.id in ("next", "previous"):
            return "Nothing has changed, and nothing is wrong."
        if action.id == "go":
            return "The cursor is in no table of a worker, a pool or a channel."
        if action.id == "edit":
            return "There is no file that could be edited."
        return "No engine answers: there is nothing that could be reloaded."

    def do_next(self) -> None:
        """`n`"""
        self._step(1)

    def do_previous(self) -> None:
        """`N`"""
        self._step(-1)

    def _step(self, by: int) -> None:
        stop = position_of(self._page.stops, self._file_view.chosen, by)
        if stop is not None:
            self._file_view.choose(stop, AROUND)

    def do_plan(self) -> None:
        """`c`"""
        self._is_plan_wanted = not self._is_plan_wanted
        self.query_one("#profile-plan", LinesView).display = self._is_plan_wanted
        self.call_after_refresh(self.fill)

    async def do_reload_now(self) -> None:
        await self.run_action("app.wish('reload')")

    def do_reload(self) -> None:
        """`ctrl+r`"""
        self.call_later(self.do_reload_now)

    def do_go(self) -> None:
        """`enter`"""
        declared = self._declared
        if declared is None:
            return
        view = self.desk.view()
        place, names = "channels", list(view.channels)
        if declared.kind == "pools":
            place, names = "pools", list(view.pools)
        elif declared.kind == "workers":
            place, names = "workers", [row.name for row in view.rows if row.worker == declared.name]
        name = names[0] if declared.kind == "workers" and names else declared.name
        if name not in names:
            way = f" yet: {key_of('reload')} reloads" if self._can_reload else " that is shown"
            self.desk.say(f"{plain(declared.name)} is not part of the run{way}.", "warning")
            return
        self.call_later(self.run_action, f"app.leave_for({place!r}, {name!r})")

    def do_edit(self) -> None:
        """`e`"""
        if self.reply is None:
            return
        file = self.reply.file
        if isinstance(self.app, LeavingApp) and self.app.why_not_switch():
            self.desk.say(f"Nothing is edited from here; open {plain(str(file.path))} in your own editor.", "warning")
            return
        self._edited = file
        try:
            edit(self.app, file.path, self._line)
        except NoEditor as trouble:
            self._edited = None
            self.desk.say(plain(f"Not edited: {trouble}."), "error")
        self.look()

    def _tell_edited(self, before: ProfileFile, reply: Look) -> None:
        """Say what has become of the file in the editor."""
        name, file = plain(file_name(before)), reply.file
        if file is before:
            self.desk.say(f"{name} was left as it was.")
        elif file.mistakes:
            self.desk.say(f"{name} has {plural(file.mistakes, 'mistake')} now; the cursor is on the first.", "error")
            self.call_after_refresh(self._go_to_mistake)
        elif reply.standing.reply is not None and reply.standing.reply.plan:
            steps = plural(len(reply.standing.reply.plan), "change")
            self.desk.say(f"{name} is valid. A reload would make {steps}: {key_of('reload')} asks.")
        else:
            self.desk.say(f"{name} is valid; a reload would change nothing.")


def file_name(file: ProfileFile) -> str:
    """Without its directory."""
    return file.path.name
