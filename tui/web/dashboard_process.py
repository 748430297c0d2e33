"""The process of one browser's dashboard: packets on stdin and stdout in place of a terminal.

Where it may only look, nothing in it writes a file or starts another program than the log's search.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Final

from tui.app import make_dashboard, prepare_textual, tell_crash

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_CHANGING: Final = frozenset(
    {
        *("os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink"),
        *("os.exec", "os.fork", "os.system", "os.truncate"),
    }
)
"""Audit events of what changes the machine (https://docs.python.org/3/library/audit_events.html)."""


def main(arguments: list[str]) -> int:
    """Show the dashboard of the project that is named; returns the exit code."""
    (project,) = arguments
    prepare_textual()
    if os.environ.get("PROCDECK_READ_ONLY"):
        forbid_changes()
    from tui.web.browser_driver import BrowserDriver

    dashboard = make_dashboard(project)
    dashboard.driver_class = BrowserDriver
    dashboard.run()
    return tell_crash(dashboard.crash, project) if dashboard.crash is not None else 0


def forbid_changes() -> None:
    """From now on, what in this process wants to write a file or start a program is refused. Cannot be taken back."""
    from supervisor.logs.search_process import search_command
    from tui.link.read_only_link import READ_ONLY

    search = search_command()

    def watch(event: str, details: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = details
            is_refused = isinstance(flags, int) and bool(flags & _WRITING) and path != os.devnull
        elif event in ("subprocess.Popen", "os.posix_spawn"):
            is_refused = details[1] != search  # Python 3.13 tells of both
        else:
            is_refused = event in _CHANGING
        if is_refused:
            raise PermissionError(errno.EPERM, READ_ONLY)

    sys.addaudithook(watch)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
