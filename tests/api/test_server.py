"""Requests to the control socket, the good and the bad."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import pytest

from supervisor.api import admission, exchange
from supervisor.api import server as server_module
from supervisor.api.messages import ACTION_NAMES, DownReply, ErrorReply, Fleet, Health, Job, JobList, WorkerDetail

if TYPE_CHECKING:
    from pathlib import Path

    from supervisor.api.server import Server
    from tests.api.fake_port import FakePort


async def _get(session: aiohttp.ClientSession, path: str, expected: type[Any], status: int = 200) -> Any:
    async with session.get(path) as response:
        assert response.status == status
        return msgspec.json.decode(await response.read(), type=expected)


async def _post(
    session: aiohttp.ClientSession, path: str, expected: type[Any], status: int = 200, body: bytes | None = None
) -> Any:
    async with session.post(path, data=body) as response:
        assert response.status == status
        return msgspec.json.decode(await response.read(), type=expected)


async def _speak(socket_file: Path, said: bytes) -> bytes:
    """What the server answers to raw bytes, until it hangs up."""
    reader, writer = await asyncio.open_unix_connection(str(socket_file))
    try:
        writer.write(said)
        answer = b""
        async with asyncio.timeout(60):
            with suppress(ConnectionError):
                while chunk := await reader.read(65536):
                    answer += chunk
        return answer
    finally:
        await _hang_up(writer)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_health_and_fleet_are_what_the_engine_says(session: aiohttp.ClientSession, port: FakePort) -> None:
    """A GET is one call of the port, encoded."""
    assert await _get(session, "/v1/health", Health) == port.health()
    assert await _get(session, "/v1/fleet", Fleet) == port.now


async def test_the_socket_describes_itself(session: aiohttp.ClientSession) -> None:
    """As an OpenAPI document, to whoever may ask anything else."""
    async with session.get("/v1/openapi.json") as reply:
        described = await reply.json()
    assert reply.status == 200
    assert described["openapi"].startswith("3.1")
    assert "/v1/fleet" in described["paths"]


async def test_detail_is_of_the_named_replica(session: aiohttp.ClientSession, port: FakePort) -> None:
    """A replica's name is part of the path."""
    assert await _get(session, "/v1/workers/parse.2", WorkerDetail) == port.detail("parse.2")


async def test_unknown_replica_is_answered_with_those_that_come_close(session: aiohttp.ClientSession) -> None:
    """404, with suggestions in the text and beside it."""
    reply = await _get(session, "/v1/workers/prase.2", ErrorReply, 404)
    assert reply.error == "no worker or replica 'prase.2'; did you mean \"parse.2\"?"
    assert reply.suggestions[0] == "parse.2"


async def test_action_is_begun_and_its_jobs_are_told(session: aiohttp.ClientSession, port: FakePort) -> None:
    """Without `wait`, the answer does not wait for the outcome."""
    reply = await _post(session, "/v1/workers/parse/stop", JobList)
    assert [(job.target, job.state) for job in reply.jobs] == [("parse.1", "running"), ("parse.2", "running")]
    assert port.wishes == [("stop", ("parse",))]


async def test_action_with_wait_answers_with_the_outcome(session: aiohttp.ClientSession, port: FakePort) -> None:
    """`?wait=` holds the answer back until the jobs are over."""
    body = b'{"action": "restart", "names": ["walk", "parse.1"]}'
    reply = await _post(session, "/v1/actions?wait=5", JobList, body=body)
    assert [(job.target, job.text) for job in reply.jobs] == [("walk", "restart done"), ("parse.1", "restart done")]


async def test_job_can_be_asked_for_again(session: aiohttp.ClientSession) -> None:
    """A client that lost its connection finds its job by number."""
    (job,) = (await _post(session, "/v1/workers/parse.1/kill", JobList)).jobs
    assert await _get(session, f"/v1/jobs/{job.id}", Job) == job
    assert (await _get(session, f"/v1/jobs/{job.id}?wait=5", Job)).state == "done"
    assert "no job 99" in (await _get(session, "/v1/jobs/99", ErrorReply, 404)).error


async def test_unknown_worker_is_refused_with_the_engines_words(session: aiohttp.ClientSession) -> None:
    """404, and nothing is done."""
    reply = await _post(session, "/v1/workers/prase/stop", ErrorReply, 404)
    assert reply == ErrorReply(error='no worker "prase"; did you mean "parse"?', suggestions=("parse",))


