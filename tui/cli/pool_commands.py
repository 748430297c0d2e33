"""The grammar below `procdeck pools`."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import App, Parameter

from tui.cli.parameters import Json, Project

Pool = Annotated[str, Parameter(help="A pool of the profile (hash), or a worker's own (words@parse.2).")]
Item = Annotated[
    int | None, Parameter(help="One item, by its number, as --failures shows it; without it all.", show_default=False)
]

app = App(
    name="pools",
    help="Show the pools of workers: how far each is, its members, what failed; change them while they run.",
    result_action="return_value",
)


@app.default
def pools(
    name: Annotated[str, Parameter(help="One pool in full.", show_default=False)] = "",
    /,
    *,
    has_failures: Annotated[
        bool, Parameter(name="--failures", negative="", help="What failed, with tracebacks.")
    ] = False,
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Show the pools of workers: how far each is, how fast, what failed, who works; NAME in full."""
    from tui.cli.pools import show_failures, show_pool, show_pools

    if has_failures:
        return show_failures(project, name, as_json=as_json)
    return show_pool(project, name, as_json=as_json) if name else show_pools(project, as_json=as_json)


@app.command
def resize(
    name: Pool,
    processes: Annotated[int, Parameter(help="How many members there are to be.")],
    /,
    *,
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Give a pool more or fewer members while it runs; those that go finish what they have in hand."""
    from tui.cli.pools import act_on_pool

    return act_on_pool(project, name, "resize", processes=processes, as_json=as_json)


@app.command
def pause(name: Pool, /, *, as_json: Json = False, project: Project = None) -> int:
    """Give out no more items; members finish what they have in hand."""
    from tui.cli.pools import act_on_pool

    return act_on_pool(project, name, "pause", as_json=as_json)


@app.command
def resume(name: Pool, /, *, as_json: Json = False, project: Project = None) -> int:
    """Let a paused pool go on."""
    from tui.cli.pools import act_on_pool

    return act_on_pool(project, name, "resume", as_json=as_json)


@app.command
def retry(name: Pool, /, *, item: Item = None, as_json: Json = False, project: Project = None) -> int:
    """Try again what has failed, all of it or one item."""
    from tui.cli.pools import act_on_pool

    return act_on_pool(project, name, "retry-failed", index=item, as_json=as_json)


@app.command
def cancel(
    name: Pool,
    /,
    *,
    item: Annotated[int, Parameter(help="The item, by its number.")],
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Give one item up; where a member has it in hand, that member is killed and replaced."""
    from tui.cli.pools import act_on_pool

    return act_on_pool(project, name, "cancel", index=item, as_json=as_json)


@app.command(name="kill-member")
def kill_member(
    name: Pool,
    /,
    *,
    pid: Annotated[int, Parameter(help="The member's process, as NAME in full shows it.")],
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Kill one member of a pool; its item is tried again or fails, and the member is replaced."""
    from tui.cli.pools import act_on_pool

    return act_on_pool(project, name, "kill-member", pid=pid, as_json=as_json)


COMMANDS: Final = frozenset(name for name in app if not name.startswith("-"))
