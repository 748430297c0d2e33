"""One look at the process table."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from supervisor import proctable
from tests.engines import wait_for


def has_executed(pid: int) -> bool:
    """Whether the one child of `pid` is the program that it was to become."""
    return [entry.name for entry in proctable.tree_of(pid, proctable.look())[1:] if entry.rss_bytes] == ["sleep"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    program = "import subprocess; subprocess.Popen(['sleep', '1000']).wait()"
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    wait_for(lambda: has_executed(process.pid), "the child to execute its program")
    yield process
    for entry in proctable.tree_of(process.pid, proctable.look()):
        os.kill(entry.pid, 9)
    process.wait()


def test_tree_holds_the_leader_and_its_descendants(sleeper: subprocess.Popen[bytes]) -> None:
    """Parents come before children, and each is identified by pid and start."""
    tree = proctable.tree_of(sleeper.pid, proctable.look())
    assert len(tree) == 2
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


@pytest.mark.parametrize("has_children_files", [True, False])
def test_look_below_sees_the_trees_that_are_asked_for(
    sleeper: subprocess.Popen[bytes], has_children_files: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the kernel's lists of children, or through the whole table where it keeps none."""
    monkeypatch.setattr(proctable, "_has_children_files", lambda: has_children_files)
    below = proctable.look_below([sleeper.pid])
    assert {entry.pid for entry in proctable.tree_of(sleeper.pid, below)} == {
        sleeper.pid,
        *proctable.children(sleeper.pid),
    }
    assert not has_children_files or len(below) == 2


def test_process_tells_its_environment_and_its_pipes(sleeper: subprocess.Popen[bytes]) -> None:
    """Both mark what a worker's processes have in common; neither is known of a process that is gone."""
    read_end, write_end = os.pipe()
    with subprocess.Popen(["cat"], stdin=read_end, env={"COLOUR": "red"}) as reader:
        pipe = f"pipe:[{os.fstat(read_end).st_ino}]"
        wait_for(lambda: b"COLOUR=red" in proctable.environment_words(reader.pid), "the program to run")
        assert pipe in proctable.open_pipes(reader.pid)
        assert pipe not in proctable.open_pipes(sleeper.pid)
        os.close(read_end)
        os.close(write_end)
    assert not proctable.environment_words(reader.pid)
    assert not proctable.open_pipes(reader.pid)
    assert proctable.children(reader.pid) == []


def test_system_without_proc_is_looked_at_with_psutil(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same identity at every look, so that a signal finds its process there too."""
    monkeypatch.setattr(proctable, "_has_proc", lambda: False)
    entry = proctable.read_entry(sleeper.pid)
    assert entry is not None
    assert entry.identity == proctable.look()[sleeper.pid].identity
    assert entry.parent_pid == os.getpid()
