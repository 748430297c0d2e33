"""Who is called the bottleneck, why, and who only waits for it; and when nobody is to be blamed."""

from __future__ import annotations

import pytest

from supervisor.api.messages import ChannelRow, ChannelUser
from supervisor.lifecycle.states import State
from tests.tui.fakes import NOW_S, replica
from tests.tui.render.graphs import FULL, SHAPES, bottleneck, graph, queue
from tui.render.graph import Graph, Key, graph_of
from tui.render.graph_flow import (
    BOTTLENECK,
    NO_BOTTLENECK,
    NOTHING_FLOWS,
    WAITS_FOR_ITEMS,
    WAITS_TO_PUT,
    Flow,
    flow_of,
    is_crowded,
    is_growing,
    verdict,
)

RISING = tuple(range(40, 100, 2))


def judged(what: Graph) -> Flow:
    """The judgement now."""
    return flow_of(what, NOW_S)


def said(what: Graph) -> str:
    """What is said above the drawing."""
    return " ".join(verdict(judged(what), what))


def test_a_bottleneck_is_told_with_its_reason() -> None:
    """Its input is full and its output is not: who waits before it, who waits behind it, how long an item takes."""
    flow = judged(bottleneck())
    assert flow.notes == {"fetch": WAITS_TO_PUT, "parse": BOTTLENECK, "store": WAITS_FOR_ITEMS}
    assert flow.sentences == ("parse is the bottleneck: urls is full, fetch waits to put; parse takes 91 ms an item.",)


def test_a_stage_that_is_gone_is_blamed_before_its_queue_is_full() -> None:
    """Items are put and nobody is there to take them."""
    for state, is_blamed in ((State.FAILED, True), (State.STOPPED, True), (State.RUNNING, False)):
        what = graph_of([replica("a"), replica("b", state)], [queue("q", "a", "b", got_rate=0.0)])
        assert ("b is the bottleneck: q grows, 12 in and 0 out a second; b is" in said(what)) == is_blamed
    ended = queue("q", "a", "b", is_ended=True)
    assert said(graph_of([replica("a"), replica("b", State.FINISHED)], [ended])) == NO_BOTTLENECK


def test_only_the_last_of_those_that_are_full_is_blamed() -> None:
    """Whoever waits to put is held up by somebody behind it."""
    what = graph("a b c d", queue("q1", "a", "b", **FULL), queue("q2", "b", "c", **FULL), queue("q3", "c", "d"))
    assert judged(what).notes == {"a": WAITS_TO_PUT, "b": WAITS_TO_PUT, "c": BOTTLENECK}


def test_of_several_replicas_each_takes_its_share() -> None:
    """Three at once, at 11 items a second."""
    rows = [replica("a"), *(replica(f"b.{number}") for number in range(1, 4))]
    assert "each of its 3 takes 273 ms an item" in said(graph_of(rows, [queue("q", "a", ["b.1"], **FULL)]))


@pytest.mark.parametrize(
    ("state", "fields", "words"),
    [
        (State.STOPPED, {}, "b is stopped"),
        (State.RUNNING, {"warnings": ("no heartbeat for 12 s",)}, "b is hung"),
        (State.RUNNING, {"warnings": ("DEADLOCK: a and b",)}, "b is hung"),
        (State.PAUSED, {}, "b is paused"),
        (State.RUNNING, {}, "b takes nothing"),
    ],
)
def test_a_stage_that_does_not_work_is_said_not_to(state: State, fields: dict[str, object], words: str) -> None:
    """In the words that its row has for it, rather than how long an item would take."""
    rows = [replica("a"), replica("b", state, **fields)]
    assert words in said(graph_of(rows, [queue("q", "a", "b", **FULL, got_rate=0.0)]))


