"""`procdeck channels --graph`: the drawing of the dashboard on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api.messages import ChannelList
from tests.api.fake_port import FakeEngine, a_fleet, a_row
from tests.tui.fakes import NOW_S
from tests.tui.render.graphs import bottleneck
from tui.cli.channel_graph import graph_text
from tui.render.glyphs import ASCII, UNICODE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from supervisor.api.messages import Fleet
    from tests.cli.conftest import Command


def _fleet() -> Fleet:
    graph = bottleneck()
    rows = [row for stage in graph.stages.values() for row in stage.rows]
    return a_fleet(*rows, channels=(*graph.channels.values(), *graph.shared))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    """An engine with a bottleneck."""
    with FakeEngine(_fleet(), tmp_path / "logs") as engine:
        yield engine


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_drawing_is_as_wide_as_it_may_be_and_ends_with_the_bottleneck(width: int) -> None:
    """In words, below the drawing; nothing is broader, no line ends in blanks."""
    for glyphs in (UNICODE, ASCII):
        lines = graph_text(_fleet(), width, glyphs, NOW_S).splitlines()
        assert max(map(len, lines)) <= width
        assert lines == [line.rstrip() for line in lines]
        assert "parse is the bottleneck: urls is full" in " ".join(lines)
    assert "\n".join(lines).isascii()


def test_the_command_draws_what_the_engine_says(
    command: Command, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As wide as the terminal; in ASCII when it is asked for."""
    monkeypatch.setenv("COLUMNS", "120")
    outcome = command("channels", "--graph")
    assert (outcome.code, outcome.err) == (0, "")
    assert "urls" in outcome.out
    assert "200/200" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 120
    assert command("channels", "--graph", "--ascii").out.isascii()
    monkeypatch.setenv("PROCDECK_GLYPHS", "ascii")
    assert command("channels", "--graph").out.isascii()


def test_json_stays_json(command: Command, engine: FakeEngine) -> None:
    """Drawings are for people."""
    outcome = command("channels", "--graph", "--json")
    assert msgspec.json.decode(outcome.out, type=ChannelList).channels == engine.port.now.channels


def test_a_profile_in_which_nothing_is_joined_says_how_to(command: Command, tmp_path: Path) -> None:
    """stdout is empty, for there is nothing to draw."""
    with FakeEngine(a_fleet(a_row("walk"), channels=()), tmp_path / "logs"):
        outcome = command("channels", "--graph")
    assert (outcome.code, outcome.out) == (0, "")
    assert "[queues.NAME]" in outcome.err
