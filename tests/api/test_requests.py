"""Requests beside the plain actions: pause, resume, signal, scale, reload, and a poll for events."""

from __future__ import annotations

import asyncio
import os
import pwd
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from loguru import logger

from supervisor.api import exchange
from supervisor.api.messages import ErrorReply, JobList
from supervisor.api.requests import (
    CLIENT_HEADER,
    SIGNAL_NAMES,
    EventList,
    ReloadReply,
    ScaleReply,
    ScaleRequest,
    SignalReply,
    check_scale,
    full_signal_name,
)
from supervisor.errors import ProfileError, RequestRefused
from supervisor.lifecycle.states import State
from tests.api.fake_port import an_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp

    from supervisor.api.server import Server
    from tests.api.fake_port import FakePort

ME = f"uid {os.geteuid()} ({pwd.getpwuid(os.geteuid()).pw_name})"


async def _get(session: aiohttp.ClientSession, path: str, expected: type[Any], status: int = 200) -> Any:
    async with session.get(path) as response:
        assert response.status == status, await response.text()
        return msgspec.json.decode(await response.read(), type=expected)


async def _post(
    session: aiohttp.ClientSession, path: str, expected: type[Any], status: int = 200, body: object = None
) -> Any:
    async with session.post(path, data=None if body is None else msgspec.json.encode(body)) as response:
        assert response.status == status, await response.text()
        return msgspec.json.decode(await response.read(), type=expected)


async def test_pause_and_resume_are_plain_actions(session: aiohttp.ClientSession, port: FakePort) -> None:
    """With a job each, and an outcome."""
    for action, state in (("pause", State.PAUSED), ("resume", State.RUNNING)):
        reply = await _post(session, f"/v1/workers/parse.1/{action}?wait=5", JobList)
        assert [(job.action, job.state) for job in reply.jobs] == [(action, "done")]
        assert next(row.state for row in port.now.rows if row.name == "parse.1") is state


async def test_restart_may_be_rolling(session: aiohttp.ClientSession, port: FakePort) -> None:
    """``max_unavailable`` is passed on, and means nothing for anything else."""
    wish = {"action": "restart", "names": ["parse"], "max_unavailable": 1}
    await _post(session, "/v1/actions", JobList, body=wish)
    assert port.max_unavailable == 1
    port.wishes.clear()
    refused = await _post(session, "/v1/actions", ErrorReply, 400, {**wish, "action": "stop"})
    assert refused.error == "max_unavailable is for restart, not for stop"
    assert "or more" in (await _post(session, "/v1/actions", ErrorReply, 400, {**wish, "max_unavailable": -1})).error
    assert port.wishes == []


async def test_signal_goes_to_whom_it_is_for(session: aiohttp.ClientSession, port: FakePort) -> None:
    """By its name, with or without SIG; the reply says who got it."""
    reply = await _post(session, "/v1/signal", SignalReply, body={"names": ["*"], "signal": "usr1"})
    assert reply.signalled == ("parse.1", "parse.2")
    assert port.signals == [(("*",), "SIGUSR1")]


@pytest.mark.parametrize("name", ["9", "-9", "SIG9", "SIGSEGV", "", "CHLD", "RTMIN", "__class__", "KILL 1"])
async def test_signal_that_is_not_in_the_list_is_refused(
    session: aiohttp.ClientSession, port: FakePort, name: str
) -> None:
    """Numbers too: what they mean differs between machines."""
    reply = await _post(session, "/v1/signal", ErrorReply, 400, {"names": ["parse"], "signal": name})
    assert reply.suggestions == SIGNAL_NAMES
    assert port.signals == []


async def test_signal_takes_names_and_never_pids(session: aiohttp.ClientSession, port: FakePort) -> None:
    """A number is the name of no worker."""
    for names in (["1"], [str(os.getpid())], ["parse", "-1"]):
        await _post(session, "/v1/signal", ErrorReply, 404, {"names": names, "signal": "TERM"})
    await _post(session, "/v1/signal", ErrorReply, 400, {"names": [], "signal": "TERM"})
    await _post(session, "/v1/signal", ErrorReply, 400, {"names": [os.getpid()], "signal": "TERM"})
    assert port.signals == []


def test_every_signal_of_the_list_has_one_full_name() -> None:
    """However it is written."""
    for name in SIGNAL_NAMES:
        assert {full_signal_name(text) for text in (name, name.lower(), f"SIG{name}", f" sig{name} ")} == {f"SIG{name}"}
    with pytest.raises(ValueError, match="a signal is named, not numbered"):
        full_signal_name("15")


