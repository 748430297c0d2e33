"""Rates from successive looks at a process table that the test writes itself."""

from __future__ import annotations

from supervisor.diagnose.metrics import Sampler
from supervisor.proctable import ProcessEntry


def entry(pid: int, parent_pid: int, cpu_s: float, *, start: int = 1, state: str = "S") -> ProcessEntry:
    return ProcessEntry(pid, parent_pid, pid, state, cpu_s, 1000, start, "x")


def table(*entries: ProcessEntry) -> dict[int, ProcessEntry]:
    return {entry.pid: entry for entry in entries}


def test_tree_counts_whole() -> None:
    """CPU and memory are the tree's; the first look has no rate."""
    sampler = Sampler()
    first = sampler.sample([10], table(entry(10, 1, 5.0), entry(11, 10, 1.0)), 100.0)
    assert first[10].cpu_percent == 0.0
    second = sampler.sample([10], table(entry(10, 1, 5.5), entry(11, 10, 1.5)), 102.0)
    assert second[10].cpu_percent == 50.0
    assert second[10].cpu_percents == {10: 25.0, 11: 25.0}
    assert second[10].rss_bytes == 2000


def test_new_child_counts_from_its_start_and_reused_pid_is_another_process() -> None:
    """A pid alone is no identity."""
    sampler = Sampler()
    sampler.sample([10], table(entry(10, 1, 5.0), entry(11, 10, 9.0)), 100.0)
    later = sampler.sample([10], table(entry(10, 1, 5.0), entry(11, 10, 0.25, start=2)), 101.0)
    assert later[10].cpu_percent == 25.0


def test_gone_root_is_left_out_and_zombie_does_not_count() -> None:
    """Metrics never invent a process."""
    samples = Sampler().sample([10, 20], table(entry(20, 1, 1.0, state="Z")), 100.0)
    assert samples == {}
