"""What a profile contains, in short, and every mistake in it: what a person wants to know before running it.

Nothing of it is run and no user code is imported; a profile with mistakes has an outline too, of its name alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervisor.errors import ProfileError
from supervisor.profile.finding import read_project_name
from supervisor.profile.kinds import CONNECTIONS, NOUNS
from supervisor.profile.loading import load_profile
from supervisor.profile.names import name_from_path

if TYPE_CHECKING:
    from supervisor.profile.model import Profile, WorkerSpec
    from supervisor.profile.pools import PoolSpec

LONGEST_COMMAND: Final = 80
"""Characters of what runs."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a profile declares.

    Attributes:
        kind: "worker", "pool", or the kind of a channel, such as "queue".
        runs: what it runs, in one line; of a channel nothing.
        words: what else is worth knowing at a glance: "3 replicas", "reads paths".
    """

    kind: str
    name: str
    runs: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """A profile in short.

    Attributes:
        name: the project's, or what it would be called where the profile cannot be used.
        parts: in the order of the profile: workers, pools, channels.
        mistakes: every mistake as ``file:line: what; what to do``; none: it can be run.
    """

    path: str
    name: str
    description: str = ""
    parts: tuple[Part, ...] = ()
    mistakes: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        """It can be run."""
        return not self.mistakes

    def counts(self) -> dict[str, int]:
        """How many parts there are of each kind, in the order of the profile."""
        return dict(Counter(part.kind for part in self.parts))


def outline_of(path: Path) -> Outline:
    """The outline of the profile at `path`. Reads the file and validates it, which takes milliseconds."""
    try:
        profile = load_profile(path)
    except ProfileError as error:
        name = read_project_name(path) or name_from_path(path)
        return Outline(str(path), name, mistakes=tuple(error.mistakes))
    return Outline(str(path), profile.name, profile.description, tuple(_parts(profile)))


def _parts(profile: Profile) -> Iterator[Part]:
    for name, worker in profile.workers.items():
        if worker.pool is None:
            replicas = [f"{worker.replicas} replicas"] if worker.replicas > 1 else []
            yield Part("worker", name, _runs(worker), (*replicas, *_connections(worker), *_exceptions(worker)))
    for name, pool in profile.pools.items():
        yield Part("pool", name, pool.function or "", tuple(_pool_words(pool)))
    for table, noun in NOUNS.items():
        for name, channel in getattr(profile, table).items():
            most = getattr(channel, "maxsize", 0)
            yield Part(noun, name, words=(f"at most {most:,}",) if most else ())


def _runs(worker: WorkerSpec) -> str:
    what = getattr(worker, worker.kind)
    text = what if isinstance(what, str) else " ".join(map(str, what))
    return text[:LONGEST_COMMAND]


def _connections(worker: WorkerSpec) -> Iterator[str]:
    for connection in CONNECTIONS:
        names = getattr(worker, connection).values()
        if names:
            yield f"{connection} {', '.join(dict.fromkeys(names))}"


def _exceptions(worker: WorkerSpec) -> Iterator[str]:
    """What it does otherwise than most."""
    if worker.depends_on:
        yield f"after {', '.join(worker.depends_on)}"
    if not worker.autostart:
        yield "starts when told"
    if worker.schedule is not None:
        yield "has a schedule"


def _pool_words(pool: PoolSpec) -> Iterator[str]:
    if isinstance(pool.processes, int):
        yield f"{pool.processes} processes" if pool.processes != 1 else "1 process"
    else:
        yield "a process for each processor"
    if pool.items is None:
        yield "made by workers"
