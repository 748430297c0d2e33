"""How fast log records of four workers get into a file: procdeck's lanes, and the standard library beside it.

Every way runs in the same run, in turn, on the same machine; the figures are medians over the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import logging
import logging.handlers
import multiprocessing
import os
import resource
import select
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.bench_parts import engines, log_losses, log_peers, log_steps, log_store, log_storm
from supervisor.agent import records
from supervisor.heap import use_again
from supervisor.logs.intake import Intake
from supervisor.logs.lanes import Lane, Stream
from supervisor.logs.record import time_text
from supervisor.logs.segments import SegmentWriter

PIPE_BYTES = 1024 * 1024
READ_BYTES = 64 * 1024
TURN_S = 0.005
"""Between two turns the reader sleeps, so that it wakes for many records at once and not for each of them."""
MESSAGE = "parsed file number %d of the census in %.1f ms"


@dataclass(frozen=True)
class Result:
    """One way, one round: CPU seconds of the collecting process, and of the workers together."""

    lines: int
    wall_s: float
    reader_cpu_s: float
    workers_cpu_s: float

    @property
    def rate(self) -> float:
        """Lines a second, from the first call to the last line in the file."""
        return self.lines / self.wall_s

    def cpu_us(self, seconds: float) -> float:
        """CPU seconds of all lines as microseconds of each."""
        return seconds / self.lines * 1e6


def log_many(count: int) -> None:
    """What every worker does: plain `logging` calls."""
    logger = logging.getLogger("census")
    for number in range(count):
        logger.info(MESSAGE, number, number / 7)


def start(work: Callable[[], None]) -> int:
    """Fork a worker that does `work` and leaves; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException as error:
        os.write(2, f"worker failed: {error!r}\n".encode())
    finally:
        os._exit(0)


def wait_all(pids: list[int]) -> float:
    """Reap the workers; the CPU seconds that they spent."""
    usages = [os.wait4(pid, 0)[2] for pid in pids]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def children_cpu_s() -> float:
    """CPU seconds of all children that have been reaped."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


Drain = Callable[[dict[int, Lane], SegmentWriter], None]


def run_lanes(
    stream: Stream, work: Callable[[int], None], workers: int, directory: Path, drain: Drain | None = None
) -> Result:
    """A pipe for each worker and one reader: the engine's own intake unless `drain` is another."""
    lanes: dict[int, Lane] = {}
    pids = []
    gate_reading, gate_writing = os.pipe()
    for number in range(workers):
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

        def task(writing: int = writing) -> None:
            os.close(gate_writing)
            os.read(gate_reading, 1)
            work(writing)

        pids.append(start(task))
        os.close(writing)
        lanes[reading] = Lane(f"parse.{number + 1}", 1, stream)
    os.close(gate_reading)
    writer = SegmentWriter(directory)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    os.close(gate_writing)
    (drain or drain_as_the_engine_does)(lanes, writer)
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    writer.close()
    return Result(writer.records, wall_s, cpu_s, wait_all(pids))


def drain_as_the_engine_does(lanes: dict[int, Lane], writer: SegmentWriter) -> None:
    """Read all lanes to their ends with the `Intake` that the engine uses, in an asyncio loop."""
    with asyncio.Runner() as runner:
        runner.run(_drain_with_intake(lanes, writer))


async def _drain_with_intake(lanes: dict[int, Lane], writer: SegmentWriter) -> None:
    ended = asyncio.Event()
    intake = Intake(asyncio.get_running_loop(), writer)
    readers = []
    for descriptor, lane in lanes.items():
        os.set_blocking(descriptor, False)
        readers.append(intake.open_lane(descriptor, lane))

    def when_closed() -> None:
        if not any(reader.is_open for reader in readers):
            ended.set()

    for reader in readers:
        reader.when_closed = when_closed
    await ended.wait()
    intake.flush()


def drain_in_turns(lanes: dict[int, Lane], writer: SegmentWriter) -> None:
    """Read all lanes to their ends, one read each in turn, with a rest between turns: what pacing would give."""
    poll = select.epoll()
    for descriptor in lanes:
        poll.register(descriptor, select.EPOLLIN)
    while lanes:
        now = time_text(time.time())
        blocks, longest = [], 0
        for descriptor, _ in poll.poll():
            chunk = os.read(descriptor, READ_BYTES)
            longest = max(longest, len(chunk))
            if chunk:
                blocks.append(lanes[descriptor].feed(chunk, now))
            else:
                blocks.append(lanes.pop(descriptor).close(now))
                poll.unregister(descriptor)
                os.close(descriptor)
        writer.append(blocks)
        if longest < READ_BYTES:
            time.sleep(TURN_S)
    poll.close()


