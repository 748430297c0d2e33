"""An interpreter that ends waits for no thread that will never go on."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import threading
from supervisor.channels import Lock, Queue, ledger, roster

STAND_STILL = '''
def stand_still(lock, taken):
    lock.acquire()
    taken.set()
    taken.__class__().wait()
'''
apart = {{}}
exec(STAND_STILL, apart)  # its globals are not those of this module, which can go while it stands

queue, lock = Queue(), Lock()
queue.put(1)
with lock:
    assert queue.get() == 1
(own,) = ledger.attached()
taken = threading.Event()
threading.Thread(target=apart["stand_still"], args=({stopped_in}, taken), daemon=True).start()
taken.wait()
print("ends")
"""


@pytest.mark.parametrize("stopped_in", ["own.lock", "ledger._Attached.lock", "roster._Attached.lock"])
def test_thread_that_stands_still_with_a_lock_holds_up_no_end(stopped_in: str) -> None:
    """A daemon thread never goes on once the interpreter ends, wherever it is: in the middle of leaving a queue too."""
    script = SCRIPT.format(stopped_in=stopped_in)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ends\n", "")
