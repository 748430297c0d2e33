"""The channels' table and one channel in full, to the letter."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len

from supervisor.api.letters import Letter
from supervisor.api.messages import ChannelRow, ChannelUser
from tests.tui.fakes import NOW_S, census, channels, letters_of_paths
from tui.render.channel_detail import LETTERS_SHOWN, ChannelInside, channel_page
from tui.render.channel_rows import channel_line, channel_matches, columns_for_channels, depth_sparkline, moving_texts
from tui.render.channel_words import groups_of
from tui.render.figures import rate
from tui.render.fleet_rows import header_line
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.header import header
from tui.render.pieces import line_text, line_width

GOLDEN = Path(__file__).parent / "golden"
EVIL = "\x1b[2J\x1b]0;owned\x07[red]x[/red]\n日本 \u202eabc 🎉" * 5


def golden(name: str) -> str:
    """What a person is to see."""
    return (GOLDEN / f"{name}.txt").read_text().rstrip("\n")


def _table(width: int, glyphs: Glyphs = UNICODE) -> str:
    columns = columns_for_channels(width, 7, 17)
    lines = [header_line(columns, width)]
    lines += [channel_line(channel, columns, glyphs, NOW_S, width) for channel in channels()]
    assert {line_width(line) for line in lines} == {width}
    return "\n".join(line_text(line).rstrip() for line in lines)


@pytest.mark.parametrize("width", [80, 160])
def test_table_of_channels(width: int) -> None:
    """Depth, history, rates, age and who: at 80 columns too; what is shared says its state instead."""
    assert golden(f"channels_{width}") == _table(width)


def test_table_of_channels_in_ascii() -> None:
    """PROCDECK_GLYPHS=ascii leaves nothing that a plain terminal cannot show."""
    assert _table(160, ASCII).isascii()
    assert _table(80, ASCII).isascii()


@pytest.mark.parametrize("width", [60, 80, 119, 120, 200])
def test_hostile_channels_do_not_shift_columns(width: int) -> None:
    """Whatever a state or a user is called, a row is exactly as wide as the table and holds no control character."""
    user = ChannelUser(replica=EVIL, operation=EVIL, since_s=NOW_S)
    for kind in ("queue", "lock"):
        channel = msgspec.convert(
            {"name": "x", "kind": kind, "state": EVIL, "depth": 10**12, "maxsize": 10**12, "put_rate": 1e15}, ChannelRow
        )
        channel = msgspec.structs.replace(channel, waiting=(user,), holding=(user,))
        columns = columns_for_channels(width, cell_len(EVIL), 17)
        line = channel_line(channel, columns, UNICODE, NOW_S, width)
        assert line_width(line) == width
        assert not {"\x1b", "\x07", "\n", "\u202e"} & set(line_text(line))


def test_channel_in_full() -> None:
    """Depth, history, flow, dead letters, who does what in it, and what waits first."""
    first = (Letter(id="9", attempts=0, bytes=40, put_s=NOW_S - 9, preview="'first.py'"),)
    inside = ChannelInside("paths", letters_of_paths(), first)
    page = channel_page(channels()[0], inside, census().rows, UNICODE, NOW_S, 76)
    assert {line_width(line) for line in page.lines} <= {76}
    assert golden("channel") == "\n".join(line_text(line).rstrip() for line in page.lines)
    shown = [line_text(page.lines[item.line]).split()[0] for item in page.items]
    assert (shown, [item.id for item in page.items]) == (["7", "8"], ["7", "8"])


def test_channel_in_full_before_the_engine_has_answered() -> None:
    """What the table knows is there at once; that there is more to come is said."""
    page = channel_page(channels()[0], None, (), UNICODE, NOW_S, 76)
    text = "\n".join(line_text(line) for line in page.lines)
    assert "2 dead letters" in text
    assert "asking the engine for them" in text
    assert page.items == ()


def test_shared_channel_in_full() -> None:
    """What is shared has a state and those who share it, no depth; strangers in it are shown too."""
    page = channel_page(channels()[3], None, census().rows, UNICODE, NOW_S, 60)
    assert [line_text(line).rstrip() for line in page.lines] == [
        " bounded-semaphore",
        " state      2 of 5 free",
        "",
        " Shared by",
        " ◉ parse.1  running   holds it",
        " ◉ parse.2  running",
        "",
        " Others in it",
        "   stranger           waits in acquire for 30s",
    ]


def test_hostile_letters_are_text() -> None:
    """An item's preview comes from whoever put it: one line, no powers, cut where the pane ends."""
    letters = tuple(Letter(id=EVIL, attempts=1, bytes=1, reason=EVIL, preview=EVIL) for _ in range(3))
    page = channel_page(channels()[0], ChannelInside("paths", letters, letters), (), UNICODE, NOW_S, 40)
    assert {line_width(line) for line in page.lines} == {40}
    assert not {"\x1b", "\x07", "\n", "\u202e"} & set("".join(line_text(line) for line in page.lines))


