"""What is said of a channel, for the dashboard and the command line alike: how full it is, and who is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from supervisor.api.messages import ChannelRow, ChannelUser
from tui.render.figures import duration

FLOWING = frozenset({"queue", "pipe"})
"""Kinds that items go through; all others are shared, and have a state instead of a depth."""


@dataclass(frozen=True, slots=True)
class UserGroup:
    """Replicas that do the same in one channel, the one that began first at the front."""

    operation: str
    names: tuple[str, ...]
    since_s: float | None
    """When the first of them began; None where it cannot be told."""

    def age(self, now_s: float) -> str:
        """``9s``; empty where it cannot be told."""
        return "" if self.since_s is None else duration(now_s - self.since_s)


def groups_of(users: Iterable[ChannelUser]) -> tuple[UserGroup, ...]:
    """`users` by what they do, those that began first before the others."""
    operations: dict[str, list[ChannelUser]] = {}
    for user in sorted(users, key=lambda user: (user.since_s is None, user.since_s or 0.0)):
        operations.setdefault(user.operation, []).append(user)
    return tuple(
        UserGroup(operation, tuple(user.replica for user in group), group[0].since_s)
        for operation, group in operations.items()
    )


def who_is_in(channel: ChannelRow) -> tuple[UserGroup, ...]:
    """Those who wait in it, then those who hold of it."""
    return (*groups_of(channel.waiting), *groups_of(channel.holding))


def depth_figures(channel: ChannelRow) -> str:
    """``12/200``, ``12`` where no limit is set, ``?`` where it cannot be told; empty for what is shared."""
    if channel.kind not in FLOWING:
        return ""
    depth = "?" if channel.depth is None else f"{channel.depth:,}"
    return f"{depth}/{channel.maxsize:,}" if channel.maxsize else depth


def state_words(channel: ChannelRow) -> str:
    """``held by parse.2`` ``ended``; empty where there is nothing to say beside the depth."""
    return ", ".join(word for word in (channel.state, "ended" if channel.is_ended else "") if word)


def oldest_age(channel: ChannelRow, now_s: float) -> str:
    """How long the first item has waited; empty where none waits or it cannot be told."""
    return "" if channel.oldest_s is None else duration(now_s - channel.oldest_s)


def is_full(channel: ChannelRow) -> bool:
    """Its producers have to wait."""
    return bool(channel.maxsize) and channel.depth is not None and channel.depth >= channel.maxsize


def dead_letters(number: int) -> str:
    """``1 dead letter`` ``3 dead letters``."""
    return f"{number:,} dead letter" if number == 1 else f"{number:,} dead letters"
