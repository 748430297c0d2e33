"""The parent of the engine: holds the project's lock, outlives the engine, and ends every process that it leaves.

It is a child subreaper, so whatever the engine leaves behind, grandchildren included, becomes its child. It imports
next to nothing and forks the engine from itself.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from typing import NoReturn, Protocol

from supervisor import proctable
from supervisor.processes import lifeline, linux, stopping

TERM_GRACE_S = 0.5
"""How long the processes of a lost engine have between SIGTERM and SIGKILL."""

GIVE_UP_S = 10.0
"""When processes that do not die of SIGKILL (uninterruptible sleep) are left to the system."""


class WhenOver(Protocol):
    """Called when the engine and what it left have ended, or when the rest was given up."""

    def __call__(self, *, is_all_gone: bool) -> None: ...


def guard(
    run_engine: Callable[[], int],
    *,
    tie_descriptor: int | None,
    in_guardian: Callable[[], None],
    when_over: WhenOver,
    when_lost: Callable[[str], None] = lambda _: None,
) -> NoReturn:
    """Fork the engine, wait for its end, end what it left, and leave with its exit code.

    Args:
        run_engine: becomes the engine in the child.
        tie_descriptor: a pipe whose end asks the engine to stop everything; None for an engine of its own.
        in_guardian: called in the guardian once the engine is forked.
        when_over: called when every process has ended, or will not.
        when_lost: called with how an engine ended that did not end well, before what it left is ended.
    """
    linux.become_subreaper()
    linux.shield_from_oom()
    lifeline.lay()
    parent = os.getpid()
    engine_pid = os.fork()
    if engine_pid == 0:
        _be_engine(run_engine, parent, tie_descriptor)
    in_guardian()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, _frame: _pass_on(engine_pid, number))
    status = _wait(engine_pid, tie_descriptor)
    code = os.waitstatus_to_exitcode(status)
    if code:
        when_lost(_how(code))
    when_over(is_all_gone=end_descendants())
    os._exit(code & 0xFF)


def _how(code: int) -> str:
    """An exit code, or a signal's number below zero, in words."""
    try:
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    except ValueError:  # a real-time signal has no name
        return f"killed by signal {-code}"


def _be_engine(run_engine: Callable[[], int], guardian_pid: int, tie_descriptor: int | None) -> NoReturn:
    code = 1
    try:
        linux.die_with_parent(signal.SIGTERM)
        if os.getppid() != guardian_pid:
            os._exit(code)
        if tie_descriptor is not None:
            os.close(tie_descriptor)
        linux.become_subreaper()
        code = run_engine()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _pass_on(engine_pid: int, number: int) -> None:
    try:
        os.kill(engine_pid, signal.SIGTERM if number != signal.SIGHUP else signal.SIGHUP)
    except ProcessLookupError:
        pass


def _wait(engine_pid: int, tie_descriptor: int | None) -> int:
    """Reap the engine; its wait status."""
    pidfd = os.pidfd_open(engine_pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    if tie_descriptor is not None:
        poll.register(tie_descriptor, select.POLLIN | select.POLLHUP)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == pidfd:
                os.close(pidfd)
                return os.waitpid(engine_pid, 0)[1]
            poll.unregister(descriptor)
            _pass_on(engine_pid, signal.SIGTERM)


def end_descendants() -> bool:
    """SIGTERM, then SIGKILL, to every process below this one, until there is none; False when some will not die."""
    start_s = time.monotonic()
    is_first = True
    while time.monotonic() - start_s < GIVE_UP_S:
        _reap_all()
        below = proctable.tree_of(os.getpid(), proctable.look())[1:]
        if not below:
            return True
        if is_first:
            for entry in below:
                stopping.send(entry, signal.SIGTERM, signal.SIGCONT)
            is_first = False
        elif time.monotonic() - start_s > TERM_GRACE_S:
            # Frozen first: what forks faster than it is killed has an end.
            for entry in stopping.pause_tree(os.getpid(), below):
                stopping.send(entry, signal.SIGKILL)
        _await_change()
    return False


def _reap_all() -> None:
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def _await_change() -> None:
    """Wait for a child to end, a little while at the most."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    signal.sigtimedwait({signal.SIGCHLD}, 0.02)
