"""Which log lines a command wants: all of them, or those of some workers."""

from __future__ import annotations

from typing import Final

_KEY: Final = b'"worker":"'


def worker_of(line: bytes) -> str:
    """The replica that a stored line belongs to.

    The engine appends it last, so the last one counts: what a worker wrote into its own record cannot pass for it.
    """
    begin = line.rfind(_KEY)
    if begin < 0:
        return ""
    begin += len(_KEY)
    return line[begin : line.find(b'"', begin)].decode(errors="replace")


class Wanted:
    """The workers and replicas whose lines are wanted; none named means all. Remembers whom it has met."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self.met: set[str] = set()

    def wants_all(self) -> bool:
        return not self._names

    def matches(self, line: bytes) -> bool:
        """Whether `line` belongs to a wanted replica, or to a replica of a wanted worker."""
        if not self._names:
            return True
        replica = worker_of(line)
        self.met.add(replica)
        return replica in self._names or replica.partition(".")[0] in self._names

    def unknown(self, known: set[str]) -> list[str]:
        """The names that are neither a replica in `known` nor the worker of one."""
        legal = known | {name.partition(".")[0] for name in known}
        return [name for name in self._names if name not in legal]
