"""Requests about what is stuck: why, stacks, samples, release of a lock, the end of one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from supervisor.api.client import EngineClient
from supervisor.api.hangs import (
    ProcessKillRequest,
    ReleaseRequest,
    SampleRequest,
    StacksReply,
    WayOutReply,
    WhyReply,
    check_sample,
)
from supervisor.api.messages import ErrorReply
from supervisor.errors import RequestRefused
from supervisor.paths import socket_path
from tests.api.fake_port import FakeEngine, a_fleet, a_row
from tests.api.samples import a_verdict
from tests.api.test_requests import _get, _post

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

    from tests.api.fake_port import FakePort


async def test_why_is_of_all_some_or_one(session: aiohttp.ClientSession, port: FakePort) -> None:
    """A verdict for each replica that is asked about."""
    port.verdicts = (a_verdict("parse.1"), a_verdict("walk"))
    assert (await _get(session, "/v1/why", WhyReply)).verdicts == port.verdicts
    assert (await _get(session, "/v1/why?name=parse&name=walk", WhyReply)).verdicts == port.verdicts
    assert (await _get(session, "/v1/why?name=walk", WhyReply)).verdicts == port.verdicts[1:]
    assert (await _get(session, "/v1/workers/parse.1/why", WhyReply)).verdicts == port.verdicts[:1]


async def test_question_about_nobody_is_told_who_there_is(session: aiohttp.ClientSession) -> None:
    """404 with what comes close, whatever is asked about them."""
    for path in ("/v1/why?name=prase", "/v1/workers/prase/why", "/v1/workers/prase/stacks"):
        assert "parse" in (await _get(session, path, ErrorReply, 404)).suggestions
    for path, body in (("sample", SampleRequest()), ("release", ReleaseRequest(resource="sem:7"))):
        assert "parse" in (await _post(session, f"/v1/workers/prase/{path}", ErrorReply, 404, body)).suggestions


async def test_question_with_too_many_names_is_refused(session: aiohttp.ClientSession) -> None:
    """Leaving them out asks about all."""
    query = "&".join("name=parse" for _ in range(101))
    assert "leave them out" in (await _get(session, f"/v1/why?{query}", ErrorReply, 400)).error


async def test_stacks_are_of_one_replica(session: aiohttp.ClientSession, port: FakePort) -> None:
    """As the engine tells them."""
    port.stacks_of["parse.1"] = StacksReply(replica="parse.1", took_ms=3.0, post_mortem=("exit code 3",))
    assert await _get(session, "/v1/workers/parse.1/stacks", StacksReply) == port.stacks_of["parse.1"]


async def test_sample_is_bounded(session: aiohttp.ClientSession, port: FakePort) -> None:
    """In time and in rate; the body may be left out."""
    for wish in (
        SampleRequest(seconds=0),
        SampleRequest(seconds=61),
        SampleRequest(rate_hz=0),
        SampleRequest(rate_hz=201),
    ):
        with pytest.raises(ValueError, match="is more than 0 and at most"):
            check_sample(wish)
        await _post(session, "/v1/workers/parse.1/sample", ErrorReply, 400, wish)
    assert port.asked_samples == []
    await _post(session, "/v1/workers/parse.1/sample", dict)
    await _post(session, "/v1/workers/parse.1/sample", dict, body=SampleRequest(seconds=0.5, rate_hz=10))
    assert port.asked_samples == [("parse.1", 2.0, 50.0), ("parse.1", 0.5, 10.0)]


async def test_release_is_done_or_says_why_not(session: aiohttp.ClientSession, port: FakePort) -> None:
    """409 with the engine's words where it is not safe; no lock is named by nothing, or by a page of text."""
    wish = ReleaseRequest(resource="sem:7")
    assert "sem:7" in (await _post(session, "/v1/workers/parse.1/release", WayOutReply, body=wish)).text
    assert port.releases == [("parse.1", "sem:7")]
    port.release_error = RequestRefused("parse.2 holds it, and lives")
    reply = await _post(session, "/v1/workers/parse.1/release", ErrorReply, 409, wish)
    assert reply.error == "parse.2 holds it, and lives"
    for resource in ("", "x" * 301):
        body = ReleaseRequest(resource=resource)
        assert "names a lock" in (await _post(session, "/v1/workers/parse.1/release", ErrorReply, 400, body)).error
    assert len(port.releases) == 1


async def test_process_is_killed_only_by_its_whole_name(session: aiohttp.ClientSession, port: FakePort) -> None:
    """Its pid and when it started; a process of somebody else is refused by the engine."""
    reply = await _post(session, "/v1/processes/kill", WayOutReply, body=ProcessKillRequest(pid=4711, start_ticks=9))
    assert reply.text == "process 4711 was killed"
    await _post(session, "/v1/processes/kill", ErrorReply, 409, ProcessKillRequest(pid=12, start_ticks=9))
    for pid, start_ticks in ((-1, 9), (0, 9), (1, 9), (4711, -1)):
        wish = ProcessKillRequest(pid=pid, start_ticks=start_ticks)
        await _post(session, "/v1/processes/kill", ErrorReply, 400, wish)
    await _post(session, "/v1/processes/kill", ErrorReply, 400, {"pid": 4711})
    assert port.kills == [(4711, 9)]


async def test_looking_takes_get_and_acting_takes_post(session: aiohttp.ClientSession) -> None:
    """405 else."""
    for path in ("/v1/workers/parse.1/sample", "/v1/workers/parse.1/release", "/v1/processes/kill"):
        async with session.get(path) as response:
            assert (response.status, response.headers["Allow"]) == (405, "POST")


def test_client_asks_for_all_of_it(place: Path) -> None:
    """Names with odd letters too; what is refused is told in the engine's words."""
    with FakeEngine(a_fleet(a_row("walk"), a_row("parse.1")), place / "l") as engine:
        engine.port.verdicts = (a_verdict("parse.1"),)
        client = EngineClient(socket_path(engine.note.project))
        assert client.why().verdicts == client.why(["parse"]).verdicts == engine.port.verdicts
        assert client.why(["walk"]).verdicts == ()
        assert client.stacks("walk").replica == "walk"
        assert client.sample("walk", 1.5).seconds == 1.5
        assert client.release("walk", "sem:7").text == "sem:7 is free again"
        assert client.kill_process(4711, 5).text == "process 4711 was killed"
        for ask in (lambda: client.why(["a&b=/c"]), lambda: client.stacks("a&b=/c")):
            with pytest.raises(RequestRefused, match=r"a&b=/c"):
                ask()
