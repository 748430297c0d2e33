"""Small items through a queue, 2 producers to 2 consumers: ours beside multiprocessing.Queue, in one run.

Prints items a second of both and the ratio. Each side runs the same processes and the same loop, turn and turn about.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from supervisor.channels import Queue

MAKERS: dict[str, Callable[[Any, int], Any]] = {
    "ours": lambda _, maxsize: Queue(maxsize),
    "theirs": lambda context, maxsize: context.Queue(maxsize),
}


def produce(queue: Any, count: int, gate: Any) -> None:
    gate.wait()
    for number in range(count):
        queue.put(("item", number))


def consume(queue: Any, gate: Any) -> None:
    gate.wait()
    while queue.get() is not None:
        pass


def items_per_s(side: str, items: int, workers: int, maxsize: int) -> float:
    """One round: from the start of the first put to the last consumer's end."""
    context = multiprocessing.get_context("fork")
    queue = MAKERS[side](context, maxsize)
    gate = context.Event()
    producers = [context.Process(target=produce, args=(queue, items // workers, gate)) for _ in range(workers)]
    consumers = [context.Process(target=consume, args=(queue, gate)) for _ in range(workers)]
    for process in (*producers, *consumers):
        process.start()
    begun = time.perf_counter()
    gate.set()
    for process in producers:
        process.join()
    for _ in consumers:
        queue.put(None)
    for process in consumers:
        process.join()
    took_s = time.perf_counter() - begun
    queue.close()
    return items / took_s


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="channels", description=__doc__)
    parser.add_argument("--items", type=int, default=200_000, help="items in one round")
    parser.add_argument("--workers", type=int, default=2, help="producers, and as many consumers")
    parser.add_argument("--maxsize", type=int, default=0, help="the queues' maxsize; 0 for none")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each side, in turn; their median counts")
    options = parser.parse_args(argv)
    rates: dict[str, list[float]] = {side: [] for side in MAKERS}
    for _ in range(options.rounds):
        for side in MAKERS:
            rates[side].append(items_per_s(side, options.items, options.workers, options.maxsize))
    ours, theirs = (median(rates[side]) for side in MAKERS)
    shape = f"{options.workers} producers, {options.workers} consumers, maxsize {options.maxsize}"
    print(f"queue, small items, {shape}: median of {options.rounds}, {options.items:,} items each")
    print(f"  supervisor.channels.Queue  {ours:>10,.0f} items/s")
    print(f"  multiprocessing.Queue      {theirs:>10,.0f} items/s")
    print(f"  ratio                      {ours / theirs:>10.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
