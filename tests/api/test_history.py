"""Requests for figures over time."""

from __future__ import annotations

import aiohttp
import msgspec
import pytest

from supervisor.api.history import HistoryReply
from tests.api.fake_port import FakePort


async def _ask(session: aiohttp.ClientSession, path: str) -> tuple[int, bytes]:
    async with session.get(path) as response:
        return response.status, await response.read()


async def test_history_is_of_all_or_some(session: aiohttp.ClientSession, port: FakePort) -> None:
    """Over the time that is asked for."""
    known = port.measured_names()
    assert len(known) > 1
    _, content = await _ask(session, "/v1/history")
    assert tuple(one.name for one in msgspec.json.decode(content, type=HistoryReply).subjects) == known
    _, content = await _ask(session, f"/v1/history?name={known[0]}&seconds=2")
    (subject,) = msgspec.json.decode(content, type=HistoryReply).subjects
    assert (subject.name, subject.series[0].values) == (known[0], (1.0, 1.0))


@pytest.mark.parametrize("told", ["0", "-1", "x", "1e3", "43201", "", "９"])
async def test_a_time_that_is_none_is_refused(session: aiohttp.ClientSession, told: str) -> None:
    """With the rule in words."""
    status, content = await _ask(session, f"/v1/history?seconds={told}")
    assert status == 400
    assert b"whole number from 1 to 43200" in content


async def test_nobody_is_told_from_nothing_measured(session: aiohttp.ClientSession, port: FakePort) -> None:
    """A name that is none is refused, with the one that was meant."""
    status, content = await _ask(session, f"/v1/history?name={port.measured_names()[0]}x")
    assert status == 404
    assert port.measured_names()[0].encode() in content
