"""Rules for locks, semaphores, events, conditions and barriers between processes, and for pipes."""

from __future__ import annotations

from typing import Final

from supervisor.diagnose.rule import Rule
from supervisor.diagnose.rulebook.frames import CONDITION, ENTER, POLLED, RECEIVING, SENDING

_SYNC: Final = "multiprocessing/synchronize.py"
_SHARED: Final = "multiprocessing/sharedctypes.py"
_LOCK_TEXT: Final = "It waits{at} for {lock}."
_LOCK_REMEDY: Final = "See what its holder is doing."
_SIGNAL_REMEDY: Final = "See who should set it, and whether that process lives."

SIGNALS: Final = (
    Rule(
        id="barrier-polled",
        kind="POLLING",
        stack=(CONDITION, "...", "threading.py Barrier.wait"),
        kernel=("futex-shared",),
        has_timeout=True,
        target="signal",
        text="It waits{at} at {signal} for the others, with a time limit.",
    ),
    Rule(
        id="barrier",
        kind="BARRIER_WAIT",
        stack=(CONDITION, "...", "threading.py Barrier.wait"),
        kernel=("futex-shared",),
        target="signal",
        confidence="certain",
        text="It waits{at} at {signal} until the other parties are there.",
        remedy="See what the missing parties are doing; one that died never comes: abort() frees the others.",
    ),
    Rule(
        id="signal-polled",
        kind="POLLING",
        stack=(CONDITION,),
        kernel=("futex-shared",),
        has_timeout=True,
        target="signal",
        text="It waits{at} for {signal}, with a time limit.",
    ),
    Rule(
        id="event",
        kind="SIGNAL_WAIT",
        stack=(CONDITION, f"{_SYNC} Event.wait"),
        kernel=("futex-shared",),
        target="signal",
        confidence="certain",
        text="It waits{at} until {signal} is set.",
        remedy=_SIGNAL_REMEDY,
    ),
    Rule(
        id="condition",
        kind="SIGNAL_WAIT",
        stack=(CONDITION,),
        kernel=("futex-shared",),
        target="signal",
        confidence="certain",
        text="It waits{at} until {signal} is notified.",
        remedy=_SIGNAL_REMEDY,
    ),
    Rule(
        id="notify",
        kind="LOCK_WAIT",
        stack=(f"{_SYNC} Condition.notify",),
        kernel=("futex-shared",),
        target="lock",
        text="It notifies{at} and waits for a waiter to wake, which was killed most likely.",
        remedy="Restart the users of the event or condition: multiprocessing's does not survive a killed waiter.",
    ),
)

LOCKS: Final = (
    Rule(
        id="shared-value-lock",
        kind="LOCK_WAIT",
        stack=(ENTER, f"{_SHARED} SynchronizedBase.__enter__"),
        kernel=("futex-shared",),
        target="lock",
        confidence="certain",
        text="It waits{at} for {lock}, of a shared value or array.",
        remedy=_LOCK_REMEDY,
    ),
    Rule(
        id="shared-value-property",
        kind="LOCK_WAIT",
        stack=("<string> getvalue|setvalue|getx|setx",),
        kernel=("futex-shared",),
        target="lock",
        text="It waits{at} for {lock}, of a shared value.",
        remedy=_LOCK_REMEDY,
    ),
    Rule(
        id="with-lock",
        kind="LOCK_WAIT",
        stack=(ENTER,),
        kernel=("futex-shared",),
        target="lock",
        confidence="certain",
        text=_LOCK_TEXT,
        remedy=_LOCK_REMEDY,
    ),
    Rule(
        id="acquire-in-time",
        kind="POLLING",
        kernel=("futex-shared",),
        has_timeout=True,
        target="lock",
        text="It waits{at} for {lock}, with a time limit.",
    ),
    Rule(
        id="acquire",
        kind="SEM_WAIT",
        stack=("any",),
        kernel=("futex-shared",),
        target="lock",
        text=_LOCK_TEXT,
        remedy=_LOCK_REMEDY,
    ),
    Rule(
        id="acquire-unseen",
        kind="SEM_WAIT",
        kernel=("futex-shared",),
        resource="sem:",
        target="lock",
        text=_LOCK_TEXT,
        remedy=_LOCK_REMEDY,
    ),
)

PIPES: Final = (
    Rule(
        id="pipe-empty",
        kind="PIPE_EMPTY",
        stack=RECEIVING,
        kernel=("read",),
        count=4,
        target="pipe",
        confidence="certain",
        text="It waits{at} for a message from {pipe}.",
    ),
    Rule(
        id="pipe-full",
        kind="PIPE_FULL",
        stack=SENDING,
        kernel=("write",),
        target="pipe",
        confidence="certain",
        text="It waits{at} for room in {pipe}, which nobody reads.",
        remedy="See why the process at the other end does not read.",
    ),
    Rule(
        id="pipe-polled",
        kind="POLLING",
        stack=(*POLLED, "multiprocessing/connection.py Connection._poll"),
        kernel=("poll",),
        has_timeout=True,
        target="pipe",
        text="It waits{at} for a message from {pipe}, with a time limit.",
    ),
    Rule(
        id="pipe-poll",
        kind="PIPE_EMPTY",
        stack=(*POLLED, "multiprocessing/connection.py Connection._poll"),
        kernel=("poll",),
        target="pipe",
        text="It waits{at} for a message from {pipe}.",
    ),
    Rule(
        id="listener",
        kind="SERVING",
        stack=("socket.py accept", "multiprocessing/connection.py SocketListener.accept"),
        kernel=("accept",),
        confidence="certain",
        text="It waits for connections.",
    ),
)
