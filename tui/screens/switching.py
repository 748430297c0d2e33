"""The picker over a dashboard: another project takes its place, and the one before goes on or is stopped, as wished."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from textual.widget import Widget
from textual.worker import Worker

from supervisor.errors import EngineUnreachable, RequestRefused
from supervisor.paths import engine_note
from tui.actions import Action
from tui.hang_desk import HangDesk
from tui.leaving import LeavingApp
from tui.profiles import Card
from tui.render.figures import plural
from tui.render.header import live_workers
from tui.render.pieces import plain
from tui.render.profile_cards import Start
from tui.screens.confirm import Choice, ChoiceLine, ConfirmScreen, Question
from tui.screens.picker import PickerScreen
from tui.switching import Opened

OPEN, STOP_FIRST = "open", "stop"
COUNTED_EVERY_S = 0.25
"""How often it is told who is still waited for."""


class SwitchScreen(ConfirmScreen):
    """Whether to leave a project for another one. It may be gone back to, so Enter does it."""

    def first(self) -> Widget:
        return self.query_one(f"#choice-{OPEN}", ChoiceLine)


class SwitchingScreen(PickerScreen):
    """Asks before it leaves: what is started, and what becomes of the workers here."""

    app: LeavingApp

    def __init__(self, desk: HangDesk, _: str = "") -> None:
        super().__init__(desk.glyphs, desk.wording.clock, _here(), current=desk.wording.project)
        self._desk = desk
        self._is_stopped_first = False

    def may(self, action: Action) -> bool:
        return action.id != "reload" or self._desk.view().fleet is not None

    def take(self, card: Card) -> None:
        if card.engine is not None and card.engine.project == self.current:
            self.do_reload()
        elif refusal := self.app.why_not_switch():
            self.tell_trouble(refusal)
        else:
            live = live_workers(self._desk.view().fleet)
            self.app.push_screen(SwitchScreen(switch_question(card, self.current, live)), partial(self._answered, card))

    def _answered(self, card: Card, choice: str | None) -> None:
        if choice == OPEN:
            self.open_card(card)
        elif choice == STOP_FIRST:
            _: Worker[None] = self.run_worker(partial(self._stop_then_open, card), group="opening", exclusive=True)

    async def _stop_then_open(self, card: Card) -> None:
        self.say_busy(f"Stopping all of {self.current}{self._glyphs.ellipsis}")
        waiting = self.set_interval(COUNTED_EVERY_S, self._count_down)
        try:
            reply = await self._desk.link.down(is_forced=False)
        except RequestRefused as refused:
            self.tell_trouble(f"{self.current} was not stopped, and nothing was opened: {refused}")
            return
        except EngineUnreachable:
            pass  # it is gone, which is what was wished
        else:
            if reply.survivors:
                pids = ", ".join(str(process.pid) for process in reply.survivors)
                self._desk.say(plain(f"{self.current}: these processes would not die: {pids}"), "error")
        finally:
            waiting.stop()
        self._is_stopped_first = True
        self.open_card(card)

    def _count_down(self) -> None:
        waited = [row.name for row in self._desk.view().rows if row.pid is not None]
        more = f" and {len(waited) - 2} more" if len(waited) > 2 else ""
        self.say_busy(
            f"Stopping {self.current}: waiting for {plain(', '.join(waited[:2]))}{more}" if waited else "Stopped"
        )

    def begin(self, start: Start) -> None:
        """Nothing is offered here but profiles."""

    def do_reload(self) -> None:
        """`ctrl+r`"""
        app = self.app
        self.dismiss(None)
        app.call_later(app.run_action, "wish('reload')")

    async def go_to(self, opened: Opened) -> None:
        self.app.switch_to(opened.note.project, is_stopped=self._is_stopped_first)


def _here() -> Path:
    """Where the dashboard was opened; the directory may be gone."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()


def switch_question(card: Card, current: str, live: int) -> Question:
    """Before another project's dashboard takes the place of this one."""
    name = plain(card.name)
    if card.engine is not None:
        does = f"{name} runs already; nothing is started."
    else:
        parts = card.outline.counts() if card.outline else {}
        what = ", ".join(plural(parts[kind], kind) for kind in ("worker", "pool") if parts.get(kind))
        does = f"An engine of {name} is started{f', with {what}' if what else ''}."
    stays = "No worker runs here." if not live else f"{plural(live, 'worker')} of {current} go on without this screen."
    if live == 1:
        stays = f"1 worker of {current} goes on without this screen."
    stop = (Choice(STOP_FIRST, f"Stop all of {current} first, then open {name}", "s", is_dangerous=True),)
    is_running = engine_note(current) is not None
    return Question(
        title=f"Open {name}?",
        text=f"{does} {stays} ctrl+o comes back.",
        choices=(Choice(OPEN, f"Open {name}", "o"), *(stop if is_running else ())),
    )
