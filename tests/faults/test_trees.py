"""Process trees that misbehave: rows 3 to 14 of the fault matrix, one engine for all that need one.

| row | in depth |
| --- | --- |
| 3 SIGSTOP, 5 death before the signal, 6 pid reuse (simulated), 7 fork bomb | tests/processes/test_stopping.py |
| 4 TERM ignored, 14 uninterruptible sleep (simulated) | tests/lifecycle |
| 7 fork bomb of a lost engine | tests/processes/test_guardian.py |
| 8 daemon, 11 unknown child | tests/processes/test_strays.py |
| 9 output kept open, 10 a worker's zombie, 12 many exits, 13 status taken | here only |
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from supervisor import proctable
from supervisor.lifecycle import effects as fx
from supervisor.lifecycle.events import Exited, Timer, TimerFired, WishForce, WishStart, WishStop
from supervisor.lifecycle.machine import step
from supervisor.lifecycle.states import State
from supervisor.processes import stopping
from supervisor.processes.reaping import ExitWatch, exit_cause
from tests.engines import RunningEngine, engine_on, is_alive, kill, wait_for, write_profile
from tests.faults.oracle import unharmed, zombies_of
from tests.lifecycle.lives import BAD, lead, running

PROFILE = """
name = "trees"
[defaults]
restart = "never"
stop_timeout = "20s"
[workers.bystander]
command = ["sleep", "1000"]
[workers.obedient]
autostart = false
command = "trap 'echo obeyed; exit 0' TERM; echo up; while :; do sleep 0.05; done"
[workers.stubborn]
autostart = false
command = "trap '' TERM; echo up; while :; do sleep 0.05; done"
stop_timeout = "1s"
[workers.patient]
autostart = false
command = "trap '' TERM; echo up; while :; do sleep 0.05; done"
stop_timeout = "1000s"
[workers.sleeper]
autostart = false
command = ["sleep", "1000"]
[workers.bomb]
autostart = false
command = ["@python", "bomb.py"]
[workers.daemon]
autostart = false
command = ["@python", "daemon.py"]
[workers.holder]
autostart = false
command = "(trap '' TERM; echo up; : > held; while :; do sleep 0.05; done) & until test -e held; do sleep 0.05; done"
[workers.careless]
autostart = false
command = ["@python", "careless.py"]
[workers.littering]
autostart = false
command = "sh -c 'sleep 0.3 & echo $!'; echo up; exec sleep 1000"
"""

BOMB = """
import mmap, os, signal, time
page = mmap.mmap(-1, 4096)
while True:
    number = int.from_bytes(page[:4], "little")
    page[:4] = (number + 1).to_bytes(4, "little")
    if number >= 200:
        signal.pause()
    if os.fork() == 0 and number % 10 == 0:
        os.setsid()
    time.sleep(0.002)
"""
"""Forks in all generations, 200 times; some of it leaves for sessions of its own."""

DAEMON = """
import os, signal
if os.fork() == 0:
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.execvp("sleep", ["sleep", "1000"])
os.wait()
print("up", flush=True)
signal.pause()
"""

CARELESS = """
import os, signal
child = os.fork()
if child == 0:
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
signal.pause()
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with tempfile.TemporaryDirectory(prefix="pd-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROCDECK_RUNTIME_DIR", f"{folder}/r")
        patch.setenv("PROCDECK_STATE_DIR", f"{folder}/s")
        profile = PROFILE.replace("@python", sys.executable)
        path = write_profile(Path(folder, "p"), profile, bomb=BOMB, daemon=DAEMON, careless=CARELESS)
        with engine_on(path) as engine:
            yield engine


def start(engine: RunningEngine, name: str) -> int:
    """Start a worker and wait until it runs; its pid."""
    engine.act("start", name)
    pid = engine.wait_state(name, "running").pid
    assert pid is not None
    return pid


def of_worker(name: str) -> list[int]:
    """Every process that says in its environment that it is of worker `name`."""
    word = f"PROCDECK_WORKER={name}".encode()
    alive = (entry.pid for entry in proctable.look().values() if entry.state != "Z")
    return [pid for pid in alive if word in proctable.environment_words(pid)]


