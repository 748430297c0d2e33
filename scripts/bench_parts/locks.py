"""Taking and giving back a lock that nobody else wants, and one that all want: ours, multiprocessing's, a Manager's.

Prints nanoseconds of a pair of acquire and release and the ratios: the quickest of many short rounds, turn and turn
about in one run, because all that another process on the machine can do to such a round is to lengthen it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from typing import Any

from supervisor import channels

MANAGED = "Manager"
OURS = "supervisor.channels"
THEIRS = "multiprocessing"


def pairs(lock: Any, count: int) -> None:
    """The pairs to be measured; nothing but the calls."""
    acquire, release = lock.acquire, lock.release
    for _ in range(count):
        acquire()
        release()


def blocks(lock: Any, count: int) -> None:
    """The same as people write it."""
    for _ in range(count):
        with lock:
            pass


def alone_ns(loop: Callable[[Any, int], None], lock: Any, count: int) -> float:
    """Nanoseconds of one pair with nobody else there."""
    begun = time.perf_counter_ns()
    loop(lock, count)
    return (time.perf_counter_ns() - begun) / count


def contend(lock: Any, gate: Any, count: int) -> None:
    gate.wait()
    pairs(lock, count)


def contended_ns(lock: Any, workers: int, count: int) -> float:
    """Nanoseconds from one pair to the next, of any of so many processes that do nothing else."""
    context = multiprocessing.get_context("fork")
    gate = context.Event()
    processes = [context.Process(target=contend, args=(lock, gate, count // workers)) for _ in range(workers)]
    for process in processes:
        process.start()
    begun = time.perf_counter_ns()
    gate.set()
    for process in processes:
        process.join()
    return (time.perf_counter_ns() - begun) / count


def compare(title: str, measure: Callable[[str], float], sides: list[str], rounds: int) -> None:
    """Print one table, each side measured in turn."""
    seen: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            seen[side].append(measure(side))
    ours = min(seen[OURS])
    print(f"{title}: quickest of {rounds}")
    for side in sides:
        ns = min(seen[side])
        word = (
            ""
            if side == OURS
            else f"   ours takes {ours / ns:.2f} x"
            if ns < ours
            else f"   ours is {ns / ours:.0f} x faster"
        )
        print(f"  {side:<20} {ns:>12,.0f} ns{word}")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="locks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000, help="pairs in one round; a hundredth for a Manager's")
    parser.add_argument("--workers", type=int, default=4, help="processes that want the lock at a time")
    parser.add_argument("--rounds", type=int, default=40, help="rounds of each side, in turn; the quickest counts")
    options = parser.parse_args(argv)
    with multiprocessing.Manager() as manager:
        for kind in ("Lock", "RLock", "Semaphore"):
            locks = {
                OURS: getattr(channels, kind)(),
                THEIRS: getattr(multiprocessing, kind)(),
                MANAGED: getattr(manager, kind)(),
            }
            for title, loop in (("acquire() and release()", pairs), ("with lock", blocks)):

                def measure(side: str, locks: dict[str, Any] = locks, loop: Callable[[Any, int], None] = loop) -> float:
                    return alone_ns(loop, locks[side], options.pairs // (100 if side == MANAGED else 1))

                compare(f"{kind}, {title}, uncontended", measure, list(locks), options.rounds)
    makers: dict[str, Callable[[], Any]] = {OURS: channels.Lock, THEIRS: multiprocessing.Lock}
    compare(
        f"Lock, acquire() and release(), {options.workers} processes in turn",
        lambda side: contended_ns(makers[side](), options.workers, 20 * options.pairs),
        list(makers),
        5,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
