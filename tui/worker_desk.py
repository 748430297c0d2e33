"""A person's wishes for workers: several of them at once, and what cannot be taken back, are asked first.

::

    key ──► wish() ──┬─ one worker, gracefully ─────────────────────► Wishes ──► the engine
                     └─ marked ones, all, kill, signal ──► question ──┘
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from supervisor.api.messages import ReplicaRow
from supervisor.api.pools import PoolRow
from tui.actions import Action
from tui.hang_desk import Work
from tui.link.view import FleetView
from tui.pool_desk import Ask
from tui.screens.confirm import kill_question, restart_all_question, signal_question
from tui.screens.levels import level_question
from tui.screens.marked_question import group_label, marked_label, marked_question
from tui.situation import Situation
from tui.wishes import Wishes


@dataclass(frozen=True)
class WorkerDesk:
    """One for the whole dashboard.

    Attributes:
        view: what the engine said last.
        start: does work in the background.
        resize: has so many members of a pool more, or fewer.
    """

    wishes: Wishes
    view: Callable[[], FleetView]
    start: Callable[[Work], None]
    ask: Ask
    resize: Callable[[PoolRow, int], None]

    def wish(self, action: Action, situation: Situation) -> None:
        """Do `action` to all workers, to those that are marked, or to the one under the cursor."""
        if action.id == "restart_all":
            self._restart_all()
        elif action.acts_on_marks and situation.marked:
            self._wish_on_several(action, situation.marked, marked_label(situation.marked))
        elif action.acts_on_marks and situation.grouped:
            self._wish_on_several(action, situation.grouped, group_label(situation))
        elif situation.row is not None:
            self._wish_on(action, situation.row)

    def _setting_level(self, row: ReplicaRow, level: str) -> Work:
        return partial(self.wishes.set_level, row.name, level, row.log_level)

    def _restart_all(self) -> None:
        names = [row.name for row in self.view().rows]
        do = partial(self.wishes.make, "restart", ["*"], f"all {len(names)} workers")
        self.ask(restart_all_question(names), lambda _: do)

    def _wish_on_several(self, action: Action, several: tuple[ReplicaRow, ...], label: str) -> None:
        if action.wish is not None:
            names = [row.name for row in several]
            affected = {row.name for row in several if action.applies(Situation(row=row))}
            do = partial(self.wishes.make, action.wish, names, label, affected=affected)
            self.ask(marked_question(action, several, self.view().rows, label), lambda _: do)

    def _wish_on(self, action: Action, row: ReplicaRow) -> None:
        name, make = row.name, self.wishes.make
        if action.id == "kill":
            self.ask(kill_question(name, row.processes), lambda _: partial(make, "kill", [name], name))
        elif action.id == "signal":
            self.ask(signal_question(name, row.pid), lambda choice: partial(self.wishes.signal, name, choice))
        elif action.id == "worker_level":
            self.ask(level_question(name, row.log_level), partial(self._setting_level, row))
        elif action.id in ("more", "fewer"):
            by, pool = 1 if action.id == "more" else -1, self.view().pools_of.get(name)
            if row.kind == "pool" and pool is not None:
                self.resize(pool, by)
            else:
                self.start(partial(self.wishes.scale, row.worker, by))
        elif action.wish is not None:
            self.start(partial(make, action.wish, [name], name))