def test_stopped_worker_is_shown_and_obeys_a_stop(engine: RunningEngine) -> None:
    """Row 3: SIGSTOP from outside is shown as a pause; a stop sends SIGCONT, so that the worker can tidy up."""
    with unharmed(engine, "bystander"):
        pid = start(engine, "obedient")
        engine.wait_message("obedient", "up")
        os.kill(pid, signal.SIGSTOP)
        engine.wait_row("obedient", lambda row: any("paused" in text for text in row.warnings), "to be shown as paused")
        engine.act("stop", "obedient")
        assert engine.row("obedient").exit_cause == "exit code 0"
        assert "obeyed" in engine.messages("obedient")


def test_worker_that_ignores_sigterm_is_killed_at_its_deadline(engine: RunningEngine) -> None:
    """Row 4: the countdown to SIGKILL is there for all to see, and the cause says who did it."""
    with unharmed(engine, "bystander"):
        for name in ("stubborn", "patient"):
            start(engine, name)
            engine.wait_message(name, "up")
            engine.client.act("stop", [name])
        row = engine.wait_row("patient", lambda row: row.next_step == "SIGKILL", "to count down")
        assert row.state == "stopping"
        assert row.next_step_s is not None
        engine.act("kill", "patient")
        row = engine.wait_state("stubborn", "stopped")
        assert row.exit_cause == "killed by SIGKILL, sent by procdeck"
        assert of_worker("stubborn") == []


def test_worker_that_dies_before_it_is_killed_is_no_error(engine: RunningEngine) -> None:
    """Row 5: it is gone between the decision and the signal: the wish is fulfilled, and nothing is unknown."""
    with unharmed(engine, "bystander"):
        pid = start(engine, "sleeper")
        kill(pid)
        (job,) = engine.act("kill", "sleeper")
        assert job.state in ("done", "failed")
        row = engine.wait_row("sleeper", lambda row: row.state in ("failed", "stopped"), "to be at rest")
        assert row.exit_cause.startswith("killed by SIGKILL")


def test_stranger_with_the_pid_of_a_dead_worker_is_left_alone() -> None:
    """Row 6, simulated: what the engine remembers of a worker has another start than the process with its pid now."""
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as stranger:
        now = proctable.read_entry(stranger.pid)
        assert now is not None
        before = replace(now, start_ticks=now.start_ticks - 1)
        stopping.kill_tree(before.pid, [before])
        stopping.term_tree(before.pid, [before])
        assert not stopping.signal_leader(before.pid, before.start_ticks, signal.SIGKILL)
        assert stranger.poll() is None
        stranger.kill()


def test_fork_bomb_is_ended_and_others_start_meanwhile(engine: RunningEngine) -> None:
    """Row 7: a bomb that forks in all generations, partly into other sessions, is ended; another worker starts."""
    with unharmed(engine, "bystander"):
        start(engine, "bomb")
        wait_for(lambda: len(of_worker("bomb")) > 20, "the bomb to go off")
        pid = start(engine, "sleeper")
        engine.act("kill", "bomb")
        wait_for(lambda: of_worker("bomb") == [], "every process of the bomb to be gone")
        assert engine.row("sleeper").pid == pid
        engine.act("stop", "sleeper")


def test_daemon_is_kept_with_its_worker_and_ended_with_it(engine: RunningEngine) -> None:
    """Row 8: double fork and setsid do not hide a process: it lives as long as its worker, and no longer."""
    with unharmed(engine, "bystander"):
        pid = start(engine, "daemon")
        engine.wait_message("daemon", "up")
        # Just after it has executed, a process has no environment for a moment.
        (daemon,) = wait_for(lambda: [other for other in of_worker("daemon") if other != pid], "the daemon to be seen")
        wait_for(lambda: any(f"process {daemon} of daemon" in text for text in engine.messages("engine")), "the word")
        assert is_alive(daemon)
        engine.act("stop", "daemon")
        wait_for(lambda: of_worker("daemon") == [], "the daemon to be gone")


