"""The grammar of `procdeck web`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from tui.cli.parameters import Project


def add_to(app: App) -> None:
    """Give `app` this command."""
    app.command(web)


def web(
    *,
    project: Project = None,
    port: Annotated[int, Parameter(help="On 127.0.0.1; 0 is any that is free.")] = 0,
    allow_control: Annotated[bool, Parameter(negative="", help="Let browsers act too: start, stop, kill.")] = False,
    max_sessions: Annotated[int, Parameter(help="So many dashboards at once.")] = 4,
    idle_timeout: Annotated[str, Parameter(help="Close one in which nothing is pressed for so long.")] = "30m",
) -> int:
    """Serve the dashboard of a running engine to browsers on this machine, for looking only; until Ctrl-C."""
    from tui.cli.web import serve_dashboard

    return serve_dashboard(
        project, port=port, allows_control=allow_control, max_sessions=max_sessions, idle_timeout=idle_timeout
    )
