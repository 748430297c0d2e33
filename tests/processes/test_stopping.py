"""Signals to process trees: everybody of it, nobody else, and never a stranger who has the pid by now."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from supervisor import proctable
from supervisor.processes import stopping
from supervisor.proctable import ProcessEntry
from tests.engines import is_alive, wait_for

Family = Callable[..., subprocess.Popen[bytes]]

BOMB = """
import mmap, os, signal, time
page = mmap.mmap(-1, 4096)
def count():
    number = int.from_bytes(page[:4], "little")
    page[:4] = (number + 1).to_bytes(4, "little")
    return number
while True:
    if count() >= 150:
        signal.pause()
    os.fork()
    time.sleep(0.002)
"""
"""Every process forks again and again, in all generations, until there have been 150."""


def session_of(leader_pid: int) -> list[ProcessEntry]:
    return proctable.in_sessions([leader_pid], proctable.look())


@pytest.fixture
def family() -> Iterator[Family]:
    """Starts a program that leads a session of its own; all of it is gone afterwards."""
    leaders: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> subprocess.Popen[bytes]:
        leaders.append(subprocess.Popen(words, start_new_session=True, stdout=subprocess.PIPE))
        return leaders[-1]

    yield start
    for leader in leaders:
        stopping.kill_tree(leader.pid)
        leader.communicate(timeout=30)
    wait_for(lambda: not any(session_of(leader.pid) for leader in leaders), "the sessions to be empty")


def a_tree(family: Family) -> subprocess.Popen[bytes]:
    """A shell with two sleeping children."""
    leader = family("sh", "-c", "sleep 1000 & sleep 1000 & wait")
    wait_for(lambda: len(session_of(leader.pid)) == 3, "the children to be there")
    return leader


def states(leader_pid: int) -> set[str]:
    return {entry.state for entry in session_of(leader_pid)}


def test_paused_tree_stands_still_whole_and_goes_on(family: Family) -> None:
    """SIGSTOP reaches the leader and all its children, SIGCONT as well."""
    leader = a_tree(family)
    assert {entry.pid for entry in stopping.pause_tree(leader.pid)} == {entry.pid for entry in session_of(leader.pid)}
    wait_for(lambda: states(leader.pid) == {"T"}, "everybody to stand still")
    assert stopping.resume_tree(leader.pid) == 3
    wait_for(lambda: "T" not in states(leader.pid), "everybody to go on")


def test_chosen_stop_signal_reaches_a_tree_that_stands_still(family: Family, tmp_path: Path) -> None:
    """The stop signal is followed by SIGCONT, so that a paused process can obey it."""
    told = tmp_path / "told"
    leader = family("sh", "-c", f"trap 'echo hup > {told}; exit' HUP; echo armed; while :; do sleep 0.05; done")
    assert leader.stdout is not None
    assert leader.stdout.readline() == b"armed\n"
    os.kill(leader.pid, signal.SIGSTOP)
    assert stopping.term_tree(leader.pid, signal_number=signal.SIGHUP) >= 1
    wait_for(lambda: told.exists() and told.read_text() == "hup\n", "the trap to be run")


def test_killed_tree_is_told_and_nobody_of_it_lives(family: Family) -> None:
    """`kill_tree` says whom it has killed, `still_alive` who of them has survived."""
    leader = a_tree(family)
    killed = stopping.kill_tree(leader.pid)
    assert len(killed) == 3
    wait_for(lambda: not stopping.still_alive(killed), "everybody to be dead")


def test_fork_bomb_is_ended(family: Family) -> None:
    """What forks in all its generations is frozen before it is killed, so that the killing has an end."""
    leader = family(sys.executable, "-c", BOMB)
    wait_for(lambda: len(session_of(leader.pid)) > 20, "the bomb to go off")
    stopping.kill_tree(leader.pid)
    wait_for(lambda: not session_of(leader.pid), "everybody to be dead")


def test_process_that_has_left_its_session_is_killed_if_it_was_seen(family: Family) -> None:
    """`known` is how a setsid escapee is found again when its parent is gone."""
    leader = family("sh", "-c", "setsid sleep 1000 & wait")
    escapee = wait_for(
        lambda: next((e for e in proctable.tree_of(leader.pid, proctable.look()) if e.session != leader.pid), None),
        "the child to leave",
    )
    assert escapee is not None
    os.kill(leader.pid, signal.SIGKILL)
    leader.wait()
    stopping.kill_tree(leader.pid, [escapee])
    wait_for(lambda: not is_alive(escapee.pid), "the escapee to be dead")


def test_process_that_is_gone_is_as_good_as_signalled(family: Family) -> None:
    """Between the decision and the signal it may die: nothing is raised, whatever is asked of it."""
    leader = family("sleep", "1000")
    entry = proctable.read_entry(leader.pid)
    assert entry is not None
    leader.kill()
    leader.wait()
    assert not stopping.send(entry, signal.SIGTERM)
    assert not stopping.signal_leader(leader.pid, None, signal.SIGTERM)
    assert (stopping.term_tree(leader.pid), stopping.kill_tree(leader.pid), stopping.pause_tree(leader.pid)) == (
        0,
        (),
        (),
    )


def test_stranger_with_the_same_pid_is_not_signalled(family: Family) -> None:
    """A pid whose process started at another time is somebody else (reuse is simulated: the start is another)."""
    stranger = family("sleep", "1000")
    now = proctable.read_entry(stranger.pid)
    assert now is not None
    before = replace(now, start_ticks=now.start_ticks - 1)
    assert not stopping.send(before, signal.SIGKILL)
    assert not stopping.signal_leader(before.pid, before.start_ticks, signal.SIGKILL)
    assert stopping.term_tree(before.pid, [before]) == 0
    assert stopping.pause_tree(before.pid, [before]) == ()
    assert stopping.kill_tree(before.pid, [before]) == ()
    assert stranger.poll() is None
    assert "T" not in states(stranger.pid)


def test_session_of_a_stranger_with_the_same_pid_is_no_part_of_the_tree() -> None:
    """A table in which the leader's pid has been given to a process of a later start."""

    def entry(pid: int, parent_pid: int, session: int, start_ticks: int) -> ProcessEntry:
        return ProcessEntry(pid, parent_pid, session, "S", 0.0, 0, start_ticks, "x")

    leader, child = entry(50, 1, 50, 1000), entry(51, 50, 50, 1001)
    now = {50: entry(50, 1, 50, 2000), 51: child, 60: entry(60, 50, 50, 2001)}
    assert stopping.members(50, now, [leader, child]) == [child]


