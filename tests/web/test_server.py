"""Who comes in, who does not, and what becomes of the processes; a fake stands for the dashboard."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.engines import is_alive
from tests.web.browser import until
from tests.web.visiting import Visitor, visited
from tui.web.server import WebServer, WebWish
from tui.web.session import PASSED_ON


async def test_without_the_token_nothing_is_shown() -> None:
    """The page says what is missing; the socket is refused before it is one."""
    async with visited() as visitor:
        status, page = await visitor.get("/")
        assert status == 403
        assert "the token is missing; open the whole address" in page
        assert "terminal" not in page
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with visitor.deck():
                pass
        assert refused.value.status == 403
        assert visitor.server.session_count == 0


async def test_a_wrong_token_is_refused_in_words() -> None:
    async with visited() as visitor:
        for token in ("", "guess", visitor.token[:-1], visitor.token + "x"):
            status, words = await visitor.enter(token)
            assert (status, "not the token of this run" in words) == (403, True)
        assert (await visitor.enter("x" * 5000))[0] == 413
        assert (await visitor.get("/"))[0] == 403


async def test_the_token_opens_the_page_and_the_socket() -> None:
    """It is exchanged for a cookie that no script can read and no other site can use; no page has either."""
    async with visited() as visitor:
        assert (await visitor.enter(visitor.token))[0] == 204
        (cookie,) = visitor.session.cookie_jar
        assert cookie["httponly"] is True
        assert cookie["samesite"] == "Strict"
        status, page = await visitor.get("/")
        assert status == 200
        assert (await visitor.get("/?plain"))[1] == page
        assert visitor.token not in page
        assert cookie.value not in page
        async with visitor.deck() as deck:
            await deck.introduction()
            await deck.type("say hello")
            assert await deck.painted() == b"hello"
            await deck.socket.send_json(["resize", {"width": 90, "height": 20}])
            assert json.loads((await deck.painted()).removeprefix(b"told ")) == {
                "type": "resize", "width": 90, "height": 20,
            }  # fmt: skip
            await deck.socket.send_json(["ping", "1"])
            assert await deck.socket.receive_json() == ["pong", "1"]
        assert visitor.token not in "".join(visitor.narrated)


@pytest.mark.parametrize("path", ["/", "/static/page.css", "/deck"])
async def test_another_host_is_refused(path: str) -> None:
    """Whatever is asked for, with the cookie too: a page elsewhere whose name leads here gets nothing."""
    async with visited() as visitor:
        await visitor.enter(visitor.token)
        for host in ("evil.example", f"localhost:{visitor.origin.rpartition(':')[2]}"):
            status, words = await visitor.get(path, Host=host, Origin=visitor.origin)
            assert status == 403
            assert "under another name" in words


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
async def test_another_origin_is_refused(origin: str) -> None:
    """Neither a socket nor the exchange of a token, though the browser sends the cookie along."""
    async with visited() as visitor:
        assert (await visitor.enter(visitor.token, Origin=origin))[0] == 403
        await visitor.enter(visitor.token)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with visitor.deck(Origin=origin):
                pass
        assert refused.value.status == 403
        assert visitor.narrated == []


async def test_a_socket_without_an_origin_is_refused() -> None:
    async with visited() as visitor:
        await visitor.enter(visitor.token)
        assert (await visitor.get("/deck"))[0] == 403


async def test_what_is_not_listed_is_not_there() -> None:
    """No index of directories, no downloads, no way out of the list; every answer has the headers."""
    async with visited() as visitor:
        for path in ("/static/", "/static/js", "/static/js/", "/download/x", "/static/..%2fserver.py", "/static/x"):
            status, _ = await visitor.get(path)
            assert status in (403, 404), path
        for path in ("/", "/static/js/textual.js", "/nothing"):
            async with visitor.session.get(visitor.origin + path) as reply:
                assert "script-src 'self';" in reply.headers["Content-Security-Policy"]
                assert reply.headers["X-Content-Type-Options"] == "nosniff"
                assert reply.headers["Server"] == "procdeck"


async def test_it_listens_at_one_address_only() -> None:
    """Not even at the rest of loopback."""
    async with visited() as visitor:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", int(visitor.origin.rpartition(":")[2])), timeout=60)


async def test_one_too_many_is_told() -> None:
    """The one who is refused learns why; when another one leaves there is room again."""
    async with visited(max_sessions=2) as visitor, AsyncExitStack() as stack:
        await visitor.enter(visitor.token)
        decks = [await stack.enter_async_context(visitor.deck()) for _ in range(2)]
        for deck in decks:
            await deck.introduction()
        async with visitor.deck() as third:
            assert await third.closed() == (
                1013, "Refused: 2 dashboards open already, and --max-sessions allows no more; close one first.",
            )  # fmt: skip
        await decks[0].socket.close()
        await _open_sessions(visitor, 1)
        async with visitor.deck() as again:
            await again.introduction()


async def test_closing_the_socket_ends_the_process() -> None:
    async with visited() as visitor:
        await visitor.enter(visitor.token)
        async with visitor.deck() as deck:
            pid = (await deck.introduction())["pid"]
            assert is_alive(pid)
        await _open_sessions(visitor, 0)
        assert not is_alive(pid)


async def test_who_does_not_mind_sigterm_is_killed_with_all_it_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.web.session.END_PATIENCE_S", 0.2)
    async with visited() as visitor:
        await visitor.enter(visitor.token)
        async with visitor.deck() as deck:
            pid = (await deck.introduction())["pid"]
            await deck.type("deaf")
            child = int(await deck.painted())
            assert is_alive(child)
        await _open_sessions(visitor, 0)
        assert not is_alive(pid)

        async def is_gone() -> bool:
            return not is_alive(child)

        await until(is_gone, "the child to be gone")


async def test_ending_the_server_ends_all_and_says_so() -> None:
    async with visited() as visitor:
        await visitor.enter(visitor.token)
        async with visitor.deck() as deck:
            pid = (await deck.introduction())["pid"]
            stopping = asyncio.create_task(visitor.server.stop())
            assert await deck.closed() == (1001, "`procdeck web` was ended.")
            await stopping
            assert not is_alive(pid)


async def test_leaving_closes_the_socket() -> None:
    async with visited() as visitor:
        await visitor.enter(visitor.token)
        async with visitor.deck() as deck:
            await deck.introduction()
            await deck.type("leave")
            assert await deck.closed() == (1000, "This dashboard was left.")


async def test_a_dashboard_that_fails_is_told_where_it_is_served() -> None:
    """The browser learns that, not what: last words may hold paths and values."""
    async with visited() as visitor:
        await visitor.enter(visitor.token)
        async with visitor.deck() as deck:
            await deck.introduction()
            await deck.type("crash")
            code, words = await deck.closed()
        assert code == 1011
        assert "lost" not in words
        assert any("everything is" in said for said in visitor.narrated)


async def test_a_dashboard_that_cannot_be_started_is_told() -> None:
    async with visited(command=("/nonexistent/procdeck",)) as visitor:
        await visitor.enter(visitor.token)
        async with visitor.deck() as deck:
            code, words = await deck.closed()
        assert (code, "cannot be started" in words) == (1011, True)


async def test_one_that_nobody_uses_is_closed() -> None:
    async with visited(idle_timeout_s=0.2, idle_words="0.2 s") as visitor:
        await visitor.enter(visitor.token)
        async with visitor.deck() as deck:
            assert await deck.closed() == (1001, "Closed: nothing was pressed for 0.2 s.")
        await _open_sessions(visitor, 0)
        assert visitor.narrated == ["a dashboard was opened; 1 open", "a dashboard was closed; 0 open"]


async def test_pings_are_no_use() -> None:
    """The terminal's script sends them by itself, whoever sits before it."""
    async with visited(idle_timeout_s=0.5) as visitor:
        await visitor.enter(visitor.token)
        async with visitor.deck() as deck:
            while not deck.socket.closed:
                await deck.socket.send_json(["ping", "1"])
                if (await deck.socket.receive()).type is aiohttp.WSMsgType.CLOSE:
                    break
            assert deck.socket.close_code == 1001


