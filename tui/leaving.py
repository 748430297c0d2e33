"""How the dashboard is left: what is asked before, what happens while everything is stopped, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from textual.notifications import Notify
from textual.worker import Worker

from supervisor.api.messages import TreeProcess
from supervisor.errors import EngineUnreachable, ProcdeckError, RequestRefused
from tui.driver import TerminalDriver
from tui.hang_desk import Work
from tui.keys_in_order import KeysInOrder
from tui.link.engine_link import EngineLink, Listener
from tui.link.view import FleetView, LinkState
from tui.pacing import PacedApp
from tui.render.header import live_workers
from tui.screens.confirm import ConfirmScreen, quit_question
from tui.toasts import NOTHING, FewToasts, News, Subject
from tui.wishes import Severity

if TYPE_CHECKING:
    from tui.starting import Starting

AGAIN_S = 0.1
"""Who cannot leave yet tries again so soon."""

STARTED_S = 0.5
"""How long an engine may take to start workers, before it is said how many would be stopped."""

READ_PER_S = 40
"""Characters of a sentence that a person reads in a second, with something else to do."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """How the dashboard ended."""

    how: Literal["detached", "stopped", "gone", "switched", "starting", "unstarted"]
    live_workers: int = 0
    survivors: tuple[TreeProcess, ...] = ()
    next_project: str = ""
    """Whose dashboard is wanted next."""
    is_stopped: bool = False
    """Everything was stopped before another dashboard was wanted."""
    opening: str = ""
    """Another project whose engine was on its way, and will run."""
    trouble: ProcdeckError | None = None
    """Why there is no engine."""


class LeavingApp(KeysInOrder[Leaving], FewToasts[Leaving], PacedApp[Leaving]):
    """An app with a line to an engine, that can say something and be left. What it shows is its subclass's business."""

    def __init__(self, link: EngineLink, *, ansi_color: bool | None) -> None:
        super().__init__(driver_class=TerminalDriver, ansi_color=ansi_color)
        self._link = link
        self._view = FleetView()
        self._is_stopping_all = False
        self.can_switch = False
        """Whoever has opened this goes on with the project that `switch_to` names."""
        self.first_words = ""
        """What is to be said as soon as there is a screen."""
        self.starting: Starting | None = None
        """The engine is on its way."""
        self._is_asked_early = False

    def on_mount(self) -> None:
        if self.first_words:
            self.call_after_refresh(self.say, self.first_words)

    @property
    def is_drawing(self) -> bool:
        """The first screen is there."""
        raise NotImplementedError

    def in_background(self, work: Work, group: str, *, is_latest_only: bool = False) -> None:
        """Do `work` beside everything else; `is_latest_only` ends what the group does so far."""
        _: Worker[None] = self.run_worker(work, group=group, exclusive=is_latest_only)

    def say(self, sentence: str, severity: Severity = "information", about: Subject = NOTHING) -> None:
        """Show a sentence for a few seconds, in place of what is still shown `about` the same.

        It may hold worker text: it is never parsed.
        """
        timeout_s = (4.0 if severity == "information" else 8.0) + len(sentence) / READ_PER_S
        self.post_message(Notify(News(sentence, severity=severity, timeout=timeout_s, about=about)))

    async def hear_engine(self, listener: Listener) -> None:
        """Tell `listener` all news, as soon as there is an engine; where none comes to be, leave."""
        if self.starting is not None:
            try:
                await self.starting.over()
            except ProcdeckError as trouble:
                self.exit(Leaving("unstarted", trouble=trouble))
                return
            self.starting = None
        await self._link.run(listener)

    def answer_early(self) -> None:
        """Ask what was to be asked before there was an engine, now that there is one."""
        if self._is_asked_early and self._view.state is LinkState.LIVE:
            self._is_asked_early = False
            self.set_timer(STARTED_S, self.ask_quit)

    @property
    def _is_stopping(self) -> bool:
        """Everything is being stopped already, from here or from elsewhere."""
        fleet = self._view.fleet
        return self._is_stopping_all or (fleet is not None and fleet.phase == "stopping")

    def action_interrupt(self) -> None:
        """Ctrl+C: ask; a second time detaches at once. While all are being stopped it waits no longer."""
        if self._is_stopping and self._view.state is LinkState.LIVE:
            if isinstance(self.screen, ConfirmScreen) and self.screen.question.is_quit:
                self.screen.dismiss("force")
            else:
                self._answered_quit("force")
        elif self._quit_question_is_open():
            self._detach()
        else:
            self.ask_quit()

    def _quit_question_is_open(self) -> bool:
        return isinstance(self.screen, ConfirmScreen) and self.screen.question.is_quit

    def ask_quit(self) -> None:
        """Ask whether to stop all or to detach; without an engine there is nothing to ask."""
        if self._quit_question_is_open():
            return
        if self.starting is not None:
            if self._is_asked_early:
                self._detach()
            self._is_asked_early = True
            self.say("The engine is starting: the question comes when it is there. Once more leaves at once.")
            return
        if self._view.state is not LinkState.LIVE:
            self.exit(Leaving("gone", opening=self._opening))
            return
        live = live_workers(self._view.fleet)
        question = quit_question(live, is_stopping=self._is_stopping, opening=self._opening)
        self.push_screen(ConfirmScreen(question), self._answered_quit)

    @property
    def _opening(self) -> str:
        """What a picker on the screen, or below a question, is opening."""
        return next(filter(None, (getattr(screen, "opening", "") for screen in self.screen_stack)), "")

    def _answered_quit(self, choice: str | None) -> None:
        if choice == "detach":
            self._detach()
        elif choice in ("stop", "force"):
            self._is_stopping_all = True
            self.in_background(partial(self._stop_all, is_forced=choice == "force"), "leaving", is_latest_only=True)

    def _detach(self) -> None:
        if not self.is_drawing:  # a screen that leaves while it is made fails
            self.set_timer(AGAIN_S, self._detach)
            return
        if self.starting is not None:
            self.starting.leave()
            self.exit(Leaving("starting"))
            return
        self.exit(Leaving("detached", live_workers(self._view.fleet), opening=self._opening))

    async def _stop_all(self, *, is_forced: bool) -> None:
        """Stay and show who is waited for, then leave."""
        self.say("Killing all workers" if is_forced else "Stopping all workers")
        try:
            reply = await self._link.down(is_forced=is_forced)
        except RequestRefused as refused:
            self._is_stopping_all = False
            self.say(str(refused), "error")
        except EngineUnreachable:
            self.exit(Leaving("stopped", opening=self._opening))
        else:
            self.exit(Leaving("stopped", survivors=reply.survivors, opening=self._opening))

    def why_not_switch(self) -> str:
        """Why no other project can be gone to from here; empty: one can."""
        return "" if self.can_switch else "Nothing is opened from here: this dashboard was opened on one project only."

    def switch_to(self, project: str, *, is_stopped: bool = False) -> None:
        """Leave for the dashboard of `project`, whose engine runs; the screen is handed over as it is."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.keep_screen()
        live = 0 if is_stopped else live_workers(self._view.fleet)
        self.exit(Leaving("switched", live, next_project=project, is_stopped=is_stopped))

    def _fatal_error(self) -> None:
        """Leave the terminal as it was; the entry point tells what happened and where the report is."""
        self._close_messages_no_wait()

    @property
    def crash(self) -> Exception | None:
        """What ended the dashboard against its will."""
        return self._exception
