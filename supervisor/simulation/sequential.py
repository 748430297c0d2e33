"""Runs the workers of a profile one after another in one thread: the same result each time, and no waiting.

::

    plan ─ order ─► walk ──paths──► parse.1, parse.2 ──counts──► tally        stdout: what the workers print
                    each to its end before the next begins                    stderr: what became of each

Who would wait for somebody whose turn is still to come, waits for ever: that is told as an error.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass

from supervisor.channels.interrupt import StopRequested
from supervisor.simulation import telling
from supervisor.simulation.calling import call_of, is_quit, place_of, surroundings, without_ours
from supervisor.simulation.channel_set import ChannelSet
from supervisor.simulation.debugger import has_terminal, load_debugger
from supervisor.simulation.turns import Standstill, Turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    Step = dict[str, Any]

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a replica.

    Attributes:
        state: "finished", "failed", "stopped" or "skipped".
        code: its exit code.
        why: in words.
    """

    state: str
    code: int = 0
    why: str = ""


class SequentialRun:
    """One run of a plan (`supervisor.processes.foreground_plans`)."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._steps: list[Step] = plan["steps"]
        self._turns = Turns(step["order"]["name"] for step in self._steps)
        self._channels = ChannelSet(self._turns, plan["channels"])
        self._outcomes: dict[str, Outcome] = {}
        self._workers: dict[str, list[str]] = {}
        self._latest: str = plan["project"]
        for step in self._steps:
            self._workers.setdefault(step["order"]["worker"], []).append(step["order"]["name"])

    def run(self) -> int:
        """Run all of them; the exit code, as a real run's."""
        telling.log_here(lambda: self._turns.name or self._plan["project"])
        if has_terminal():
            load_debugger(entry for step in self._steps for entry in step["order"]["python_path"])
        before = signal.signal(signal.SIGINT, self._on_interrupt)
        try:
            for step in self._steps:
                outcome = self._take_turn(step)
                if step["is_significant"] and outcome.state != "skipped":
                    self._tell_rest_is_over(step)
                    return outcome.code
        except KeyboardInterrupt:
            telling.tell(f"{self._latest}: interrupted; the run ends")
            return EXIT_INTERRUPTED
        finally:
            signal.signal(signal.SIGINT, before)
        for left in self._channels.left():
            telling.tell(f"left over: {left}")
        result = os.path.join(self._plan["directory"], self._plan["result"])
        if self._plan["result"] and os.path.exists(result):
            telling.tell(f"the result is {result}")
        failed = [outcome for outcome in self._outcomes.values() if outcome.state == "failed"]
        return (failed[0].code or EXIT_FAILED) if failed else 0

    def _tell_rest_is_over(self, step: Step) -> None:
        name = step["order"]["name"]
        rest = ", ".join(self._turns.coming)
        telling.tell(f"{name} is significant: its end is the end of the run{f'; not run: {rest}' if rest else ''}")

    def _take_turn(self, step: Step) -> Outcome:
        order = step["order"]
        name: str = order["name"]
        why_not = step["why_not"] or self._lost_dependency(step)
        if why_not:
            self._turns.pass_over(name)
            outcome = Outcome("skipped", why=why_not)
        else:
            self._turns.begin(name)
            self._latest = name
            run = self._run_program if step["argv"] else self._run_here
            outcome = Outcome("failed", EXIT_FAILED)
            try:
                outcome = run(step)
            finally:
                self._turns.end(is_clean=outcome.state != "failed")
        self._outcomes[name] = outcome
        counts = self._channels.counts(order["channels"], name) if outcome.state != "skipped" else []
        told = f"{outcome.state}: {outcome.why}; " if outcome.why else f"{outcome.state}, "
        telling.tell(f"{name}: {(told + ', '.join(counts)).rstrip(', ;')}")
        return outcome

    def _lost_dependency(self, step: Step) -> str:
        """Why a worker is not run although its turn has come: what it depends on has not gone as it wants."""
        for on, condition in step["depends_on"].items():
            for name in self._workers.get(on, ()):
                state = self._outcomes[name].state if name in self._outcomes else ""
                if state == "failed" and condition != "completed":
                    return f"{name} has failed, and it depends on {on} ({condition})"
        return ""

    def _run_here(self, step: Step) -> Outcome:
        order = step["order"]
        telling.set_level(order["log_level"])
        try:
            with surroundings(order):
                self._work_of(step)()
                self._turns.join_threads()
        except (Standstill, Exception) as error:
            if is_quit(error):
                telling.tell(f"{order['name']}: left in the debugger; the run ends")
                raise SystemExit(EXIT_FAILED) from None
            return _failure(error)
        except StopRequested:
            return Outcome("stopped" if self._turns.wish.is_wished else "finished")
        except SystemExit as wish:
            code = _exit_code(wish)
            is_good = code in step["success_exit_codes"]
            return Outcome("finished" if is_good else "failed", code, f"exit code {code}" if code else "")
        finally:
            sys.stdout.flush()
        return Outcome("stopped" if self._turns.wish.is_wished else "finished")

    def _work_of(self, step: Step) -> Callable[[], object]:
        order = step["order"]
        views = self._channels.views(order["channels"])
        if order["kind"] == "pool":
            from supervisor.simulation.pool_turn import pool_work

            return pool_work(order, views, self._turns.wish)
        return call_of(order, views, self._turns.wish)

    def _run_program(self, step: Step) -> Outcome:
        """Run a command, script or module to its end, as a process of its own in this terminal."""
        order = step["order"]
        path = os.pathsep.join([*order["python_path"], *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, **({"PYTHONPATH": path} if order.get("kind") else {}), **order["env"]}
        sys.stdout.flush()
        try:
            process = subprocess.Popen(step["argv"], cwd=order["cwd"], env=environment)
        except OSError as error:
            return Outcome("failed", EXIT_FAILED, f"cannot run {step['argv'][0]}: {error.strerror or error}")
        try:
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if self._turns.wish.is_wished:
            return Outcome("stopped")
        if code in step["success_exit_codes"]:
            return Outcome("finished", code)
        if code < 0:
            return Outcome("failed", 128 - code, f"ended by signal {signal.Signals(-code).name}")
        return Outcome("failed", code, f"exit code {code}")

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:  # a handler's
        """The first Ctrl-C asks whose turn it is to stop, the second one ends the run."""
        if self._turns.wish.is_wished or not self._turns.name:
            raise KeyboardInterrupt
        self._turns.wish.make()
        # Past sys.stderr, which may be in the middle of a line: Python would refuse to enter it again.
        os.write(2, f"asking {self._turns.name} to stop; once more ends the run\n".encode())


def _failure(error: BaseException) -> Outcome:
    if isinstance(error, Standstill):
        advice = "at the same time they can run with `procdeck run PROFILE --simulate`"
        place = place_of(error)
        return Outcome("failed", EXIT_FAILED, f"{error}{f', at {place}' if place else ''}; {advice}")
    place = place_of(error)
    telling.tell_traceback(without_ours(error))
    what = f"{type(error).__name__}: {telling.one_line(error)}"
    return Outcome("failed", EXIT_FAILED, f"{what}{f' at {place}' if place else ''}")


def _exit_code(wish: SystemExit) -> int:
    """What ``sys.exit(...)`` means as an exit code, as the interpreter has it."""
    if wish.code is None:
        return 0
    if isinstance(wish.code, int):
        return wish.code & 0xFF
    print(wish.code, file=sys.stderr)
    return EXIT_FAILED
