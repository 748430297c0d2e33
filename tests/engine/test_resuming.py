"""Resume lets go on whom somebody else has stopped."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.engines import engine_on, wait_for, write_profile

CODE = """
import subprocess
def w(ctx):
    child = subprocess.Popen(["sleep", "600"])
    ctx.progress(child.pid)
    ctx.stopping.wait()
    child.kill()
    child.wait()
"""


def test_resume_reaches_a_child_that_was_stopped_from_outside(place: Path) -> None:
    """The worker itself has run all the time; the whole tree gets SIGCONT."""
    profile = write_profile(place / "p", 'name = "resuming"\n[workers.w]\ntarget = "code:w"\n', code=CODE)
    with engine_on(profile) as engine:
        row = engine.wait_row("w", lambda row: row.progress is not None and row.processes >= 2, "to have its child")
        assert row.progress is not None
        child = row.progress[0]
        os.kill(child, signal.SIGSTOP)
        wait_for(lambda: _state(child) == "T", "the child to stand still")
        engine.act("resume", "w")
        wait_for(lambda: _state(child) == "S", "the child to go on")
        assert engine.row("w").state == "running"


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
