"""Sorting a table and showing only what is wrong, under a person's hands: keys, the mouse, and rows that move."""

from __future__ import annotations

import msgspec
import pytest
from textual.pilot import Pilot

from supervisor.api.messages import ReplicaRow
from supervisor.lifecycle.states import State
from tests.tui.fakes import FakeLink, census, channels, replica
from tests.tui.pool_fakes import pools
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, gone, screen_text, shown, until
from tui.dashboard import Dashboard, Leaving
from tui.situation import Place


def rows(**cpu: float) -> tuple[ReplicaRow, ...]:
    """Three workers that run, in the profile's order, with so much CPU each."""
    figures = {"api": 10.0, "web": 90.0, "db": 50.0} | cpu
    return tuple(replica(name, cpu_percent=figures[name]) for name in figures)


def names(app: Dashboard, place: Place = "workers") -> list[str]:
    """The rows as they stand."""
    assert app.fleet_screen.place == place
    return list(app.fleet_screen.place_table.shown_names)


async def _press(pilot: Pilot[Leaving], key: str, times: int = 1) -> None:
    await pilot.press(*[key] * times)


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_brackets_choose_the_column_and_capital_o_turns_the_table_round(size: tuple[int, int]) -> None:
    """Through the columns, past the last to the profile's order, and back; the heading and the title tell."""
    app = dashboard(FakeLink(census(rows=rows())))
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "db")
        assert names(app) == ["api", "web", "db"]
        await _press(pilot, "right_square_bracket")
        await shown(pilot, "WORKER▴")
        await shown(pilot, "by worker")
        assert names(app) == ["api", "db", "web"]
        await _press(pilot, "O")
        await shown(pilot, "WORKER▾")
        assert names(app) == ["web", "db", "api"]
        await _press(pilot, "left_square_bracket")
        await gone(pilot, "by worker")
        assert names(app) == ["api", "web", "db"]
        await _press(pilot, "left_square_bracket")
        await shown(pilot, "by doing" if size == NARROW else "by last error")


async def test_a_table_in_the_profiles_order_cannot_be_turned_round() -> None:
    """It says how to choose a column first."""
    async with dashboard(FakeLink(census(rows=rows()))).run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "db")
        await _press(pilot, "O")
        await shown(pilot, "Cannot turn the table round")


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_click_on_a_heading_sorts_by_it_and_again_turns_it_round(size: tuple[int, int]) -> None:
    """The largest figures come first; the cursor stays where it is."""
    app = dashboard(FakeLink(census(rows=rows())))
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "CPU%")
        at = next(line for line in screen_text(app) if "CPU%" in line).index("CPU%")
        await pilot.click("#workers", offset=(at, 0))
        await shown(pilot, "CPU▾")
        assert names(app) == ["web", "db", "api"]
        await pilot.click("#workers", offset=(at, 0))
        await shown(pilot, "CPU▴")
        assert names(app) == ["api", "db", "web"]
        assert app.fleet_screen.table.cursor_name == "api"


async def test_the_cursor_stays_on_its_row_while_rows_move() -> None:
    """New figures move rows at once; what is under the cursor is the same worker."""
    link = FakeLink(census(rows=rows()))
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "CPU%")
        at = next(line for line in screen_text(app) if "CPU%" in line).index("CPU%")
        await pilot.press("j")
        await pilot.click("#workers", offset=(at, 0))
        await until(pilot, lambda: names(app) == ["web", "db", "api"])
        assert app.fleet_screen.table.cursor_name == "web"
        link.hear(census(rows=rows(web=1.0)))
        await until(pilot, lambda: names(app) == ["db", "api", "web"])
        assert app.fleet_screen.table.cursor_name == "web"


@pytest.mark.parametrize(
    ("key", "place", "total", "bad"),
    [
        ("c", "channels", len(channels()), ["paths", "facts", "guard"]),
        ("b", "pools", len(pools()), ["thumbs", "hash", "bad", "gone"]),
    ],
)
async def test_channels_and_pools_can_be_sorted_and_cut_to_problems(
    key: str, place: Place, total: int, bad: list[str]
) -> None:
    """Each table has its own order and its own cut; the errors have neither."""
    app = dashboard(FakeLink(census(channels=channels(), pools=pools())))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await _press(pilot, key)
        await _press(pilot, "right_square_bracket")
        await shown(pilot, f"by {place[:-1]}")
        await until(pilot, lambda: names(app, place) == sorted(names(app, place)))
        await _press(pilot, "left_square_bracket")
        await _press(pilot, "exclamation_mark")
        await shown(pilot, f"{total - len(bad)} hidden: ! shows all")
        assert names(app, place) == bad
        await _press(pilot, key)
        await shown(pilot, "tally")
        await _press(pilot, "x")
        await _press(pilot, "exclamation_mark")
        await shown(pilot, "every error is one")


async def test_exclamation_mark_shows_only_problems_and_new_ones_at_once() -> None:
    """The title says how many are hidden and how to see them; where all is well the table says so."""
    link = FakeLink(census(rows=rows()))
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "db")
        await _press(pilot, "exclamation_mark")
        await shown(pilot, "No worker has a problem")
        await shown(pilot, "0 of 3  only problems  3 hidden: ! shows all")
        api, web, db = rows()
        link.hear(census(rows=(api, msgspec.structs.replace(web, warnings=("no heartbeat for 12 s",)), db)))
        await shown(pilot, "no heartbeat for 12 s")
        assert names(app) == ["web"]
        assert app.fleet_screen.table.cursor_name == "web"
        link.hear(census(rows=(api, web, replica("db", State.FAILED, last_error="exit code 3"))))
        await until(pilot, lambda: names(app) == ["db"])
        await _press(pilot, "exclamation_mark")
        await until(pilot, lambda: names(app) == ["api", "web", "db"])
        await gone(pilot, "only problems")


async def test_the_cursor_stays_in_sight_while_many_rows_move() -> None:
    """Its row goes from the first to the last place of a table that does not fit, and the table goes along."""
    link = FakeLink(census(rows=tuple(replica(f"w.{n}", replica=n, cpu_percent=100.0 - n) for n in range(1, 61))))
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "w.1 ")
        await _press(pilot, "left_square_bracket", len(("doing", "mem", "cpu%")))
        await shown(pilot, "by cpu%")
        assert names(app)[0] == app.fleet_screen.table.cursor_name == "w.1"
        figures = {n: 0.0 if n == 1 else 100.0 - n for n in range(1, 61)}
        link.hear(census(rows=tuple(replica(f"w.{n}", replica=n, cpu_percent=figures[n]) for n in figures)))
        await until(pilot, lambda: names(app)[-1] == "w.1")
        assert app.fleet_screen.table.cursor_name == "w.1"
        await shown(pilot, "w.60")
        await shown(pilot, "w.1 ")
