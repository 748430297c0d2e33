"""A person's wishes for pools: what costs an item is asked first, and said what it costs.

::

    key ──► wish() ──┬─ pause, resume, more, fewer ──────────────► Wishes ──► the engine, the pool
                     └─ retry, cancel, kill, size ──► question ──┘
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from supervisor.api.pools import PoolActionName, PoolFailure, PoolRequest, PoolRow
from tui.actions import Action
from tui.hang_desk import Work
from tui.screens.confirm import ConfirmScreen, Question
from tui.screens.pool_questions import (
    SizeScreen,
    cancel_question,
    kill_member_question,
    retry_question,
    which_member_question,
    which_task_question,
)
from tui.situation import Situation
from tui.wishes import Wishes

Ask = Callable[[Question | ConfirmScreen, Callable[[str], Work]], None]
"""Asks, and does what follows from any answer but Cancel."""

REPORT_LAG_S = 2.0
"""So long a report may still tell how many members there were before a wish."""


@dataclass(frozen=True)
class PoolDesk:
    """One for the whole dashboard.

    Attributes:
        start: does work in the background.
        acted: something was wished of a pool.
    """

    wishes: Wishes
    start: Callable[[Work], None]
    ask: Ask
    acted: Callable[[str], None]
    now_s: Callable[[], float]
    """Monotonic."""
    _sizes: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    """By pool: how many members its report wished for, how many were wished for then, and when (monotonic)."""

    def wish(self, action: Action, situation: Situation, failure: PoolFailure | None) -> None:
        """Do `action` to the pool under the cursor; `failure` is what failed under it."""
        row = situation.pool
        if row is None:
            return
        match action.id:
            case "pool_pause":
                self._start(row, "pause")
            case "pool_resume":
                self._start(row, "resume")
            case "pool_more":
                self.resize(row, 1)
            case "pool_fewer":
                self.resize(row, -1)
            case "pool_resize":
                self.ask(SizeScreen(row), lambda size: self._resizing(row, int(size)))
            case "pool_retry":
                self._ask_retry(row, failure)
            case "pool_cancel":
                self._ask_cancel(row, situation.member)
            case "pool_kill":
                self._ask_kill(row, situation.member)

    def _start(self, row: PoolRow, action: PoolActionName, request: PoolRequest | None = None) -> None:
        self.start(partial(self._act, row.name, action, request or PoolRequest()))

    async def _act(self, name: str, action: PoolActionName, request: PoolRequest) -> None:
        await self.wishes.make_on_pool(name, action, request)
        self.acted(name)

    # --- how many members ---

    def _wished(self, row: PoolRow) -> int:
        """How many members are wished for: as the pool has said, or was asked for since."""
        told, wished, at_s = self._sizes.get(row.name, (0, 0, 0.0))
        is_on_its_way = told == row.report.processes and self.now_s() - at_s < REPORT_LAG_S
        return wished if is_on_its_way else row.report.processes

    def resize(self, row: PoolRow, by: int) -> None:
        """Have so many members more, or fewer; one stays."""
        self.start(self._resizing(row, max(self._wished(row) + by, 1)))

    def _resizing(self, row: PoolRow, size: int) -> Work:
        """Note at once how many are wished for, so that the next press counts on; the work is to tell the pool."""
        before = self._wished(row)
        self._sizes[row.name] = (row.report.processes, size, self.now_s())

        async def do() -> None:
            if not await self.wishes.make_on_pool(row.name, "resize", PoolRequest(processes=size), before):
                self._sizes.pop(row.name, None)
            self.acted(row.name)

        return do

    # --- what costs an item ---

    def _ask_retry(self, row: PoolRow, failure: PoolFailure | None) -> None:
        def chosen(choice: str) -> Work:
            request = PoolRequest() if choice == "all" else PoolRequest(index=int(choice))
            return partial(self._act, row.name, "retry-failed", request)

        self.ask(retry_question(row, failure), chosen)

    def _ask_cancel(self, row: PoolRow, pid: int | None) -> None:
        member = next((each for each in row.report.members if each.pid == pid and each.index is not None), None)
        question = which_task_question(row, self.now_s()) if member is None else cancel_question(row, member)
        self.ask(question, lambda index: partial(self._act, row.name, "cancel", PoolRequest(index=int(index))))

    def _ask_kill(self, row: PoolRow, pid: int | None) -> None:
        member = next((each for each in row.report.members if each.pid == pid), None)
        question = which_member_question(row, self.now_s()) if member is None else kill_member_question(row, member)
        self.ask(question, lambda pid: partial(self._act, row.name, "kill-member", PoolRequest(pid=int(pid))))