async def test_unknown_action_is_refused_with_the_list(session: aiohttp.ClientSession, port: FakePort) -> None:
    """The actions are a table, not attributes that could be reached by name."""
    for action in ("halt", "__class__", "down"):
        reply = await _post(session, f"/v1/workers/parse/{action}", ErrorReply, 404)
        assert reply.suggestions == ACTION_NAMES
    assert port.wishes == []


async def test_down_answers_when_all_is_at_rest(session: aiohttp.ClientSession, port: FakePort) -> None:
    """The reply comes after the engine's, with the wish for force passed on."""
    assert await _post(session, "/v1/down?force=1", DownReply) == DownReply()
    assert port.downs == [True]


@pytest.mark.parametrize("query", ["wait=soon", "wait=-1", "wait=nan", "wait=inf", "wait=1e9"])
async def test_impossible_wait_is_refused(session: aiohttp.ClientSession, port: FakePort, query: str) -> None:
    """400, before anything is begun."""
    assert "wait is a number" in (await _post(session, f"/v1/workers/parse/stop?{query}", ErrorReply, 400)).error
    assert port.wishes == []


async def test_wrong_method_is_told_the_right_one(session: aiohttp.ClientSession) -> None:
    """405 with an Allow header."""
    async with session.delete("/v1/fleet") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET")
        assert msgspec.json.decode(await response.read(), type=ErrorReply).error == "/v1/fleet takes GET, not DELETE"


async def test_unknown_path_is_404(session: aiohttp.ClientSession) -> None:
    """Also one that begins like a path that exists."""
    for path in ("/", "/v1", "/v1/fleet/", "/v1/fleet/rows", "/v2/fleet", "/v1/workers/a/b/c"):
        assert "no such path" in (await _get(session, path, ErrorReply, 404)).error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"action": "stop"}',
        b'{"action": "halt", "names": ["parse"]}',
        b'{"action": "stop", "names": "parse"}',
        b'{"action": "stop", "names": []}',
        b'{"action": "stop", "names": ["parse"], "more": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
    ],
    ids=["nothing", "cut", "bytes", "list", "no names", "no such action", "no list", "empty", "deep", "pickle"],
)
async def test_bad_body_is_refused_and_does_nothing(
    session: aiohttp.ClientSession, port: FakePort, body: bytes
) -> None:
    """400 for everything that is not an ActionRequest, however deep it is; the server goes on."""
    await _post(session, "/v1/actions", ErrorReply, 400, body)
    assert port.wishes == []
    await _get(session, "/v1/health", Health)


async def test_body_larger_than_the_limit_is_refused(session: aiohttp.ClientSession, port: FakePort) -> None:
    """413, whether its length is announced or not."""
    huge = b'{"action": "stop", "names": ["' + b"x" * (exchange.BODY_LIMIT_BYTES + 1) + b'"]}'

    async def pieces() -> Any:
        for start in range(0, len(huge), 10_000):
            yield huge[start : start + 10_000]

    await _post(session, "/v1/actions", ErrorReply, 413, huge)
    async with session.post("/v1/actions", data=pieces()) as response:
        assert response.status == 413
    assert port.wishes == []


async def test_body_that_is_announced_as_huge_is_refused_unread(server: Server, socket_file: Path) -> None:
    """A gigabyte that is only promised costs nothing."""
    reply = await _speak(socket_file, b"POST /v1/actions HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\nxx")
    assert reply.startswith(b"HTTP/1.1 413 ")


