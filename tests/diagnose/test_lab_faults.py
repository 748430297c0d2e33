"""What goes wrong around a look: who is stopped, dead or gone in the middle of it, who may not be read, and load."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.diagnose import lab
from tests.diagnose.lab_engines import Answers
from tests.engines import RunningEngine, engine_on, kill, wait_for, write_profile

ROOT = Path(__file__).parents[2]

CROWD = """
import os, signal, subprocess, sys, time

def churn():
    '''Children that are stopped, and ended, and left as zombies for a while.'''
    while True:
        children = []
        for _ in range(10):
            child = os.fork()
            if child == 0:
                os.kill(os.getpid(), signal.SIGSTOP)
                os._exit(0)
            children.append(child)
        for child in children:
            os.kill(child, signal.SIGKILL)
            time.sleep(0.01)
        for child in children:
            os.waitpid(child, 0)

def stopped():
    os.kill(os.getpid(), signal.SIGSTOP)

def rest():
    while True:
        time.sleep(3600)
"""


def faults_told(engine: RunningEngine) -> list[str]:
    """What procdeck has said of faults of its own."""
    return [record.message for record in engine.records() if "fault of procdeck" in record.message]


def test_a_look_goes_on_over_those_who_are_stopped_dead_or_gone(place: Path) -> None:
    """Whoever ends in the middle of a look is a fact: each answer has a verdict on every other replica."""
    profile = write_profile(
        place / "p",
        """
        name = "crowd"
        [defaults]
        restart = { policy = "always", max = 1000, backoff = "10ms..10ms" }
        blocked_after = "1s"
        [workers.churn]
        target = "crowd:churn"
        replicas = 2
        nice = 10
        [workers.stopped]
        target = "crowd:stopped"
        [workers.victim]
        target = "crowd:rest"
        [workers.bystander]
        target = "crowd:rest"
        """,
        crowd=CROWD,
    )
    with engine_on(profile) as engine:
        engine.wait_state("bystander", "running")
        dead: set[int | None] = {None}
        for _ in range(10):
            victim = engine.wait_row("victim", lambda row: row.pid not in dead, "to have another process").pid
            dead.add(victim)
            kill(victim or 0)
            assert "bystander" in Answers(engine).worst()
        stopped = Answers(engine).wait_for(
            "stopped", lambda found: "" if found["stopped"].kind == "STOPPED" else found["stopped"].kind
        )
        assert stopped.pid == engine.row("stopped").pid
        engine.wait_row("stopped", lambda row: any("HANG" in text for text in row.warnings), "to be warned of")
        assert engine.row("bystander").warnings == ()
        assert faults_told(engine) == []


def test_a_hang_under_load_is_told(place: Path) -> None:
    """While every core is busy and the log is flooded, a lock whose holder is killed is found, and by itself."""
    lab_code = (lab.FOLDER / "locks.py").read_text(encoding="utf-8")
    profile = write_profile(
        place / "p",
        """
        name = "loaded"
        [workers.flood]
        target = "load:flood"
        replicas = 2
        [workers.burn]
        target = "load:burn"
        replicas = 2
        [workers.late]
        target = "locks:lock_orphaned"
        autostart = false
        """,
        locks=lab_code,
        load="""
        def flood():
            while True:
                print("a line of a flood, as long as lines are", flush=True)

        def burn():
            while True:
                pass
        """,
    )
    with engine_on(profile) as engine:
        wait_for(lambda: all(row.state == "running" for row in engine.fleet().rows if row.name != "late"), "load")
        engine.act("start", "late")
        engine.wait_row("late", lambda row: any("ORPHANED LOCK" in text for text in row.warnings), "to be warned of")
        Answers(engine).wait_for("late", lambda found: "" if found["late"].kind == "ORPHANED_LOCK" else "another kind")


CLOSED = """
import ctypes, threading

def closed():
    '''What a program with secrets does: nobody but root may look into it from now on.'''
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
    threading.Event().wait()
"""

ASK = """
import ctypes, os, sys
from pathlib import Path

if os.environ.pop("CAN_STILL_READ_ALL", ""):
    ctypes.CDLL(None).prctl(24, 19, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_SYS_PTRACE: root is no more than others from here
    os.execv(sys.executable, sys.orig_argv)

from tests.engines import engine_on, wait_for

with engine_on(Path(sys.argv[1]), tie_to_me=True) as engine:
    engine.wait_state("closed", "running")
    reply = wait_for(lambda: (reply := engine.client.why(["closed"])).troubles and reply, "a trouble to be told")
    print("\\n".join(reply.troubles))
    print([verdict.kind for verdict in reply.verdicts], reply.verdicts[0].sentence)
"""


def test_a_process_that_may_not_be_read_is_reported_as_such(place: Path) -> None:
    """The answer says that it may not be looked into, and makes up nothing instead."""
    profile = write_profile(
        place / "p",
        """
        name = "closed"
        [workers.closed]
        target = "closed:closed"
        """,
        closed=CLOSED,
    )
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(profile)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "CAN_STILL_READ_ALL": "yes" if os.geteuid() == 0 else ""},
    )
    assert done.returncode == 0, done.stderr
    assert "may not be looked into" in done.stdout, done.stdout
    assert "['UNKNOWN']" in done.stdout, done.stdout
