"""Goes the way back from what was done last, and says what it does; where there is none it says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from supervisor.api.pools import PoolRequest
from tui.actions import key_of
from tui.hang_desk import Work
from tui.render.pieces import plain
from tui.screens.fleet import FleetScreen
from tui.toasts import Subject
from tui.undo import Act, Done, FilterAgain, MarkAgain, OnPool, Scale, SetLevel, Step
from tui.wishes import Say, Wishes


@dataclass(frozen=True)
class UndoDesk:
    """One for the whole dashboard.

    Attributes:
        start: does work in the background.
        screen: the first screen, with its marks and filters.
    """

    wishes: Wishes
    start: Callable[[Work], None]
    say: Say
    screen: Callable[[], FleetScreen]

    def undo(self) -> None:
        """Take back what was done last."""
        done = self.wishes.history.pop()
        if done is None:
            self.say("Nothing to undo: nothing has been done here that could be taken back.")
        elif done.step is None:
            self.say(plain(f"Cannot undo: {done.what}, and {done.way}.{self._next()}"), "warning")
        else:
            self._go_back(done, done.step)

    def _next(self) -> str:
        """What the key would undo next."""
        older = self.wishes.history.newest
        if older is None:
            return ""
        way = f"; {key_of('undo')} {older.way}" if older.step is not None else ""
        return f" Before that: {older.what}{way}."

    def _go_back(self, done: Done, step: Step) -> None:
        match step:
            case MarkAgain(names):
                self.screen().mark_again(names)
                self.say(f"Marked again: {len(names)}.")
            case FilterAgain(pane, text):
                self.screen().filter_again(pane, text)
                self.say(plain(f"Filtered again by {text}"))
            case _:
                self.say(plain(f"Undo: {done.what}; this {done.way}."), about=_subject(step))
                self.start(self._work_of(step, plain(f"Undo: {done.what}.")))

    def _work_of(self, step: Act | Scale | SetLevel | OnPool, undoes: str) -> Work:
        wishes = self.wishes
        match step:
            case Act(action, names, label):
                return partial(wishes.make, action, names, label, undoes=undoes)
            case Scale(worker, by):
                return partial(wishes.scale, worker, by, is_undo=True)
            case SetLevel(name, level):
                return partial(wishes.set_level, name, level, is_undo=True)
            case OnPool():
                return partial(self._on_pool, step)

    async def _on_pool(self, step: OnPool) -> None:
        await self.wishes.make_on_pool(step.pool, step.action, PoolRequest(processes=step.processes), is_undo=True)


def _subject(step: Act | Scale | SetLevel | OnPool) -> Subject:
    """Whom `step` is about: what comes of it is told in the same place."""
    match step:
        case Act(names=names):
            return frozenset(names)
        case Scale(worker=name) | SetLevel(name=name) | OnPool(pool=name):
            return frozenset({name})
