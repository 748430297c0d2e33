"""The guardian: whatever its engine leaves is ended, and its word on that is true."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

STAGE = """
import json, os, signal, subprocess, sys, time
from supervisor import proctable
from supervisor.processes import linux
from supervisor.processes.guardian import guard

def over(*, is_all_gone):
    below = proctable.tree_of(os.getpid(), proctable.look())[1:]
    print(json.dumps({"is_all_gone": is_all_gone, "below": [entry.pid for entry in below]}), flush=True)

def play(engine, tie=None):
    guard(engine, tie_descriptor=tie, in_guardian=lambda: None, when_over=over)
"""


def play(scene: str, code: int) -> dict[str, Any]:
    """What a guardian with the engine of `scene` prints last; it must end with `code`."""
    done = subprocess.run(
        [sys.executable, "-c", STAGE + scene], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == code, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_what_an_engine_leaves_is_ended_and_its_exit_code_kept() -> None:
    """A stubborn child, a setsid escapee and an orphan of a dead child; the exit code is the engine's."""
    told = play(
        """
def engine():
    stubborn = "import signal, time; signal.signal(15, 1); print(flush=True); time.sleep(1000)"
    heard = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
    heard.stdout.readline()
    subprocess.Popen(["setsid", "sleep", "1000"])
    subprocess.run(["sh", "-c", "sleep 1000 &"])
    return 7
play(engine)
""",
        7,
    )
    assert told == {"is_all_gone": True, "below": []}


def test_fork_bomb_that_an_engine_leaves_is_ended() -> None:
    """It ignores SIGTERM and forks in all generations: it is frozen, then killed."""
    told = play(
        """
BOMB = '''
import mmap, os, signal, time
signal.signal(15, signal.SIG_IGN)
page = mmap.mmap(-1, 4096)
for _ in range(8):
    if page[0] < 120:
        page[0] += 1
        os.fork()
    time.sleep(0.05)
signal.pause()
'''
def engine():
    subprocess.Popen([sys.executable, "-c", BOMB], start_new_session=True)
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)
play(engine)
""",
        (-signal.SIGKILL) & 0xFF,
    )
    assert told == {"is_all_gone": True, "below": []}


def test_end_of_the_tie_stops_the_engine() -> None:
    """Whoever started it is gone: the engine gets SIGTERM, once."""
    told = play(
        """
read_end, write_end = os.pipe()
def engine():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(3))
    os.close(write_end)
    while True:
        time.sleep(0.02)  # a signal that comes just before a long sleep is not heard until it is over
def over_with_tie():
    os.close(write_end)
guard(engine, tie_descriptor=read_end, in_guardian=over_with_tie, when_over=over)
""",
        3,
    )
    assert told["is_all_gone"]


def test_process_that_will_not_die_is_given_up_and_told() -> None:
    """Uninterruptible sleep cannot be made here: signals are made to do nothing instead."""
    told = play(
        """
from supervisor.processes import guardian, stopping
guardian.GIVE_UP_S, guardian.TERM_GRACE_S = 0.3, 0.1
stopping.send = lambda *_: False
def engine():
    subprocess.Popen(["sleep", "1000"])
    return 0
def over_at_last(*, is_all_gone):
    over(is_all_gone=is_all_gone)
    for entry in proctable.tree_of(os.getpid(), proctable.look())[1:]:
        os.kill(entry.pid, signal.SIGKILL)
guard(engine, tie_descriptor=None, in_guardian=lambda: None, when_over=over_at_last)
""",
        0,
    )
    assert not told["is_all_gone"]
    assert len(told["below"]) == 1
