"""A hundred commands from the execution of their supervisor to the first act of the last, and their common end."""

from __future__ import annotations

import os
import select
import signal
import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from scripts.bench_parts import fleets, report
from scripts.bench_parts.stamps import Stamps, build

SETTLE_S = 1.0
GONE_TIMEOUT_S = 20.0
UP_TARGET, DOWN_TARGET = "<= 1.15x the best", "<= 1 s"


@dataclass
class Subject:
    """A supervisor, and what each of its rounds took."""

    peer: fleets.Peer
    up_s: list[float] = field(default_factory=list)
    """From the execution of the supervisor to the first act of the last of its processes."""
    spread_s: list[float] = field(default_factory=list)
    """From the first of its processes to the last."""
    down_s: list[float] = field(default_factory=list)
    """From the wish to stop everything to the end of the last process."""
    left: int = 0
    """Processes that were still there GONE_TIMEOUT_S after the wish, and were killed."""

    def measure(self, folder: Path, count: int) -> None:
        """One round."""
        folder.mkdir()
        program, _ = build(folder)
        stamps = Stamps(folder / "stamps.fifo")
        commands = {f"w{number}": [*program, str(stamps.fifo)] for number in range(count)}
        begun_ns = time.monotonic_ns()
        running = self.peer.start(folder, commands)
        seen = [stamps.next() for _ in range(count)]
        times_ns = [stamp.at_ns for stamp in seen]
        self.up_s.append((max(times_ns) - begun_ns) / 1e9)
        self.spread_s.append((max(times_ns) - min(times_ns)) / 1e9)
        time.sleep(SETTLE_S)
        watch = Watch([stamp.pid for stamp in seen])
        running.stop()
        took_s, left = watch.result()
        self.down_s.append(took_s)
        self.left += left
        stamps.close()


class Watch:
    """Sees the end of processes, from now on."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._begun_s = time.monotonic()
        self._left = {os.pidfd_open(pid) for pid in pids}
        self._took_s = GONE_TIMEOUT_S
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        poll = select.poll()
        for descriptor in self._left:
            poll.register(descriptor, select.POLLIN)
        while self._left and (rest_s := self._begun_s + GONE_TIMEOUT_S - time.monotonic()) > 0:
            for descriptor, _ in poll.poll(1000 * rest_s):
                poll.unregister(descriptor)
                self._left.remove(descriptor)
                os.close(descriptor)
        self._took_s = time.monotonic() - self._begun_s

    def result(self) -> tuple[float, int]:
        """Seconds to the end of the last, and how many had none in GONE_TIMEOUT_S; those are killed."""
        self._thread.join()
        for descriptor in self._left:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            os.close(descriptor)
        return self._took_s, len(self._left)


def report_all(folder: Path, count: int, rounds: int, *, with_peers: bool) -> None:
    """Measure everybody in turn, and say what came out."""
    subjects = [Subject(peer) for peer in (fleets.Ours(), *(fleets.peers() if with_peers else ()))]
    for number in range(rounds):
        for place, subject in enumerate(subjects):
            subject.measure(folder / f"up{number}-{place}", count)
    best_up_s = min((statistics.median(each.up_s) for each in subjects[1:]), default=0.0)
    best_down_s = min((statistics.median(each.down_s) for each in subjects[1:] if not each.left), default=0.0)
    print(f"{count} commands up, from the supervisor's execution, and down, from the wish; {rounds} rounds in turn")
    rows = []
    for subject in subjects:
        is_ours = subject is subjects[0]
        up_s, down_s = statistics.median(subject.up_s), statistics.median(subject.down_s)
        rows.append(
            [
                subject.peer.name,
                report.seconds(subject.up_s),
                report.seconds(subject.spread_s),
                report.times(up_s, best_up_s) if best_up_s else "",
                UP_TARGET if is_ours else "",
                report.seconds(subject.down_s),
                str(subject.left),
                report.times(down_s, best_down_s) if best_down_s else "",
                DOWN_TARGET if is_ours else "",
            ]
        )
    headings = ("supervisor", "all up", "first to last", "to best", "target", "all gone", "left", "to best", "target")
    report.print_table(headings, rows)
