"""``POST /v1/log-level``: what it takes, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.api.client import EngineClient
from supervisor.errors import RequestRefused
from supervisor.paths import socket_path
from tests.api.fake_port import FakeEngine, a_fleet, a_row


@pytest.fixture
def engine(place: Path) -> Iterator[FakeEngine]:
    with FakeEngine(a_fleet(a_row("walk"), a_row("parse.1"), a_row("parse.2")), place / "l") as engine:
        yield engine


@pytest.fixture
def client(engine: FakeEngine) -> EngineClient:
    return EngineClient(socket_path(engine.note.project))


def test_level_reaches_the_engine_by_its_full_name(engine: FakeEngine, client: EngineClient) -> None:
    """In capitals, with who asked."""
    reply = client.set_level(["parse"], "warn", "urllib3")
    assert reply.told == ("parse.1", "parse.2")
    assert reply.text == "urllib3 WARNING in parse.1, parse.2"
    assert engine.port.asked_by[-1].startswith("uid ")


@pytest.mark.parametrize(
    ("names", "level", "logger", "told"),
    [
        (["parse"], "LOUD", "", "no level 'LOUD'; there are TRACE, DEBUG"),
        ([], "DEBUG", "", "names is empty"),
        (["prase"], "DEBUG", "", 'did you mean "parse"'),
        (["parse"], "DEBUG", "x" * 300, "at most 200 bytes"),
    ],
)
def test_what_means_nothing_is_refused(
    engine: FakeEngine, client: EngineClient, names: list[str], level: str, logger: str, told: str
) -> None:
    """With words on what would be right."""
    with pytest.raises(RequestRefused, match=told):
        client.set_level(names, level, logger)
    assert engine.port.asked_by == []
