"""`procdeck release`: frees a lock whose holder is dead. The engine says what is safe; here a person is asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from supervisor.errors import RequestRefused
from tui.cli.exits import ExitCode, UsageError
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import did_you_mean, narrate, one_line, tell, tell_json

if TYPE_CHECKING:
    from supervisor.api.client import EngineClient
    from supervisor.api.hangs import WayOut


def release_lock(project: str | None, name: str, resource: str, *, is_sure: bool, as_json: bool) -> ExitCode:
    """Have `name` free the lock `resource`, or the only one that can be freed where it is empty."""
    client = client_of(find_engine(project))
    if resource and is_sure:
        return _release(client, name, resource, as_json=as_json)
    way = _chosen(_ways(client, name), name, resource)
    if not is_sure and not _is_wanted(way):
        narrate("nothing was released")
        return ExitCode.OK
    return _release(client, way.replica or name, way.resource, as_json=as_json)


def _release(client: EngineClient, name: str, resource: str, *, as_json: bool) -> ExitCode:
    reply = client.release(name, resource)
    if as_json:
        tell_json(reply)
    else:
        tell(one_line(reply.text))
    return ExitCode.OK


def _ways(client: EngineClient, name: str) -> dict[str, WayOut]:
    """The locks that can be released for `name`, by their names."""
    return {
        way.resource: way
        for verdict in client.why([name]).verdicts
        for way in verdict.ways_out
        if way.action == "release" and way.resource
    }


def _chosen(ways: dict[str, WayOut], name: str, resource: str) -> WayOut:
    """The way out that is meant.

    Raises:
        RequestRefused: there is none of that name, or several could be meant.
    """
    if not ways:
        raise RequestRefused(f"{name} waits for no lock that can be released; `procdeck why {name}` says what it does")
    if resource in ways:
        return ways[resource]
    there_are = f"there are {', '.join(ways)}"
    if resource:
        raise RequestRefused(f'{name} waits for no lock "{resource}"{did_you_mean(resource, ways)}; {there_are}')
    if len(ways) > 1:
        raise RequestRefused(f"{name} waits for several locks; say which: {there_are}")
    return next(iter(ways.values()))


def _is_wanted(way: WayOut) -> bool:
    """Ask on the terminal.

    Raises:
        UsageError: there is nobody to ask.
    """
    what = one_line(way.text)
    if not sys.stdin.isatty():
        raise UsageError(f"{what}. There is nobody to ask whether that is meant; say --yes if it is")
    print(f"{what}\nRelease {one_line(way.resource)}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
