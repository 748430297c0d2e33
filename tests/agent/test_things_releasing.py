"""A lock whose holder is dead can be let go of by any other process that has it, and only such a lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.asked import Dump, Program, ask, ask_until, main_thread, program, subjects, thing
from tests.engines import wait_for

ABANDONED = """
import signal
context = multiprocessing.get_context("fork")
lock = context.KIND()

def hold():
    lock.acquire()
    os.kill(os.getpid(), signal.SIGKILL)

child = context.Process(target=hold)
child.start()
child.join()
say(exit_code=child.exitcode)
with lock:
    say(got="the lock")
    sys.stdin.readline()
say(value=lock._semlock._get_value(), count=lock._semlock._count())
stay()
"""


def inode_of(pid: int, handle: int) -> int:
    """Of the file that is mapped where the semaphore is."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        fields = line.split()
        start, _, end = fields[0].partition("-")
        if int(start, 16) <= handle < int(end, 16):
            return int(fields[4])
    raise AssertionError(f"nothing is mapped at {handle:x}")


def waited_for(running: Program) -> tuple[Dump, int]:
    """The lock that the program's main thread is in, and its inode."""
    dump = ask_until(running.pid, "SemLock.__enter__")
    lock = thing(dump, subjects(main_thread(dump))[0])
    return lock, inode_of(running.pid, lock["facts"]["handle"])


@pytest.mark.parametrize("kind", ["Lock", "RLock"])
def test_an_abandoned_lock_is_let_go_of_and_works_as_before(tmp_path: Path, kind: str) -> None:
    """Its waiter gets it; what the process counts of it is what it was."""
    with program(ABANDONED.replace("KIND", kind), tmp_path) as running:
        assert running.heard() == {"exit_code": -9}
        lock, inode = waited_for(running)

        assert ask(running.pid, "release", sem=inode, thing=lock["key"]) == {"released": True, "text": "released"}

        assert running.heard() == {"got": "the lock"}
        held = ask(running.pid, "release", sem=inode, thing=lock["key"])
        assert held == {"released": False, "text": "not released: this process holds it"}
        running.tell()
        assert running.heard() == {"value": 1, "count": 0}
        free = ask(running.pid, "release", sem=inode, thing=lock["key"])
        assert free == {"released": False, "text": "not released: it is free"}


def test_a_lock_that_is_another_one_is_not_let_go_of(tmp_path: Path) -> None:
    """The engine names it by its inode as well: keys are of one look, and a lock may have taken another's place."""
    with program(ABANDONED.replace("KIND", "Lock"), tmp_path) as running:
        running.heard()
        lock, inode = waited_for(running)

        other = ask(running.pid, "release", sem=inode + 1, thing=lock["key"])
        assert other == {"released": False, "text": f"not released: it is not the semaphore {inode + 1}"}
        unknown = ask(running.pid, "release", sem=inode, thing="mp.Lock#999")
        assert unknown == {"released": False, "text": "not released: this process knows no lock mp.Lock#999"}
        wait_for(lambda: waited_for(running)[0]["facts"]["value"] == 0, "the lock to be as it was")
