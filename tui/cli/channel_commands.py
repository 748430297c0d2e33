"""The grammar below `procdeck channels`."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import App, Parameter

from tui.cli.parameters import Json, Project

Queue = Annotated[str, Parameter(help="A queue of the profile.")]
Ids = Annotated[
    str, Parameter(help="Dead letters, by the ID that `letters` shows; none means all.", show_default=False)
]
Drawn = Annotated[
    bool,
    Parameter(name="--graph", negative="", help="Draw workers and queues as they are joined; name the bottleneck."),
]
Ascii = Annotated[bool, Parameter(name="--ascii", negative="", help="Draw with plain ASCII characters.")]
Sure = Annotated[bool, Parameter(name="--yes", negative="", help="Do not ask before everything is thrown away.")]

app = App(
    name="channels",
    help="Show the channels between workers: depths, rates, who waits, dead letters.",
    result_action="return_value",
)


@app.default
def channels(
    *, is_graph: Drawn = False, is_ascii: Ascii = False, as_json: Json = False, project: Project = None
) -> int:
    """Show the channels between workers: depths, rates, who waits, dead letters."""
    if is_graph and not as_json:
        from tui.cli.channel_graph import show_graph

        return show_graph(project, is_ascii=is_ascii)
    from tui.cli.channels import show_channels

    return show_channels(project, as_json=as_json)


@app.command
def peek(name: Queue, /, *, as_json: Json = False, project: Project = None) -> int:
    """Show what waits first in a queue, without taking it."""
    from tui.cli.channels import show_first

    return show_first(project, name, as_json=as_json)


@app.command
def letters(name: Queue, /, *, as_json: Json = False, project: Project = None) -> int:
    """Show a queue's dead letters: items that were given up because their consumers died."""
    from tui.cli.channels import show_letters

    return show_letters(project, name, as_json=as_json)


@app.command
def requeue(name: Queue, /, *ids: Ids, project: Project = None) -> int:
    """Put dead letters into their queue again, all of them or some."""
    from tui.cli.channels import act_on_letters

    return act_on_letters(project, name, "requeue", ids, is_sure=True)


@app.command
def discard(name: Queue, /, *ids: Ids, is_sure: Sure = False, project: Project = None) -> int:
    """Throw dead letters away for good, all of them or some."""
    from tui.cli.channels import act_on_letters

    return act_on_letters(project, name, "discard", ids, is_sure=is_sure)


@app.command
def drain(name: Queue, /, *, is_sure: Sure = False, project: Project = None) -> int:
    """Throw away for good what waits in a queue."""
    from tui.cli.channels import act_on_letters

    return act_on_letters(project, name, "drain", (), is_sure=is_sure)


COMMANDS: Final = frozenset(name for name in app if not name.startswith("-"))
