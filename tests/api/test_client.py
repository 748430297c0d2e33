"""The synchronous client against the real server."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api import server as server_module
from supervisor.api.client import EngineClient
from supervisor.api.messages import DownReply, TreeProcess
from supervisor.errors import EngineUnreachable, ProfileError, RequestRefused
from supervisor.lifecycle.states import State
from supervisor.paths import socket_path
from tests.api.fake_port import FakeEngine, a_fleet, a_row, an_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def engine(place: Path) -> Iterator[FakeEngine]:
    with FakeEngine(a_fleet(a_row("walk"), a_row("parse.1"), a_row("parse.2")), place / "l") as engine:
        yield engine


@pytest.fixture
def client(engine: FakeEngine) -> EngineClient:
    return EngineClient(socket_path(engine.note.project))


def test_client_reads_what_the_engine_says(client: EngineClient, engine: FakeEngine) -> None:
    """Health, fleet, the fleet's JSON and a replica's detail."""
    assert client.health() == engine.port.health()
    assert client.fleet() == engine.port.now
    assert msgspec.json.decode(client.fleet_json(), type=type(engine.port.now)) == engine.port.now
    assert client.detail("parse.1") == engine.port.detail("parse.1")


def test_action_and_its_outcome(client: EngineClient, engine: FakeEngine) -> None:
    """A job can be waited for with the action, or afterwards."""
    (job,) = client.act("stop", ["parse.1"])
    assert job.state == "running"
    assert client.job(job.id, wait_s=5).state == "done"
    assert [job.state for job in client.act("kill", ["*"], wait_s=5)] == ["done"] * 3
    assert {row.state for row in client.fleet().rows} == {State.STOPPED}


def test_everything_beside_plain_actions(client: EngineClient, engine: FakeEngine) -> None:
    """Signal, scale, reload, a rolling restart, and the events after a cursor."""
    assert client.signal(["parse"], "HUP").signalled == ("parse.1", "parse.2")
    assert client.scale("parse", by=1).after == 3
    assert client.scale("parse", replicas=1).before == 3
    assert client.scale("walk", 0).after == 0
    assert not client.reload(dry_run=True).is_applied
    assert client.reload().plan == engine.port.plan
    client.act("restart", ["parse"], max_unavailable=1)
    assert engine.port.max_unavailable == 1
    engine.do(lambda port: port.happen(an_event(1)))
    assert client.events(wait_s=20.0).events == (an_event(1),)
    assert client.events(after=1).events == ()
    assert client.events(limit=1).next_cursor == 1


def test_mistakes_of_a_profile_come_a_line_each(client: EngineClient, engine: FakeEngine) -> None:
    """And what is refused is told in the engine's words."""
    engine.port.reload_error = ProfileError(["p.toml:3: one", "p.toml:9: another"])
    with pytest.raises(RequestRefused, match=r"p\.toml:3: one\np\.toml:9: another"):
        client.reload()
    with pytest.raises(RequestRefused, match="a signal is named, not numbered"):
        client.signal(["parse"], "9")
    with pytest.raises(RequestRefused, match="give either replicas"):
        client.scale("parse")


def test_refusal_comes_with_suggestions(client: EngineClient) -> None:
    """The engine's own words, as an exception."""
    with pytest.raises(RequestRefused, match='no worker "prase"') as caught:
        client.act("stop", ["prase"])
    assert caught.value.suggestions == ("parse",)
    with pytest.raises(RequestRefused, match="no worker or replica 'wa lk"):
        client.detail("wa lk?x")


def test_down_tells_the_survivors(client: EngineClient, engine: FakeEngine) -> None:
    """The reply is read to its end although the engine ends."""
    survivor = TreeProcess(pid=7, parent_pid=1, command="sleep")
    engine.port.down_reply = DownReply(survivors=(survivor,))
    assert client.down(force=True, timeout_s=10).survivors == (survivor,)
    assert engine.port.downs == [True]


def test_no_engine_is_unreachable(place: Path) -> None:
    """Whether there is no socket, a dead one, or a path that no socket can have."""
    with pytest.raises(EngineUnreachable, match=r"no engine answers on .*: No such file"):
        EngineClient(place / "engine.sock").health()
    with pytest.raises(EngineUnreachable, match="path too long"):
        EngineClient(place / ("x" * 120)).health()


def test_engine_that_is_silent_is_unreachable(socket_file: Path) -> None:
    """The client gives up after its deadline."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(socket_file))
        silent.listen()
        with pytest.raises(EngineUnreachable, match=r"silent for 0.05 s"):
            EngineClient(socket_file, timeout_s=0.05).health()


@pytest.mark.parametrize("said", [b"", b"\x00\x01", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"])
def test_what_is_no_engine_is_unreachable(socket_file: Path, said: bytes) -> None:
    """Something else on the socket is told from an engine."""
    with socket.socket(socket.AF_UNIX) as strange:
        strange.bind(str(socket_file))
        strange.listen()

        def answer() -> None:
            connection, _ = strange.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(said)

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(EngineUnreachable):
            EngineClient(socket_file).health()
        answering.join()


def test_stranger_is_told_why(client: EngineClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of the door is read, whether it came before the request was sent or after."""
    monkeypatch.setattr(server_module, "is_welcome", lambda _uid: False)
    for _ in range(20):
        with pytest.raises(RequestRefused, match="belongs to another user"):
            client.health()
