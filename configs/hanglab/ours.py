"""Hangs of procdeck's own channels: they survive every death, but two that wait for each other wait for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supervisor import Barrier, Lock, Queue


def take_both(first: Lock, second: Lock, both_hold: Barrier) -> None:
    """DEADLOCK: the workers `left` and `right` are given the same two locks, each in another order."""
    with first:
        both_hold.wait()
        with second:
            print("never printed")


def write(out: Queue) -> None:
    """QUEUE_FULL: nobody takes what is in the queue."""
    for number in range(100):
        out.put(number)


def read_later(inbox: Queue, meeting: Barrier) -> None:
    """BARRIER_WAIT: the reader first waits at a barrier where nobody else will come."""
    meeting.wait()
    for number in inbox:
        print(number)