async def test_scale_says_what_was_and_what_is(session: aiohttp.ClientSession, port: FakePort) -> None:
    """To a number, or by a difference."""
    reply = await _post(session, "/v1/workers/parse/scale", ScaleReply, body={"replicas": 4})
    assert (reply.worker, reply.before, reply.after) == ("parse", 2, 4)
    reply = await _post(session, "/v1/workers/parse/scale", ScaleReply, body={"by": -1})
    assert (reply.before, reply.after) == (4, 3)
    assert port.scales == [("parse", 4, 0), ("parse", None, -1)]
    assert (await _post(session, "/v1/workers/prase/scale", ErrorReply, 404, {"by": 1})).suggestions == ("parse",)


@pytest.mark.parametrize(
    "wish",
    [ScaleRequest(), ScaleRequest(replicas=2, by=1), ScaleRequest(replicas=-1), ScaleRequest(replicas=1001),
     ScaleRequest(by=1001), ScaleRequest(by=-1001)],
)  # fmt: skip
async def test_scale_that_asks_for_nothing_or_too_much_is_refused(
    session: aiohttp.ClientSession, port: FakePort, wish: ScaleRequest
) -> None:
    """400, before the engine hears of it."""
    with pytest.raises(ValueError, match=r"give either replicas|is a number from"):
        check_scale(wish)
    await _post(session, "/v1/workers/parse/scale", ErrorReply, 400, wish)
    assert port.scales == []


async def test_reload_tells_its_plan(session: aiohttp.ClientSession, port: FakePort) -> None:
    """Applied, or only told; the body may be left out."""
    reply = await _post(session, "/v1/reload", ReloadReply, body={"dry_run": True})
    assert (reply.plan, reply.is_applied) == (port.plan, False)
    assert (await _post(session, "/v1/reload", ReloadReply)).is_applied
    assert port.reloads == [True, False]


async def test_reload_of_a_bad_file_tells_every_mistake(session: aiohttp.ClientSession, port: FakePort) -> None:
    """409, a line each; a refusal comes with its suggestions."""
    port.reload_error = ProfileError(['p.toml:3: unknown key "comand"', "p.toml:9: no such queue"])
    reply = await _post(session, "/v1/reload", ErrorReply, 409)
    assert reply.error.splitlines() == ['p.toml:3: unknown key "comand"', "p.toml:9: no such queue"]
    port.reload_error = RequestRefused("everything is being stopped", ("later",))
    assert await _post(session, "/v1/reload", ErrorReply, 409) == ErrorReply(
        error="everything is being stopped", suggestions=("later",)
    )


async def test_events_are_read_from_a_cursor(session: aiohttp.ClientSession, port: FakePort) -> None:
    """With a limit, where to go on, and how many are missing."""
    port.kept_events = [an_event(cursor) for cursor in (7, 8, 9)]
    port.missed = 6
    reply = await _get(session, "/v1/events", EventList)
    assert ([event.cursor for event in reply.events], reply.missed) == ([7, 8, 9], 6)
    reply = await _get(session, "/v1/events?after=7&limit=1", EventList)
    assert ([event.cursor for event in reply.events], reply.next_cursor) == ([8], 8)
    assert (await _get(session, "/v1/events?after=9", EventList)).events == ()


async def test_event_fields_of_a_change_of_state_are_from_and_to(
    session: aiohttp.ClientSession, port: FakePort
) -> None:
    """As people and programs read them; the others are null."""
    port.kept_events = [an_event(1, from_state="running", to_state="backoff", cause="exit code 3")]
    async with session.get("/v1/events") as response:
        (event,) = (await response.json())["events"]
    assert (event["from"], event["to"], event["cause"], event["pid"]) == ("running", "backoff", "exit code 3", None)


async def test_poll_ends_with_the_next_event(session: aiohttp.ClientSession, port: FakePort) -> None:
    """As soon as there is one."""
    asking = asyncio.create_task(_get(session, "/v1/events?after=0&wait=60", EventList))
    while not port.waits:
        await asyncio.sleep(0.001)
    port.happen(an_event(1))
    assert (await asking).events == (an_event(1),)


async def test_poll_ends_without_an_event_after_its_time(session: aiohttp.ClientSession) -> None:
    """With an empty list, and the cursor to ask again with."""
    reply = await _get(session, "/v1/events?after=3&wait=0.01", EventList)
    assert reply == EventList(events=(), next_cursor=3)


