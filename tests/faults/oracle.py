"""What must hold whatever is broken: the engine answers, bystanders notice nothing, and nothing is leaked."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from supervisor import proctable
from tests.engines import RunningEngine, is_alive, wait_for


def open_files(pid: int) -> int:
    """How many descriptors a process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def zombies_of(pid: int) -> list[int]:
    """Dead children of `pid` that it has not reaped."""
    return [entry.pid for entry in proctable.look().values() if entry.parent_pid == pid and entry.state == "Z"]


def state_of(pid: int) -> str:
    """The kernel's letter for what a process does."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """The process `pid` does nothing inside, so that it makes nothing anew of what is being taken away."""
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(lambda: state_of(pid) == "T", f"{pid} to stand still")
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def unharmed(engine: RunningEngine, *bystanders: str, spare_files: int = 0) -> Iterator[None]:
    """Do harm inside: afterwards the engine is the same and answers, `bystanders` are the same processes as before,
    and the engine holds no zombie and at most `spare_files` descriptors more.
    """
    before = {name: engine.wait_state(name, "running") for name in bystanders}
    files = settled_files(engine)
    yield
    assert engine.client.health().engine_pid == engine.note.engine_pid
    assert is_alive(engine.note.guardian_pid)
    for name, row in before.items():
        now = engine.wait_state(name, "running")
        assert (now.pid, now.incarnation) == (row.pid, row.incarnation), f"{name} was harmed"
    pid = engine.note.engine_pid
    wait_for(lambda: not zombies_of(pid), "the engine to have no zombie")
    wait_for(lambda: open_files(pid) <= files + spare_files, f"the engine to hold {files} descriptors again")


def settled_files(engine: RunningEngine) -> int:
    """The descriptors of an engine with no request under way: the same at several looks in a row."""
    seen: list[int] = []

    def look() -> bool:
        seen.append(open_files(engine.note.engine_pid))
        return len(seen) >= 5 and len(set(seen[-5:])) == 1

    wait_for(look, "the engine's descriptors to settle")
    return seen[-1]
