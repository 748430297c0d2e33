"""Names what keeps a process from ending once its target has returned: joins that else nobody sees."""

from __future__ import annotations

import sys
import threading

_FEEDER = "QueueFeederThread"
"""The name that multiprocessing gives the thread which writes a queue's items into its pipe."""


def what_is_left() -> str:
    """What the end of this process waits for, in words; empty where nothing holds it up."""
    waits = [thread.name for thread in _others() if not thread.daemon]
    held = [f"waits for thread {', '.join(waits)}"] if waits else []
    process = sys.modules.get("multiprocessing.process")
    if process is not None:
        names = sorted(child.name for child in process._children if not child.daemon)  # noqa: SLF001
        held += [f"joins {', '.join(names)}"] if names else []
    if any(thread.name == _FEEDER for thread in _others()):
        held.append("flushes a multiprocessing queue into its pipe")
    return "; ".join(held)


def _others() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
