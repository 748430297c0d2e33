"""What the screens about hangs need of the rest of the dashboard, and the wishes that are made on them.

It opens no screen itself: `open` is given by the dashboard. What cannot be taken back is asked first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from supervisor.api.hangs import StacksReply, Verdict, WayOut
from supervisor.api.messages import ReplicaRow
from supervisor.errors import EngineUnreachable, RequestRefused
from tui.happenings import Happenings
from tui.link.engine_link import EngineLink
from tui.link.report import make_report
from tui.link.stacks_file import write_dump
from tui.link.view import FleetView
from tui.render.figures import plural
from tui.render.glyphs import Glyphs
from tui.render.pieces import plain
from tui.render.stacks import dump_text
from tui.render.zone import local
from tui.screens.confirm import Choice, Question, kill_question
from tui.screens.wording import Wording
from tui.situation import ScreenName
from tui.wishes import Say, Wishes

Work = Callable[[], Coroutine[None, None, None]]

MANY_WORKERS = 8
"""From so many on it is said that their stacks are being asked for."""


@dataclass(frozen=True)
class HangDesk:
    """One for the whole dashboard.

    Attributes:
        view: what the engine said last.
        start: does work in the background.
        confirm: asks a question, and does the work when the answer is not Cancel.
        open: shows one of the screens, about what is called so; ``hangs`` is about all.
        happenings: what has happened, as far as it is kept.
    """

    link: EngineLink
    wishes: Wishes
    wording: Wording
    say: Say
    view: Callable[[], FleetView]
    start: Callable[[Work], None]
    confirm: Callable[[Question, Work], None]
    open: Callable[[ScreenName, str], None]
    happenings: Happenings = field(default_factory=Happenings)

    @property
    def glyphs(self) -> Glyphs:
        return self.wording.glyphs

    def now_s(self) -> float:
        """Monotonic."""
        return self.wording.clock.monotonic_s()

    def row(self, name: str) -> ReplicaRow | None:
        """The replica called `name`."""
        return self.view().row(name)

    # --- ways out ---

    def restart(self, name: str) -> None:
        """Restart a replica; it is told like any other restart."""
        self.start(partial(self.wishes.make, "restart", [name], name))

    def resume(self, name: str, then: Callable[[], None]) -> None:
        """Let a replica's processes go on that stand still."""

        async def do() -> None:
            await self.wishes.make("resume", [name], name)
            then()

        self.start(do)

    def kill(self, name: str) -> None:
        """Ask, then kill a replica's whole tree."""
        row = self.row(name)
        question = kill_question(name, row.processes if row else 1)
        self.confirm(question, partial(self.wishes.make, "kill", [name], name))

    def kill_process(self, way: WayOut, then: Callable[[], None]) -> None:
        """Ask, then kill the one process that `way` names."""
        if way.pid is None or way.start_ticks is None:
            return
        pid, start_ticks = way.pid, way.start_ticks

        async def do() -> None:
            await self.wishes.kill_process(pid, start_ticks)
            then()

        self.confirm(kill_process_question(way), do)

    def release(self, way: WayOut, then: Callable[[], None]) -> None:
        """Ask, saying why it is safe, then free the lock that `way` names by the hand of its replica."""

        async def do() -> None:
            await self.wishes.release(way.replica, way.resource)
            then()

        self.confirm(release_question(way), do)

    # --- for others to read ---

    def dump(self) -> None:
        """Write the stacks of all workers to a file."""
        self.start(self._dump)

    async def _dump(self) -> None:
        directory, view = self._run_directory(), self.view()
        if directory is None or view.fleet is None:
            return
        names = [row.name for row in view.rows if row.pid is not None]
        if len(names) >= MANY_WORKERS:
            self.say(f"Asking {plural(len(names), 'worker')} for their stacks.")
        verdicts, replies, troubles = await self._all_stacks(names)
        now = self._now()
        title = f"Stacks of {self.wording.project}, {now:%Y-%m-%d %H:%M:%S}, run {view.fleet.run_id}"
        text = dump_text(title, verdicts, replies, troubles)
        try:
            path = await asyncio.to_thread(write_dump, directory, f"stacks-{now:%Y%m%d-%H%M%S}", text)
        except OSError as error:
            self.say(plain(f"Cannot write stacks into {directory}: {error.strerror or error}."), "error")
        else:
            self.say(plain(f"Wrote the stacks of {plural(len(replies), 'worker')} to {path}"))

    async def _all_stacks(self, names: list[str]) -> tuple[tuple[Verdict, ...], list[StacksReply], list[str]]:
        """Verdicts, stacks, and what could not be told; once the engine is gone nobody else is asked for."""
        replies: list[StacksReply] = []
        verdicts: tuple[Verdict, ...] = ()
        troubles: list[str] = []
        try:
            why = await self.link.why()
            verdicts, troubles = why.verdicts, list(why.troubles)
        except RequestRefused as refused:
            troubles.append(str(refused))
        except EngineUnreachable as gone:
            return (), [], [str(gone)]
        for name in names:
            try:
                replies.append(await self.link.stacks(name))
            except RequestRefused as refused:
                troubles.append(f"{name}: {refused}")
            except EngineUnreachable as gone:
                return verdicts, replies, [*troubles, str(gone)]
        return verdicts, replies, troubles

    def report(self) -> None:
        """Have a report written that can be handed on."""
        self.start(self._report)

    async def _report(self) -> None:
        directory = self._run_directory()
        if directory is None:
            return
        self.say("Writing a report.")
        path = directory / f"report-{self._now():%Y%m%d-%H%M%S}.tar.gz"
        trouble = await make_report(self.wording.project, path)
        told = f"Wrote a report, secrets masked as far as they give themselves away, to {path}"
        self.say(plain(trouble or told), "error" if trouble else "information")

    def _run_directory(self) -> Path | None:
        """Where what is written goes; None, which is said, where the engine has not told."""
        fleet = self.view().fleet
        if fleet is None or not fleet.log.directory:
            self.say("Nothing is written: the engine has not told where its run is kept.", "error")
            return None
        return Path(fleet.log.directory).parent

    def _now(self) -> datetime:
        return local(self.wording.clock.wall_s(), self.wording.utc_offset_s)


def kill_process_question(way: WayOut) -> Question:
    """Before the one process is killed that holds others up."""
    return Question(
        title=f"Kill process {way.pid}?",
        text=f"{plain(way.text)}. SIGKILL ends this process alone, at once; it cannot clean up.",
        choices=(Choice("kill", f"Kill process {way.pid}", "X", is_dangerous=True),),
    )


def release_question(way: WayOut) -> Question:
    """Before a lock is freed whose holder is dead."""
    return Question(
        title="Release the lock?",
        text=f"{plain(way.text)}. What its holder was doing when it died may be half done: look at what the lock "
        "protects.",
        choices=(Choice("release", "Release it", "u", is_dangerous=True),),
    )
