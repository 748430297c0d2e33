"""Items in the hands of killed workers come back; what kills every consumer becomes a dead letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import engine_on, kill, wait_for, write_profile

PROFILE = """
name = "redelivers"
[defaults]
start_method = "{method}"
[queues.items]
max_attempts = 2
[workers.produce]
target = "code:produce"
writes = {{ out = "items" }}
restart = "never"
[workers.consume]
target = "code:consume"
reads = {{ inbox = "items" }}
restart = {{ policy = "on-failure", max = 100, backoff = "1ms..1ms" }}
"""

CODE = """
import os, signal
def produce(out):
    for number in range(20):
        out.put({"number": number})
def consume(inbox, ctx):
    for item in inbox:
        if item["number"] == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        print(item["number"])
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_item_that_kills_its_consumers_becomes_a_dead_letter(place: Path, method: str) -> None:
    """Every other item is seen; the deadly one is given up after max_attempts, shown, requeued, discarded."""
    profile = write_profile(place / "p", PROFILE.format(method=method), code=CODE)
    with engine_on(profile) as engine:
        engine.wait_completed()
        seen = [int(text) for text in engine.messages("consume", "stdout")]
        assert set(seen) == set(range(20)) - {7}
        row = engine.channel("items")
        assert (row.dead_letters, row.depth) == (1, 0)
        assert row.redelivered >= 1
        (letter,) = engine.client.letters("items").letters
        assert letter.attempts == 2
        assert "'number': 7" in letter.preview
        assert "SIGKILL" in letter.reason
        assert engine.client.channel_act("items", "requeue").count == 1
        assert (engine.channel("items").dead_letters, engine.channel("items").depth) == (0, 1)
        (first,) = engine.client.peek("items").letters
        assert "'number': 7" in first.preview
        assert engine.client.channel_act("items", "drain").count == 1
        assert engine.channel("items").depth == 0


def test_item_of_a_killed_consumer_is_finished_by_another(place: Path) -> None:
    """SIGKILL of a consumer with an item in hand: a sibling gets it, and the row says who holds what."""
    profile = write_profile(
        place / "p",
        """
        name = "siblings"
        [queues.items]
        [workers.produce]
        target = "code:produce"
        writes = { out = "items" }
        restart = "never"
        [workers.slow]
        target = "code:slow"
        reads = { inbox = "items" }
        restart = "never"
        [workers.quick]
        target = "code:quick"
        reads = { inbox = "items" }
        autostart = false
        """,
        code="""
        def produce(out):
            out.put("precious")
        def slow(inbox, ctx):
            item = inbox.get()
            print("got", item)
            ctx.stopping.wait()
        def quick(inbox):
            for item in inbox:
                print("done", item)
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_message("slow", "got precious")
        wait_for(
            lambda: [user.replica for user in engine.channel("items").holding] == ["slow"], "the holder to be seen"
        )
        engine.act("start", "quick")
        pid = engine.row("slow").pid
        assert pid is not None
        kill(pid)
        engine.wait_state("quick", "finished")
        assert engine.messages("quick", "stdout") == ["done precious"]
