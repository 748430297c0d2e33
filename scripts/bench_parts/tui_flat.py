"""That the dashboard does not grow: 10,000 changes of the focus, and an hour of updates by a virtual clock.

In this process, without a terminal: what is measured is memory and widgets, which need neither. All timers of the
dashboard come as they would in that hour; only the waiting in between is left out.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.widget import Widget

from scripts.bench_parts import engines, idle, report
from scripts.bench_parts.hasty import run_hastily
from supervisor.api.messages import Fleet, LogState, ReplicaRow
from tests.tui.fakes import NOW_S, FakeLink, census, replica, store, stored_line
from tui.app import prepare_textual

WORKERS = 100
UPDATES_A_SECOND = 4
CHANGES_A_SECOND = 20
SETTLING_S = 0.5
MIB = 2**20
MOST_GROWTH_MIB = 2.0
"""More than a heap's own breathing is growth."""

Step = Callable[[int], Awaitable[None]]


def measure(changes: int, hours: float) -> list[str]:
    """Measure and print; what does not hold, in words."""
    prepare_textual()
    with engines.place() as folder:
        return run_hastily(_measure(folder / "log", changes, int(hours * 3600 * UPDATES_A_SECOND)))


async def _measure(log: Path, changes: int, updates: int) -> list[str]:
    from tui.dashboard import Dashboard

    link = FakeLink(_fleet(0, log))
    dashboard = Dashboard(link, "census", clock=link.clock)
    async with dashboard.run_test(size=(160, 45)):
        await asyncio.sleep(SETTLING_S)

        async def change_focus(_: int) -> None:
            dashboard.screen.focus_next()
            link.clock.now_s += 1 / CHANGES_A_SECOND
            await asyncio.sleep(1 / CHANGES_A_SECOND)

        async def update(number: int) -> None:
            link.clock.now_s += 1 / UPDATES_A_SECOND
            store(log, [stored_line(f"line {number}", worker=f"w.{number % WORKERS}", second=number)])
            link.hear(_fleet(number, log))
            await asyncio.sleep(1 / UPDATES_A_SECOND)

        print(f"flat: {WORKERS} workers, in this process, without a terminal")
        missed: list[str] = []
        rows = [
            await _watched(f"{changes:,} changes of the focus", changes, change_focus, missed),
            await _watched(f"{updates:,} updates, {updates / UPDATES_A_SECOND / 60:.0f} min", updates, update, missed),
        ]
        report.print_table(("", "widgets before", "after", "asked", "Rss before", "more", "asked", "CPU"), rows)
        return missed


async def _watched(what: str, times: int, step: Step, missed: list[str]) -> list[str]:
    """Take so many steps; widgets and memory after the first tenth of them, and after all. Caches fill in the first."""
    begun_s = time.process_time()
    for number in range(times // 10):
        await step(number)
    await asyncio.sleep(SETTLING_S)
    widgets, rss = _widgets(), idle.memory_bytes(os.getpid(), "Rss") / MIB
    for number in range(times // 10, times):
        await step(number)
    await asyncio.sleep(SETTLING_S)
    after, more = _widgets(), idle.memory_bytes(os.getpid(), "Rss") / MIB - rss
    if after != widgets:
        missed.append(f"{what}: {after} live widgets, {widgets} before")
    if more > MOST_GROWTH_MIB:
        missed.append(f"{what}: {more:.1f} MiB more, asked for <= {MOST_GROWTH_MIB:g} MiB")
    asked = f"<= {MOST_GROWTH_MIB:g} MiB"
    spent = f"{time.process_time() - begun_s:.0f} s"
    return [what, str(widgets), str(after), str(widgets), f"{rss:.1f} MiB", f"{more:+.2f} MiB", asked, spent]


def _widgets() -> int:
    """How many widgets there are, on a screen or not."""
    gc.unfreeze()
    gc.collect()
    found = sum(isinstance(each, Widget) for each in gc.get_objects())
    gc.freeze()
    return found


def _fleet(number: int, log: Path) -> Fleet:
    """The fleet at one update: every tenth replica does something else than before."""
    rows = tuple(_row(index, number - (number - index) % 10) for index in range(WORKERS))
    now_s = NOW_S + number / UPDATES_A_SECOND
    return census(rows=rows, now_s=now_s, log=LogState(directory=str(log), records=number))


def _row(index: int, changed: int) -> ReplicaRow:
    """One replica as it was when it changed last."""
    return replica(f"w.{index + 1}", activity=f"item {changed}", cpu_percent=float(changed % 100))