async def test_body_that_never_comes_is_given_up(
    server: Server, socket_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """408 after the body's deadline."""
    monkeypatch.setattr(exchange, "BODY_TIMEOUT_S", 0.05)
    reply = await _speak(socket_file, b"POST /v1/actions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
    assert reply.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "said",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"\x80\x04pickle me\r\n\r\n",
        b"GET /v1/health HTTP/x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 1000 + b"\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["bytes", "pickle", "no version", "many headers", "long line"],
)
async def test_garbage_is_answered_with_400_and_hung_up_on(server: Server, socket_file: Path, said: bytes) -> None:
    """What is not HTTP gets an ErrorReply and the end of its connection."""
    reply = await _speak(socket_file, said)
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert msgspec.json.decode(body, type=ErrorReply).error.startswith("this is not HTTP")


async def test_connection_that_never_finishes_its_head_is_closed(
    port: FakePort, socket_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow loris loses its connection after the idle limit."""
    monkeypatch.setattr(server_module, "IDLE_LIMIT_S", 0.05)
    server = await server_module.serve(port, server_module.bind_socket(socket_file))
    assert await _speak(socket_file, b"GET /v1/health HTTP/1.1\r\nHost: ") == b""
    await server.close()


async def test_stranger_is_turned_away(
    session: aiohttp.ClientSession, port: FakePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection of another user gets 403 for whatever it asks, and the engine hears nothing of it."""
    stranger = os.geteuid() + 1
    monkeypatch.setattr(server_module, "peer_uid", lambda _socket: stranger)
    for path in ("/v1/health", "/v1/workers/parse/stop", "/v1/stream"):
        reply = await _post(session, path, ErrorReply, 403)
        assert reply.error == f"this engine belongs to another user, and you are user {stranger}"
    assert port.wishes == []
    monkeypatch.setattr(server_module, "peer_uid", admission.peer_uid)
    await _get(session, "/v1/health", Health)


async def test_peer_that_the_kernel_does_not_name_is_turned_away(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No credentials, no entry."""

    def nobody(_socket: object) -> int:
        raise OSError(92, "Protocol not available")

    monkeypatch.setattr(server_module, "peer_uid", nobody)
    assert "does not tell who you are" in (await _get(session, "/v1/health", ErrorReply, 403)).error


async def test_connections_above_the_limit_are_turned_away(
    session: aiohttp.ClientSession, socket_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 for the one too many; those inside go on, and there is room again when one leaves."""
    monkeypatch.setattr(server_module, "CONNECTION_LIMIT", 2)
    await _get(session, "/v1/health", Health)
    _, writer = await asyncio.open_unix_connection(str(socket_file))
    assert (await _speak(socket_file, b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 503 ")
    await _get(session, "/v1/health", Health)
    await _hang_up(writer)
    said = b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with asyncio.timeout(60):
        while not (await _speak(socket_file, said)).startswith(b"HTTP/1.1 200 "):
            await asyncio.sleep(0.01)


async def test_error_of_the_engine_is_500_without_its_traceback(
    session: aiohttp.ClientSession, port: FakePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The traceback is for the engine's log; the server goes on."""
    monkeypatch.setattr(port, "fleet", lambda: 1 / 0)
    reply = await _get(session, "/v1/fleet", ErrorReply, 500)
    assert reply.error == "the engine met an error of its own; its log has the traceback"
    await _get(session, "/v1/health", Health)


async def test_close_lets_an_answer_under_way_finish(
    session: aiohttp.ClientSession, port: FakePort, server: Server
) -> None:
    """The engine may close as soon as it has handed over the reply of `down`."""
    port.down_may_end.clear()
    asking = asyncio.create_task(_post(session, "/v1/down", DownReply))
    async with asyncio.timeout(60):
        while not port.downs:
            await asyncio.sleep(0.001)
    closing = asyncio.create_task(server.close())
    await asyncio.sleep(0)
    port.down_may_end.set()
    assert await asking == DownReply()
    await closing


async def _until_healthy(socket_file: Path) -> None:
    """Wait until somebody answers at the path."""
    said = b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with asyncio.timeout(60):
        while True:
            with suppress(OSError):
                if (await _speak(socket_file, said)).startswith(b"HTTP/1.1 200 "):
                    return
            await asyncio.sleep(0.01)


async def test_removed_socket_is_made_anew_and_open_connections_stay(
    port: FakePort, socket_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cleaner that deletes old files does not cut an engine off."""
    monkeypatch.setattr(server_module, "LOOK_EVERY_S", 0.02)
    server = await server_module.serve(
        port, server_module.bind_socket(socket_file), lambda: server_module.bind_socket(socket_file)
    )
    connector = aiohttp.UnixConnector(str(socket_file))
    async with aiohttp.ClientSession("http://engine", connector=connector) as session:
        before = await _get(session, "/v1/health", Health)
        socket_file.unlink()
        await _until_healthy(socket_file)
        assert await _get(session, "/v1/health", Health) == before
        assert len(server._gate.connections) == 1  # the session's own, opened before
    await server.close()


async def test_socket_that_cannot_be_made_anew_is_tried_again(
    port: FakePort, socket_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in the way is left alone, until it is gone."""
    monkeypatch.setattr(server_module, "LOOK_EVERY_S", 0.02)
    tries = 0

    def heal() -> Any:
        nonlocal tries
        tries += 1
        return server_module.bind_socket(socket_file)

    server = await server_module.serve(port, server_module.bind_socket(socket_file), heal)
    socket_file.unlink()
    socket_file.write_text("precious")
    async with asyncio.timeout(60):
        while tries < 2:
            await asyncio.sleep(0.01)
    assert socket_file.read_text() == "precious"
    socket_file.unlink()
    await _until_healthy(socket_file)
    await server.close()
