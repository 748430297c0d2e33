"""The order of a table: nothing is lost by it, equals stay as they were, and what has nothing to compare is last."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from supervisor.lifecycle.states import State
from tests.tui.fakes import NOW_S, census, channels, lives, replica
from tests.tui.pool_fakes import pools
from tui.render.channel_rows import columns_for_channels
from tui.render.fleet_rows import Column, column_at, columns_for, header_line
from tui.render.glyphs import ASCII, UNICODE
from tui.render.pieces import line_text
from tui.render.pool_rows import columns_for_pools
from tui.sorting import Key, Sort, channel_key, in_order, pool_key, sort_beside, sort_by, worker_key

KEYS = st.none() | st.tuples(st.sampled_from(["", "a", "b"]), st.sampled_from([-1.0, 0.0, 2.5]))


@given(st.lists(KEYS), st.booleans())
def test_in_order_loses_nothing_and_adds_nothing(keys: list[Key | None], is_descending: bool) -> None:
    """What comes out is what went in, in some order."""
    rows = list(enumerate(keys))
    assert Counter(in_order(rows, lambda row: row[1], is_descending=is_descending)) == Counter(rows)


@given(st.lists(KEYS), st.booleans())
def test_in_order_is_an_order_with_nothing_last(keys: list[Key | None], is_descending: bool) -> None:
    """Each key is not before the next one's due; rows without a key are last, whichever way round."""
    out = in_order(keys, lambda key: key, is_descending=is_descending)
    known = [key for key in out if key is not None]
    assert known == sorted(known, reverse=is_descending)
    assert all(key is None for key in out[len(known) :])


@given(st.lists(KEYS), st.booleans())
def test_in_order_leaves_equals_as_they_stood(keys: list[Key | None], is_descending: bool) -> None:
    """A table whose figures are equal does not jump, and sorting again changes nothing."""
    out = in_order(list(enumerate(keys)), lambda row: row[1], is_descending=is_descending)
    for key in set(keys):
        places = [place for place, each in out if each == key]
        assert places == sorted(places)
    assert in_order(out, lambda row: row[1], is_descending=is_descending) == out


@given(st.integers(1, 12), st.integers(-1, 12))
def test_moving_along_the_columns_comes_back(count: int, start: int) -> None:
    """There and back is where one was; through all of them is round once, with the profile's order between."""
    ids = [f"column{number}" for number in range(count)]
    sort = sort_by(ids[start]) if 0 <= start < count else None
    assert sort_beside(sort_beside(sort, ids, 1), ids, -1) == sort
    seen = [sort]
    for _ in range(count):
        seen.append(sort_beside(seen[-1], ids, 1))
    assert len(set(seen)) == count + 1
    assert sort_beside(seen[-1], ids, 1) == sort


def test_first_way_round_is_the_one_that_is_wanted() -> None:
    """Of figures the largest, of names the first; a narrow table's column is that of the wide one."""
    assert sort_by("cpu") == Sort("cpu", is_descending=True)
    assert sort_by("name") == Sort("name", is_descending=False)
    assert sort_by("doing+queue") == Sort("doing", is_descending=False)
    assert sort_by("now").is_by("who")
    assert sort_by("cpu").turned() == Sort("cpu", is_descending=False)


def test_every_column_with_a_heading_has_something_to_compare() -> None:
    """None of them is for show: in each some row has a key, in all widths."""
    known = {channel.name: channel for channel in channels()}
    rows = (*lives(), *census().rows, replica("thumbs", last_error="boom"))
    for width in (60, 80, 120, 160):
        for column in columns_for(width, 7):
            assert not column.title or any(worker_key(row, sort_by(column.id).column, known) for row in rows)
        for column in columns_for_channels(width, 7, 7):
            assert not column.title or any(channel_key(row, sort_by(column.id).column) for row in channels())
        for column in columns_for_pools(width, 7):
            assert not column.title or any(pool_key(row, sort_by(column.id).column, NOW_S) for row in pools())


def test_replicas_are_in_the_order_of_their_numbers() -> None:
    """parse.10 is after parse.9."""
    rows = [replica(f"parse.{number}", replica=number, worker="parse") for number in (10, 9, 1)]
    out = in_order(rows, lambda row: worker_key(row, "name", {}), is_descending=False)
    assert [row.name for row in out] == ["parse.1", "parse.9", "parse.10"]


def test_states_begin_with_what_needs_a_person() -> None:
    """Failed before running, running before finished."""
    rows = [replica("c", State.FINISHED), replica("b", State.RUNNING), replica("a", State.FAILED)]
    out = in_order(rows, lambda row: worker_key(row, "state", {}), is_descending=False)
    assert [row.state for row in out] == [State.FAILED, State.RUNNING, State.FINISHED]


def test_longest_up_and_oldest_are_first() -> None:
    """A time that began earlier is longer."""
    rows = [replica("new", started_s=90.0), replica("old", started_s=10.0), replica("none", started_s=None)]
    sort = sort_by("up")
    out = in_order(rows, lambda row: worker_key(row, "up", {}), is_descending=sort.is_descending)
    assert [row.name for row in out] == ["old", "new", "none"]


def test_heading_tells_the_column_and_the_way_round_in_one_cell() -> None:
    """The line stays as wide as it was; only that heading differs."""
    columns = columns_for(80, 7)
    untold = line_text(header_line(columns, 80))
    assert len(untold) == 80
    for column_id, before, after in (("cpu", "CPU%", "CPUv"), ("up", "  UP", " UPv"), ("state", "STATE ", "STATEv")):
        assert line_text(header_line(columns, 80, column_id, "v")) == untold.replace(before, after, 1)


def test_column_at_finds_the_heading_under_the_mouse() -> None:
    """Each cell of a heading, and the gap after it, is its column's."""
    columns = (Column("a", "a", 3), Column("b", "b", 2))
    ids = [found.id if (found := column_at(columns, x)) else None for x in range(9)]
    assert ids == [None, "a", "a", "a", "a", "b", "b", "b", None]


def test_the_way_round_is_one_cell_and_has_an_ascii_sign() -> None:
    """Headings keep their width in every terminal."""
    for glyphs in (UNICODE, ASCII):
        signs = {glyphs.ascending, glyphs.descending}
        assert [cell_len(sign) for sign in signs] == [1, 1]
    assert (ASCII.ascending + ASCII.descending).isascii()
