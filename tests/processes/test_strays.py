"""Processes that come to the engine without having been launched by it, tried in a process that is a subreaper."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

STAGE = '''
import json, os, subprocess, sys, time
from supervisor import proctable
from supervisor.processes import linux
from supervisor.processes.strays import Strays

assert linux.become_subreaper()
reports, adopted = [], []

class Worker:
    """What the engine holds of a worker, as far as strays matter."""
    name, is_alive = "w", True
    environment_marks = frozenset([b"PROCDECK_WORKER=w", b"PROCDECK_RUN=r"])
    pipe_marks = frozenset()
    own_pids = frozenset()
    def adopt(self, entry):
        adopted.append(entry.pid)

def orphan(*words, env=None, setsid=True, pass_fds=()):
    """A process whose parent has ended."""
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        if setsid:
            os.setsid()
        child = subprocess.Popen(words, env=env, pass_fds=pass_fds)
        os.write(write_end, str(child.pid).encode())
        os._exit(0)
    os.wait()
    pid = int(os.read(read_end, 20))
    os.close(read_end), os.close(write_end)
    while env and not proctable.environment_words(pid):  # it has executed, and the kernel lays its words out yet
        time.sleep(0.01)
    return pid

def wait_gone(pid):
    until = time.monotonic() + 40
    while proctable.read_entry(pid) is not None and time.monotonic() < until:
        strays.sweep(frozenset(), now(), [worker])
        time.sleep(0.01)
    return proctable.read_entry(pid) is None

worker, started = Worker(), time.monotonic()
def now():
    return time.monotonic() - started
strays = Strays(reports.append)
'''


def play(scene: str) -> Any:
    """What `scene` prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", STAGE + scene], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_orphan_of_a_dead_worker_is_ended_and_reaped() -> None:
    """SIGTERM when it does not end by itself, SIGKILL later for one that ignores it; its pid is free afterwards."""
    seen = play("""
worker.is_alive = False
polite = orphan("sleep", "1000")
read_end, write_end = os.pipe()
program = f"import os, signal; signal.signal(15, signal.SIG_IGN); os.write({write_end}, b'x'); signal.pause()"
stubborn = orphan(sys.executable, "-c", program, pass_fds=[write_end])
os.read(read_end, 1)
strays.sweep(frozenset(), now(), [worker])
print(json.dumps([wait_gone(polite), wait_gone(stubborn), adopted, reports]))
""")
    assert seen[:3] == [True, True, []]
    assert sum("left behind by a worker" in text for text in seen[3]) == len(seen[3]) == 2


def test_daemon_of_a_worker_that_lives_is_the_workers_own() -> None:
    """Found by its environment, though session and parent are others; ended once the worker is gone."""
    seen = play("""
marks = {**os.environ, "PROCDECK_WORKER": "w", "PROCDECK_RUN": "r"}
daemon = orphan("sleep", "1000", env=marks)
for _ in range(3):
    strays.sweep(frozenset(), now(), [worker])
    strays.sweep(frozenset(), now() + 100, [worker])
alive = proctable.read_entry(daemon) is not None
text = reports[0].replace(f"process {daemon} ", "process PID ")
worker.is_alive = False
print(json.dumps([alive, adopted == [daemon], len(reports), text, wait_gone(daemon)]))
""")
    assert seen == [
        True,
        True,
        1,
        "process PID of w has made itself a daemon; it is ended with the worker: sleep 1000",
        True,
    ]


def test_orphan_in_the_workers_session_or_with_its_pipe_is_the_workers_own() -> None:
    """One that executed nothing has no environment of its own: its session or its pipes tell."""
    seen = play("""
read_end, write_end = os.pipe()
by_pipe = orphan("sleep", "1000", env={}, pass_fds=[write_end])
worker.pipe_marks = frozenset([f"pipe:[{os.fstat(write_end).st_ino}]"])
strays.sweep(frozenset(), now(), [worker])
by_session = orphan("sleep", "1000", env={})
worker.own_pids = frozenset([proctable.read_entry(by_session).session])
strays.sweep(frozenset(), now(), [worker])
worker.is_alive = False
print(json.dumps([adopted == [by_pipe, by_session], wait_gone(by_pipe), wait_gone(by_session)]))
""")
    assert seen == [True, True, True]


def test_orphan_that_has_ended_already_is_reaped_silently() -> None:
    """No word, no zombie."""
    assert play("""
pid = orphan("true")
print(json.dumps([wait_gone(pid), reports]))
""") == [True, []]


def test_what_the_engine_launched_is_no_stray() -> None:
    """Neither what it names nor what a worker names as launched for it."""
    assert play("""
mine, command = subprocess.Popen(["sleep", "1000"]), subprocess.Popen(["sleep", "1000"])
worker.own_pids = frozenset([command.pid])
strays.sweep(frozenset([mine.pid]), now(), [worker])
strays.sweep(frozenset([mine.pid]), now() + 100, [worker])
print(json.dumps([mine.poll(), command.poll(), reports, adopted]))
mine.kill(), command.kill(), mine.wait(), command.wait()
""") == [None, None, [], []]
