"""What workers share in a profile, beside queues and pipes: locks, events, values, arrays, blocks, dicts and lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import engine_on, kill, wait_for, write_profile

PROFILE = """
name = "shares"
[defaults]
start_method = "{method}"
restart = "never"
[locks.guard]
[locks.seats]
kind = "bounded-semaphore"
value = 2
[locks.gate]
kind = "barrier"
parties = 3
[events.go]
[values.total]
type = "q"
initial = 5
[arrays.slots]
type = "d"
size = 3
[blocks.big]
size = "1MiB"
[dicts.seen]
initial = {{ start = 1 }}
[lists.order]
[namespaces.config]
[workers.adder]
target = "code:add"
replicas = 3
[workers.adder.shares]
guard = "guard"
seats = "seats"
gate = "gate"
go = "go"
total = "total"
slots = "slots"
big = "big"
seen = "seen"
order = "order"
[workers.starter]
target = "code:start"
shares = {{ go = "go", config = "config" }}
"""

CODE = """
def start(go, config):
    config.mode = "fast"
    assert config.mode == "fast"
    go.set()

def add(guard, seats, gate, go, total, slots, big, seen, order, ctx):
    assert go.wait(60)
    gate.wait(60)
    with seats:
        for _ in range(200):
            with guard:
                total.value += 1
    slots[ctx.replica - 1] = ctx.replica / 2
    big.buf[ctx.replica] = ctx.replica
    seen[ctx.name] = seen["start"]
    order.append(ctx.replica)
    gate.wait(60)
    if ctx.replica == 1:
        print(total.value, list(slots), bytes(big.buf[1:4]), sorted(seen.keys()), sorted(order))
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_everything_can_be_shared(place: Path, method: str) -> None:
    """Each kind reaches its workers under each start method, and the engine sees its state."""
    profile = write_profile(place / "p", PROFILE.format(method=method), code=CODE)
    with engine_on(profile) as engine:
        fleet = engine.wait_completed()
        states = {row.name: row.state for row in fleet.rows}
        assert states.pop("shared-state") == "running"
        assert set(states.values()) == {"finished"}, engine.log_text()
        said = engine.messages("adder.1", "stdout")
        assert said == ["605 [0.5, 1.0, 1.5] b'\\x01\\x02\\x03' ['adder.1', 'adder.2', 'adder.3', 'start'] [1, 2, 3]"]
        wait_for(lambda: engine.channel("total").state == "605 (type q)", "the total to be seen")
        channels = {row.name: row for row in engine.fleet().channels}
        assert channels["guard"].state == "free"
        assert channels["seats"].state == "2 of 2 free"
        assert channels["go"].state == "set"
        assert channels["big"].readers == ("adder.1", "adder.2", "adder.3")


def test_lock_of_a_killed_holder_is_free_and_the_next_one_knows(place: Path) -> None:
    """SIGKILL of the holder frees the lock; who holds it and who waits is seen."""
    profile = write_profile(
        place / "p",
        """
        name = "locked"
        [defaults]
        restart = "never"
        [locks.guard]
        [workers.first]
        target = "code:hold"
        shares = { lock = "guard" }
        [workers.second]
        target = "code:take"
        shares = { lock = "guard" }
        autostart = false
        """,
        code="""
        import time
        def hold(lock, ctx):
            lock.acquire()
            print("held")
            ctx.stopping.wait()
        def take(lock):
            with lock:
                print("abandoned", lock.was_abandoned)
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_message("first", "held")
        engine.act("start", "second")
        engine.wait_row("second", lambda row: row.activity == "acquire guard", "to wait for the lock")

        def waited() -> bool:
            (row,) = engine.fleet().channels
            return [user.replica for user in row.waiting] == ["second"] and [u.replica for u in row.holding] == [
                "first"
            ]

        wait_for(waited, "holder and waiter to be seen")
        pid = engine.row("first").pid
        assert pid is not None
        kill(pid)
        engine.wait_state("second", "finished")
        assert engine.messages("second", "stdout") == ["abandoned True"]


def test_killed_manager_is_started_again_and_its_loss_is_one_clear_error(place: Path) -> None:
    """The content is lost; every user is told once, and then works with the new, empty one."""
    profile = write_profile(
        place / "p",
        """
        name = "managed"
        [dicts.seen]
        [workers.user]
        target = "code:use"
        shares = { seen = "seen" }
        """,
        code="""
        from supervisor.channels import SharedStateLost
        def use(seen, ctx):
            seen["a"] = 1
            print("written")
            while not ctx.stopping.wait(0.05):
                try:
                    seen["b"] = 2
                except SharedStateLost as lost:
                    print("lost")
                    print("then", seen.copy())
                    return
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_message("user", "written")
        pid = engine.row("shared-state").pid
        assert pid is not None
        kill(pid)
        engine.wait_state("user", "finished")
        assert engine.messages("user", "stdout") == ["written", "lost", "then {}"]
        engine.wait_row("shared-state", lambda row: row.state == "running" and row.incarnation == 2, "to be back")
