"""Puts a person's settings, and how the project was left last, into the dashboard; keeps how it is left next.

::

    Settings ──> themes, motion, bell          KeptView ──> layout, logs, theme, before the first paint
                                                   ^ every few seconds, and on leaving
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from textual.app import App

from tui.link.view import FleetView
from tui.settings.kept import KEEP_EVERY_S, Kept, KeptView, LogLook
from tui.settings.model import Settings
from tui.settings.palettes import ABOUT_ANSI, ANSI
from tui.theme import ANSI_THEME, NO_COLOR_THEME, textual_theme
from tui.widgets.histogram_strip import HistogramStrip

if TYPE_CHECKING:
    from tui.screens.fleet import FleetScreen
    from tui.screens.logs import LogPane

MISTAKE_S: Final = 12.0
"""How long a mistake in the settings is shown."""

FEW_COLOURS: Final = frozenset({None, "standard"})
"""What Rich calls terminals that show 16 colours, or none: their own ones are the only ones that look right there."""


class SettingsDesk:
    """One for the whole dashboard. Without a `KeptView` nothing is kept, as in a recording."""

    def __init__(self, app: App[Any], settings: Settings, view: KeptView | None) -> None:
        self._app = app
        self.settings = settings
        self._view = view
        self._theme = view.kept.theme if view is not None else ""
        """What was chosen in this project."""
        self._screen: FleetScreen | None = None
        self._failed: frozenset[str] = frozenset()

    # --- themes ---

    def begin(self) -> None:
        """Before the first paint: the theme. From then on, what is to be kept is."""
        app = self._app
        app.register_theme(ANSI_THEME)
        for colours in self.settings.themes.values():
            app.register_theme(textual_theme(colours))
        app.theme = self._first_theme()
        if self.settings.motion == "reduced":
            app.animation_level = "none"
        if self._view is not None:
            app.set_interval(KEEP_EVERY_S, self.keep)
        if self.settings.mistakes:
            app.call_after_refresh(self._tell_mistakes)

    def _first_theme(self) -> str:
        if self._app.no_color:
            return NO_COLOR_THEME
        is_drawn_elsewhere = self._app.is_headless or self._app.is_web
        if not is_drawn_elsewhere and self._app.console.color_system in FEW_COLOURS:
            return ANSI
        return self._theme if self._theme in self.theme_names else self.settings.theme

    @property
    def theme_names(self) -> tuple[str, ...]:
        """All that can be chosen, in the order of the picker."""
        return (*self.settings.themes, ANSI)

    def about(self, name: str) -> str:
        """For whom the theme `name` is."""
        return ABOUT_ANSI if name == ANSI else self.settings.themes[name].about

    def choose_theme(self, name: str) -> None:
        """Show `name` from now on, in this project."""
        self._app.theme = self._theme = name

    def _tell_mistakes(self) -> None:
        first, *others = self.settings.mistakes
        more = f" And {len(others)} more: procdeck settings tells them." if others else ""
        self._app.notify(f"{first}.{more}", severity="warning", timeout=MISTAKE_S, markup=False)

    # --- what is kept ---

    def lay_out(self, screen: FleetScreen) -> None:
        """Let the first screen look as it was left."""
        self._screen = screen
        if self._view is None:
            return
        kept = self._view.kept
        screen.lay_out(kept.layout)
        screen.kept_filters = {pane: text for pane, text in kept.layout.filters.items() if text}
        screen.log_panes.first.kept_text = kept.layout.filters.get("log", "")
        if kept.logs:
            _show_look(screen.log_panes.first, kept.logs[0], is_first=True)
        if len(kept.logs) > 1:
            screen.run_worker(self._split(screen, kept.logs[1]), group="split")

    async def _split(self, screen: FleetScreen, look: LogLook) -> None:
        if await screen.log_panes.split() and screen.log_panes.second is not None:
            _show_look(screen.log_panes.second, look, is_first=False)
            screen.place_table.focus()

    def keep(self) -> None:
        """Keep how it looks now, where that is something else than before."""
        screen = self._screen
        if self._view is None or screen is None or not screen.is_ready or not screen.is_attached:
            return
        logs = tuple(_look_of(pane) for pane in screen.log_panes)
        self._view.keep(Kept(screen.laid_out(), logs, self._theme))

    # --- the bell ---

    def heard(self, view: FleetView) -> None:
        """Ring once when somebody has failed who had not, where that is wanted."""
        failed = frozenset(row.name for row in view.rows if row.state.value == "failed")
        if self.settings.bell and failed - self._failed:
            self._app.bell()
        self._failed = failed


def _look_of(pane: LogPane) -> LogLook:
    narrowing = pane.source.narrowing
    return LogLook(
        is_wrapped=pane.view.is_wrapped,
        has_histogram=pane.query_one(HistogramStrip).display,
        worker=narrowing.worker,
        level=narrowing.level,
        text=narrowing.text,
    )


def _show_look(pane: LogPane, look: LogLook, *, is_first: bool) -> None:
    """Show `pane` as `look` says; what the first log lets through is part of the screen's layout."""
    pane.view.wrap(is_wanted=look.is_wrapped)
    pane.query_one(HistogramStrip).display = look.has_histogram
    if not is_first:
        pane.box.value = look.text
        pane.narrow(text=look.text, level=look.level, worker=look.worker)


def settings_in_use(environ: os._Environ[str] | None = None) -> Settings:
    """The settings of the user who runs this."""
    from tui.settings.places import settings_path
    from tui.settings.reading import read_settings

    return read_settings(settings_path(), environ)
