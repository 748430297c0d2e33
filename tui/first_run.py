"""What `procdeck` shows where there is no profile: those that can be opened, and how to write one.

It has no engine and no project: it ends with what was chosen, and its caller goes on from there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Literal

from textual.binding import Binding, BindingType

from supervisor.clock import Clock, SystemClock
from supervisor.paths import EngineNote
from tui.driver import TerminalDriver
from tui.keymap import choose_keys
from tui.keys_in_order import KeysInOrder
from tui.profiles import Card
from tui.render.glyphs import Glyphs
from tui.render.pieces import plain
from tui.render.profile_cards import Start, init_start
from tui.screens.picker import PickerScreen
from tui.settings.glyph_choice import glyphs_for
from tui.settings_desk import SettingsDesk, settings_in_use
from tui.switching import Opened, load_dashboard
from tui.theme import DEFAULTS
from tui.toasts import FewToasts
from tui.wishes import Severity

MOST_FILES: Final = 200
"""Entries of the directory that are looked at for Python files."""


@dataclass(frozen=True, slots=True)
class Began:
    """What was chosen: an engine to look at, or to have a profile written."""

    what: Literal["engine", "init"]
    note: EngineNote | None = None
    is_started: bool = False


class FirstRun(KeysInOrder[Began], FewToasts[Began]):
    """A picker and nothing else; its result is None where nothing was chosen."""

    CSS_PATH = "app.tcss"
    TITLE = "procdeck"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+q", "leave", show=False, priority=True)]

    def __init__(
        self, directory: Path, *, is_asked_for: bool, clock: Clock | None = None, glyphs: Glyphs | None = None
    ) -> None:
        super().__init__(driver_class=TerminalDriver, ansi_color=True if os.environ.get("NO_COLOR") else None)
        settings = settings_in_use()
        choose_keys(settings.keys)
        self._settings = SettingsDesk(self, settings, None)
        self._directory = directory
        self._is_asked_for = is_asked_for
        self._clock: Clock = clock or SystemClock()
        self._glyphs = glyphs or glyphs_for(settings.glyphs, os.environ)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    def on_mount(self) -> None:
        self._settings.begin()
        self.push_screen(_FirstPicker(self._glyphs, self._clock, self._directory, is_asked_for=self._is_asked_for))

    def say(self, sentence: str, severity: Severity = "information") -> None:
        """Show a sentence for some seconds; it is never parsed."""
        self.notify(sentence, severity=severity, timeout=8.0, markup=False)

    def action_leave(self) -> None:
        """Nothing runs that could be asked about. An engine that is on its way will, and goes on: that is said once."""
        picker = self.screen
        if isinstance(picker, _FirstPicker) and picker.is_opening and not picker.has_warned:
            picker.has_warned = True
            self.say("It is being opened, and will run. Once more leaves at once: procdeck attach shows it then.")
        else:
            self.leave_for(None)

    def leave_for(self, began: Began | None) -> None:
        """End with `began`; where that is an engine, its dashboard takes the screen over as it is."""
        if began is not None and began.what == "engine" and isinstance(self._driver, TerminalDriver):
            self._driver.keep_screen()
        self.exit(began)


class _FirstPicker(PickerScreen):
    """Opens at once what is chosen: there is nothing that it could take the place of."""

    app: FirstRun

    def __init__(self, glyphs: Glyphs, clock: Clock, directory: Path, *, is_asked_for: bool) -> None:
        super().__init__(glyphs, clock, directory)
        self._loading: asyncio.Future[None] | None = None
        self.has_warned = False
        """It was said that what is being opened goes on."""
        self._starts = () if is_asked_for else (init_start(python_files(directory)),)
        where = plain(str(directory))
        self._heading = "Profiles" if is_asked_for else f"No procdeck.toml in {where}. These can be opened"

    def heading(self) -> str:
        return self._heading

    @property
    def is_opening(self) -> bool:
        """An engine is on its way."""
        return bool(self._busy)

    def starts(self) -> Sequence[Start]:
        return self._starts

    def may(self, action: object) -> bool:
        return getattr(action, "id", "") != "reload"

    def take(self, card: Card) -> None:
        # The dashboard's modules load while the engine starts, as where a profile is named.
        self._loading = self._loading or asyncio.ensure_future(asyncio.to_thread(load_dashboard))
        self.has_warned = False
        self.open_card(card)

    def begin(self, start: Start) -> None:
        self.app.leave_for(Began(start.id))  # type: ignore[arg-type]

    def leave(self) -> None:
        self.app.leave_for(None)

    def do_reload(self) -> None:
        """Nothing is looked at that could be reloaded."""
        self.tell_trouble("There is nothing to reload: no project is looked at.")

    async def go_to(self, opened: Opened) -> None:
        if self._loading is not None:
            await self._loading
        self.app.leave_for(Began("engine", opened.note, opened.is_started))


def python_files(directory: Path) -> list[str]:
    """The names of the Python files in `directory`, as far as they are soon found; none of them is read."""
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for _, entry in zip(range(MOST_FILES), entries, strict=False)]
    except OSError:
        return []
    return sorted(name for name in names if name.endswith(".py") and not name.startswith((".", "_")))
