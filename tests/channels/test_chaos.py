"""A short run of scripts/chaos: random kills lose nothing, block nobody and let no two in at a time."""

from __future__ import annotations

import pytest

from scripts.chaos_parts import channels


@pytest.mark.parametrize("method", ["fork", "forkserver"])
@pytest.mark.parametrize("only", ["queues", "locks"])
def test_random_kills_lose_nothing(method: str, only: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two seconds of kills, big and small items, maxsize 1 and 1,000, every lock: all is whole, nobody is stuck."""
    assert channels.main(["--seconds", "2", "--method", method, "--only", only]) == 0, capsys.readouterr().out
