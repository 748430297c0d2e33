"""Opens the dashboard of a running engine, and says in one line how it was left.

Textual is imported inside, after its frame rate is set: it reads the environment once, on import.
"""

from __future__ import annotations

import gc
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from supervisor.errors import ProcdeckError
from supervisor.heap import give_back_large
from supervisor.paths import socket_path, state_root
from tui.switching import load_dashboard, opened_meanwhile, still_running, switched_words

if TYPE_CHECKING:
    from supervisor.processes.ignition import Ignition
    from tui.dashboard import Dashboard, Leaving
    from tui.first_run import Began
    from tui.starting import Starting

FRAMES_PER_SECOND = "500"
"""The most: what a key changes a turn later than the rest waits for the next frame. Textual's own 60 makes the 95th
percentile from key to paint three times as long, at the same CPU."""

ESCAPE_DELAY_MS = "10"
"""How long Esc waits for what would make it another key, such as an arrow, as tmux has it; 100, Textual's own, can be
felt."""


def run_dashboard(project: str, *, started_here: bool = False, ignition: Ignition | None = None) -> int:
    """Show the dashboard of `project`'s engine, and of those that a person goes to, until one leaves; the exit code.

    The terminal is restored whatever happens. `started_here`: this command started the engine, so that the last
    line names the commands for coming back; `ignition`: it starts still, which the first paint does not wait for.

    Raises:
        ProcdeckError: it did not start.
    """
    prepare_textual()
    load_dashboard()
    left: list[str] = []
    first_words = ""
    while True:
        leaving, crash = _run_one(project, first_words, ignition)
        if crash is not None:
            return tell_crash(crash, project)
        if leaving is not None and leaving.trouble is not None:
            raise leaving.trouble
        if leaving is None or leaving.how != "switched":
            break
        ignition = None
        first_words = switched_words(project, leaving.live_workers, is_stopped=leaving.is_stopped)
        left = [*(one for one in left if one != leaving.next_project), project]
        project, started_here = leaving.next_project, True
        gc.unfreeze()  # the dashboard that is over was to stay for good
    sys.stdout.write(exit_line(leaving, project, started_here=started_here) + "\n")
    if leaving is not None and (opened := opened_meanwhile(leaving.opening)):
        sys.stdout.write(opened + "\n")
    if others := still_running([one for one in left if one != project]):
        sys.stdout.write(others + "\n")
    return 0


def _run_one(project: str, first_words: str, ignition: Ignition | None) -> tuple[Leaving | None, BaseException | None]:
    """How one dashboard ended, or what ended it."""
    leaving: Leaving | None = None
    try:
        dashboard = make_dashboard(project)
        if ignition is not None:
            dashboard.starting = _begun(ignition)
        dashboard.can_switch = not os.environ.get("PROCDECK_READ_ONLY")
        dashboard.first_words = first_words
        leaving = dashboard.run(mouse=dashboard.wants_mouse)
    except ProcdeckError:
        raise
    except Exception as trouble:  # noqa: BLE001 (its caller tells it, with a report)
        return None, trouble
    else:
        return leaving, dashboard.crash
    finally:
        _give_back(leaving)


def _begun(ignition: Ignition) -> Starting:
    """The start of an engine, unless that has failed already: then there is nothing to paint."""
    from tui.starting import Starting

    starting = Starting(ignition)
    starting.look()
    return starting


def choose_first(directory: Path, *, is_asked_for: bool) -> Began | None:
    """Let a person choose what to open; None where nothing was chosen."""
    prepare_textual()
    from tui.first_run import FirstRun

    return FirstRun(directory, is_asked_for=is_asked_for).run()


def _give_back(leaving: Leaving | None) -> None:
    """Unless another dashboard comes next, the terminal is as it was, whatever went wrong."""
    if leaving is None or leaving.how != "switched":
        from tui.driver import TerminalDriver

        TerminalDriver.give_back()


def prepare_textual() -> None:
    """Set what Textual reads of the environment once, on import."""
    os.environ.setdefault("TEXTUAL_FPS", FRAMES_PER_SECOND)
    os.environ.setdefault("ESCDELAY", ESCAPE_DELAY_MS)
    if not os.environ.get("NO_COLOR"):
        os.environ.pop("NO_COLOR", None)  # Textual takes an empty one for set; https://no-color.org does not.


def make_dashboard(project: str) -> Dashboard:
    """The dashboard of `project`'s engine; with PROCDECK_READ_ONLY in the environment one that only shows."""
    from tui.dashboard import Dashboard
    from tui.link.socket_link import SocketLink
    from tui.settings.kept import KeptView
    from tui.settings.places import view_path
    from tui.settings_desk import settings_in_use

    give_back_large()
    link = SocketLink(socket_path(project))
    if not os.environ.get("PROCDECK_READ_ONLY"):
        return Dashboard(link, project, settings=settings_in_use(), kept=KeptView(view_path(project)))
    from tui.read_only_dashboard import ReadOnlyDashboard

    return ReadOnlyDashboard(link, project, settings=settings_in_use())


def exit_line(leaving: Leaving | None, project: str, *, started_here: bool) -> str:
    """What stays on the terminal when the dashboard is gone."""
    again = f"\n  Re-attach: procdeck attach --project {project}\n  Stop all:  procdeck down --project {project}"
    if leaving is None or leaving.how == "gone":
        return f"No engine of {project} answers any more." + ("" if started_here else " `procdeck` starts one.")
    if leaving.how == "starting":
        return f"{project} is still starting.{again}"
    if leaving.how == "stopped":
        if leaving.survivors:
            names = ", ".join(f"{process.pid} ({process.command})" for process in leaving.survivors)
            return f"Stopped, except for processes that would not die: {names}"
        return "Stopped all."
    running = leaving.live_workers
    workers = (
        "No worker is running."
        if not running
        else f"{running} {'worker' if running == 1 else 'workers'} still running."
    )
    return f"Detached. {workers}{again}"


def tell_crash(crash: BaseException, project: str) -> int:
    """Write a report of what ended a dashboard and point to it; returns the exit code."""
    report = "".join(traceback.format_exception(crash))
    folder = state_root() / project / "crashes"
    where: Path | None = folder / f"dashboard-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        assert where is not None
        where.write_text(report)
    except OSError:
        where = None
    last = traceback.format_exception_only(crash)[-1].strip()
    sys.stderr.write(
        f"procdeck: the dashboard failed: {last}\n"
        f"The workers are not affected. Come back with: procdeck attach --project {project}\n"
        + (f"Report: {where}\n" if where else report)
    )
    return 1
