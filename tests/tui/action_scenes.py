"""Scenes for the test of every action: a dashboard in a known state, what can be seen of it, and the ways back to it.

::

    SCENES[scene_of(action)] ──set()──> the dashboard as the action needs it ──key──> traces(before) != traces(after)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from textual.pilot import Pilot

from supervisor.api.hangs import StacksReply, WayOut
from supervisor.api.messages import Fleet, LogState
from supervisor.api.requests import PlanStep
from supervisor.lifecycle.states import State
from tests.tui.event_fakes import history
from tests.tui.fakes import NOW_AT, FakeLink, census, channels, letters_of_paths, replica, store, stored_line
from tests.tui.hang_fakes import deadlock, frame, idle, stacks_reply, why_reply
from tests.tui.pool_fakes import pools
from tests.tui.screens.test_fleet import WIDE, until
from tests.tui.strips import lines_of
from tui import situation as seen
from tui.actions import CHANNEL, FLEET, LOG, LOOK, POOL, PROGRAM, WORKER, Action
from tui.dashboard import Dashboard, Leaving
from tui.screens.fleet import FleetScreen
from tui.situation import Predicate

LINES = 200
LONG_AGO_S = 5000.0
"""So far back that every span of time has something in it."""
LEVELS = ("INFO", "DEBUG", "WARNING", "ERROR")
ERROR = LEVELS.index("ERROR")
EVERY_WAY = (
    WayOut(action="restart", text="restart parse.2", replica="parse.2"),
    WayOut(action="kill", text="kill parse.2", replica="parse.2"),
    WayOut(action="resume", text="let parse.2 go on", replica="parse.2"),
    WayOut(action="kill-process", text="kill pid 4008", replica="parse.2", pid=4008, start_ticks=77),
    WayOut(action="release", text="nobody alive holds it", replica="parse.2", resource="sem:3070"),
    WayOut(action="dump", text="write all stacks to a file"),
)


def fleet_with_everything(directory: Path) -> Fleet:
    """Workers in every state that an action needs, channels, pools, a log of all levels."""
    bad = {"type": "ValueError", "message": "bad", "traceback": "Traceback\n  File x\nValueError: bad\n"}
    store(directory, [
        stored_line(f"message number {at}", worker="parse.1", level=LEVELS[at % 4], second=at,
                    **({"exception": bad} if at % 4 == ERROR else {}))
        for at in range(LINES)
    ])  # fmt: skip
    rows = (*census().rows, replica("still", State.PAUSED, pid=4712), replica("talks", log_level="INFO"))
    of_pools = tuple(replica(pool.replica, kind="pool") for pool in pools() if pool.replica != "parse.2")
    log = LogState(directory=str(directory), records=LINES, warnings=50, errors=50)
    return census(rows=(*rows, *of_pools), channels=channels(), pools=pools(), log=log)


def link_with_everything(directory: Path) -> FakeLink:
    """An engine that has an answer to everything."""
    link = FakeLink(fleet_with_everything(directory))
    every_way = msgspec.structs.replace(deadlock(), ways_out=EVERY_WAY)
    link.verdicts["parse.1"] = why_reply(every_way, idle("parse.1"))
    link.stacks_of["parse.1"] = _with_the_way_in(stacks_reply())
    first, *rest = history()
    link.past = [msgspec.structs.replace(first, at=NOW_AT - LONG_AGO_S), *rest]
    link.plan = (PlanStep(subject="parse", change="restart", keys=("target",)),)
    return link


def _with_the_way_in(reply: StacksReply) -> StacksReply:
    """With a call by which the process began, which is told on demand only."""
    began = frame("/usr/lib/python3.11/multiprocessing/process.py", 314, "BaseProcess._bootstrap")
    first, *rest = reply.processes
    main, *others = first.threads
    main = msgspec.structs.replace(main, frames=(*main.frames, began))
    return msgspec.structs.replace(reply, processes=(msgspec.structs.replace(first, threads=(main, *others)), *rest))


# --- what can be seen ---


def wished(link: FakeLink) -> list[object]:
    """What was asked of the engine that changes anything."""
    return [
        *link.wishes, *link.ways, *link.channel_wishes, *link.signals, *link.scales, *link.downs,
        *link.pool_wishes, *(is_dry_run for is_dry_run in link.reloads if not is_dry_run),
    ]  # fmt: skip


def state_of(app: Dashboard) -> tuple[object, ...]:
    """The screen's own state, without toasts."""
    screen = app.fleet_screen
    table, log = screen.place_table, screen.logs
    return (
        tuple(type(each).__name__ for each in app.screen_stack),
        (screen.place, screen.zoomed(), screen.is_detail_wanted, screen.error_order, app.theme),
        (table.cursor_name, table.sort, table.is_only_problems, table.shown_names, tuple(screen.table.marked)),
        (app.focused, getattr(app.focused, "value", "")),
        (log, log.source.narrowing, log.source.sought, log.view.is_following, log.view.is_wrapped),
        (log.view.cursor_number, tuple(sorted(log.view.marks)), log._strip.display, len(list(screen.log_panes))),
        (app.clipboard, app.return_value),
    )


