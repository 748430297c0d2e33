"""What is hard to stop: run as ``cases.py CASE MARK``. Every process of it has MARK among its arguments."""

from __future__ import annotations

import os
import signal
import sys
import time


def wait_for_ever() -> None:
    while True:
        time.sleep(1000)


def ignore_term() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def child(*, is_stubborn: bool = False, has_session: bool = False, is_orphan: bool = False) -> None:
    """A child of this process that waits for ever."""
    if os.fork() != 0:
        return
    if has_session:
        os.setsid()
    if is_orphan and os.fork() != 0:
        os._exit(0)
    if is_stubborn:
        ignore_term()
    wait_for_ever()


def obeys() -> None:
    """Ends by SIGTERM, as any program does that does nothing about it."""


def child_ignores_term() -> None:
    child(is_stubborn=True)


def double_fork() -> None:
    child(has_session=True, is_orphan=True)
    os.wait()


def setsid() -> None:
    child(has_session=True)


CASES = {
    "obeys": obeys,
    "ignores TERM": ignore_term,
    "child ignores TERM": child_ignores_term,
    "double fork": double_fork,
    "setsid": setsid,
    "engine killed": child_ignores_term,
}
PROCESSES = {"obeys": 1, "ignores TERM": 1}
"""How many processes a case has; 2 for the others."""

if __name__ == "__main__":
    CASES[sys.argv[1]]()
    wait_for_ever()
