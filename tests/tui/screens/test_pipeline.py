"""The pipeline over the first screen: drawn live, gone through by keys and mouse, and left for what it shows."""

from __future__ import annotations

import msgspec
import pytest
from textual.pilot import Pilot

from supervisor.api.messages import Fleet
from tests.tui.fakes import FakeLink, census, channels
from tests.tui.render.graphs import bottleneck
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, gone, screen_text, shown, until
from tui.dashboard import Dashboard
from tui.leaving import Leaving
from tui.render.graph import Key
from tui.screens.palette import PaletteScreen
from tui.screens.pipeline import PipelineScreen
from tui.widgets.graph_view import GraphView


def _fleet() -> Fleet:
    graph = bottleneck()
    rows = tuple(row for stage in graph.stages.values() for row in stage.rows)
    return census(rows=rows, channels=(*graph.channels.values(), *graph.shared))


@pytest.mark.parametrize(("size", "key"), [(NARROW, "9"), (WIDE, "A")])
async def test_the_pipeline_is_drawn_and_names_the_bottleneck(size: tuple[int, int], key: str) -> None:
    """By its number or its letter; the sentence above, the words in the frames, and esc goes back."""
    app = dashboard(FakeLink(_fleet()))
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press(key)
        await shown(pilot, "parse is the bottleneck: urls is full, fetch waits to put")
        await shown(pilot, "waits to put")
        await shown(pilot, "bottleneck")
        await shown(pilot, "200/200")
        assert max(map(len, screen_text(app))) <= size[0]
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)


async def test_the_cursor_begins_at_the_bottleneck_and_goes_by_arrows_and_letters() -> None:
    """From a worker to its queue and on; the pane below tells of it."""
    app = dashboard(FakeLink(_fleet()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("9")
        view = await _view(app, pilot)
        await until(pilot, lambda: view.chosen == Key("worker", "parse"))
        await shown(pilot, "takes from urls; puts into pages")
        for pressed, goal in (
            ("up", Key("channel", "urls")),
            ("k", Key("worker", "fetch")),
            ("j", Key("channel", "urls")),
            ("tab", Key("channel", "pages")),
            ("down", Key("worker", "store")),
        ):
            await pilot.press(pressed)
            await until(pilot, lambda goal=goal: view.chosen == goal)  # type: ignore[misc]
        await shown(pilot, "takes from pages")
        await pilot.press("home")
        await until(pilot, lambda: view.chosen == Key("worker", "fetch"))
        await pilot.press("end")
        await until(pilot, lambda: view.chosen == Key("channel", "total") or view.chosen == Key("channel", "guard"))


@pytest.mark.parametrize(
    ("name", "place", "subject"),
    [("urls", "channels", "urls"), ("parse", "workers", "parse.2"), ("guard", "channels", "guard")],
)
async def test_enter_goes_to_what_the_cursor_is_on(name: str, place: str, subject: str) -> None:
    """A queue among the channels; a worker by its replica that needs a person most."""
    app = dashboard(FakeLink(_fleet()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("9")
        view = await _view(app, pilot)
        await until(pilot, lambda: view.chosen is not None)
        view.chosen = Key("worker" if place == "workers" else "channel", name)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.fleet_screen)
        await until(pilot, lambda: (app.fleet_screen.place, app.fleet_screen.subject) == (place, subject))


async def test_a_click_puts_the_cursor_and_a_second_one_goes_there() -> None:
    """What a key does the mouse does too."""
    app = dashboard(FakeLink(_fleet()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("9")
        view = await _view(app, pilot)
        await until(pilot, lambda: view.spot is not None)
        view.action_first()
        await until(pilot, lambda: view.chosen == Key("worker", "fetch"))
        spot = next(spot for spot in view.spots if spot.key == Key("channel", "urls"))
        where = (spot.x + 2, spot.y - view.scroll_offset.y)
        await pilot.click(GraphView, offset=where)
        await until(pilot, lambda: view.chosen == Key("channel", "urls"))
        await pilot.click(GraphView, offset=where, times=2)
        await until(pilot, lambda: app.screen is app.fleet_screen and app.fleet_screen.subject == "urls")


async def test_what_changes_is_drawn_anew() -> None:
    """While it is on top; when the engine is lost it says how old the picture is."""
    link = FakeLink(_fleet())
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("9")
        await shown(pilot, "200/200")
        calm = tuple(msgspec.structs.replace(each, depth=3, depth_history=(3,)) for each in _fleet().channels)
        link.hear(census(rows=_fleet().rows, channels=calm))
        link.clock.now_s += 1
        await shown(pilot, "3/200")
        await shown(pilot, "No bottleneck")
        link.lose("nothing listens")
        link.clock.now_s += 7
        await shown(pilot, "as it was 8s ago")


async def test_v_draws_it_another_way() -> None:
    """Left to right, top down, as a list, and as it fits again."""
    app = dashboard(FakeLink(_fleet()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("9")
        await shown(pilot, "as fits")
        for way in ("left to right", "top down", "list", "as fits"):
            await pilot.press("v")
            await shown(pilot, way)


async def test_its_other_screens_open_over_it_and_come_back() -> None:
    """Why, stacks and plots of the worker under the cursor; help and palette as everywhere."""
    link = FakeLink(_fleet())
    app = dashboard(link)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("9")
        view = await _view(app, pilot)
        await until(pilot, lambda: view.chosen == Key("worker", "parse"))
        for key, text in (("i", "parse.2 over the last"), ("w", "Why parse.2"), ("question_mark", "Keys")):
            await pilot.press(key)
            await shown(pilot, text)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, PipelineScreen))
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, PaletteScreen))
        await pilot.press("escape", "left")
        await until(pilot, lambda: view.chosen == Key("channel", "urls"))
        await pilot.press("w")
        await shown(pilot, "of workers only")


async def test_where_nothing_is_joined_it_teaches() -> None:
    """The few lines of a profile that join two workers; a key that has nothing to act on says so."""
    app = dashboard(FakeLink(census(rows=_fleet().rows, channels=())))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("9")
        await shown(pilot, "[queues.urls]")
        await gone(pilot, "bottleneck")
        await pilot.press("enter")
        await shown(pilot, "Nothing is drawn yet")


async def test_the_channels_hint_at_it() -> None:
    """Who looks at the table learns of the drawing."""
    app = dashboard(FakeLink(census(channels=channels())))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("c")
        await shown(pilot, "P Requeue all")
        await pilot.press("j")
        await shown(pilot, "A Pipeline")
        await pilot.press("A")
        view = await _view(app, pilot)
        await until(pilot, lambda: view.chosen == Key("channel", "facts"))


async def _view(app: Dashboard, pilot: Pilot[Leaving]) -> GraphView:
    await until(pilot, lambda: isinstance(app.screen, PipelineScreen) and app.screen.is_mounted)
    return app.screen.query_one(GraphView)
