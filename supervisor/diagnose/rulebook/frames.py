"""Steps and runs of steps that many signatures share, innermost first."""

from __future__ import annotations

from typing import Final

_CONNECTION: Final = "multiprocessing/connection.py"

RECEIVING: Final = (f"{_CONNECTION} Connection._recv", f"{_CONNECTION} Connection._recv_bytes")
"""A message from a pipe: its 4 bytes of length first, then itself."""
SENDING: Final = (f"{_CONNECTION} Connection._send", f"{_CONNECTION} Connection._send_bytes")
RECEIVED_BYTES: Final = (*RECEIVING, f"{_CONNECTION} recv_bytes")
RECEIVED: Final = (*RECEIVING, f"{_CONNECTION} recv")
SENT_BYTES: Final = (*SENDING, f"{_CONNECTION} send_bytes")
POLLED: Final = ("selectors.py select", f"{_CONNECTION} wait")
"""`multiprocessing.connection.wait`."""

ENTER: Final = "multiprocessing/synchronize.py SemLock.__enter__"
CONDITION: Final = "multiprocessing/synchronize.py Condition.wait"
THREAD_CONDITION: Final = "threading.py Condition.wait"
THREAD_EVENT: Final = (THREAD_CONDITION, "threading.py Event.wait")

QUEUES: Final = "multiprocessing/queues.py"
ANY_GET: Final = f"{QUEUES} Queue.get|SimpleQueue.get"
ANY_PUT: Final = f"{QUEUES} Queue.put|JoinableQueue.put"
FEED: Final = f"{QUEUES} Queue._feed"

POOL: Final = "multiprocessing/pool.py"
MEMBER: Final = f"{POOL} worker"
EXECUTOR: Final = "concurrent/futures/process.py"

TSTATE: Final = "threading.py Thread._wait_for_tstate_lock"
"""Innermost under `Thread.join` up to Python 3.12."""
JOINED: Final = "threading.py Thread.join"
"""Innermost itself since Python 3.13."""
