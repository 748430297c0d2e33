"""A pool of a profile without its members: the items one by one in this thread, in the order of their source.

Items and results are pickled all the same. Results, errors and callbacks go where those of a real run go.
"""

from __future__ import annotations

import time

from supervisor.agent.bootstrap import _fill
from supervisor.poolrun.failing import MOST_RECORDS
from supervisor.poolrun.journal import Journal, digest_of, told
from supervisor.poolrun.plan import Plan, resolve
from supervisor.poolrun.sources import source_of
from supervisor.poolrun.wording import counted, error_text, kind_of, short, traceback_text
from supervisor.simulation import telling
from supervisor.simulation.calling import context_of, function_of, is_quit
from supervisor.simulation.feeding_from import FeedError
from supervisor.simulation.pool_here import as_of_a_member, carried

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from supervisor.simulation.turns import Wish


class TooManyFailed(Exception):
    """More items have failed than ``max_failures`` allows."""


def pool_work(order: dict[str, Any], views: Mapping[str, Any], wish: Wish) -> Callable[[], object]:
    """What runs the pool of this launch order to its end."""
    plan = Plan.of(order["pool"])
    return lambda: PoolTurn(plan, context_of(order, wish), views, wish).run()


def one_task(order: dict[str, Any], views: Mapping[str, Any], wish: Wish, only: int | None) -> Callable[[], object]:
    """What runs item `only` of the pool, or all up to the first that fails, to be looked into.

    An exception comes out as it is; results are shown and go nowhere.
    """
    plan = Plan.of(order["pool"])
    return lambda: PoolTurn(plan, context_of(order, wish), views, wish).look_into(only)


class PoolTurn:
    """One run of a pool."""

    def __init__(self, plan: Plan, context: Any, views: Mapping[str, Any], wish: Wish) -> None:
        self._plan = plan
        self._context = context
        self._views = views
        self._wish = wish
        self._done = self._failed = self._retried = self._skipped = 0
        self._begun_s = time.monotonic()

    def run(self) -> None:
        """Do all items. TooManyFailed when ``max_failures`` is passed; what the source or a callback raises."""
        plan = self._plan
        function = function_of(plan.function)
        callbacks = {name: resolve(text) if (text := getattr(plan, name)) else None for name in _CALLBACKS}
        results = plan.results or {}
        journal = Journal(results["path"], resume=plan.resume) if results.get("kind") == "file" else None
        try:
            self._initialize()
            for index, item in enumerate(self._items()):
                if self._wish.check():
                    break
                if journal is not None and journal.done.digest(index) == digest_of(told(item)):
                    self._skipped += 1
                    continue
                self._do(function, index, item, journal, callbacks)
            if callbacks["on_complete"] is not None:
                callbacks["on_complete"](self._summary(journal))
            if plan.finalizer:
                resolve(plan.finalizer)()
        finally:
            if journal is not None:
                journal.close()
            self._tell(journal)

    def look_into(self, only: int | None) -> None:
        """Do one item, or each up to the first that fails. FeedError when there are fewer."""
        function = function_of(self._plan.function)
        self._initialize()
        count = 0
        for index, item in enumerate(self._items()):
            count = index + 1
            if only is not None and index != only:
                continue
            telling.tell(f"item {index}: {short(item)}")
            result = self._call(function, item)
            telling.tell(f"item {index} ▶ {telling.shown(result)}")
            if only is not None:
                return
        if only is not None:
            raise FeedError(f"{self._plan.name} has no item {only}: its source gives {count:,}, counted from 0")

    # --- parts of it ---

    def _items(self) -> Iterator[Any]:
        assert self._plan.items is not None
        if self._plan.items["kind"] == "queue":
            return iter(self._views["items"])
        return source_of(_fill(self._plan.items), self._context).open()

    def _initialize(self) -> None:
        if self._plan.initializer:
            resolve(self._plan.initializer)(*_fill(list(self._plan.initargs)))

    def _call(self, function: Callable[..., Any], item: Any) -> Any:
        """The result of an item, both pickled on their way as between processes."""
        sent = carried(item, "it cannot be sent to a member")
        result = function(*sent) if self._plan.is_star else function(sent)
        return carried(result, "the result cannot be sent back")

    def _do(
        self,
        function: Callable[..., Any],
        index: int,
        item: Any,
        journal: Journal | None,
        callbacks: Mapping[str, Any],
    ) -> None:
        for attempt in range(1, self._plan.retries + 2):
            begun_s = time.perf_counter()
            try:
                result = self._call(function, item)
            except (Exception, SystemExit) as error:
                if is_quit(error):
                    raise
                failure = as_of_a_member(error)
                if attempt > self._plan.retries or kind_of(failure) == "lost":
                    self._fail(index, item, failure, attempt, journal, callbacks["on_error"])
                    return
                self._retried += 1
                continue
            took_s = time.perf_counter() - begun_s
            if callbacks["on_result"] is not None:
                callbacks["on_result"](result)
            if "results" in self._views:
                self._views["results"].put(result)
            if journal is not None:
                journal.write(index, item, result, attempt, took_s)
            self._done += 1
            return

    def _fail(
        self,
        index: int,
        item: Any,
        error: BaseException,
        attempts: int,
        journal: Journal | None,
        on_error: Callable[[Any, BaseException], object] | None,
    ) -> None:
        self._failed += 1
        text = error_text(error)
        if self._failed <= MOST_RECORDS:
            telling.tell_traceback(error)
            telling.tell(f"{self._plan.name}: item {index} failed: {text} ({short(item)})")
        if journal is not None:
            journal.write_error(index, item, text, kind_of(error), traceback_text(error), attempts)
        if on_error is not None:
            on_error(item, error)
        most = self._plan.max_failures
        if most is not None and self._failed > most:
            raise TooManyFailed(f"{counted(self._failed, 'item')} failed, and max_failures is {most}")

    def _summary(self, journal: Journal | None) -> dict[str, Any]:
        """What ``on_complete`` is called with, as `supervisor.poolrun.ending.summary_of` has it."""
        return {
            "pool": self._plan.name,
            "total": None if self._wish.is_wished else self._done + self._failed + self._skipped,
            "done": self._done,
            "failed": self._failed,
            "retried": self._retried,
            "skipped": self._skipped,
            "elapsed_s": round(time.monotonic() - self._begun_s, 3),
            "is_stopped": self._wish.is_wished,
            "results": journal.path if journal is not None else None,
            "errors": journal.errors_path if journal is not None and self._failed else None,
        }

    def _tell(self, journal: Journal | None) -> None:
        parts = [f"{counted(self._done, 'item')} done"]
        parts += [f"{self._failed:,} failed"] if self._failed else []
        parts += [f"{self._skipped:,} done by an earlier run"] if self._skipped else []
        where = f", in {journal.path}" if journal is not None else ""
        telling.tell(f"{self._plan.name}: {', '.join(parts)}{where}")


_CALLBACKS = ("on_result", "on_error", "on_complete")
