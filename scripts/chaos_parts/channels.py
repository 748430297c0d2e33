"""Kills producers and consumers of a queue at random, over every start method, size of item and maxsize, and counts.

Then it does so with the holders and waiters of locks (`locks`).

    producers ──▶ queue ──▶ consumers ──▶ reports ──▶ this process, which kills, replaces, and compares

Lost: put() had accepted the item, and it neither arrived nor became a dead letter. Seen twice is allowed: its consumer
was killed between its report and the next get(). A stall: nothing moved for ten seconds although something was due.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from dataclasses import dataclass, fields
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from scripts.chaos_parts import locks
from scripts.chaos_parts.cast import Tally, consume, produce
from supervisor.channels import Empty, Queue

STALL_S = 10.0
CONSUMERS = 3
PRODUCERS = 2
MOST_PRODUCERS = 4096
SHARES = {"fork": 0.5, "forkserver": 0.3, "spawn": 0.2}
"""How much of the time each start method gets; a fork is killed the quickest."""
LOCKS_PART = 0.3
"""How much of the time locks get."""
PAUSES_S = {"fork": 0.008, "forkserver": 0.03, "spawn": 0.1}
"""The longest time between two kills."""


@dataclass
class Score:
    """What happened."""

    kills: int = 0
    accepted: int = 0
    received: int = 0
    lost: int = 0
    damaged: int = 0
    twice: int = 0
    redelivered: int = 0
    dead_letters: int = 0
    stalls: int = 0
    places_lost: int = 0
    files_left: int = 0
    trays_left: int = 0

    def add(self, other: Score) -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    @property
    def is_bad(self) -> bool:
        return bool(self.lost or self.damaged or self.stalls or self.places_lost or self.files_left or self.trays_left)


class Round:
    """One queue, its users, and what came of it."""

    def __init__(self, method: str, maxsize: int, has_big: bool, chance: random.Random, folder: str) -> None:
        self.context: Any = multiprocessing.get_context(method)
        self.pause_s = PAUSES_S[method]
        self.chance = chance
        self.has_big = has_big
        self.score = Score()
        self.tally_path = str(Path(folder, "tally"))
        self.tally = Tally(self.tally_path, MOST_PRODUCERS)
        self.inbox = Queue(maxsize, name="inbox")
        self.outbox = Queue(name="reports")
        self.seen: list[dict[int, int]] = []
        self.users: list[BaseProcess] = []

    def run(self, seconds: float) -> Score:
        """Kill for so long, then let everything arrive."""
        for place in range(PRODUCERS + CONSUMERS):
            self.users.append(self.start(place))
        over_s = time.monotonic() + seconds
        kill_s = time.monotonic() + self.pause_s * 3
        heard_s = time.monotonic()
        while (now_s := time.monotonic()) < over_s:
            if self.hear(min(kill_s, over_s) - now_s):
                heard_s = time.monotonic()
            elif time.monotonic() - heard_s > STALL_S:
                self.score.stalls += 1
                break
            if time.monotonic() >= kill_s and len(self.seen) < MOST_PRODUCERS - 1:
                self.kill_one()
                kill_s = time.monotonic() + self.chance.random() * self.pause_s
        self.finish()
        return self.score

    def start(self, place: int) -> BaseProcess:
        process: BaseProcess
        if place < PRODUCERS:
            arguments = (self.inbox, self.tally_path, MOST_PRODUCERS, len(self.seen), self.has_big)
            self.seen.append({})
            process = self.context.Process(target=produce, args=arguments, daemon=True)
        else:
            process = self.context.Process(target=consume, args=(self.inbox, self.outbox), daemon=True)
        process.start()
        return process

    def kill_one(self) -> None:
        """Kill one user, in whatever it is doing, and start another in its place.

        Nine times of ten it is one that has begun to use the queue; else it may be one that is just starting.
        """
        places = list(range(len(self.users)))
        if self.chance.random() < 0.9:
            pids = self.inbox.census().pids
            places = [place for place in places if self.users[place].pid in pids]
        if not places:
            return
        place = self.chance.choice(places)
        end(self.users[place])
        self.score.kills += 1
        self.users[place] = self.start(place)

    def hear(self, timeout_s: float) -> bool:
        """Take reports for so long; whether there was one."""
        deadline_s = time.monotonic() + timeout_s
        is_heard = False
        while True:
            left_s = deadline_s - time.monotonic()
            try:
                report = self.outbox.get(timeout=left_s) if left_s > 0 else self.outbox.get_nowait()
            except Empty:
                return is_heard
            is_heard = True
            if report is None:
                self.score.damaged += 1
            else:
                producer, number = report
                self.seen[producer][number] = self.seen[producer].get(number, 0) + 1
            if left_s <= 0:
                return is_heard

    def finish(self) -> None:
        """Kill the producers, hear what is due, and count."""
        for producer in self.users[:PRODUCERS]:
            end(producer)
        heard_s = time.monotonic()
        while self.due() or self.inbox.qsize():
            if self.hear(0.05):
                heard_s = time.monotonic()
            self.score.dead_letters += self.inbox.requeue()
            if time.monotonic() - heard_s > STALL_S:
                self.score.stalls += 1
                break
        for consumer in self.users[PRODUCERS:]:
            end(consumer)
        self.inbox.recover()
        self.hear(0.05)
        score, census = self.score, self.inbox.census()
        score.accepted = sum(self.tally[producer] for producer in range(len(self.seen)))
        score.received = sum(len(numbers) for numbers in self.seen)
        score.twice = sum(count > 1 for numbers in self.seen for count in numbers.values())
        score.lost = self.due()
        score.redelivered = census.redelivered
        self.inbox.drain()  # what the last consumers held has come back
        self.inbox.recover()
        places = self.inbox._conduit.places
        score.places_lost = self.inbox.maxsize - places.count() if places is not None else 0
        directory = Path(self.inbox.describe()["spill_directory"])
        score.files_left = len(list(directory.iterdir())) if directory.exists() else 0
        score.trays_left = self.inbox._conduit.trays.taken()
        self.inbox.close()
        self.outbox.close()

    def due(self) -> int:
        """Items that put() accepted and nobody has reported."""
        return sum(
            number not in numbers
            for producer, numbers in enumerate(self.seen)
            for number in range(self.tally[producer])
        )


def end(process: BaseProcess) -> None:
    process.kill()
    process.join()
    process.close()


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos channels", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long to kill, over all rounds")
    parser.add_argument("--seed", type=int, default=None, help="repeat the choices of an earlier run")
    parser.add_argument("--method", choices=list(SHARES), action="append", help="only this start method")
    parser.add_argument("--only", choices=("queues", "locks"), help="only the one or the other")
    options = parser.parse_args(argv)
    seed = random.randrange(1 << 30) if options.seed is None else options.seed
    chance = random.Random(seed)
    methods = options.method or list(SHARES)
    shares = {method: SHARES[method] / sum(SHARES[each] for each in methods) for method in methods}
    print(f"seed {seed}; {PRODUCERS} producers, {CONSUMERS} consumers; {locks.WORKERS} users of a lock", flush=True)
    part = 1.0 if options.only else LOCKS_PART
    is_bad = False
    if options.only != "locks":
        is_bad = run_queues(shares, options.seconds * (1 if options.only else 1 - part), chance).is_bad
    if options.only != "queues":
        is_bad = locks.run_all(shares, options.seconds * part, chance).is_bad or is_bad
    return 1 if is_bad else 0


def run_queues(shares: dict[str, float], seconds: float, chance: random.Random) -> Score:
    """Every kind of queue under every start method, each for its share of the time; prints a row for each."""
    total = Score()
    print(
        f"{'':42}{'kills':>7}{'accepted':>10}{'lost':>6}{'twice':>7}{'back':>7}{'letters':>9}{'stalls':>8}", flush=True
    )
    for method, share in shares.items():
        for maxsize in (1, 1000):
            for has_big in (False, True):
                with tempfile.TemporaryDirectory() as folder:
                    score = Round(method, maxsize, has_big, chance, folder).run(seconds * share / 4)
                total.add(score)
                kind = "big and small items" if has_big else "small items"
                print_row(f"{method}, maxsize {maxsize}, {kind}", score)
    print_row("all", total)
    print(
        f"received {total.received:,}, damaged {total.damaged}, places lost {total.places_lost}, "
        f"files left {total.files_left}, trays left {total.trays_left}",
        flush=True,
    )
    return total


def print_row(name: str, score: Score) -> None:
    print(
        f"{name:<42}{score.kills:>7,}{score.accepted:>10,}{score.lost:>6,}{score.twice:>7,}{score.redelivered:>7,}"
        f"{score.dead_letters:>9,}{score.stalls:>8,}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
