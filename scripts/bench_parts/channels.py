"""Queues beside multiprocessing's, in one run, turn and turn about: small items, latency, 8 MB arrays, memory.

Small items and arrays: medians of the rounds, and the CPU time that one item costs on both sides together, which tells
more than items a second on a busy machine. Latency: from before the put to after the get, of items that come singly.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from scripts.bench_parts.report import print_table, times
from supervisor.channels import Queue

OURS, THEIRS = "supervisor.channels.Queue", "multiprocessing.Queue"
MAKERS: dict[str, Callable[[Any, int], Any]] = {
    OURS: lambda _, maxsize: Queue(maxsize),
    THEIRS: lambda context, maxsize: context.Queue(maxsize),
}
ARRAY_BYTES = 8_000_000


def produce(queue: Any, count: int, gate: Any) -> None:
    gate.wait()
    for number in range(count):
        queue.put(("item", number))


def produce_arrays(queue: Any, count: int, gate: Any) -> None:
    import numpy as np  # type: ignore[import-not-found,unused-ignore]

    array = np.zeros(ARRAY_BYTES // 8)
    gate.wait()
    for _ in range(count):
        queue.put(array)


def consume(queue: Any, gate: Any) -> None:
    gate.wait()
    while queue.get() is not None:
        pass


def round_of(side: str, target: Callable[..., None], items: int, workers: int, maxsize: int) -> tuple[float, float]:
    """One round, from the first put to the last consumer's end: items a second, microseconds of CPU an item."""
    context = multiprocessing.get_context("fork")
    queue = MAKERS[side](context, maxsize)
    gate = context.Event()
    producers = [context.Process(target=target, args=(queue, items // workers, gate)) for _ in range(workers)]
    consumers = [context.Process(target=consume, args=(queue, gate)) for _ in range(workers)]
    for process in (*producers, *consumers):
        process.start()
    cpu_s, begun = children_cpu_s(), time.perf_counter()
    gate.set()
    for process in producers:
        process.join()
    for _ in consumers:
        queue.put(None)
    for process in consumers:
        process.join()
    took_s = time.perf_counter() - begun
    queue.close()
    return items / took_s, (children_cpu_s() - cpu_s) / items * 1e6


def children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(name: str, target: Callable[..., None], items: int, workers: int, maxsize: int, rounds: int) -> list[str]:
    """A row of the table."""
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in MAKERS}
    for _ in range(rounds):
        for side in MAKERS:
            found[side].append(round_of(side, target, items, workers, maxsize))
    rates = {side: median(rate for rate, _ in found[side]) for side in MAKERS}
    costs = {side: median(cost for _, cost in found[side]) for side in MAKERS}
    return [
        name,
        *(f"{rates[side]:,.0f}" for side in MAKERS),
        times(rates[OURS], rates[THEIRS]),
        *(f"{costs[side]:,.1f}" for side in MAKERS),
    ]


def stamp(queue: Any, count: int) -> None:
    for _ in range(count):
        time.sleep(0.001)
        queue.put(time.monotonic_ns())


def latencies_us(side: str, count: int) -> list[float]:
    """How long single items take, shortest first, after some that warm up."""
    context = multiprocessing.get_context("fork")
    queue = MAKERS[side](context, 0)
    process = context.Process(target=stamp, args=(queue, count + 50))
    process.start()
    found = []
    for _ in range(count + 50):
        put_ns = queue.get()
        found.append((time.monotonic_ns() - put_ns) / 1e3)
    process.join()
    queue.close()
    return sorted(found[50:])


def latency_row(side: str, count: int) -> list[str]:
    found = latencies_us(side, count)
    return [side, f"{found[len(found) // 2]:,.0f} us", f"{found[len(found) * 99 // 100]:,.0f} us"]


def memory_kib() -> int:
    """Private memory of this process and what it shares, its part of it."""
    with open("/proc/self/smaps_rollup") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def attach(queues: list[Any], is_consumer: bool, answers: Any) -> None:
    """Use every queue once, and say what that cost this process."""
    before_kib, before_fds = memory_kib(), len(os.listdir("/proc/self/fd"))
    for queue in queues:
        if is_consumer:
            queue.get()
        else:
            queue.put(None)
    answers.send((memory_kib() - before_kib, len(os.listdir("/proc/self/fd")) - before_fds))


def memory_row(side: str, count: int) -> list[str]:
    """KiB and descriptors of a queue in its maker, in a process that puts and in one that gets."""
    context = multiprocessing.get_context("fork")
    MAKERS[side](context, 0).close()
    before_kib, before_fds = memory_kib(), len(os.listdir("/proc/self/fd"))
    queues = [MAKERS[side](context, 0) for _ in range(count)]
    figures = [(memory_kib() - before_kib, len(os.listdir("/proc/self/fd")) - before_fds)]
    for is_consumer in (False, True):
        mine, theirs = context.Pipe()
        process = context.Process(target=attach, args=(queues, is_consumer, theirs))
        process.start()
        figures.append(mine.recv())
        process.join()
    for queue in queues:
        queue.close()
    return [side, *(f"{kib / count:,.0f} KiB, {fds / count:.0f} fds" for kib, fds in figures)]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="channels", description=__doc__)
    parser.add_argument("--items", type=int, default=100_000, help="small items in one round")
    parser.add_argument("--arrays", type=int, default=100, help="8 MB arrays in one round, where numpy is installed")
    parser.add_argument("--workers", type=int, action="append", help="producers, and as many consumers; 1, 2 and 4")
    parser.add_argument("--maxsize", type=int, default=0, help="the queues' maxsize; 0 for none")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each side, in turn; their median counts")
    options = parser.parse_args(argv)
    limit = f", maxsize {options.maxsize}" if options.maxsize else ""
    rows = [
        compare(
            f"small items, {workers} to {workers}{limit}",
            produce,
            options.items,
            workers,
            options.maxsize,
            options.rounds,
        )
        for workers in options.workers or (1, 2, 4)
    ]
    if importlib.util.find_spec("numpy"):
        rows.append(compare("8 MB numpy arrays, 1 to 1", produce_arrays, options.arrays, 1, 4, options.rounds))
    print(f"queues: items a second, median of {options.rounds} rounds, and microseconds of CPU an item")
    print_table(("", "ours", "multiprocessing", "ratio", "CPU ours", "CPU theirs"), rows)
    if not importlib.util.find_spec("numpy"):
        print("  (8 MB arrays: numpy is not installed here)")
    print("\nlatency of one item, a millisecond after the last")
    print_table(("", "p50", "p99"), [latency_row(side, 2000) for side in MAKERS])
    print("\nmemory and descriptors of one queue, of 50")
    print_table(("", "its maker", "who puts", "who gets"), [memory_row(side, 50) for side in MAKERS])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
