"""Which frames of a stack people are shown."""

from __future__ import annotations

import pytest

import supervisor
from supervisor.api.hangs import StackFrame
from tui.render.hang_words import without_the_way_in

PYTHON = "/usr/lib/python3.11"
OURS = supervisor.__path__[0]


def frame(file: str, function: str) -> StackFrame:
    return StackFrame(file=file, line=1, function=function)


GET = frame(f"{PYTHON}/multiprocessing/queues.py", "Queue.get")
WORK = frame("/home/ada/etl.py", "work")
MAIN = frame("/home/ada/etl.py", "main")
MEMBER = frame(f"{PYTHON}/multiprocessing/pool.py", "worker")
RUN = frame(f"{PYTHON}/multiprocessing/process.py", "BaseProcess.run")
ROOT = frame(f"{PYTHON}/multiprocessing/process.py", "BaseProcess._bootstrap")
END = frame(f"{PYTHON}/multiprocessing/popen_fork.py", "Popen._launch")
START = frame(f"{PYTHON}/multiprocessing/process.py", "BaseProcess.start")
SERVER = frame(f"{PYTHON}/multiprocessing/forkserver.py", "main")
RUNPY = frame("<frozen runpy>", "_run_code")
ENGINE = (
    frame(f"{OURS}/processes/launching.py", "_become_worker"),
    frame(f"{OURS}/engine.py", "Engine.start"),
    frame(f"{PYTHON}/asyncio/events.py", "Handle._run"),
    frame(f"{OURS}/__main__.py", "main"),
    RUNPY,
)
AGENT = (frame(f"{OURS}/agent/entry.py", "run"), frame(f"{OURS}/agent/forkserver.py", "_be_worker"), RUNPY)


@pytest.mark.parametrize(
    ("frames", "shown"),
    [
        ((GET, WORK, MAIN, *ENGINE), (GET, WORK, MAIN)),
        ((GET, WORK, MAIN, *AGENT), (GET, WORK, MAIN)),
        ((GET, *ENGINE), (GET,)),
        ((GET, *AGENT), (GET,)),
        ((GET, MEMBER, RUN, ROOT, END, START, MAIN, *ENGINE), (GET, MEMBER, RUN, ROOT)),
        ((GET, WORK, RUN, ROOT, END, START, MAIN, *AGENT), (GET, WORK)),
        ((GET, MEMBER, RUN, ROOT, SERVER), (GET, MEMBER, RUN, ROOT)),
        ((END, START, MAIN, *ENGINE), (END,)),
        (AGENT, AGENT),
        ((GET, RUNPY), (GET, RUNPY)),
        ((), ()),
    ],
    ids=[
        "forked from the engine",
        "of the fork server",
        "a library function as target, forked",
        "a library function as target",
        "idle pool member of a forked worker",
        "busy child of a worker",
        "pool member of a fork server",
        "a forked child at its end",
        "nothing but procdeck",
        "nothing of procdeck",
        "nothing",
    ],
)
def test_a_stack_ends_where_the_code_of_its_process_begins(
    frames: tuple[StackFrame, ...], shown: tuple[StackFrame, ...]
) -> None:
    """Neither procdeck's own calls nor, in a forked child, those of its parent say what it is doing."""
    assert tuple(without_the_way_in(frames)) == shown
