"""What goes wrong inside a worker that uses multiprocessing by itself: rows 2, 45, 47 and 48 of the fault matrix.

The engine cannot mend a user's own queue or pool. It must not be drawn into it, must show what it sees, and must be
able to end it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import RunningEngine, engine_on, is_alive, kill, wait_for, write_profile
from tests.faults.oracle import unharmed

BYSTANDER = """
[workers.bystander]
command = "exec sleep 1000"
"""


def tree_of(engine: RunningEngine, name: str) -> set[int]:
    return {process.pid for process in engine.client.detail(name).tree}


def assert_ends_whole(engine: RunningEngine, name: str) -> None:
    """A stop ends the worker and every process of it."""
    pids = tree_of(engine, name)
    (job,) = engine.client.act("stop", (name,), wait_s=60.0)
    assert job.state == "done", job.text
    wait_for(lambda: not any(is_alive(pid) for pid in pids), f"the whole tree of {name} to be gone")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_killed_holder_of_a_users_lock_harms_nobody_else(place: Path, method: str) -> None:
    """Row 2: a child dies holding the read lock of a standard queue, its sibling waits for ever: a stop ends all."""
    profile = write_profile(
        place / "p",
        f"""
        name = "heldlock"
        [workers.w]
        target = "code:w"
        start_method = "{method}"
        stop_timeout = "1s"
        stop_signal_after = "0.3s"
        {BYSTANDER}
        """,
        code="""
        import multiprocessing, os, signal, time

        def reader(queue):
            queue.get()

        def w(ctx):
            context = multiprocessing.get_context("fork")
            queue = context.Queue()
            first = context.Process(target=reader, args=(queue,))
            first.start()
            while queue._rlock.acquire(False):  # until the idle reader holds it
                queue._rlock.release()
                time.sleep(0.01)
            os.kill(first.pid, signal.SIGKILL)
            first.join()
            second = context.Process(target=reader, args=(queue,))
            second.start()
            queue.put("an item that nobody will get")
            ctx.progress(1)
            second.join()
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "bystander"):
        engine.wait_row("w", lambda row: row.progress == (1, 0) and row.processes >= 2, "to wait for its child")
        assert engine.row("w").state == "running"
        assert_ends_whole(engine, "w")


def test_declared_queue_outlives_a_killed_reader(place: Path) -> None:
    """Row 2: with procdeck's own queue there is no lock to hold: the siblings of a killed idle reader read on."""
    profile = write_profile(
        place / "p",
        f"""
        name = "nolock"
        [queues.items]
        [workers.writer]
        target = "code:write"
        writes = {{ out = "items" }}
        [workers.reader]
        target = "code:read"
        reads = {{ inbox = "items" }}
        replicas = 2
        restart = "never"
        {BYSTANDER}
        """,
        code=f"""
        import os, time
        def write(out, ctx):
            while not os.path.exists({str(place / "go")!r}):
                time.sleep(0.01)
            for number in range(100):
                out.put(number)
        def read(inbox):
            for item in inbox:
                print(item)
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "bystander"):
        for name in ("reader.1", "reader.2"):
            engine.wait_row(name, lambda row: row.activity == "get items", "to wait in get")
        pid = engine.row("reader.1").pid
        assert pid is not None
        kill(pid)
        engine.wait_state("reader.1", "failed")
        (place / "go").touch()
        engine.wait_state("reader.2", "finished")
        assert engine.messages("reader.2", "stdout") == [str(number) for number in range(100)]


def test_main_loop_that_hangs_while_a_thread_lives_is_dumped_and_replaced(place: Path) -> None:
    """Row 45: the sign of life comes from the work, not a thread beside it; SIGABRT leaves the stack in the log."""
    profile = write_profile(
        place / "p",
        f"""
        name = "hangs"
        [workers.w]
        target = "code:w"
        start_method = "fork"
        alive = {{ heartbeat = "2s" }}
        restart = {{ policy = "always", max = 100, backoff = "10ms..10ms" }}
        {BYSTANDER}
        """,
        code=f"""
        import ctypes, os, threading, time

        def busy_beside():
            while True:
                time.sleep(0.05)

        def the_hang():
            ctypes.PyDLL(None).sleep(1000)  # C code that keeps the interpreter to itself

        def w(ctx):
            threading.Thread(target=busy_beside, daemon=True).start()
            ctx.heartbeat()
            if not os.path.exists({str(place / "hung")!r}):
                open({str(place / "hung")!r}, "w").close()
                the_hang()
            while not ctx.stopping.wait(0.1):
                ctx.heartbeat()
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "bystander"):
        wait_for(lambda: any("the_hang" in text for text in engine.messages("w")), "the stack of the hang")
        engine.wait_row("w", lambda row: row.incarnation >= 2 and row.state == "running", "to be replaced")
        first = next(ended for ended in engine.client.detail("w").exits if not ended.ok)
        assert "liveness" in first.cause


def test_flush_that_never_ends_is_shown_and_ended(place: Path) -> None:
    """Row 47: a target that has returned waits for a full standard queue; the row says so, a stop ends it."""
    profile = write_profile(
        place / "p",
        f"""
        name = "flushes"
        [workers.w]
        target = "code:w"
        start_method = "fork"
        stop_timeout = "1s"
        stop_signal_after = "0.3s"
        {BYSTANDER}
        """,
        code="""
        import multiprocessing
        def w(ctx):
            queue = multiprocessing.Queue()
            queue.put(b"x" * 10_000_000)
            ctx.progress(1)
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "bystander"):
        row = engine.wait_row("w", lambda row: row.activity.startswith("exiting: "), "to wait in its end")
        assert (row.state, row.activity) == ("running", "exiting: flushes a multiprocessing queue into its pipe")
        assert_ends_whole(engine, "w")


def test_killed_member_of_a_users_pool_leaves_nothing(place: Path) -> None:
    """Row 48: the standard pool waits for ever for a lost task; the worker stays visible, and a stop ends all of it."""
    profile = write_profile(
        place / "p",
        f"""
        name = "lostmember"
        [workers.w]
        target = "code:w"
        start_method = "spawn"
        stop_timeout = "1s"
        stop_signal_after = "0.3s"
        {BYSTANDER}
        """,
        code="""
        import multiprocessing, os, signal
        def die(number):
            if number == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return number
        def w(ctx):
            with multiprocessing.get_context("fork").Pool(2) as pool:
                ctx.progress(1)
                pool.map(die, range(4), chunksize=1)
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "bystander"):
        engine.wait_row("w", lambda row: row.progress == (1, 0) and row.processes >= 3, "to have its pool")
        wait_for(
            lambda: any("died: killed by SIGKILL" in text for text in engine.messages("w", "log")),
            "the loss to be told",
        )
        assert engine.row("w").state == "running"
        assert_ends_whole(engine, "w")
