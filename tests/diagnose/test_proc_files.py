"""Single files of ``/proc``, decoded: of this process, and of what cannot be had."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from supervisor import proctable
from supervisor.diagnose import proc_files
from supervisor.diagnose.looking import look
from supervisor.diagnose.proc_files import is_hidden, memory, schedule, stat, status, why_not

GONE = 2**22 + 1
"""More than any pid of this kernel."""


@pytest.fixture
def named() -> Iterator[str]:
    """This process under a name that looks like the fields behind it."""
    with open("/proc/self/comm") as file:
        before = file.read().strip()
    with open("/proc/self/comm", "w") as file:
        file.write("x) R 1 (y")
    yield "x) R 1 (y"
    with open("/proc/self/comm", "w") as file:
        file.write(before)


def test_a_name_may_hold_anything(named: str) -> None:
    """Brackets and spaces in it do not shift the fields behind it."""
    seen = stat(os.getpid(), os.getpid())
    assert (seen.name, seen.parent_pid) == (named, os.getppid())
    entry = proctable.read_entry(os.getpid())
    assert entry is not None
    assert seen.start_ticks == entry.start_ticks


def test_masks_and_counters_are_read() -> None:
    """Which signals are caught and blocked, who it is, how often it has run."""
    pid = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    seen = status(pid, pid)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR2])
    assert seen.caught_signals & 1 << (signal.SIGINT - 1)
    assert seen.blocked_signals & 1 << (signal.SIGUSR2 - 1)
    assert (seen.uid, seen.pending_signals) == (os.getuid(), 0)
    assert seen.voluntary + seen.involuntary > 0
    ran_ns, turns = schedule(pid, pid)
    assert ran_ns > 0
    assert turns > 0


def test_who_is_gone_raises_and_nothing_is_made_up() -> None:
    """Each reader says so in the same two ways."""
    for read in (stat, status, proc_files.syscall, proc_files.wchan):
        with pytest.raises((FileNotFoundError, ProcessLookupError)):
            read(GONE, GONE)
    assert schedule(GONE, GONE) == (-1, -1)
    assert proc_files.children(GONE) == []
    for address in (0, 2**63, 2**64 - 8):
        with pytest.raises((ProcessLookupError, OSError)):
            memory(os.getpid(), address, 8)


def test_denials_have_their_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user, the kernel's rule for tracing, one that asked not to be looked into, a container."""
    start = "may not be looked into: permission denied"
    me = os.geteuid()
    assert why_not(os.getpid(), None) == f"{start} (/proc is mounted with hidepid)"
    assert why_not(os.getpid(), me + 1) == f"{start} (it runs as another user (uid {me + 1}, the engine as {me}))"
    monkeypatch.setattr(proc_files, "_yama_scope", lambda: 1)
    assert why_not(os.getpid(), me) == f"{start} (kernel.yama.ptrace_scope is 1)"
    monkeypatch.setattr(proc_files, "_yama_scope", lambda: 0)
    monkeypatch.setattr(proc_files, "_is_undumpable", lambda pid: True)
    assert "PR_SET_DUMPABLE" in why_not(os.getpid(), me)
    monkeypatch.setattr(proc_files, "_is_undumpable", lambda pid: False)
    assert why_not(os.getpid(), me) == f"{start} (the kernel, or the container's rules, forbid it)"


def test_a_hidden_leader_is_told_and_a_dead_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """With hidepid a worker of another user lives although there is nothing of it in /proc."""
    assert not is_hidden(os.getpid())
    assert not is_hidden(GONE)
    assert look({GONE: "w"}).processes == {}

    def denied(path: str, limit: int = 0) -> bytes:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(proc_files, "read", denied)
    assert is_hidden(os.getpid())
    monkeypatch.setattr(proctable, "read_entry", lambda pid: None)
    hidden = look({os.getpid(): "w"}).processes[os.getpid()]
    assert hidden.trouble == "may not be looked into: permission denied (/proc is mounted with hidepid)"