async def test_garbage_closes_the_socket() -> None:
    async with visited() as visitor:
        await visitor.enter(visitor.token)
        async with visitor.deck() as deck:
            await deck.introduction()
            await deck.socket.send_str('["deliver_chunk_request"]')
            assert (await deck.closed())[0] == 1008


async def test_a_dashboard_gets_little_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group of its own, read-only unless control is allowed, and nothing that could be a secret."""
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    for allows_control in (False, True):
        async with visited(allows_control=allows_control) as visitor:
            await visitor.enter(visitor.token)
            async with visitor.deck() as deck:
                said = await deck.introduction()
        assert said["group"] == said["pid"]
        environment = said["environment"]
        assert environment["PROCDECK_READ_ONLY"] == ("" if allows_control else "1")
        assert (environment["COLUMNS"], environment["ROWS"]) == ("120", "30")
        own = {
            "PROCDECK_READ_ONLY",
            "PYTHONDONTWRITEBYTECODE",
            "TERM",
            "TEXTUAL_COLOR_SYSTEM",
            "TEXTUAL_FPS",
            "COLUMNS",
            "ROWS",
        }
        assert set(environment) <= own | set(PASSED_ON)


async def test_a_port_that_is_taken_is_an_error() -> None:
    async with visited() as visitor:
        with pytest.raises(OSError, match="in use"):
            WebServer(WebWish("deck"), int(visitor.origin.rpartition(":")[2]))


async def _open_sessions(visitor: Visitor, count: int) -> None:
    async def is_so() -> bool:
        return visitor.server.session_count == count

    await until(is_so, f"{count} open dashboards")
