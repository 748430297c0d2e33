"""A queue in a supervised run: the engine says how workers ended, and what they held comes back through it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.channels.conftest import METHODS
from tests.engines import engine_on, wait_for, write_profile

PROFILE = """
    name = "returning"
    [defaults]
    start_method = "{method}"
    [queues.items]
    maxsize = 4
    [workers.walk]
    target = "code:walk"
    writes = {{ out = "items" }}
    restart = "never"
    [workers.parse]
    target = "code:parse"
    replicas = 2
    reads = {{ inbox = "items" }}
    args = {{ notes = "@output" }}
    restart = {{ policy = "on-failure", max = 50, backoff = "0.01s..0.02s" }}
"""
CODE = """
    import os
    import signal
    from pathlib import Path

    def walk(out):
        for number in range(30):
            out.put(number)
        out.put("poison")
        for number in range(30, 60):
            out.put(b"x" * 100_000 if number == 40 else number)

    def parse(inbox, notes):
        for item in inbox:
            name = item if isinstance(item, (int, str)) else 40
            if item == "poison":
                os.kill(os.getpid(), signal.SIGKILL)
            mark = Path(notes, f"{name}.begun")
            if name in (5, 20, 40) and not mark.exists():
                mark.touch()
                if name == 20:
                    raise LookupError("on purpose")
                os.kill(os.getpid(), signal.SIGKILL)
            with Path(notes, "done").open("a") as file:
                file.write(f"{name}\\n")
"""


@pytest.mark.parametrize("method", METHODS)
def test_killed_and_failed_workers_lose_no_item(place: Path, method: str) -> None:
    """What a worker held when it was killed, or raised, is done by another; what kills all becomes a dead letter."""
    profile = write_profile(place / "p", PROFILE.format(method=method), code=CODE)
    with engine_on(profile) as engine:
        engine.wait_completed()
        (done,) = Path(engine.note.log_directory).parent.glob("output/done")
        counted = sorted(map(int, done.read_text().split()))
        assert sorted(set(counted)) == list(range(60))
        assert len(counted) == 60
        letters = wait_for(lambda: engine.client.letters("items").letters, "the dead letter")
        assert [(letter.preview, letter.attempts) for letter in letters] == [("'poison'", 3)]
        assert letters[0].reason == "killed by SIGKILL from outside"
        row = engine.channel("items")
        assert (row.depth, row.redelivered, row.dead_letters) == (0, 5, 1)
