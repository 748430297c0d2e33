"""The workers of services.toml: functions that run until they are asked to stop.

``ctx.stopping.wait(seconds)`` is a sleep that ends at once, and is true, when somebody stops the worker.
"""

from __future__ import annotations

import logging
import os
import random
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from supervisor import Context, Queue

_PATHS = ("/", "/about", "/search?q=queue", "/static/logo.svg", "/api/jobs")


def web(port: int, ctx: Context) -> None:
    """Pretend to answer requests: mostly well, now and then slowly, seldom not at all."""
    access = logging.getLogger("web.access")
    access.setLevel(logging.DEBUG)
    access.info("listening on port %d", port)
    ctx.ready()
    answered = 0
    while not ctx.stopping.wait(random.uniform(0.1, 0.6)):
        path, took_ms = random.choice(_PATHS), random.expovariate(1 / 40)
        answered += 1
        ctx.heartbeat()
        ctx.progress(answered, text=path)
        if took_ms > 160:
            access.error("GET %s 503: upstream refused the connection", path)
        elif took_ms > 90:
            access.warning("GET %s 200 slow: %.0f ms", path, took_ms)
        else:
            access.debug("GET %s 200 in %.0f ms", path, took_ms)
    access.info("closed after %d requests", answered)


def produce(out: Queue, ctx: Context) -> None:
    """Make four jobs a second. `put` waits while the queue is full."""
    number = 0
    while not ctx.stopping.wait(0.25):
        number += 1
        out.put({"number": number, "size": random.randint(20_000, 200_000)})
        ctx.progress(number)


def consume(inbox: Queue, out: Queue, ctx: Context) -> None:
    """Do each job: sum the digits of many numbers, which takes a moment."""
    for done, job in enumerate(inbox, start=1):
        ctx.doing(f"job {job['number']}")
        total = sum(int(digit) for number in range(job["size"]) for digit in str(number))
        ctx.log.info("job %d: %d", job["number"], total)
        out.put((job["number"], ctx.replica, total))
        ctx.progress(done)


def archive(q: Any) -> None:
    """A worker as the standard library's documentation writes it: no Context, an endless loop around `get`."""
    while True:
        number, replica, total = q.get()
        if number % 20 == 0:
            print(f"archived job {number} of consumer {replica}: {total}")


def flaky(ctx: Context) -> None:
    """Work for a while, then fail; procdeck starts it again after a pause that grows."""
    ctx.log.info("starting, life number %d", ctx.incarnation)
    rounds = random.randint(15, 40)
    for number in range(1, rounds + 1):
        if ctx.stopping.wait(0.5):
            return
        ctx.progress(number, text="so far so good")
    _charge({"balance": 10}, amount=rounds)


def _charge(account: dict[str, int], amount: int) -> int:
    if amount > account["balance"]:
        raise ValueError(f"cannot charge {amount}: the balance is {account['balance']}")
    return account["balance"] - amount


def chatter(ctx: Context) -> None:
    """Print in several scripts; every line lands in the log pane, whatever it is made of."""
    lines = (
        os.environ.get("GREETING", "hello"),
        "Καλημέρα",
        "おはよう",
        "доброе утро",
        "\x1b[31mred?\x1b[0m [bold]no[/bold]",
    )
    count = 0
    while not ctx.stopping.wait(1.5):
        print(lines[count % len(lines)], flush=True)
        if count % 4 == 3:
            print(f"complaint number {count // 4 + 1} on stderr ⚠", file=sys.stderr, flush=True)
        count += 1
