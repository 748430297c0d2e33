"""Who only looks sees all and wishes nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from supervisor.errors import RequestRefused
from tests.tui.fakes import FakeLink, census
from tui.link.engine_link import EngineLink
from tui.link.read_only_link import READ_ONLY, ReadOnlyLink

LOOKS = {"run", "detail", "letters", "peek", "pool_detail", "history", "events", "why", "stacks", "close"}
WISHES = sorted(name for name in dir(EngineLink) if not name.startswith("_") and name not in LOOKS)


def arguments_of(method: Callable[..., Any]) -> dict[str, Any]:
    """Something for each parameter."""
    return dict.fromkeys(inspect.signature(method).parameters)


@pytest.mark.parametrize("name", WISHES)
async def test_every_wish_is_refused_with_what_would_allow_it(name: str) -> None:
    """Each method of a line that is no look, whichever there will be; it does not reach the engine."""
    link = FakeLink(census())
    method = getattr(ReadOnlyLink(link), name)
    with pytest.raises(RequestRefused, match="procdeck web --allow-control"):
        await method(**arguments_of(method))
    assert link.wishes == []


async def test_looks_go_through() -> None:
    link = FakeLink(census())
    only = ReadOnlyLink(link)
    assert await only.detail("walk") == await link.detail("walk")
    assert await only.letters("paths") == await link.letters("paths")
    assert await only.peek("paths") == await link.peek("paths")
    assert await only.pool_detail("hash") == await link.pool_detail("hash")


async def test_the_plan_of_a_reload_is_a_look() -> None:
    """What a reload would do is told to whoever only looks; none is done."""
    link = FakeLink(census())
    only = ReadOnlyLink(link)
    assert (await only.reload(is_dry_run=True)).is_applied is False
    with pytest.raises(RequestRefused, match="--allow-control"):
        await only.reload(is_dry_run=False)
    assert link.reloads == [True]


def test_the_refusal_names_the_way() -> None:
    assert "--allow-control" in READ_ONLY
