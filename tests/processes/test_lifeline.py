"""Workers do not outlive engine and guardian, even when both are killed in the same instant."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from supervisor import proctable
from supervisor.processes import lifeline
from tests.engines import engine_on, is_alive, kill, wait_for, write_profile
from tests.processes.launches import command_order, live, target_order


@pytest.fixture
def write_end(monkeypatch: pytest.MonkeyPatch) -> int:
    """A lifeline of this test's own; whoever closes this descriptor ends it."""
    monkeypatch.setattr(lifeline, "_ends", [])
    lifeline.lay()
    return lifeline._ends[1]


@pytest.mark.parametrize("method", ["exec", "fork", "spawn", "forkserver"])
async def test_end_of_the_lifeline_kills_the_whole_group(tmp_path: Path, write_end: int, method: str) -> None:
    """The worker and what it has started, although nobody sends a signal."""
    source = "import os, time\ndef run():\n    os.system('sleep 1000')\n"
    order = target_order(tmp_path, method, source, argv=("sh", "-c", "sleep 1000 & wait"))
    read_end = lifeline._ends[0]

    def cut(pid: int) -> None:
        wait_for(lambda: os.getpgid(pid) == pid, "the worker to lead its group")
        os.close(write_end)

    life = await live(order, cut)
    # Their pipes have ended, so the children are gone as well. A forkserver's worker is nobody's child here.
    assert life.status == (None if method == "forkserver" else -signal.SIGKILL)
    os.close(read_end)


async def test_without_a_lifeline_a_worker_is_launched_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system has none, or no guardian has laid one."""
    monkeypatch.setattr(lifeline, "_ends", [])
    assert lifeline.strand() == -1
    assert (await live(command_order(tmp_path, "true"))).status == 0


def test_double_kill_of_engine_and_guardian_ends_every_worker(place: Path) -> None:
    """As long as the guardian is there the workers live on: it will end them gently. With it, they go at once."""
    profile = write_profile(
        place / "p",
        """
        name = "double"
        [workers.command]
        command = "sleep 1000 & sleep 1000"
        [workers.limited]
        command = "sleep 1000 & sleep 1000"
        limits = { core = 0 }
        [workers.forked]
        target = "code:run"
        start_method = "fork"
        [workers.spawned]
        target = "code:run"
        start_method = "spawn"
        [workers.served]
        target = "code:run"
        """,
        code="""
        import os, signal
        def run():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.system("sleep 1000")
        """,
    )
    with engine_on(profile) as engine:
        names = ("command", "limited", "forked", "spawned", "served")
        rows = [engine.wait_state(name, "running") for name in names]
        leaders = [row.pid for row in rows if row.pid is not None]
        wait_for(lambda: all(map(proctable.children, leaders)), "every worker's child")
        below = engine.descendants() - {engine.note.engine_pid}
        os.kill(engine.note.guardian_pid, signal.SIGSTOP)
        kill(engine.note.engine_pid)
        wait_for(lambda: not is_alive(engine.note.engine_pid), "the engine's end")
        assert all(is_alive(pid) for pid in leaders)
        kill(engine.note.guardian_pid)
        wait_for(lambda: not [pid for pid in below if is_alive(pid)], "the end of all workers")
