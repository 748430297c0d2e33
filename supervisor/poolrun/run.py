"""One run of a pool: its main loop, in the main thread, where the user's callbacks are called as well.

It ends when all items are done; when a stop is asked for, with what members have in hand; at once on SIGTERM or Ctrl-C;
and with an exception when the items, a callback or the pool itself have failed, or too many items have.
"""

from __future__ import annotations

import heapq
import itertools
import signal
import threading
import time

from supervisor.channels.interrupt import StopRequested, announce_stop
from supervisor.poolrun.chunking import chunking
from supervisor.poolrun.ending import RunFailed, Terminated, failed_for, summary_of
from supervisor.poolrun.failing import Failures
from supervisor.poolrun.intake import Entry, Intake
from supervisor.poolrun.journal import Done, Journal
from supervisor.poolrun.ordering import Sequencer
from supervisor.poolrun.outcomes import Outcomes
from supervisor.poolrun.outlet import Outlet
from supervisor.poolrun.plan import Named, Timed
from supervisor.poolrun.reporting import Reporter
from supervisor.poolrun.sources import source_of
from supervisor.poolrun.staffing import pool_of
from supervisor.poolrun.taking import IterableTaking, QueueTaking
from supervisor.poolrun.tally import Tally
from supervisor.poolrun.telling import Telling
from supervisor.poolrun.wishing import grant
from supervisor.poolrun.wording import counted, error_text, kind_of, short
from supervisor.pools import wire
from supervisor.pools.errors import InitializerFailed, MemberDied, PoolClosed, TaskCancelled
from supervisor.pools.feeding import Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from supervisor.poolrun.host import Host, Wish
    from supervisor.poolrun.plan import Plan

FINISH_LOOK_S = 0.02
_UNTRIED = ("lost", "cancelled")
"""What would end the same way, or was wished."""


