"""Semaphores of the standard library that are files: a killed tree leaves none behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engines import engine_on, wait_for, write_profile

CODE = """
import multiprocessing
def child(lock, event):
    event.set()
    with lock:
        pass
def w(ctx, method):
    context = multiprocessing.get_context(method)
    lock, event = context.Lock(), context.Event()
    queue = context.Queue()
    with lock:
        process = context.Process(target=child, args=(lock, event))
        process.start()
        event.wait()
        ctx.progress(1)
        process.join()
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_killed_tree_leaves_no_semaphores(place: Path, method: str) -> None:
    """Its resource tracker dies with it and removes nothing; the engine does."""
    profile = write_profile(
        place / "p",
        f"""
        name = "sems{method}"
        [workers.w]
        target = "code:w"
        args = {{ method = "{method}" }}
        restart = "never"
        """,
        code=CODE,
    )
    with engine_on(profile) as engine:
        row = engine.wait_row("w", lambda row: row.progress == (1, 0) and row.processes >= 3, "to hold its lock")
        assert row.pid is not None
        left = _semaphores_of(row.pid)
        assert left
        engine.act("kill", "w")
        engine.wait_state("w", "stopped")
        wait_for(lambda: not left & {entry.name for entry in os.scandir("/dev/shm")}, "them to be removed")


def _semaphores_of(pid: int) -> set[str]:
    """The names of the files; the process that made them has them mapped under other names."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    inodes = {int(line.split(None, 5)[4]) for line in lines if "/dev/shm/sem." in line}
    return {entry.name for entry in os.scandir("/dev/shm") if entry.inode() in inodes}
