"""Who is still there after a stop: six kinds of process trees under each supervisor, and what is left of each."""

from __future__ import annotations

import os
import signal
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

from scripts.bench_parts import cases, engines, fleets, report

KILLED_GRACE_S = 3.0
"""How long the processes of a killed supervisor may go on."""
CLEAN_UP_S = 5.0


def marked(mark: str) -> list[int]:
    """The processes with `mark` among their arguments, but for zombies, supervisors and their front ends."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with suppress(OSError):
                words = Path("/proc", name, "cmdline").read_bytes().split(b"\0")
                if mark.encode() in words:
                    found.append(int(name))
    return found


def left_by(peer: fleets.Peer, case: str, folder: Path) -> str:
    """How many processes of `case` are left after the end of its supervisor; they are killed then."""
    folder.mkdir()
    mark = uuid.uuid4().hex
    words = [sys.executable, "-S", "-E", cases.__file__, case, mark]
    running = peer.start(folder, {"w": words})
    wanted = cases.PROCESSES.get(case, 2)
    try:
        engines.wait_for(lambda: len(marked(mark)) >= wanted, f"the processes of {case!r} under {peer.name}")
        time.sleep(1.0)  # the signal handlers, and a look of those who look at trees
        if case == "engine killed":
            os.kill(running.pid, signal.SIGKILL)
            has_ended = True
        else:
            has_ended = running.stop()
        deadline_s = time.monotonic() + KILLED_GRACE_S
        while marked(mark) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        left = len(marked(mark))
    finally:
        with suppress(OSError):
            running.stop()
        clean_up(mark)
    return f"{left}" if has_ended else f"{left}, hung"


def clean_up(mark: str) -> None:
    deadline_s = time.monotonic() + CLEAN_UP_S
    while (pids := marked(mark)) and time.monotonic() < deadline_s:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def report_all(folder: Path, *, with_peers: bool) -> None:
    """Try every case under everybody."""
    rows = []
    for place, peer in enumerate((fleets.Ours(), *(fleets.peers() if with_peers else ()))):
        left = [left_by(peer, case, folder / f"case{place}-{number}") for number, case in enumerate(cases.CASES)]
        rows.append([peer.name, *left, "0 in each" if place == 0 else ""])
    print(f"survivors: processes left {KILLED_GRACE_S:g} s after the end of their supervisor, or after its SIGKILL")
    report.print_table(("supervisor", *cases.CASES, "target"), rows)
