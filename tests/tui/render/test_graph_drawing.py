"""The pipeline drawn, to the letter; whatever its shape, it is as wide as it may be and has everything in it once."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.api.messages import ChannelRow
from supervisor.api.pools import PoolRow
from tests.tui.fakes import NOW_S, census, channels, replica
from tests.tui.pool_fakes import pools, thumbs
from tests.tui.render.graphs import SHAPES, bottleneck, graph, queue
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.graph import Graph, Key, graph_of
from tui.render.graph_drawing import LOOKS, Drawing, Look, drawing
from tui.render.graph_flow import flow_of
from tui.render.graph_looks import counts_line
from tui.render.graph_spots import neighbour, spot_at
from tui.render.graph_told import TOLD_LINES, no_pipeline_lines, told
from tui.render.pieces import Tone, line_text, line_width

GOLDEN = Path(__file__).parent / "golden"
EVIL = "\x1b[2J\x07[red]日本🎉\u202e"


def drawn(
    what: Graph, width: int, glyphs: Glyphs = UNICODE, chosen: Key | None = None, look: Look = "as fits"
) -> Drawing:
    """`what`, judged and drawn."""
    return drawing(what, flow_of(what, NOW_S), width, glyphs, chosen, look)


def text(what: Drawing) -> str:
    """A drawing without its tones."""
    return "\n".join(line_text(line) for line in what.lines)


def keys(what: Graph) -> set[Key]:
    """Everything that is to be drawn."""
    flowing = {Key("channel", name) for name in what.channels}
    return {stage.key for stage in what.stages.values()} | flowing | {Key("channel", each.name) for each in what.shared}


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("name", ["chain", "fan_out", "fan_in", "diamond", "cycle", "skips", "two_parts"])
def test_shapes_to_the_letter(name: str, width: int) -> None:
    """What a person is to see: left to right where there is room, else top down."""
    golden = (GOLDEN / f"graph_{name}_{width}.txt").read_text().rstrip("\n")
    assert golden == text(drawn(SHAPES[name], width))


def test_thirty_workers_to_the_letter() -> None:
    """Too many for one screen: it is scrolled, and never broader than the screen."""
    assert (GOLDEN / "graph_thirty_80.txt").read_text().rstrip("\n") == text(drawn(SHAPES["thirty"], 80))


def test_a_bottleneck_in_ascii_to_the_letter() -> None:
    """The same with signs that every terminal has."""
    assert (GOLDEN / "graph_ascii_80.txt").read_text().rstrip("\n") == text(
        drawn(bottleneck(), 80, ASCII, Key("worker", "parse"))
    )


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("width", [40, 60, 80, 120, 240])
@pytest.mark.parametrize("name", SHAPES)
def test_everything_is_there_once_and_nothing_is_broader(name: str, width: int, look: Look) -> None:
    """In every width and every way: each worker and each channel has one place, and no two have a cell in common."""
    graph = SHAPES[name]
    for glyphs in (UNICODE, ASCII):
        what = drawn(graph, width, glyphs, look=look)
        assert max(line_width(line) for line in what.lines) <= width
        assert sorted(spot.key for spot in what.spots) == sorted(keys(graph))
        cells = [(x, y) for s in what.spots for x in range(s.x, s.x + s.width) for y in range(s.y, s.y + s.height)]
        assert len(cells) == len(set(cells))
        assert glyphs is UNICODE or text(what).isascii()


def test_every_look_is_another_one() -> None:
    """Where there is room for all of them."""
    assert len({text(drawn(SHAPES["cycle"], 200, look=look)) for look in LOOKS[1:]}) == 3


def test_nothing_moves_while_depths_and_states_change() -> None:
    """A depth of one figure or of three, one state or four: everything stays where it is."""
    places = set()
    for depth, state in ((0, "running"), (7, "running"), (200, "failed"), (99, "backoff")):
        rows = [replica("a"), replica("b.1"), replica("b.2", state=state)]  # type: ignore[arg-type]
        places.add(drawn(graph_of(rows, [queue("q", "a", ["b.1", "b.2"], depth=depth)]), 80).spots)
    assert len(places) == 1


def test_the_cursor_can_be_seen_without_colour() -> None:
    """A frame of its own, or brackets."""
    for key, sign in ((Key("worker", "parse"), "╔ parse x2"), (Key("channel", "urls"), "[urls]")):
        assert sign in text(drawn(bottleneck(), 80, chosen=key))
    for key in (Key("channel", "guard"), Key("worker", "disk")):
        line = next(line for line in text(drawn(bottleneck(), 80, chosen=key)).splitlines() if key.name in line)
        assert "[" in line
        assert "]" in line
    assert "[urls]" in text(drawn(bottleneck(), 80, chosen=Key("channel", "urls"), look="list"))


def test_replicas_are_one_with_their_states_counted() -> None:
    """With words where there is room for them, else by their signs."""
    rows = [replica("a"), *(replica(f"b.{number}") for number in range(1, 4)), replica("b.4", state="failed")]  # type: ignore[arg-type]
    what = drawn(graph_of(rows, [queue("q", "a", ["b.1"])]), 160)
    assert "b x4" in text(what)
    assert "◉ 3  ✗ 1" in text(what)
    reds = {piece for line in what.lines for piece, look in line if look is Tone.RED}
    assert any("✗" in piece for piece in reds)


def test_pools_show_how_far_they_are() -> None:
    """A pool is a stage of as many as its members."""
    rows = [replica("paint"), replica(pools()[0].replica, kind="pool")]
    name = rows[1].worker
    row = next((pool for pool in pools() if pool.name == name), None)
    what = graph_of(rows, [queue("q", ["paint"], [rows[1].name])], pools())
    assert what.stages[name].pool == row


def test_a_pool_made_in_code_is_told_of_with_its_worker() -> None:
    """It is no stage of its own; one that is over is not told of, and with replicas it is said whose each is."""
    made = PoolRow(name="hash@paint", replica="paint", report=thumbs())
    over = PoolRow(name="old@paint", replica="paint", report=thumbs(), is_live=False)
    what = graph_of([replica("paint")], [queue("q", ["paint"], ["x"])], [made, over])
    (stage,) = what.stages.values()
    assert stage.made == (made,)
    assert line_text(counts_line(stage, UNICODE, 30)) == "◉ running  2/4 busy"
    assert line_text(counts_line(stage, UNICODE, 12)) == "◉ running"
    lines = told(what, flow_of(what, NOW_S), stage.key, UNICODE, NOW_S, 120)
    assert line_text(lines[1]) == " puts into q; its pool hash 2/4 busy"
    others = [PoolRow(name=f"hash@paint.{number}", replica=f"paint.{number}", report=thumbs()) for number in (1, 2)]
    twins = graph_of([replica("paint.1"), replica("paint.2")], [], others)
    lines = told(twins, flow_of(twins, NOW_S), Key("worker", "paint"), UNICODE, NOW_S, 120)
    assert "its pools hash@paint.1 2/4 busy, hash@paint.2 2/4 busy" in line_text(lines[1])


def test_hostile_names_obey_nobody() -> None:
    """Names, states and users are worker text: no control character, and no cell too many."""
    rows = [replica("a"), replica("b", activity=EVIL, warnings=(EVIL,))]
    channels = [queue(EVIL, "a", "b"), ChannelRow(name=EVIL + "x", kind="lock", state=EVIL)]
    what = graph_of(rows, channels)
    for width in (40, 80, 200):
        for look in LOOKS:
            shown = drawn(what, width, look=look)
            assert max(line_width(line) for line in shown.lines) <= width
            assert not {"\x1b", "\x07", "\u202e"} & set(text(shown))
        for key in keys(what):
            lines = told(what, flow_of(what, NOW_S), key, UNICODE, NOW_S, width)
            assert max(line_width(line) for line in lines) <= width
            assert not {"\x1b", "\x07", "\u202e"} & set("".join(map(line_text, lines)))


def test_what_is_too_tangled_is_told_as_a_list() -> None:
    """Lines that would lie on each other are never drawn; each queue says who takes from it."""
    names = [f"w{number}" for number in range(12)]
    tangle = [queue(f"{one}-{other}", [one], [other]) for one in names[:6] for other in names[6:]]
    shown = text(drawn(graph(" ".join(names), *tangle), 60))
    assert "w0-w6" in shown
    assert "▸ w6" in shown


def test_a_line_that_goes_back_says_so() -> None:
    """It leaves behind the last and arrives before the first, with a tip on its way."""
    assert "▴" in text(drawn(SHAPES["cycle"], 80))
    assert "◂" in text(drawn(SHAPES["cycle"], 240))
    own = graph("a", queue("retry", "a", "a"))
    assert len(drawn(own, 80).spots) == 2


def test_the_census_is_drawn_with_everything_beside_it() -> None:
    """Who is not joined to any queue, and what is shared, stand below."""
    fleet = census(channels=channels())
    shown = text(drawn(graph_of(fleet.rows, fleet.channels), 80))
    assert "\napart " in shown
    assert "\nshared " in shown
    for name in ("disk", "report", "spare", "guard", "total"):
        assert name in shown


def test_the_cursor_goes_where_the_arrow_points() -> None:
    """To the nearest on that side; where nothing is there it stays."""
    spots = {spot.key.name: spot for spot in drawn(SHAPES["diamond"], 80).spots}
    every = tuple(spots.values())
    ways = [("a", "down", "q1"), ("q1", "right", "q2"), ("q2", "down", "c"), ("c", "left", "b"), ("d", "up", "q3")]
    for start, direction, goal in ways:
        found = neighbour(every, spots[start], direction)  # type: ignore[arg-type]
        assert found is not None
        assert (start, direction, found.key.name) == (start, direction, goal)
    assert neighbour(every, spots["a"], "up") is None
    for spot in every:
        assert spot_at(every, spot.x, spot.y) == spot
    assert spot_at(every, 500, 500) is None


def test_everything_can_be_reached_by_arrows() -> None:
    """From any place to any other, in every shape."""
    for graph_shown in SHAPES.values():
        every = drawn(graph_shown, 80).spots
        reached, rest = {every[0].key}, [every[0]]
        while rest:
            start = rest.pop()
            for direction in ("left", "right", "up", "down"):
                found = neighbour(every, start, direction)
                if found is not None and found.key not in reached:
                    reached.add(found.key)
                    rest.append(found)
        assert reached == {spot.key for spot in every}


def test_what_the_cursor_is_on_is_told_in_three_lines() -> None:
    """Who takes from where and who does what; of a queue who waits in it and since when."""
    what = bottleneck()
    flow = flow_of(what, NOW_S)

    def say(key: Key | None) -> str:
        lines = told(what, flow, key, UNICODE, NOW_S, 120)
        assert len(lines) == TOLD_LINES
        return "\n".join(line_text(line) for line in lines)

    assert "takes from urls; puts into pages" in say(Key("worker", "parse"))
    assert "parse.2 backoff" in say(Key("worker", "parse"))
    assert "200/200 inside, full: producers wait" in say(Key("channel", "urls"))
    assert "fetch.1 put 9s" in say(Key("channel", "urls"))
    assert "shared by parse.1, store" in say(Key("channel", "guard"))
    assert "takes from no queue" in say(Key("worker", "disk"))
    assert say(None).strip() == say(Key("channel", "gone")).strip() == ""


def test_an_empty_pipeline_teaches() -> None:
    """The few lines that join two workers by a queue."""
    assert any("[queues.urls]" in line_text(line) for line in no_pipeline_lines(80, "…"))
    assert graph("a b").is_empty