def through_lanes(workers: int, count: int, directory: Path) -> Result:
    """`logging` → LaneHandler → pipe → Lane → SegmentWriter."""

    def work(descriptor: int) -> None:
        records.install(descriptor, "INFO")
        log_many(count)

    return run_lanes("log", work, workers, directory)


def through_paced_lanes(workers: int, count: int, directory: Path) -> Result:
    """The same with a reader that rests between turns."""

    def work(descriptor: int) -> None:
        records.install(descriptor, "INFO")
        log_many(count)

    return run_lanes("log", work, workers, directory, drain_in_turns)


def through_stdout(workers: int, count: int, directory: Path) -> Result:
    """Lines as ``print`` makes them → pipe → Lane → SegmentWriter."""

    def work(descriptor: int) -> None:
        with open(descriptor, "w", encoding="utf-8") as out:
            out.writelines(f"parsed file number {n} of the census in {n / 7:.1f} ms\n" for n in range(count))

    return run_lanes("stdout", work, workers, directory)


def through_flood(workers: int, count: int, directory: Path) -> Result:
    """Prepared blocks of lines, as fast as the pipe takes them: what the engine's side can do."""
    line = b'2026-11-22 13:31:26,123 INFO census: parsed "ast.py" in 12.3 ms, 41 functions, 7 classes\n'
    block = line * (READ_BYTES // len(line))

    def work(descriptor: int) -> None:
        for _ in range(max(count * len(line) // len(block), 1)):
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(descriptor, rest) :]

    return run_lanes("stdout", work, workers, directory)


def through_queue(workers: int, count: int, directory: Path) -> Result:
    """The standard library's recipe: QueueHandler → multiprocessing.Queue → one reader with a FileHandler."""
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[logging.LogRecord | None] = context.Queue()
    gate = context.Event()

    def work() -> None:
        root = logging.getLogger()
        root.handlers = [logging.handlers.QueueHandler(queue)]
        root.setLevel(logging.INFO)
        gate.wait()
        log_many(count)
        queue.put(None)

    processes = [context.Process(target=work) for _ in range(workers)]
    for process in processes:
        process.start()
    handler = file_handler(directory / "queue.log")
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    gate.set()
    lines, running = 0, workers
    while running:
        record = queue.get()
        if record is None:
            running -= 1
        else:
            handler.handle(record)
            lines += 1
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    handler.close()
    workers_began_s = children_cpu_s()
    for process in processes:
        process.join()
    return Result(lines, wall_s, cpu_s, children_cpu_s() - workers_began_s)


def through_files(workers: int, count: int, directory: Path) -> Result:
    """A FileHandler of its own in every worker: no collecting at all."""
    gate_reading, gate_writing = os.pipe()

    def work(number: int) -> None:
        os.close(gate_writing)
        root = logging.getLogger()
        root.handlers = [file_handler(directory / f"{number}.log")]
        root.setLevel(logging.INFO)
        os.read(gate_reading, 1)
        log_many(count)

    pids = [start(lambda number=number: work(number)) for number in range(workers)]  # type: ignore[misc]
    os.close(gate_reading)
    began_s = time.perf_counter()
    os.close(gate_writing)
    workers_cpu_s = wait_all(pids)
    return Result(workers * count, time.perf_counter() - began_s, 0.0, workers_cpu_s)


def file_handler(path: Path) -> logging.FileHandler:
    """A FileHandler with what a record in a shared log needs: time, process, level, logger, place."""
    handler = logging.FileHandler(path)
    text = "%(asctime)s %(processName)s %(levelname)s %(name)s %(filename)s:%(lineno)d %(funcName)s %(message)s"
    handler.setFormatter(logging.Formatter(text))
    return handler


WAYS: dict[str, Callable[[int, int, Path], Result]] = {
    "logging → lane → segments": through_lanes,
    "QueueHandler → multiprocessing.Queue → file": through_queue,
    "logging → lane → segments, reader paced at 5 ms": through_paced_lanes,
    "FileHandler in each process (nothing collected)": through_files,
    "stdout lines of print → lane → segments": through_stdout,
    "stdout flood → lane → segments": through_flood,
}
OURS, PEER = list(WAYS)[:2]
FLOOD_FACTOR = 10


def main(argv: list[str]) -> int:
    """Measure and print; 0 when the central figure (3 times the queue) holds, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--records", type=int, default=50_000, help="by each worker")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", type=int, default=1000, metavar="MB", help="how large a store is searched")
    parser.add_argument("--storm-workers", type=int, default=100)
    parser.add_argument("--storm-rate", type=int, default=100_000, help="lines a second of all of them")
    parser.add_argument("--storm-by", choices=("print_on", "log_on"), default="print_on", help="printed, or logged")
    parser.add_argument("--minutes", type=float, default=0.5, help="how long the storm lasts")
    parser.add_argument("--only", choices=("ways", "losses", "copies", "store", "storm"), help="one of the parts")
    options = parser.parse_args(argv)
    use_again()  # as the engine does
    code = 0
    if options.only in (None, "ways"):
        code = measure_ways(options.workers, options.records, options.rounds)
    if options.only in (None, "losses"):
        measure_losses()
    if options.only in (None, "copies"):
        measure_copies(options.workers, options.records * FLOOD_FACTOR, options.rounds)
    if options.only in (None, "store") and options.store:
        with tempfile.TemporaryDirectory() as directory:
            log_store.measure(Path(directory), options.store, options.rounds)
    if options.only in (None, "storm"):
        with engines.place() as folder:
            log_storm.measure(folder, options.storm_workers, options.storm_rate, options.minutes, options.storm_by)
    return code


def measure_ways(workers: int, records_each: int, repeats: int) -> int:
    """Rates and CPU of every way; 1 where lines are missing or the central figure does not hold."""
    results: dict[str, list[Result]] = {name: [] for name in WAYS}
    for _ in range(repeats):
        for name, run in WAYS.items():
            count = records_each * (FLOOD_FACTOR if run is through_flood else 1)
            with tempfile.TemporaryDirectory() as directory:
                results[name].append(run(workers, count, Path(directory)))
    total = workers * records_each
    for name in (OURS, PEER):
        if any(result.lines != total for result in results[name]):
            print(f"{name}: lines are missing: {[result.lines for result in results[name]]} of {total}")
            return 1
    print(f"{workers} workers, {records_each:,} records each, median of {repeats} rounds")
    for name, rounds in results.items():
        rate = statistics.median(result.rate for result in rounds)
        reader_us = statistics.median(result.cpu_us(result.reader_cpu_s) for result in rounds)
        worker_us = statistics.median(result.cpu_us(result.workers_cpu_s) for result in rounds)
        print(
            f"  {name:<48} {rate:>11,.0f} lines/s  CPU a line: reader {reader_us:5.2f} µs, worker {worker_us:5.2f} µs"
        )
    ratio = statistics.median(ours.rate / peer.rate for ours, peer in zip(results[OURS], results[PEER], strict=True))
    print(f"  lanes against the queue: {ratio:.1f} times (to hold: 3)", flush=True)
    return 0 if ratio >= 3 else 1


def measure_losses() -> None:
    """What a SIGKILL right after the last call costs."""
    with tempfile.TemporaryDirectory() as directory:
        lanes = log_losses.lost_by_lane(drain_as_the_engine_does, Path(directory))
    queue = log_losses.lost_by_queue()
    print(f"lost of {log_losses.RECORDS:,} when the worker kills itself after its last call")
    print(f"  lane {lanes:,}; QueueHandler → multiprocessing.Queue {queue:,}", flush=True)


def measure_copies(workers: int, lines: int, repeats: int) -> None:
    """Printed lines into the store, beside supervisord's raw copy where `scripts/bench restart` has installed it."""
    environment = log_peers.existing_environment()
    print(f"{workers} programs that print {lines:,} lines each")
    for what in ("print", "cat"):
        ways: dict[str, Callable[[Path], tuple[int, float, float]]] = {
            "procdeck, stamped and attributed": partial(
                log_peers.through_procdeck, drain_as_the_engine_does, what, workers, lines
            )
        }
        if environment is not None:
            raw = partial(log_peers.through_supervisord, environment, what, workers, lines)
            ways["supervisord, a raw copy"] = raw
        for name, run in ways.items():
            found = []
            for _ in range(repeats):
                with tempfile.TemporaryDirectory() as folder:
                    found.append(run(Path(folder)))
            rate = statistics.median(count / took_s for count, took_s, _ in found)
            cpu_us = statistics.median(cpu_s / count * 1e6 for count, _, cpu_s in found)
            print(f"  {what + ': ' + name:<48} {rate:>11,.0f} lines/s  CPU a line {cpu_us:5.2f} µs", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        log_steps.measure(Path(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
