"""Pools beside multiprocessing.Pool and concurrent.futures, in one run, turn and turn about: small tasks, a million
items, 8 MB results, the death of a member, and the four crash cases under each start method.

Overhead and big results: medians of the rounds. A crash case counts as passed when only the bad task failed, all others
have results, and the pool is used again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from statistics import median
from typing import Any

from scripts.bench_parts.report import p95, print_table, times
from supervisor.pools import MemberDied, Pool, PoolError

OURS, STANDARD, FUTURES = "supervisor.pools", "multiprocessing.Pool", "concurrent.futures"
MEMBERS = 2
RESULT_BYTES = 8_000_000
PATIENCE_S = 60.0
SURELY_ITS_OWN_S = 0.05
BETWEEN_DEATHS_S = 1.5
METHODS = ("fork", "forkserver", "spawn")


def same(item: Any) -> Any:
    return item


def array_of(byte_count: int) -> Any:
    import numpy as np  # type: ignore[import-not-found,unused-ignore]

    return np.ones(byte_count // 8)


def bytes_of(byte_count: int) -> bytes:
    return bytes(byte_count)


def make(side: str, method: str = "fork") -> Any:
    """A pool of one side, its members there and warm."""
    context = multiprocessing.get_context(method)
    if side == FUTURES:
        pool: Any = ProcessPoolExecutor(MEMBERS, mp_context=context)
        list(pool.map(same, range(100)))
    else:
        pool = Pool(MEMBERS, context=context) if side == OURS else context.Pool(MEMBERS)
        pool.map(same, range(100), chunksize=1)
    return pool


def task_us(pool: Any, items: Sequence[int], chunksize: int | None) -> float:
    """Microseconds for each of some tasks that do nothing."""
    begun = time.perf_counter()
    if isinstance(pool, ProcessPoolExecutor):
        for _ in pool.map(same, items, chunksize=chunksize or 1):
            pass
    else:
        pool.map(same, items, chunksize)
    return (time.perf_counter() - begun) / len(items) * 1e6


def compare_overhead(count: int, rounds: int) -> None:
    """Tables of chunk 1 and of auto; futures have no auto and stand with the standard pool's size.

    A range travels as one in our pool, so a list is measured as well.
    """
    pools = {side: make(side) for side in (OURS, STANDARD, FUTURES)}
    rows = []
    many = count * 20
    auto_size = -(-many // (4 * MEMBERS))
    for name, items, chunk, futures_chunk in (
        ("chunksize 1", range(count), 1, 1),
        ("chunksize auto", range(many), None, auto_size),
        ("auto, of a list", list(range(many)), None, auto_size),
    ):
        found: dict[str, list[float]] = {side: [] for side in pools}
        for _ in range(rounds):
            for side, pool in pools.items():
                found[side].append(task_us(pool, items, futures_chunk if side == FUTURES else chunk))
        cost = {side: median(values) for side, values in found.items()}
        shares = (f"{cost[OURS] / cost[STANDARD]:.2f}x", f"{cost[OURS] / cost[FUTURES]:.2f}x")
        rows.append([name, *(f"{cost[side]:,.2f} us" for side in pools), *shares])
    for pool in pools.values():
        end(pool)
    print(f"overhead of a task: medians of {rounds} rounds of {count:,} tasks ({many:,} at auto)")
    print_table(["", *pools, "of standard", "of futures"], rows)


def end(pool: Any) -> None:
    if isinstance(pool, ProcessPoolExecutor):
        pool.shutdown()
    else:
        pool.terminate()
        pool.join()


# --- a million items ---


def memory_mb() -> float:
    with open("/proc/self/statm") as words:
        return int(words.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def count_through(side: str, count: int, chunksize: int) -> tuple[float, float]:
    """Items a second through imap_unordered, and by how many MB this process grew on the way at most."""
    pool = make(side)
    before_mb = most_mb = memory_mb()
    begun = time.perf_counter()
    total = 0
    for seen, item in enumerate(pool.imap_unordered(same, iter(range(count)), chunksize)):
        total += item
        if not seen % 5000:
            most_mb = max(most_mb, memory_mb())
    took_s = time.perf_counter() - begun
    end(pool)
    if total != count * (count - 1) // 2:
        raise AssertionError(f"{side} lost or doubled items")
    return count / took_s, most_mb - before_mb


def compare_streams(count: int) -> None:
    rows = []
    for chunksize, items in ((1, count), (100, count)):
        for side in (OURS, STANDARD):
            rate, grown_mb = count_through(side, items, chunksize)
            rows.append([side, f"{items:,}", f"{chunksize}", f"{rate:,.0f}/s", f"{grown_mb:,.1f} MB"])
    print("imap_unordered of a generator; concurrent.futures has nothing like it")
    print_table(["", "items", "chunksize", "rate", "grows by"], rows)


# --- big results ---


def result_ms(pool: Any, make_result: Callable[[int], Any], count: int) -> float:
    """Milliseconds for each big result, which is dropped when the next one comes."""
    begun = time.perf_counter()
    waiting: list[Any] = [
        pool.submit(make_result, RESULT_BYTES)
        if isinstance(pool, ProcessPoolExecutor)
        else pool.apply_async(make_result, (RESULT_BYTES,))
        for _ in range(count)
    ]
    for one in waiting[::-1]:
        waiting.pop(0)
        got = one.result() if isinstance(pool, ProcessPoolExecutor) else one.get()
        del got
    return (time.perf_counter() - begun) / count * 1e3


def compare_big(count: int, rounds: int) -> None:
    array_of(8)  # nobody's first result pays for the import
    pools = {side: make(side) for side in (OURS, STANDARD, FUTURES)}
    rows = []
    for name, function in (("numpy arrays", array_of), ("bytes", bytes_of)):
        found: dict[str, list[float]] = {side: [] for side in pools}
        for _ in range(rounds):
            for side, pool in pools.items():
                found[side].append(result_ms(pool, function, count))
        cost = {side: median(values) for side, values in found.items()}
        rows.append([name, *(f"{cost[side]:,.2f} ms" for side in pools), times(cost[STANDARD], cost[OURS])])
    for pool in pools.values():
        end(pool)
    print(f"results of 8 MB: medians of {rounds} rounds of {count}")
    print_table(["", *pools, "quicker than standard"], rows)


# --- deaths ---


def recoveries_ms(method: str, rounds: int) -> list[float]:
    """From a SIGKILL to a busy member until a task that was put after it is done by its successor, alone in its pool.

    The only member is killed, so that nobody else can do the task. A pool is left alone for a while before that, as
    between any two deaths but those of a storm.
    """
    found = []
    with Pool(1, context=multiprocessing.get_context(method)) as pool:
        for _ in range(rounds):
            pool.apply(same, (1,))
            time.sleep(BETWEEN_DEATHS_S)
            doomed = pool.apply_async(time.sleep, (PATIENCE_S,))
            pid = busy_member(pool)
            begun = time.perf_counter()
            os.kill(pid, signal.SIGKILL)
            pool.apply_async(same, (2,)).get(PATIENCE_S)
            found.append((time.perf_counter() - begun) * 1e3)
            doomed.wait(PATIENCE_S)
    return found


def busy_member(pool: Pool) -> int:
    """Who has the long task in hand, and not the end of the one before it."""
    while True:
        for member in pool.progress().members:
            if member.task_s > SURELY_ITS_OWN_S:
                return member.pid
        time.sleep(0.001)


def compare_recovery(rounds: int) -> None:
    rows = []
    for method in METHODS:
        found = recoveries_ms(method, rounds)
        rows.append([method, f"{median(found):.1f} ms", f"{p95(found):.1f} ms"])
    print(f"recovery from the SIGKILL of the only member, {rounds} rounds; the standard Pool waits for ever")
    print_table(["", "median", "p95"], rows)


# --- the four crash cases ---


class Awkward(Exception):
    """Pickles, and cannot be rebuilt: its second argument is lost."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


