"""Engines for benchmarks: a place of their own, a profile written for the purpose, and nothing left afterwards."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from supervisor import paths
from supervisor.api.client import EngineClient
from supervisor.errors import ProcdeckError
from supervisor.lifecycle.states import State
from supervisor.processes.ignition import start_engine

PATIENCE_S = 60.0
ROOTS = ("PROCDECK_RUNTIME_DIR", "PROCDECK_STATE_DIR")
PARTS = Path(__file__).resolve().parent
REPOSITORY = PARTS.parent.parent
PROCDECK = Path(sys.executable).with_name("procdeck")

RESTING = """\
name = "{project}"
"""

RESTING_COMMANDS = """
[workers.command]
command = ["sleep", "1000000"]
replicas = {replicas}
"""

RESTING_TARGETS = """
[workers.target]
target = "targets:rest"
preload = ["targets"]
python_path = [{parts!r}]
replicas = {replicas}
"""


def resting_profile(folder: Path, project: str, *, commands: int, targets: int) -> Path:
    """A profile in `folder` with so many workers that do nothing until they are stopped."""
    path = folder / "procdeck.toml"
    tables = [RESTING.format(project=project)]
    tables += [RESTING_COMMANDS.format(replicas=commands)] if commands else []
    tables += [RESTING_TARGETS.format(parts=str(PARTS), replicas=targets)] if targets else []
    path.write_text("".join(tables))
    return path


def wait_for(is_so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Look until it is so.

    Raises:
        TimeoutError: it is not so after `patience_s`.
    """
    deadline_s = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"waited {patience_s:g} s in vain for {what}")
        time.sleep(0.02)


@contextmanager
def place() -> Iterator[Path]:
    """A folder of our own for sockets, runs and profiles, so that no engine of the user is met."""
    folder = Path(tempfile.mkdtemp(prefix="pdbench-"))
    before = {name: os.environ.get(name) for name in ROOTS}
    os.environ.update(PROCDECK_RUNTIME_DIR=str(folder / "r"), PROCDECK_STATE_DIR=str(folder / "s"))
    try:
        yield folder
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def engine_on(profile: Path) -> Iterator[tuple[paths.EngineNote, EngineClient]]:
    """An engine with all its workers running; it ends with this block, or with this process."""
    note = start_engine(profile, tie_to_me=True)
    client = EngineClient(paths.socket_path(note.project), timeout_s=30.0)
    try:
        wait_for(lambda: all(row.state is State.RUNNING for row in client.fleet().rows), "all workers to run")
        yield note, client
    finally:
        end_engine(note.project)


def end_engine(project: str) -> None:
    """Stop everything at once and wait until engine and guardian are gone."""
    try:
        EngineClient(paths.socket_path(project)).down(force=True, timeout_s=PATIENCE_S)
    except ProcdeckError:
        pass  # it has ended already
    wait_for(lambda: not paths.is_running(project), f"the engine of {project} to end")