def test_only_so_many_letters_are_drawn() -> None:
    """A flood of dead letters costs no more than a page; it says where the rest is."""
    letters = tuple(Letter(id=str(at), attempts=1, bytes=1) for at in range(5000))
    page = channel_page(channels()[0], ChannelInside("paths", letters), (), UNICODE, NOW_S, 76)
    assert len(page.items) == LETTERS_SHOWN
    assert any("4,900 more: procdeck channels letters paths" in line_text(line) for line in page.lines)


def test_history_is_measured_by_the_limit_or_by_its_own_top() -> None:
    """A bounded queue at half its limit is half high; without a limit the deepest second is the top."""
    bounded = ChannelRow(name="x", kind="queue", maxsize=8, depth_history=(4, 4))
    free = ChannelRow(name="x", kind="queue", depth_history=(4, 4))
    assert (depth_sparkline(bounded, 1, ASCII), depth_sparkline(free, 1, ASCII)) == ("-", "#")


def test_users_are_grouped_by_what_they_do() -> None:
    """Those who began first come first; one whose beginning is not known comes last."""
    users = [
        ChannelUser(replica="c", operation="get"),
        ChannelUser(replica="b", operation="get", since_s=5.0),
        ChannelUser(replica="a", operation="put", since_s=2.0),
    ]
    told = [(group.operation, group.names, group.age(9.0)) for group in groups_of(users)]
    assert told == [("put", ("a",), "7s"), ("get", ("b", "c"), "4s")]


def test_ages_are_what_moves_by_itself() -> None:
    """A row whose texts are equal a moment later is not painted again."""
    channel = channels()[0]
    assert moving_texts(channel, NOW_S) == ("9s", "9s", "1m")
    assert moving_texts(channel, NOW_S + 0.5) == moving_texts(channel, NOW_S)


def test_filter_of_channels() -> None:
    """Name, kind, state and whoever uses it or is in it; ! inverts."""
    guard = channels()[3]
    needles = ("GUARD", "semaphore", "5 free", "stranger", "parse.2", "!guard", "zzz", "", "!")
    assert [channel_matches(guard, needle) for needle in needles] == [True] * 5 + [False, False, True, True]


def test_rates_are_short() -> None:
    """Four cells, whatever comes."""
    values = (0, 0.04, 0.4, 9.96, 12.3, 999.4, 1234, 285_000, 1.2e6, 9.9e8)
    assert [rate(value) for value in values] == [
        "0", "0", "0.4", "10", "12", "999", "1.2k", "285k", "1.2M", "990M",
    ]  # fmt: skip


def test_dead_letters_are_a_warning_in_the_header() -> None:
    """Of all channels together, beside the log's warnings; they stay where there is little room."""
    fleet = census(channels=channels())
    for width in (60, 80, 160):
        assert "2 dead letters  31 warnings  2 errors" in line_text(header(fleet, "census", "14:02:11", width, UNICODE))
    assert "dead" not in line_text(header(census(), "census", "14:02:11", 160, UNICODE))
