"""What looks like a hang and is none: programs at rest, at work, or waiting for something that will come.

They are the other half of the hang lab: whatever the limits, procdeck says nothing about them.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import queue
import signal
import socketserver
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import forkserver, resource_tracker
from multiprocessing.synchronize import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

    from supervisor import Context
    from supervisor import Queue as OurQueue

multiprocessing.set_start_method(os.environ.get("HANGLAB_METHOD", "forkserver"), force=True)


def rest() -> None:
    """Sleep half a minute, again and again."""
    while True:
        time.sleep(30)


# -- at rest --------------------------------------------------------------------------------------------------------


def pool() -> None:
    """A pool without a task: one member waits for the next, the other for the first one's turn to end."""
    with multiprocessing.Pool(2) as members:
        members.map(abs, range(10))
        rest()


def executor() -> None:
    """The same of `concurrent.futures`."""
    with ProcessPoolExecutor(2) as members:
        list(members.map(abs, range(10)))
        rest()


def helpers() -> None:
    """The processes that multiprocessing starts for itself: fork server and resource tracker."""
    forkserver.ensure_running()
    resource_tracker.ensure_running()
    rest()


def manager() -> None:
    """A manager that nobody asks."""
    with multiprocessing.Manager() as server:
        stock = server.dict(apples=3)
        stock["apples"] += 1
        rest()


def socket_server() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        server.serve_forever()


def asyncio_server() -> None:
    asyncio.run(serve())


def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def serve() -> None:
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        await server.serve_forever()


def threads() -> None:
    """Threads that wait for tasks: a pool's, and one with a queue of its own."""
    tasks: queue.Queue[int] = queue.Queue()
    threading.Thread(target=tasks.get, name="taker", daemon=True).start()
    with ThreadPoolExecutor(2) as pool:
        pool.submit(abs, -1).result()
        rest()


def paused() -> None:
    while True:
        signal.pause()


# -- waiting for something that will come ---------------------------------------------------------------------------


def readers() -> None:
    """Two readers of an empty queue whose writer lives: both wait, one for an item and one for its turn."""
    jobs: Queue[int] = multiprocessing.Queue()
    for _ in range(2):
        multiprocessing.Process(target=consume, args=(jobs,), daemon=True).start()
    while True:
        time.sleep(30)
        jobs.put(1)


def consume(jobs: Queue[int]) -> None:
    while True:
        jobs.get()


def polling() -> None:
    """`get(timeout=...)` on a queue that stays empty."""
    jobs: Queue[int] = multiprocessing.Queue()
    while True:
        try:
            jobs.get(timeout=0.5)
        except queue.Empty:
            continue


def ticking() -> None:
    """A child that waits for an event with a timeout, and does a little in between."""
    is_over = multiprocessing.Event()
    child = multiprocessing.Process(target=tick, args=(is_over,), daemon=True)
    child.start()
    child.join()


def tick(is_over: Event) -> None:
    while not is_over.wait(0.2):
        pass


# -- waiting for one who works --------------------------------------------------------------------------------------


def pool_at_work() -> None:
    """`map` does not return for long, and its members are busy."""
    with multiprocessing.Pool(2) as members:
        members.map(work, range(2))


def work(number: int) -> None:
    while True:
        sum(range(100_000 + number))
        time.sleep(0.1)


def join_at_work() -> None:
    """`join` of a child that works."""
    child = multiprocessing.Process(target=work, args=(1,), daemon=True)
    child.start()
    child.join()


# -- procdeck's own channels ----------------------------------------------------------------------------------------


def write_seldom(out: OurQueue, ctx: Context) -> None:
    """A writer that has an item twice a minute."""
    while not ctx.stopping.wait(30):
        out.put("an item")


def read(inbox: OurQueue) -> None:
    for item in inbox:
        print(item)