def toasts(app: Dashboard) -> list[str]:
    """What was said."""
    return [note.message for note in app._notifications]


def painted(app: Dashboard) -> list[str]:
    """What is on the terminal."""
    return lines_of(app)


@dataclass(frozen=True)
class Traces:
    """All that anybody could notice; the clock stands, so that nothing of it moves by itself."""

    app: Dashboard
    link: FakeLink
    told: tuple[object, ...]
    painted: list[str]

    @staticmethod
    def of(app: Dashboard, link: FakeLink) -> Traces:
        """What can be noticed now."""
        return Traces(app, link, _told(app, link), painted(app))

    def have_changed(self) -> bool:
        """Whether there is anything else to be noticed by now; painting is looked at last, for it costs most."""
        return _told(self.app, self.link) != self.told or painted(self.app) != self.painted


def _told(app: Dashboard, link: FakeLink) -> tuple[object, ...]:
    return (wished(link), list(link.asked), state_of(app), toasts(app))


# --- the scenes ---

Bring = Callable[[Pilot[Leaving], FleetScreen], Awaitable[None]]


async def _worker(name: str, pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    screen.go("workers", name)
    screen.table.focus()
    await until(pilot, lambda: screen.subject == name and screen.situation().pane == "workers")


async def _at_walk(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    await _worker("walk", pilot, screen)


async def _at_parse(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    await _worker("parse.1", pilot, screen)


async def _at_still(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    await _worker("still", pilot, screen)


async def _at_talks(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    await _worker("talks", pilot, screen)


async def _in_group(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    screen.group_by("kind")
    await _worker("parse.1", pilot, screen)
    await until(pilot, lambda: screen.situation().is_grouped)


async def _at_folded(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    await _in_group(pilot, screen)
    await pilot.press("left")
    await until(pilot, lambda: screen.subject != "parse.1")


async def _at_paths(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    screen.go("channels", "paths")
    screen.channel_table.focus()
    await until(pilot, lambda: screen.subject == "paths" and screen.letter("7") is not None)


async def _at_letter(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    await _at_paths(pilot, screen)
    await settled(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: screen.situation().letter is not None)


async def _at_thumbs(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    screen.go("pools", "thumbs")
    await until(pilot, lambda: screen.subject == "thumbs" and screen.failure(17) is not None)


async def _at_tiles(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    screen.go("pools", "tiles@parse.2")
    await until(pilot, lambda: screen.subject == "tiles@parse.2")


async def _at_errors(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    screen.go("errors")
    await until(pilot, lambda: screen.error is not None and not screen._errors.is_scanning)


async def _in_log(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    await _worker("parse.1", pilot, screen)
    log = screen.log_panes.first
    await until(pilot, lambda: log.source.line_count == LINES and not log.source.is_scanning)
    log._seek("message")
    await until(pilot, lambda: log.source.hit_count == LINES and not log.source.is_seeking)
    log.view.marks.update((LINES // 4, 3 * LINES // 4))
    log.view.focus()
    log.go_to_line(LINES // 2)
    await until(pilot, lambda: log.view.cursor_number == LINES // 2 and screen.situation().pane == "log")


async def _wide(pilot: Pilot[Leaving], screen: FleetScreen) -> None:
    await pilot.resize_terminal(*WIDE)
    screen.want_detail(is_open=True)
    await until(pilot, lambda: screen.situation().is_wide)
    await _worker("parse.1", pilot, screen)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where an action can be done."""

    name: str
    bring: Bring


SCENES: dict[str, Scene] = {
    name: Scene(name, bring)
    for name, bring in (
        ("a running worker", _at_parse),
        ("a worker at rest", _at_walk),
        ("a paused worker", _at_still),
        ("a worker with loggers", _at_talks),
        ("a group of workers", _in_group),
        ("a folded group", _at_folded),
        ("a queue", _at_paths),
        ("a dead letter", _at_letter),
        ("a pool", _at_thumbs),
        ("a paused pool", _at_tiles),
        ("an error", _at_errors),
        ("the log", _in_log),
        ("a wide screen", _wide),
    )
}

OF_GROUP = {
    WORKER: "a running worker",
    CHANNEL: "a queue",
    POOL: "a pool",
    FLEET: "a running worker",
    LOOK: "a running worker",
    LOG: "the log",
    PROGRAM: "a running worker",
}
"""Where actions of a group can be done, if nothing else is said."""

OF_PREDICATE: dict[Predicate, str] = {
    seen.startable: "a worker at rest",
    seen.resumable: "a paused worker",
    seen.has_loggers: "a worker with loggers",
    seen.is_in_group: "a group of workers",
    seen.is_beside: "a wide screen",
    seen.has_letter: "a dead letter",
    seen.pool_is_paused: "a paused pool",
    seen.has_order: "an error",
}
"""Where those can be done that apply only there."""

OF_ID = {"workers": "a queue", "back": "a queue", "unfold": "a folded group"}
"""Where those can be done that would change nothing elsewhere."""


def scene_of(action: Action) -> str:
    """The scene in which `action` is tried; empty where nobody has said how to reach it."""
    return OF_ID.get(action.id) or OF_PREDICATE.get(action.applies) or OF_GROUP.get(action.group, "")


async def settled(pilot: Pilot[Leaving]) -> None:
    """Wait until everything that is under way has been heard and painted."""
    app = pilot.app
    await pilot.pause()
    await until(pilot, lambda: all(work.is_finished or work.group == "link" for work in app.workers))


async def set_scene(pilot: Pilot[Leaving], scene: Scene) -> None:
    """Take back what an action has done, as far as another would notice, and bring the dashboard to `scene`."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    assert isinstance(app._link, FakeLink)
    app._link.dead = {"paths": letters_of_paths()}
    if len(app.screen_stack) > 1:
        while len(app.screen_stack) > 1:
            app.pop_screen()
        await settled(pilot)
    screen = app.fleet_screen
    await screen.log_panes.close_second()
    app.clear_notifications()
    for table in screen._tables.values():
        table.show_problems_only(is_only=False)
        table.sort_by(None)
    for box in screen._boxes.values():
        box.clear_and_hide()
    log = screen.log_panes.first
    if log._ask.is_open:
        log._ask.action_leave(True)
        await settled(pilot)
    log._seek("")
    log.narrow(text="", worker="", level="")
    log.view.marks.clear()
    log.view.wrap(is_wanted=False)
    screen.table.clear_marks()
    screen.group_by("")
    screen.zoom(None)
    screen.want_detail(is_open=False)
    await scene.bring(pilot, screen)
    await settled(pilot)
