"""One look at the process table."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from supervisor import proctable
from tests.engines import wait_for


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    program = "import subprocess; subprocess.Popen(['sleep', '1000']).wait()"
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    yield process
    for entry in proctable.tree_of(process.pid, proctable.look()):
        os.kill(entry.pid, 9)
    process.wait()


def test_tree_holds_the_leader_and_its_descendants(sleeper: subprocess.Popen[bytes]) -> None:
    """Parents come before children, and each is identified by pid and start."""
    tree = wait_for(
        lambda: t if len(t := proctable.tree_of(sleeper.pid, proctable.look())) == 2 else None, "the child to appear"
    )
    assert tree is not None
    assert tree[0].pid == sleeper.pid
    assert tree[1].parent_pid == sleeper.pid
    assert all(entry.session == sleeper.pid and entry.rss_bytes > 0 for entry in tree)


def test_name_with_brackets_and_spaces_is_read(tmp_path: os.PathLike[str]) -> None:
    """The kernel does not escape a process's name."""
    program = os.path.join(tmp_path, "a) R (b")
    os.symlink("/bin/sleep", program)
    process = subprocess.Popen([program, "1000"])
    try:
        entry = wait_for(
            lambda: e if (e := proctable.read_entry(process.pid)) and e.name == "a) R (b" else None,
            "the program to run",
        )
        assert entry is not None
        assert entry.parent_pid == os.getpid()
    finally:
        process.kill()
        process.wait()


def test_gone_process_is_none() -> None:
    """A pid that nobody has."""
    process = subprocess.Popen(["true"])
    process.wait()
    assert proctable.read_entry(process.pid) is None
    assert proctable.command_line(process.pid) == "?"