@pytest.mark.parametrize("pid", [-1, 0, 1, os.getpid(), os.getppid()], ids=["all", "group", "init", "self", "parent"])
def test_nobody_signals_what_holds_the_machine_or_ourselves(pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """pid 1 and below, this process and its parent are out of reach."""

    def fail(*_: object) -> None:
        raise AssertionError("signalled")

    for module, name in ((os, "kill"), (os, "killpg"), (signal, "pidfd_send_signal")):
        monkeypatch.setattr(module, name, fail)
    assert not stopping.signal_leader(pid, None, signal.SIGTERM)


def test_own_process_group_is_never_signalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that has not yet made a group of its own is in ours: its group is left alone."""
    groups: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda group, _number: groups.append(group))
    with subprocess.Popen(["sleep", "1000"]) as child:
        stopping.kill_tree(child.pid)
    stopping._signal_group(os.getpgrp(), (), signal.SIGTERM)
    assert groups == []
    assert child.returncode == -signal.SIGKILL


def test_without_pidfds_the_pid_has_to_do(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels and sandboxes without them: identity is checked, then the pid is signalled."""
    leader = family("sleep", "1000")
    entry = proctable.read_entry(leader.pid)
    assert entry is not None

    def none_left(_pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", none_left)
    assert not stopping.send(replace(entry, start_ticks=1), signal.SIGKILL)
    assert stopping.send(entry, signal.SIGKILL)
    assert leader.wait(timeout=30) == -signal.SIGKILL


def test_group_that_the_kernel_can_kill_is_killed_first(family: Family) -> None:
    """A control group of its own is the strongest tier; the walk follows for who was outside of it."""
    leader = a_tree(family)

    class Group:
        kills = 0

        def kill(self) -> bool:
            assert is_alive(leader.pid)
            self.kills += 1
            return True

    group = Group()
    stopping.kill_tree(leader.pid, (), group)
    assert group.kills == 1
    assert leader.wait(timeout=30) == -signal.SIGKILL


@pytest.mark.parametrize("name", ["SIGHUP", "hup", " Hup "])
def test_signal_is_known_by_its_name(name: str) -> None:
    """With or without SIG, in any case."""
    assert stopping.signal_named(name) is signal.SIGHUP


@pytest.mark.parametrize("name", ["1", "SIGNOPE", "", "SIG_DFL"])
def test_what_is_no_signals_name_is_refused(name: str) -> None:
    """Numbers differ between systems."""
    with pytest.raises(ValueError, match="is no signal of this system"):
        stopping.signal_named(name)
