"""`procdeck web`: tells the address, serves, and says who comes and goes."""

from __future__ import annotations

import sys
from typing import Final

from supervisor.profile.quantities import duration_s
from tui.cli.exits import ExitCode, UsageError
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import narrate, one_line, tell

MOST_SESSIONS: Final = 64
SHORTEST_IDLE_S: Final = 1.0
LAST_PORT: Final = 65_535


def serve_dashboard(
    project: str | None, *, port: int, allows_control: bool, max_sessions: int, idle_timeout: str
) -> ExitCode:
    """Serve the dashboard of `project`'s engine until a signal says to end."""
    if not 0 <= port <= LAST_PORT:
        raise UsageError(f"--port is from 0 to {LAST_PORT}, not {port}")
    if not 1 <= max_sessions <= MOST_SESSIONS:
        raise UsageError(f"--max-sessions is from 1 to {MOST_SESSIONS}, not {max_sessions}")
    idle_s = _idle_s(idle_timeout)
    note = find_engine(project)
    client_of(note).fleet()  # nobody to show is told before anything is served
    from tui.web.server import WebWish
    from tui.web.serving import serve

    wish = WebWish(note.project, allows_control, max_sessions, idle_s, idle_timeout)

    def tell_address(address: str) -> None:
        tell(address)
        sys.stdout.flush()
        what = "may act" if allows_control else "only look (--allow-control lets them act)"
        narrate(f"serving {note.project}: browsers that open this address {what}; Ctrl-C ends it")

    def narrate_lines(said: str) -> None:
        for line in said.splitlines():
            narrate(one_line(line))

    serve(wish, port, tell_address, narrate_lines)
    return ExitCode.OK


def _idle_s(text: str) -> float:
    try:
        seconds = duration_s(text)
    except ValueError as error:
        raise UsageError(f"--idle-timeout {error}") from error
    if seconds < SHORTEST_IDLE_S:
        raise UsageError("--idle-timeout is a second at least")
    return seconds
