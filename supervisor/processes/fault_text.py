"""Reads the text that `faulthandler` writes, of CPython 3.11 and later, into a dump. Pure.

::

    Thread 0x00007f3c5d7fa6c0 (most recent call first):        from 3.14 on with [a name] before the bracket
      File "/usr/lib/python3.11/threading.py", line 324 in wait
      <no Python frame>
    Current thread 0x00007f3c5e9fb740 (most recent call first):
"""

from __future__ import annotations

import re
from typing import Final

from supervisor.diagnose.evidence import Dump, Frame, StackThread

_THREAD: Final = re.compile(r"^(?:Current thread|Thread) 0x([0-9a-fA-F]+)(?: \[(.*)\])? \(most recent call first\):$")
_FRAME: Final = re.compile(r'^  File (?:"(.*)"|(\?\?\?)), line (\d+|\?\?\?) in (.*)$')
_BOGUS_FILE: Final = "__init__"
"""What it sometimes takes for a file when it reads a frame in the making."""


def parse(text: str, pid: int, *, at_s: float) -> Dump:
    """The dump that `text` is.

    Args:
        at_s: monotonic, when it was asked for.
    """
    threads: list[tuple[int, str, list[Frame]]] = []
    notes: list[str] = []
    for line in text.splitlines():
        head = _THREAD.match(line)
        if head is not None:
            threads.append((int(head[1], 16), head[2] or "", []))
            continue
        frame = _FRAME.match(line)
        if frame is not None and threads:
            if frame[1] != _BOGUS_FILE:
                threads[-1][2].append(_frame(frame[1] or "???", frame[3], frame[4]))
        elif line.strip() == "...":
            notes.append("cut to 100 frames a thread and 100 threads")
        elif line.strip() == "Garbage-collecting":
            notes.append("the current thread collects garbage")
    # The newest thread comes first: the main thread is the last, unless there were too many.
    is_whole = not text.rstrip().endswith("\n...")
    return Dump(
        pid=pid,
        python="",
        at_s=at_s,
        threads=tuple(
            StackThread(
                ident=ident,
                native_id=0,
                name=name,
                is_main=is_whole and number == len(threads) - 1,
                frames=tuple(frames),
            )
            for number, (ident, name, frames) in enumerate(threads)
        ),
        notes=tuple(dict.fromkeys(notes)),
        source="faulthandler",
    )


def _frame(file: str, line: str, function: str) -> Frame:
    return Frame(file, int(line) if line.isdigit() else 0, function)