class Run:
    """One ``[pools.X]`` from its first item to its end.

    Made before anything runs: what the plan names is imported here, and what that raises is raised here.

    Args:
        channels: the worker's queues by parameter: ``items`` and ``results``, where the plan has them.
        context: what a function of items that has a parameter ``ctx`` is given.
    """

    def __init__(self, plan: Plan, host: Host, channels: dict[str, Any], context: Any = None) -> None:
        self.plan = plan
        self._host = host
        self._channels = channels
        self._function = Timed(plan.function)
        self._initializer = Named(plan.initializer) if plan.initializer else None
        self._finalizer = Named(plan.finalizer) if plan.finalizer else None
        self._callbacks = {
            name: Named(getattr(plan, name)) if getattr(plan, name) else None
            for name in ("on_result", "on_error", "on_complete")
        }
        items = plan.items or {"kind": "list", "values": []}
        self._source = None if items["kind"] == "queue" else source_of(items, context)
        self.is_stop_wished = self._is_terminated = self._is_ending = self.is_paused = False
        self.processes = plan.processes
        self.state, self.error = "starting", ""
        self.tally = Tally(time.monotonic())
        self.taking: Any = None
        self._journal: Journal | None = None
        self._reporter: Reporter | None = None

    def go(self) -> None:
        """Do all items. Raises RunFailed, or what the items or a callback have raised; Terminated on SIGTERM."""
        plan = self.plan
        is_main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGTERM, self._on_sigterm) if is_main else None
        self.pool = pool_of(plan, self._initializer, self._finalizer)  # before any thread: with fork it forks
        try:
            self._set_up()
            self._carry_out()
        except KeyboardInterrupt:
            self._note_end("failed", "interrupted")
            raise
        except StopRequested:
            self._note_end("finished", self._stopped_words("terminated"))
            raise
        except BaseException as error:
            self._note_end("failed", str(error) if isinstance(error, RunFailed) else error_text(error))
            raise
        finally:
            self._tear_down()
            if is_main:
                signal.signal(signal.SIGTERM, before)

    def _set_up(self) -> None:
        plan, results = self.plan, self.plan.results or {}
        self._journal = Journal(results["path"], resume=plan.resume) if results.get("kind") == "file" else None
        self.outcomes = Outcomes()
        self.chunk = chunking(
            plan.chunksize,
            is_single=plan.method == "apply_async" or self._source is None,
            is_careful=plan.timeout_s is not None or plan.resume,
        )
        work = Work(self._function, wire.STAR if plan.is_star else wire.EACH)
        self.intake = Intake(self.pool, work, self.outcomes, self.chunk, plan.timeout_s)
        self.intake.processes = plan.processes
        self._sequence = Sequencer()
        self._resting: list[tuple[float, int, Entry]] = []
        self._ties = itertools.count()
        self._wishes: list[Wish] = []
        self.failures = Failures(plan.name, self._host, self._journal, self.intake)
        queue: Any = self._channels.get("results") if results.get("kind") == "queue" else None
        self.queue_name = str(getattr(queue, "name", ""))
        self._outlet = Outlet(self._call_on_result(), self._journal, queue, lambda: self._is_terminated)
        done = self._journal.done if self._journal is not None else Done()
        if self._source is None:
            inbox, holders = self._channels["items"], 2 * plan.processes + 2
            self.taking = QueueTaking(inbox, self.intake, self.outcomes.ring, holders=holders)
        else:
            self.taking = IterableTaking(
                self._source, self.intake, self.outcomes.ring, takes_all_first=plan.takes_all_first, done=done
            )
        self._reporter = Reporter(Telling(self), self._host)
        self.state = "running"
        self._reporter.start()
        self.taking.start()

    def _carry_out(self) -> None:
        while self.taking.has_heard_stop or not self._is_complete():
            if self.taking.has_heard_stop:
                self.stop()
            if self.is_stop_wished:
                self._finish_what_is_in_hand()
                break
            self._turn(self._due_s())
        self._tell_what_was_found()
        self.failures.say_rest()
        if self.is_stop_wished:
            self._note_end("finished", self._stopped_words("stopped"))
        elif self.taking.error is not None:
            raise self.taking.error
        else:
            self._note_end("finished", "")
        if self._callbacks["on_complete"] is not None:
            self._call_back("on_complete", self._callbacks["on_complete"], summary_of(self))

    def _is_complete(self) -> bool:
        return self.taking.is_over and self.intake.is_empty and not self._resting

    def _turn(self, wait_s: float | None) -> None:
        """Handle what has come; wait for it, so long at most."""
        self.outcomes.wait(wait_s)
        if self._is_terminated:
            raise Terminated
        while (come := self.outcomes.next()) is not None:
            self._handle(*come)
        self._grant_wishes()
        self._wake_resting()
        self.intake.flush_stale()
        if self.taking.is_over and self.state == "running":
            self.state = "finishing"

    def _due_s(self) -> float | None:
        """In how many seconds something is to be done, unless something comes before; None for never."""
        stale_s = self.intake.flush_stale()
        rest_s = self._resting[0][0] - time.monotonic() if self._resting else None
        known = [due_s for due_s in (stale_s, rest_s) if due_s is not None]
        return max(0.0, min(known)) if known else None

    # --- what has become of items ---

    def _handle(self, first: int, values: list[Any], error: BaseException | None) -> None:
        if error is not None:
            entry = self.intake.take(first)
            if entry is not None:
                self._failed(entry, error)
            return
        self.chunk.measure(sum(took_s for _, took_s in values), len(values))
        for number, (value, took_s) in enumerate(values, first):
            entry = self.intake.take(number)
            if entry is not None:
                self._done(entry, value, took_s)

    def _done(self, entry: Entry, value: Any, took_s: float) -> None:
        if self.tally.is_slow(took_s):
            entry.shown = entry.shown or short(entry.item)
            self.tally.note_time(took_s, entry.index, entry.shown)
        if self.plan.is_ordered and entry.place >= 0:
            self._in_order(entry, (entry, value, took_s))
        else:
            self._pass_on(entry, value, took_s)
        self.intake.finished()

    def _in_order(self, entry: Entry, outcome: tuple[Entry, Any, float] | None) -> None:
        """The item has had its turn, with a result or without; later tries of it have none."""
        for found in self._sequence.put(entry.place, outcome):
            if found is not None:
                self._pass_on(*found)
        self.intake.held = self._sequence.held
        entry.place = -1

    def _pass_on(self, entry: Entry, value: Any, took_s: float) -> None:
        self._outlet.pass_on(entry, value, took_s)
        self.tally.count_done(time.monotonic())
        if entry.settled is not None:
            entry.settled.set()

    def _failed(self, entry: Entry, error: BaseException) -> None:
        if isinstance(error, (InitializerFailed, PoolClosed)) or (isinstance(error, MemberDied) and not error.pid):
            raise failed_for(error) from error
        entry.attempts += 1
        if entry.attempts <= self.plan.retries and kind_of(error) not in _UNTRIED and not self.is_stop_wished:
            self.tally.retried += 1
            entry.wake_s = time.monotonic() + self.plan.backoff_s(entry.attempts)
            heapq.heappush(self._resting, (entry.wake_s, next(self._ties), entry))
            self.intake.resting = len(self._resting)
        else:
            self._failed_for_good(entry, error)
        self.intake.finished()

    def _failed_for_good(self, entry: Entry, error: BaseException) -> None:
        self.tally.failed += 1
        self.failures.add(entry, error)
        if self._callbacks["on_error"] is not None:
            self._call_back("on_error", self._callbacks["on_error"], entry.item, error)
        if entry.settled is not None:
            entry.settled.set()
        most = self.plan.max_failures
        if most is not None and self.tally.failed > most:
            raise RunFailed(
                f"{counted(self.tally.failed, 'item')} failed, and max_failures is {most}; the last one was item "
                f"{entry.index}: {error_text(error)}"
            )
        if self.plan.is_ordered and entry.place >= 0:
            self._in_order(entry, None)

    def _wake_resting(self) -> None:
        now_s = time.monotonic()
        while self._resting and self._resting[0][0] <= now_s:
            _, _, entry = heapq.heappop(self._resting)
            self.intake.resting = len(self._resting)
            self.intake.again(entry)

    # --- callbacks ---

    def _call_on_result(self) -> Any:
        call = self._callbacks["on_result"]
        return None if call is None else lambda value: self._call_back("on_result", call, value)

    def _call_back(self, name: str, call: Any, *arguments: object) -> None:
        try:
            call(*arguments)
        except Exception as error:
            error.add_note(f"raised in {name} of pool {self.plan.name}, which ends the run")
            raise

    # --- wishes, in any thread ---

    def wish(self, wish: Wish) -> None:
        """Have a wish of the engine granted by the main thread."""
        self._wishes.append(wish)
        self.outcomes.ring()

    def stop(self) -> None:
        """Give out no more items, and end when what members have in hand is done."""
        if not self.is_stop_wished:
            self.is_stop_wished = True
            self.state = "finishing"
            self.taking.stop()
            announce_stop()
            self.outcomes.ring()

    def _on_sigterm(self, _number: int, _frame: object) -> None:
        self._is_terminated = True
        if not self._is_ending:
            raise Terminated

    def _grant_wishes(self) -> None:
        while self._wishes:
            grant(self, self._wishes.pop(0))

    def try_again(self, index: int | None) -> int:
        """Try failed items again, one of them or all; how many there are."""
        entries = self.failures.take_back(index)
        for entry in entries:
            self.tally.failed -= 1
            self.tally.retried += 1
            entry.attempts = 0
            self.intake.again(entry)
        return len(entries)

    def cancel(self, index: int) -> bool:
        """Cancel an item that runs or waits; False when it does neither."""
        number = self.intake.number_of(index)
        if number is not None:
            self.pool.cancel(self.outcomes, number)
            return True
        resting = [one for one in self._resting if one[2].index == index]
        for one in resting:
            self._resting.remove(one)
            heapq.heapify(self._resting)
            self.intake.resting = len(self._resting)
            self._failed_for_good(one[2], TaskCancelled("the item was cancelled while it waited for another try"))
        return bool(resting)

    # --- the end ---

    def _finish_what_is_in_hand(self) -> None:
        self.pool.pause()
        self.error = "asked to stop"
        while self.pool.progress().in_flight:
            self._turn(FINISH_LOOK_S)
        self.pool.terminate()
        while (come := self.outcomes.next()) is not None:
            if not isinstance(come[2], PoolClosed):
                self._handle(*come)
        for found in self._sequence.rest():
            if found is not None:
                self._pass_on(*found)

    def _tell_what_was_found(self) -> None:
        taking = self.taking
        self.tally.skipped = taking.skipped
        if taking.changed:
            self._host.say(
                "WARNING",
                f"{counted(taking.changed, 'item')} of {self.plan.name} changed since the run that this one continues, "
                f"the first is item {taking.first_changed}: done again; of two lines with one index the later counts",
                extra={},
            )

    def _stopped_words(self, how: str) -> str:
        total = self.taking.total if self.taking else None
        done = self.tally.done + (self.taking.skipped if self.taking else 0)
        return f"{how}, {done:,} of {'?' if total is None else format(total, ',')} done"

    def _note_end(self, state: str, error: str) -> None:
        self.state, self.error = state, error

    def _tear_down(self) -> None:
        """Whatever has happened: no member lives on, the files are whole, and the engine knows how it ended."""
        self._is_ending = True
        if self.taking is not None:
            self.taking.stop()
            self.taking.give_back()
        self.pool.terminate()
        if self._journal is not None:
            self._journal.close()
        if self._reporter is not None:
            self._reporter.end()
