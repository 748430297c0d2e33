"""Tracebacks stay in one piece, whatever way they arrive."""

from __future__ import annotations

import pytest

from supervisor.logs.gathering import MOST_BYTES, MOST_S, QUIET_S, Burst

HEAD = b"Traceback (most recent call last):\n"
FRAME = b'  File "a.py", line 1, in <module>\n    f()\n'
LAST = b"ValueError: no\n"


def test_line_that_begins_nothing_passes_at_once() -> None:
    """Ordinary lines on stderr wait for nobody."""
    burst = Burst()
    assert burst.offer(b"oops\n", b"stored", 1.0) == b"stored"
    assert not burst


def test_traceback_is_held_until_it_was_quiet_after_its_last_line() -> None:
    """A pause inside is waited for longer than one after what looks like the end."""
    burst = Burst()
    assert burst.offer(b"before\n" + HEAD, b"1", 10.0) == b""
    assert burst.due_s == 10.0 + MOST_S
    assert burst.offer(FRAME, b"2", 10.1) == b""
    assert burst.due_s == 10.0 + MOST_S
    assert burst.offer(LAST, b"3", 10.2) == b""
    assert burst.due_s == 10.2 + QUIET_S
    assert burst.take() == b"123"
    assert not burst
    assert burst.offer(b"after\n", b"4", 10.3) == b"4"


@pytest.mark.parametrize(
    "unended",
    [
        b"ValueError: n",
        b"\n",
        b"During handling of the above exception, another exception occurred:\n",
        b"The above exception was the direct cause of the following exception:\r\n",
        b"    ^^^^^\n",
        HEAD,
    ],
)
def test_line_that_another_follows_does_not_end_a_traceback(unended: bytes) -> None:
    """Chained exceptions are one burst."""
    burst = Burst()
    burst.offer(HEAD + FRAME + unended, b"x", 5.0)
    assert burst.due_s == 5.0 + MOST_S


@pytest.mark.parametrize(
    "start", [b"Fatal Python error: Segmentation fault\n", b"Current thread 0x00007f (most recent"]
)
def test_last_words_of_the_interpreter_are_a_burst_as_well(start: bytes) -> None:
    """What faulthandler writes is held together."""
    assert Burst().offer(start, b"x", 5.0) == b""


def test_burst_holds_bounded_memory() -> None:
    """One that does not end is stored in pieces."""
    burst = Burst()
    assert burst.offer(HEAD, b"x" * (MOST_BYTES - 1), 5.0) == b""
    assert burst.offer(FRAME, b"yz", 5.0) == b"x" * (MOST_BYTES - 1) + b"yz"
    assert not burst
