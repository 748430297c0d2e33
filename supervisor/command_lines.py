"""The command line by which each wish can be made again, ready for a shell. It knows words, and makes no wish.

Whoever asked, and however, a person can copy the line, change it and put it into a script.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from supervisor.naming import ALL

if TYPE_CHECKING:
    from supervisor.api.letters import ChannelActionName
    from supervisor.api.messages import ActionName
    from supervisor.api.pools import PoolActionName, PoolRequest

LONGEST: Final = 2000
"""Characters of a line; one that is longer could not be copied whole, and is none."""

_OF_POOLS: Final[dict[str, str]] = {"retry-failed": "retry"}
"""What the command line calls an action on a pool, where that is another word."""


class CommandLines:
    """The command lines for one project's engine."""

    def __init__(self, project: str) -> None:
        self._project = project

    def _line(self, *words: str) -> str:
        line = shlex.join(("procdeck", *words, "--project", self._project))
        return line if len(line) <= LONGEST else ""

    def act(self, action: ActionName, names: Sequence[str], max_unavailable: int = 0) -> str:
        """``procdeck restart parse --max-unavailable 2 --project census``"""
        rolling = ("--max-unavailable", str(max_unavailable)) if max_unavailable else ()
        return self._line(action, *_whom(names), *rolling)

    def signal(self, signal_name: str, names: Sequence[str]) -> str:
        """``procdeck signal HUP parse.2 --project census``; there is none for all workers."""
        return "" if ALL in names else self._line("signal", signal_name.removeprefix("SIG"), *names)

    def set_level(self, names: Sequence[str], level: str, logger: str) -> str:
        """``procdeck log-level parse DEBUG --project census``"""
        of = ("--logger", logger) if logger else ()
        return self._line("log-level", *_named(names), level, *of, *_all(names))

    def scale(self, worker: str, replicas: int | None, by: int) -> str:
        """``procdeck scale parse=5 --project census``"""
        return self._line("scale", f"{worker}={by:+d}" if replicas is None else f"{worker}={replicas}")

    def reload(self) -> str:
        """``procdeck reload --project census``"""
        return self._line("reload")

    def down(self, *, is_forced: bool) -> str:
        """``procdeck down --force --project census``"""
        return self._line("down", *(("--force",) if is_forced else ()))

    def channel_act(self, channel: str, action: ChannelActionName, ids: Sequence[str]) -> str:
        """``procdeck channels requeue paths 7 --project census``; what throws away asks again."""
        return self._line("channels", action, channel, *ids)

    def pool_act(self, pool: str, action: PoolActionName, request: PoolRequest) -> str:
        """``procdeck pools resize hash 8 --project census``"""
        size = (str(request.processes),) if request.processes is not None else ()
        item = ("--item", str(request.index)) if request.index is not None else ()
        member = ("--pid", str(request.pid)) if request.pid is not None else ()
        return self._line("pools", _OF_POOLS.get(action, action), pool, *size, *item, *member)

    def release(self, name: str, resource: str) -> str:
        """``procdeck release parse.2 sem:3070 --project census``; it asks again."""
        return self._line("release", name, resource)

    def kill_process(self, pid: int, start_ticks: int) -> str:
        """``procdeck kill --process 4711:123456 --project census``"""
        return self._line("kill", "--process", f"{pid}:{start_ticks}")


def _all(names: Sequence[str]) -> tuple[str, ...]:
    return ("--all",) if ALL in names else ()


def _named(names: Sequence[str]) -> tuple[str, ...]:
    return () if ALL in names else tuple(names)


def _whom(names: Sequence[str]) -> tuple[str, ...]:
    return _all(names) or tuple(names)