def test_grandchild_that_keeps_the_output_open_delays_nobody_for_long(engine: RunningEngine) -> None:
    """Row 9: the leader has ended; what still holds its stdout is ended, then the worker has finished."""
    with unharmed(engine, "bystander"):
        engine.act("start", "holder")
        row = engine.wait_state("holder", "finished")
        assert row.exit_cause == "exit code 0"
        assert "up" in engine.messages("holder")
        wait_for(lambda: of_worker("holder") == [], "the holder to be gone")


def test_zombie_that_a_worker_does_not_reap_is_no_process_of_its(engine: RunningEngine) -> None:
    """Row 10: it is not counted, and is gone with the worker."""
    with unharmed(engine, "bystander"):
        pid = start(engine, "careless")
        wait_for(lambda: bool(engine.messages("careless")), "the child to be dead")
        (child,) = map(int, engine.messages("careless"))
        assert zombies_of(pid) == [child]
        engine.wait_row("careless", lambda row: row.processes == 1, "to have one process")
        engine.act("stop", "careless")
        wait_for(lambda: proctable.read_entry(child) is None, "the zombie to be reaped")


def test_orphan_that_ends_is_reaped_silently(engine: RunningEngine) -> None:
    """Row 11: a process that nobody launched becomes the engine's child and ends: no zombie stays."""
    with unharmed(engine, "bystander"):
        start(engine, "littering")
        engine.wait_message("littering", "up")
        orphan = int(next(text for text in engine.messages("littering") if text.isdigit()))
        wait_for(lambda: proctable.read_entry(orphan) is None, "the orphan to be reaped")
        assert engine.row("littering").state == "running"
        engine.act("stop", "littering")


MANY_EXITS = """
import os
read_end, write_end = os.pipe()
pids = []
for number in range(500):  # before anything is imported: a small process is forked faster
    pids.append(os.fork())
    if pids[-1] == 0:
        os.close(write_end)
        os.read(read_end, 1)
        os._exit(number % 100)

import asyncio
from supervisor.processes.reaping import ExitWatch

async def main():
    statuses = {}
    def told(number):
        return lambda status: statuses.setdefault(number, []).append(status)
    watches = [ExitWatch(asyncio.get_running_loop(), pid, told(number)) for number, pid in enumerate(pids)]
    os.close(write_end)
    for pid in pids:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    turns = 0
    while len(statuses) < 500:
        turns += 1
        await asyncio.sleep(0)
    assert statuses == {number: [number % 100] for number in range(500)}, statuses
    print(turns)

asyncio.run(main())
"""


def test_five_hundred_exits_in_one_turn_are_all_noticed() -> None:
    """Row 12: all are dead before the loop looks; each is reaped once, with its own status, in a few turns."""
    root = Path(__file__).parents[2]
    words = [sys.executable, "-c", MANY_EXITS]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 5


async def test_exit_status_that_somebody_else_took_is_unknown() -> None:
    """Row 13: a library that waits for any child takes the status: it is told as unknown, never as 0."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[int | None] = loop.create_future()
    with subprocess.Popen(["sh", "-c", "exit 0"]) as child:
        ExitWatch(loop, child.pid, told.set_result)
        child.wait()
        async with asyncio.timeout(60):
            status = await told
    cause = exit_cause(status)
    assert (status, cause.is_ok) == (None, False)
    assert "taken by another waiter" in cause.text


def test_worker_that_survives_sigkill_is_stuck_and_keeps_nobody_waiting() -> None:
    """Row 14, simulated (uninterruptible sleep cannot be made here): STUCK after the grace, no second copy, and a
    shutdown counts it as settled; when it dies at last it is as if it had been stopped.
    """
    life = lead(running(), WishStop(10.0), WishForce(10.5), TimerFired(12.5, 1, Timer.GRACE))
    assert life.state is State.STUCK
    again, effects = step(life, WishStart(13.0))
    assert not any(isinstance(effect, fx.LaunchProcess) for effect in effects)
    assert again.state is State.STUCK
    assert lead(life, Exited(99.0, 1, BAD)).state is State.STOPPED
