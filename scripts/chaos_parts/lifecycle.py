"""Users act at random on a run of fifty workers, while others kill, pause and change it; an observer counts mistakes.

    users ──HTTP──► engine ──► workers and their children ◄──SIGKILL── killers
                                   └──► /proc ──► observer, which reads that and the workers' own word, no more

Violations: two live incarnations of one replica, or a process of one that was stopped. All counts must be 0.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from scripts.bench_parts import engines
from scripts.chaos_parts import troupe
from scripts.chaos_parts.observer import Observer
from supervisor import paths
from supervisor.api.client import EngineClient
from supervisor.api.messages import ActionName
from supervisor.errors import ProcdeckError, RequestRefused
from supervisor.lifecycle.states import State
from supervisor.processes.ignition import start_engine

PROJECT = "chaoslife"
PAUSE_S = 0.05
"""The longest time between two acts of one user."""
CALM_TIMEOUT_S = 20.0
SETTLE_TIMEOUT_S = 60.0


class Chaos:
    """One engine, its users, and what they did."""

    def __init__(self, profile: Path, register: Path, seed: int) -> None:
        self.profile, self.register = profile, register
        self.chance = random.Random(seed)
        troupe.write_profile(profile, register, 0)
        self.note = start_engine(profile, tie_to_me=True)
        self.observer = Observer(register, self.note.engine_pid)
        self.acts: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.errors: list[str] = []
        self.lags_ms: list[float] = []
        self.answers_ms: list[float] = []
        self._is_over = threading.Event()
        self._generation = 0

    def client(self) -> EngineClient:
        return EngineClient(paths.socket_path(PROJECT), timeout_s=30.0)

    def run(self, seconds: float) -> None:
        """Let everybody act for so long."""
        bodies: list[Callable[[random.Random], None]] = [
            *[self._act] * 2,
            self._kill,
            self._scale_and_reload,
            self._stop_calmly,
            self._measure,
        ]
        users = [
            threading.Thread(target=self._go_on, args=(body, random.Random(self.chance.random()))) for body in bodies
        ]
        for user in users:
            user.start()
        time.sleep(seconds)
        self._is_over.set()
        for user in users:
            user.join()

    def _go_on(self, body: Callable[[random.Random], None], chance: random.Random) -> None:
        while not self._is_over.wait(chance.random() * PAUSE_S):
            try:
                body(chance)
            except RequestRefused as error:
                self.refusals[str(error).partition(";")[0][:80]] += 1
            except ProcdeckError as error:
                self.errors.append(f"{body.__name__}: {error}")
            except Exception as error:
                self.errors.append(f"{body.__name__}: {type(error).__name__}: {error}")

    def _act(self, chance: random.Random) -> None:
        """Any wish for any replica but the calm ones."""
        rows = [row for row in self.client().fleet().rows if row.worker not in troupe.CALM]
        row = chance.choice(rows)
        kinds: list[ActionName] = ["stop", "start", "start", "restart", "restart", "kill", "pause", "resume", "resume"]
        action = chance.choice(kinds)
        names = [row.worker] if chance.random() < 0.1 else [row.name]
        if chance.random() < 0.05:
            self.acts["signal"] += 1
            self.client().signal(names, chance.choice(["HUP", "USR1", "TERM", "CONT"]))
            return
        self.acts[action] += 1
        rolls = 1 if action == "restart" and len(names) == 1 and chance.random() < 0.3 else 0
        self.client().act(action, names, wait_s=chance.choice([0.0, 0.0, 0.5]), max_unavailable=rolls)

    def _kill(self, chance: random.Random) -> None:
        """SIGKILL for any process of any worker, leader or child; now and then for many at once."""
        members = self.observer.living()
        count = len(members) // 3 if chance.random() < 0.01 else 1
        for member in chance.sample(members, min(count, len(members))):
            with suppress(ProcessLookupError):
                os.kill(member.pid, signal.SIGKILL)
                self.acts["SIGKILL"] += 1
        time.sleep(chance.random() * PAUSE_S)

    def _scale_and_reload(self, chance: random.Random) -> None:
        """One user who changes the run: more or fewer replicas, another profile, one that cannot be used."""
        time.sleep(chance.random() * 0.5)
        if chance.random() < 0.6:
            self.acts["scale"] += 1
            self.client().scale(troupe.SCALED, replicas=chance.randint(1, 6))
            return
        self._generation += 1
        self.acts["reload"] += 1
        if chance.random() < 0.2:
            self.profile.write_text('name = "chaoslife"\n[workers.broken\n')
            try:
                self.client().reload()
                self.errors.append("a broken profile was taken")
            except RequestRefused:
                pass
        troupe.write_profile(self.profile, self.register, self._generation)
        self.client().reload(dry_run=chance.random() < 0.2)

    def _stop_calmly(self, chance: random.Random) -> None:
        """Stop a calm replica, see that it stays stopped, start it again."""
        rows = [row for row in self.client().fleet().rows if row.worker in troupe.CALM]
        name = chance.choice(rows).name
        (job,) = self.client().act("stop", [name], wait_s=CALM_TIMEOUT_S)
        self.acts["calm stop"] += 1
        if job.state != "done":
            self.errors.append(f"stop of {name} is {job.state}: {job.text}")
            return
        self.observer.resting[name] = time.monotonic()
        time.sleep(chance.random() * 1.5)
        state = next(row.state for row in self.client().fleet().rows if row.name == name)
        if state is not State.STOPPED:
            self.errors.append(f"{name} was stopped and is {state}")
        del self.observer.resting[name]
        self.client().act("start", [name], wait_s=CALM_TIMEOUT_S)

    def _measure(self, _: random.Random) -> None:
        begun_s = time.perf_counter()
        vitals = self.client().fleet().engine
        self.answers_ms.append(1000 * (time.perf_counter() - begun_s))
        self.lags_ms.append(vitals.loop_lag_ms)
        time.sleep(0.5)

    def calm_down(self) -> int:
        """Stop all, and wait until nothing happens; the descriptors that the engine holds then."""
        client = self.client()
        client.scale(troupe.SCALED, replicas=3)
        client.act("resume", ["*"], wait_s=5.0)
        client.act("stop", ["*"], wait_s=CALM_TIMEOUT_S)

        def is_at_rest() -> bool:
            return all(row.state in {State.STOPPED, State.FINISHED, State.FAILED} for row in client.fleet().rows)

        engines.wait_for(is_at_rest, "everything to rest", SETTLE_TIMEOUT_S)
        seen: list[int] = []
        while len(seen) < 5 or len(set(seen[-5:])) > 1:
            time.sleep(0.3)
            seen.append(len(os.listdir(f"/proc/{self.note.engine_pid}/fd")))
            if len(seen) > 100:
                break
        return min(seen[-5:])


def p99(values: list[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 99 // 100) - 1)] if values else 0.0


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos lifecycle", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long to act")
    parser.add_argument("--seed", type=int, default=None, help="draw the same lots as an earlier run")
    options = parser.parse_args(argv)
    seed = random.randrange(1 << 30) if options.seed is None else options.seed
    with engines.place() as folder:
        register = folder / "register"
        chaos = Chaos(folder / "procdeck.toml", register, seed)
        print(f"seed {seed}; {len(chaos.client().fleet().rows)} replicas", flush=True)
        try:
            with chaos.observer:
                before = chaos.calm_down()
                chaos.client().act("start", ["*"], wait_s=CALM_TIMEOUT_S)
                chaos.run(options.seconds)
                after = chaos.calm_down()
        finally:
            engines.end_engine(PROJECT)
        left = [member for member in chaos.observer.living() if member.is_alive]
        for member in left:
            with suppress(ProcessLookupError):
                os.kill(member.pid, signal.SIGKILL)
    return say(chaos, after - before, len(left))


def say(chaos: Chaos, fd_growth: int, left: int) -> int:
    """Print what was done and found; 1 where something must not have been."""
    found = chaos.observer.found
    print("acts: " + ", ".join(f"{name} {count:,}" for name, count in chaos.acts.most_common()))
    for text, count in chaos.refusals.most_common(5):
        print(f"refused {count:,} times: {text}")
    sentences = [*found.violations, *found.duplicates, *found.orphans, *found.zombies, *chaos.errors]
    for sentence in sentences[:20]:
        print(f"  {sentence}")
    counts = {
        "violations": len(found.violations),
        "orphans": len(found.orphans),
        "duplicates": len(found.duplicates),
        "zombies": len(found.zombies),
        "fd growth": max(0, fd_growth),
        "survivors": left,
        "errors": len(chaos.errors),
    }
    print(f"{found.looks:,} looks: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    print(
        f"engine loop lag: p99 {p99(chaos.lags_ms):.0f} ms, median {statistics.median(chaos.lags_ms or [0]):.0f} ms; "
        f"fleet answered: p99 {p99(chaos.answers_ms):.0f} ms",
        flush=True,
    )
    return 1 if any(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
