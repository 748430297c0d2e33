"""A short run of scripts/chaos: random kills lose nothing and block nobody."""

from __future__ import annotations

import pytest

from scripts.chaos_parts import channels


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_random_kills_lose_nothing(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two seconds of kills, big and small items, maxsize 1 and 1,000: nothing lost or damaged, no stall, no file."""
    assert channels.main(["--seconds", "2", "--method", method]) == 0, capsys.readouterr().out