def die_at_five(item: int) -> int:
    if item == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def hang_at_five(item: int) -> int:
    if item == 5:
        time.sleep(PATIENCE_S * 10)
    return item


def be_awkward_at_five(item: int) -> int:
    if item == 5:
        raise Awkward("a", "b")
    return item


def only_the_fifth(pool: Pool, function: Callable[[int], int], kind: type[Exception], **options: Any) -> bool:
    result = pool.map_async(function, range(12), 3, **options)
    result.wait(PATIENCE_S)
    others = all(value == item for item, value in enumerate(result._results) if item != 5)
    return result.ready() and list(result.errors) == [5] and isinstance(result.errors[5], kind) and others


def killed_in_task(pool: Pool) -> bool:
    return only_the_fifth(pool, die_at_five, MemberDied)


def killed_idle(pool: Pool) -> bool:
    os.kill(pool.progress().members[0].pid, signal.SIGKILL)
    return bool(pool.map_async(same, range(12), 3).get(PATIENCE_S) == list(range(12)))


def hanging(pool: Pool) -> bool:
    return only_the_fifth(pool, hang_at_five, PoolError, timeout=0.2)


def awkward(pool: Pool) -> bool:
    return only_the_fifth(pool, be_awkward_at_five, PoolError)


CASES: dict[str, Callable[[Pool], bool]] = {
    "killed in a task": killed_in_task,
    "killed while idle": killed_idle,
    "a task hangs": hanging,
    "an exception that cannot be unpickled": awkward,
}


def passes(method: str, case: Callable[[Pool], bool]) -> bool:
    with Pool(MEMBERS, context=multiprocessing.get_context(method)) as pool:
        pool.map(same, range(4), 1)
        return case(pool) and bool(pool.map_async(same, range(6), 1).get(PATIENCE_S) == list(range(6)))


def crash_rows(rounds: int) -> Iterator[list[str]]:
    for name, case in CASES.items():
        cells = [f"{sum(passes(method, case) for _ in range(rounds))} of {rounds}" for method in METHODS]
        yield [name, *cells]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="pools", description=__doc__)
    parser.add_argument("--tasks", type=int, default=5_000, help="tasks in a round of the overhead at chunksize 1")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each side, in turn; the median counts")
    parser.add_argument("--stream", type=int, default=1_000_000, help="items through imap_unordered")
    parser.add_argument("--crashes", type=int, default=20, help="rounds of each crash case, and of recoveries")
    parser.add_argument("--only", choices=["overhead", "stream", "big", "recovery", "crashes"], help="one table")
    options = parser.parse_args(argv)
    tables: dict[str, Callable[[], None]] = {
        "overhead": lambda: compare_overhead(options.tasks, options.rounds),
        "big": lambda: compare_big(20, options.rounds),
        "recovery": lambda: compare_recovery(options.crashes),
        "crashes": lambda: print_crashes(options.crashes),
        "stream": lambda: compare_streams(options.stream),
    }
    for table in [options.only] if options.only else tables:
        tables[table]()
        print(flush=True)
    return 0


def print_crashes(rounds: int) -> None:
    print("crash cases: only the bad task fails, all others and a reuse succeed")
    print_table(["", *METHODS], list(crash_rows(rounds)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