async def test_poll_does_not_outlive_its_client(
    session: aiohttp.ClientSession, port: FakePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who goes away leaves nothing behind in the engine."""
    monkeypatch.setattr("supervisor.api.routes.POLL_LOOK_S", 0.02)
    asking = asyncio.create_task(_get(session, "/v1/events?wait=3600", EventList))
    while not port.waits:
        await asyncio.sleep(0.001)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    async with asyncio.timeout(30):
        while port.waits:
            await asyncio.sleep(0.01)


async def test_poll_is_answered_when_the_server_closes(
    session: aiohttp.ClientSession, port: FakePort, server: Server
) -> None:
    """The engine's end does not wait for it, and is no error to whoever follows."""
    asking = asyncio.create_task(_get(session, "/v1/events?wait=3600", EventList))
    while not port.waits:
        await asyncio.sleep(0.001)
    await server.close()
    assert (await asking).events == ()


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1e3", "limit=0", "limit=1001", "after=" + "9" * 30])
async def test_impossible_cursor_or_limit_is_refused(session: aiohttp.ClientSession, query: str) -> None:
    """400, with what it may be."""
    assert "is a whole number from" in (await _get(session, f"/v1/events?{query}", ErrorReply, 400)).error


@pytest.mark.parametrize("path", ["/v1/signal", "/v1/reload", "/v1/workers/parse/scale"])
async def test_what_acts_takes_post_only(session: aiohttp.ClientSession, path: str) -> None:
    """405, and the method that it takes, once."""
    async with session.get(path) as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")


@pytest.fixture
def audit() -> Iterator[list[str]]:
    """The lines of the engine's log on who asks for what."""
    lines: list[str] = []
    logger.enable("supervisor.api")
    sink = logger.add(lambda message: lines.append(message.record["message"]), level="INFO")
    yield lines
    logger.remove(sink)


async def test_a_request_may_say_with_what_it_is_made(session: aiohttp.ClientSession, port: FakePort) -> None:
    """One of the known tools; anything else that it says of itself does not count."""
    for tool in ("dashboard", "root, the dashboard"):
        async with session.post("/v1/workers/parse.1/stop", headers={CLIENT_HEADER: tool}) as reply:
            assert reply.status == 200
    assert port.asked_by == [f"{ME}, dashboard", ME]


async def test_every_command_leaves_who_what_and_on_whom(
    session: aiohttp.ClientSession, port: FakePort, audit: list[str]
) -> None:
    """In the log, and handed to the engine for its journal."""
    await _post(session, "/v1/workers/parse.1/stop", JobList)
    await _post(session, "/v1/actions", JobList, body={"action": "restart", "names": ["*"], "max_unavailable": 2})
    await _post(session, "/v1/signal", SignalReply, body={"names": ["parse", "walk"], "signal": "HUP"})
    await _post(session, "/v1/workers/parse/scale", ScaleReply, body={"by": 1})
    await _post(session, "/v1/workers/parse/scale", ScaleReply, body={"replicas": 2})
    await _post(session, "/v1/reload", ReloadReply, body={"dry_run": True})
    await _post(session, "/v1/channels/paths/drain", msgspec.Raw)
    await _post(session, "/v1/down?force=1", msgspec.Raw)
    assert audit == [
        f"{ME} asks: stop parse.1",
        f"{ME} asks: restart *, 2 at a time",
        f"{ME} asks: signal SIGHUP to parse, walk",
        f"{ME} asks: scale parse +1",
        f"{ME} asks: scale parse = 2",
        f"{ME} asks: reload --dry-run",
        f"{ME} asks: drain of channel paths: all",
        f"{ME} asks: down by force",
    ]
    assert port.asked_by == [ME] * 6


def test_user_without_an_account_is_told_by_number() -> None:
    """As in many containers."""
    assert exchange._named(4_000_000_000) == "uid 4000000000"


async def test_log_cannot_be_flooded_or_forged_by_a_name(session: aiohttp.ClientSession, audit: list[str]) -> None:
    """A long line is cut, and a line end in a name begins no line of its own."""
    names = ["x" * 60_000, "a\n2026-01-01 engine stopped"]
    await _post(session, "/v1/actions", ErrorReply, 404, {"action": "stop", "names": names})
    await _post(session, "/v1/actions", ErrorReply, 404, {"action": "stop", "names": names[1:]})
    assert [len(line) < 600 for line in audit] == [True, True]
    assert not any("\n" in line for line in audit)