def test_a_queue_that_grows_has_a_bottleneck_before_it_is_full() -> None:
    """Deeper over half a minute, more put than taken; one without a limit too."""
    for maxsize in (0, 200):
        channel = queue("q", "a", "b", maxsize=maxsize, depth=98, depth_history=RISING)
        assert is_growing(channel)
        assert "q grows, 12 in and 11 out a second" in said(graph("a b", channel))


@pytest.mark.parametrize(
    "fields",
    [
        {"depth_history": (5,) * 30},
        {"depth_history": tuple(range(30)), "maxsize": 1000},
        {"depth_history": RISING, "is_ended": True},
        {"depth_history": RISING, "put_rate": 3.0},
        {"depth_history": RISING[:9]},
        {"depth": 200, "depth_history": (200,) * 9, "is_ended": True},
        {"depth": 200, "depth_history": (0, 0, 0, 0, 200)},
    ],
)
def test_a_queue_that_fills_for_a_moment_or_only_drains_blames_nobody(fields: dict[str, object]) -> None:
    """What comes and goes in a second is no bottleneck, nor is what is left when every producer has completed."""
    channel = queue("q", "a", "b", **({"depth": 50} | fields))
    assert not is_crowded(channel)
    assert not is_growing(channel)
    assert said(graph("a b", channel)) == NO_BOTTLENECK


def test_a_full_queue_with_somebody_waiting_is_full_at_once() -> None:
    """No need for five seconds of it."""
    waits = ChannelUser(replica="a", operation="put", since_s=NOW_S)
    assert is_crowded(queue("q", "a", "b", depth=200, depth_history=(0, 200), waiting=(waits,)))
    assert not is_crowded(ChannelRow(name="q", kind="queue"))


def test_nothing_is_said_to_wait_that_has_waited_for_a_moment_only() -> None:
    """It would flicker."""
    for since_s, note in ((NOW_S - 1, None), (NOW_S - 9, WAITS_FOR_ITEMS), (None, None)):
        waits = ChannelUser(replica="b", operation="get", since_s=since_s)
        what = graph("a b", queue("q", "a", "b", depth=0, waiting=(waits,)))
        assert judged(what).notes.get("b") == note


def test_a_full_queue_that_nobody_takes_from_is_told_without_blame() -> None:
    """There is no worker to look at."""
    what = graph("a", queue("q", "a", "", **FULL))
    assert said(what) == "Nobody takes from q: it is full, and a cannot go on."


def test_a_ring_of_full_queues_is_told_as_one() -> None:
    """Everybody in it waits for the next one to take."""
    what = graph("a b", queue("q1", "a", "b", **FULL), queue("q2", "b", "a", **FULL))
    assert said(what) == "a and b wait for each other to take: every queue between them is full."


def test_where_nothing_moves_there_is_no_bottleneck() -> None:
    """At rest is another thing than balanced."""
    assert said(graph("a b", queue("q", "a", "b", put_rate=0.0, got_rate=0.0))) == NOTHING_FLOWS
    assert said(SHAPES["diamond"]) == NO_BOTTLENECK


def test_a_graph_is_made_of_what_rows_and_channels_say() -> None:
    """Of replicas one stage; users that are no worker are left out; what is only shared is no edge."""
    rows = [replica("a.1", writes=("q",)), replica("a.2"), replica("b", reads=("q", "gone"))]
    channels = [
        ChannelRow(name="q", kind="queue", readers=("stranger",)),
        ChannelRow(name="p", kind="pipe", writers=("b",), readers=("a.2",)),
        ChannelRow(name="guard", kind="lock", readers=("a.1", "b")),
    ]
    what = graph_of(rows, channels)
    ends = [(edge.source.name, edge.target.name) for edge in what.edges]
    assert sorted(ends) == [("a", "q"), ("b", "p"), ("p", "a"), ("q", "b")]
    assert {edge.channel for edge in what.edges} == {"p", "q"}
    assert [channel.name for channel in what.shared] == ["guard"]
    assert (what.stages["a"].size, what.stages["a"].key) == (2, Key("worker", "a"))
    assert graph_of([], []).is_empty
