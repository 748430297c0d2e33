"""Pipelines of every shape, for the tests of what draws them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from supervisor.api.messages import ChannelRow, ChannelUser
from supervisor.lifecycle.states import State
from tests.tui.fakes import NOW_S, replica
from tui.render.graph import Graph, graph_of


def queue(name: str, writers: Iterable[str], readers: Iterable[str], **fields: object) -> ChannelRow:
    """A queue of at most 200 items with some in it, through which some flow."""
    values: dict[str, object] = {
        "name": name,
        "kind": "queue",
        "writers": tuple(writers),
        "readers": tuple(readers),
        "maxsize": 200,
        "depth": 12,
        "put_rate": 12.0,
        "got_rate": 11.0,
    }
    return msgspec.convert(values | fields, ChannelRow)


def graph(workers: str, *channels: ChannelRow) -> Graph:
    """Workers by name, apart from each other by blanks; all run."""
    return graph_of([replica(name) for name in workers.split()], channels)


FULL: dict[str, object] = {"depth": 200, "depth_history": (200,) * 12}


def bottleneck() -> Graph:
    """fetch waits for parse, store waits for items; a lock, a value, and two workers beside it."""
    return graph_of(
        [
            replica("fetch.1"),
            replica("fetch.2"),
            replica("parse.1"),
            replica("parse.2", State.BACKOFF),
            replica("store"),
            replica("clock", State.FAILED),
            replica("disk", State.STOPPED),
        ],
        [
            queue("urls", ["fetch.1", "fetch.2"], ["parse.1", "parse.2"], **FULL, waiting=(_waits("fetch.1", "put"),)),
            queue("pages", ["parse.1"], ["store"], depth=0, waiting=(_waits("store", "get"),), dead_letters=2),
            ChannelRow(name="guard", kind="lock", state="held by parse.1", readers=("parse.1", "store")),
            ChannelRow(name="total", kind="value", state="42"),
        ],
    )


def _waits(name: str, operation: str) -> ChannelUser:
    return ChannelUser(replica=name, operation=operation, since_s=NOW_S - 9)


SHAPES: dict[str, Graph] = {
    "chain": bottleneck(),
    "fan_out": graph("a b c d", queue("q", "a", "bcd")),
    "fan_in": graph("a b c d", queue("q", "abc", "d")),
    "diamond": graph(
        "a b c d", queue("q1", "a", "b"), queue("q2", "a", "c"), queue("q3", "b", "d"), queue("q4", "c", "d")
    ),
    "cycle": graph(
        "seed fetch parse store",
        queue("urls", ["seed", "parse"], ["fetch"]),
        queue("pages", ["fetch"], ["parse"]),
        queue("rows", ["parse"], ["store"]),
    ),
    "skips": graph(
        "a b c d",
        queue("q1", "a", "b"),
        queue("q2", "b", "c"),
        queue("q3", "a", "c"),
        queue("q4", "c", "d"),
        queue("q5", "a", "d"),
    ),
    "two_parts": graph("a b c d", queue("q1", "a", "b"), queue("q2", "c", "d"), queue("lost", "", "")),
    "thirty": graph(
        " ".join(["gen", *(f"w{number}" for number in range(28)), "sink"]),
        *(queue(f"in{number}", ["gen"], [f"w{number}"]) for number in range(28)),
        queue("out", [f"w{number}" for number in range(28)], ["sink"]),
    ),
}
