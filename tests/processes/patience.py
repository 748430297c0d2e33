"""Waiting in tests that share their loop with what they look at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from tests.engines import PATIENCE_S

T = TypeVar("T")


async def until(look: Callable[[], T], what: str, patience_s: float = PATIENCE_S) -> T:
    """Let the loop run until `look` gives something true."""
    deadline_s = time.monotonic() + patience_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline_s:
            raise AssertionError(f"waited {patience_s:g} s in vain for {what}; last seen: {seen!r}")
        await asyncio.sleep(0.01)
