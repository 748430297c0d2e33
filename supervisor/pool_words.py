"""How the engine puts pools in words: what began, how it ended, what a start method means and costs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from supervisor.api.pools import PoolReport

START_METHOD_MEANING: Final = {
    "fork": (
        "Members are forked by a process that is forked when the pool is made, before it has any thread: they start in "
        "milliseconds, with the modules and globals of that moment, and share their memory until they write to it."
    ),
    "spawn": (
        "Members are fresh interpreters that import everything anew: the slowest start (tens of milliseconds and every "
        "import), and the cleanest: they inherit nothing."
    ),
    "forkserver": (
        "Members are forks of a small single-threaded server that has imported what the profile preloads: they start "
        "in milliseconds, inherit no locks or threads, and share the preloaded modules' memory."
    ),
    "thread": "Members are threads of one process, as in every simulation; items and results are pickled all the same.",
}


def meaning_of(start_method: str) -> str:
    """What a start method means for the members of a pool; empty for one that nobody knows."""
    return START_METHOD_MEANING.get(start_method, "")


def cost_of(report: PoolReport, held_bytes: Sequence[int] = ()) -> str:
    """What the members have cost here, by what was observed: ``a member is up after 48 ms and holds 21 MiB``.

    `held_bytes`: the resident memory of each. Empty where nothing was observed.
    """
    starts = [member.start_s for member in report.members if member.start_s is not None]
    told = []
    if starts:
        told.append(f"is up after {_milliseconds(median(starts))}")
    if held_bytes:
        told.append(f"holds {median(held_bytes) / 2**20:.0f} MiB, what it shares with others included")
    count = max(len(starts), len(held_bytes))
    return f"a member {' and '.join(told)}{f' (median of {count})' if count > 1 else ''}" if told else ""


def started(report: PoolReport) -> str:
    """What a pool has begun to do."""
    items = f" on {report.total:,} items" if report.total is not None else ""
    members = f"{report.processes} {'process' if report.processes == 1 else 'processes'}"
    method = f" ({report.start_method})" if report.start_method else ""
    skipped = f"; {report.skipped:,} were done by an earlier run" if report.skipped else ""
    return f"{report.function or 'a pool'}{items} in {members}{method}{skipped}"


def progress_of(report: PoolReport) -> tuple[int, int]:
    """Items that have an outcome, and all of them; 0 where nobody knows how many there are."""
    return report.done + report.skipped + report.failed, report.total or 0


def doing(report: PoolReport) -> str:
    """What a pool does now, in a few words: ``running, 120/s, 2 failed``."""
    rate = f"{report.rate:.0f}/s" if report.rate >= 9.95 else f"{report.rate:.1f}/s"
    words = [report.state, rate if report.rate and report.state == "running" else ""]
    return ", ".join(word for word in (*words, f"{report.failed:,} failed" if report.failed else "") if word)


def ended(report: PoolReport) -> str:
    """How a pool has ended; one that was stopped before all was done says that itself."""
    of = f" of {report.total:,}" if report.total is not None and report.state == "failed" else ""
    is_stopped = report.state == "finished" and report.error
    counts = [report.error if is_stopped else f"{report.state}, {report.done:,}{of} done"]
    counts += [f"{count:,} {word}" for count, word in ((report.failed, "failed"), (report.retried, "retried")) if count]
    text = f"{', '.join(counts)} in {report.elapsed_s:.1f} s"
    return f"{text}: {report.error}" if report.error and report.state == "failed" else text


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
