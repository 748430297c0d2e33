"""Draws pictures of a dashboard that nobody sees: a screen without a terminal, on the real line to the engine.

::

    Shot("channels", "paths") ──► the dashboard goes there ──► all that was asked is answered ──► SVG

It wishes nothing of the engine, and writes nothing: whoever calls it gets text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast, get_args

from textual.pilot import Pilot

from supervisor.clock import Clock
from supervisor.errors import EngineUnreachable, ProcdeckError
from tui.dashboard import FRAME_S, Dashboard, Leaving
from tui.link.engine_link import EngineLink, Listener, News
from tui.link.read_only_link import ReadOnlyLink
from tui.link.view import FleetView, LinkState
from tui.picture_taking import picture_of
from tui.screens.log_panes import LogPanes
from tui.situation import SCREEN_NAMES, Place, ScreenName

PLACES: Final[tuple[str, ...]] = (*get_args(Place), "logs", *get_args(ScreenName))
"""What a picture can be of."""

OF_WORKERS: Final[frozenset[str]] = frozenset({"why", "stacks", "flame"})
"""Places that are about one worker."""

ANSWER_S: Final = 20.0
"""How long the engine has for its first word."""
PATIENCE_S: Final = 8.0
"""How long what a place has asked may take; then it is drawn as it is, for it says itself what it waits for."""
QUIET_FRAMES: Final = 3
"""A picture is whole when nothing has been asked or read for so many frames."""
LASTING: Final[frozenset[str]] = frozenset({"link"})
"""Groups of work that has no end."""


class ScreenshotError(ProcdeckError):
    """There is no such picture; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What one picture shows.

    Attributes:
        place: one of `PLACES`.
        name: of the worker, channel or pool that it is about; empty: the first.
        keys: pressed there before the picture is taken.
    """

    place: str = "workers"
    name: str = ""
    keys: tuple[str, ...] = ()


async def pictures(
    link: EngineLink,
    project: str,
    shots: Sequence[Shot],
    size: tuple[int, int],
    *,
    theme: str = "",
    clock: Clock | None = None,
) -> list[str]:
    """A picture of each of `shots`, `size` cells wide and high.

    Raises:
        EngineUnreachable: no engine answers.
        ScreenshotError: there is no such place, name or theme, or a key has left the dashboard.
    """
    heard = _Heard(link)
    app = Dashboard(heard, project, clock=clock)
    async with app.run_test(size=size, notifications=True) as pilot:
        await _until_heard(app, heard, pilot)
        if theme:
            _use_theme(app, theme)
        for shot in shots:  # a mistake in the last one is told before the first is drawn
            _found(shot, heard.view)
        return [await _take(app, pilot, heard, shot) for shot in shots]


class _Heard(ReadOnlyLink):
    """A line that keeps what it has told, and over which nothing is wished."""

    REFUSAL = "a picture only shows"

    def __init__(self, link: EngineLink) -> None:
        super().__init__(link)
        self.view = FleetView()

    async def run(self, listener: Listener) -> None:
        def hear(news: News) -> None:
            if isinstance(news, FleetView):
                self.view = news
            listener(news)

        await super().run(hear)


async def _until_heard(app: Dashboard, heard: _Heard, pilot: Pilot[Leaving]) -> None:
    try:
        async with asyncio.timeout(ANSWER_S):
            while heard.view.state is not LinkState.LIVE:
                if app.crash is not None:
                    raise app.crash
                await pilot.pause(FRAME_S)
    except TimeoutError:
        why = f": {heard.view.trouble}" if heard.view.trouble else ""
        raise EngineUnreachable(f"the engine has said nothing for {ANSWER_S:g} s{why}") from None


async def _take(app: Dashboard, pilot: Pilot[Leaving], heard: _Heard, shot: Shot) -> str:
    place, name = _found(shot, heard.view)
    app.action_leave_for(cast("Place", place), name)
    await _until_quiet(app, pilot)
    for key in shot.keys:
        await pilot.press(key)
        await _until_quiet(app, pilot)
        if app.return_value is not None:
            raise ScreenshotError(f'the key "{key}" has left the dashboard; there is nothing to draw')
    return picture_of(app, app.project)


def _found(shot: Shot, view: FleetView) -> tuple[str, str]:
    """The place and the name that are meant."""
    if shot.place not in PLACES:
        raise ScreenshotError(f'there is no place "{shot.place}"; there are {", ".join(PLACES)}')
    if shot.place not in SCREEN_NAMES and not shot.name:
        return shot.place, ""
    workers = [row.name for row in view.rows]
    names = {"channels": list(view.channels), "pools": list(view.pools)}.get(shot.place, workers)
    if shot.place == "plots":
        names = [*workers, *view.channels, *view.pools]
    first = next((each for each in names if shot.name in ("", each, each.partition(".")[0])), None)
    if first is None and shot.name and shot.place not in ("errors", "hangs"):
        raise ScreenshotError(f'{shot.place} has nothing called "{shot.name}"; there are {", ".join(names) or "none"}')
    return shot.place, shot.name if first is None else first


def place_of(word: str, view: FleetView) -> str:
    """Where something called `word` is shown; empty where nothing is called so."""
    if any(word in (row.name, row.worker) for row in view.rows):
        return "workers"
    return next((place for place, names in (("channels", view.channels), ("pools", view.pools)) if word in names), "")


def _use_theme(app: Dashboard, theme: str) -> None:
    if theme not in app.available_themes:
        raise ScreenshotError(f'there is no theme "{theme}"; there are {", ".join(sorted(app.available_themes))}')
    app.theme = theme


async def _until_quiet(app: Dashboard, pilot: Pilot[Leaving]) -> None:
    """Wait until the place is whole: nothing is asked of the engine any more, the log is read, all is painted."""
    quiet_frames = 0
    try:
        async with asyncio.timeout(PATIENCE_S):
            while quiet_frames < QUIET_FRAMES and app.return_value is None:
                await pilot.pause(FRAME_S)
                quiet_frames = 0 if _is_busy(app) else quiet_frames + 1
    except TimeoutError:
        pass


def _is_busy(app: Dashboard) -> bool:
    is_asking = any(not work.is_finished and work.group not in LASTING for work in app.workers)
    return is_asking or any(pane.source.is_scanning for pane in app.fleet_screen.query_one(LogPanes))
