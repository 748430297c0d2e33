"""The engine's hold on the channels between workers: makes them, hands out their ends, says when a stream has ended.

The engine keeps every end open, so a worker that is started again finds its queues and pipes as they were, items
included. A queue ends when each of its writers has finished or failed for good; starting one of them takes that back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from supervisor.channels import Pipe, PipeConnection, Queue
from supervisor.lifecycle.events import ExitCause
from supervisor.lifecycle.states import State
from supervisor.processes.orders import ChannelEnd
from supervisor.profile.model import Profile, WorkerSpec

OVER: Final = frozenset({State.FINISHED, State.FAILED})
"""States in which a writer puts nothing more unless somebody starts it."""


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """Who uses a channel, by replica name."""

    writers: tuple[str, ...]
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """What a channel holds, at one look."""

    name: str
    kind: Literal["queue", "pipe"]
    depth: int | None
    maxsize: int
    put_total: int
    got_total: int
    is_ended: bool
    bytes_total: int = 0
    oldest_age_s: float | None = None
    delivery: str = ""
    redelivered: int = 0
    dead_letters: int = 0
    lacking: tuple[str, ...] = ()
    held: tuple[tuple[int, float], ...] = ()
    """Who has an item in hand, by pid, and since when."""


@dataclass(slots=True)
class _PipeEnds:
    reader: PipeConnection
    writer: PipeConnection


class Plumbing:
    """All channels of a run."""

    def __init__(self, profile: Profile, spill_directory: Path, letter_directory: Path) -> None:
        self._profile = profile
        self.uses = {name: _use_of(name, profile) for name in (*profile.queues, *profile.pipes)}
        if profile.queues or profile.pipes:
            spill_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._spill = str(spill_directory)
        self._queues = {name: self._open_queue(name, letter_directory) for name in profile.queues}
        self._pipes = {name: self._open_pipe(name) for name in profile.pipes}
        self._ended: set[str] = set()

    def _open_pipe(self, name: str) -> _PipeEnds:
        reader, writer = Pipe(self._profile.pipes[name].duplex, name=name, spill_directory=self._spill)
        return _PipeEnds(reader, writer)

    def ends_for(self, worker: WorkerSpec) -> tuple[ChannelEnd, ...]:
        """The channel ends that a replica of `worker` is given."""
        ends = [self._end(parameter, name, "read") for parameter, name in worker.reads.items()]
        ends += [self._end(parameter, name, "write") for parameter, name in worker.writes.items()]
        return tuple(ends)

    def _end(self, parameter: str, name: str, mode: Literal["read", "write"]) -> ChannelEnd:
        if name in self._queues:
            queue = self._queues[name]
            return ChannelEnd(parameter, mode, queue.describe(mode), tuple(queue.fds(mode)))
        if name in self._ended:
            old, self._pipes[name] = self._pipes[name], self._open_pipe(name)
            old.reader.close()
            old.writer.close()
            self._ended.discard(name)
        connection = self._pipes[name].reader if mode == "read" else self._pipes[name].writer
        return ChannelEnd(parameter, mode, connection.describe(), tuple(connection.fds()))

    def settle(self, state_of: Callable[[str], State]) -> list[str]:
        """End the streams whose writers are over, and reopen those whose writers are not; the names newly ended."""
        newly = []
        for name, use in self.uses.items():
            is_over = bool(use.writers) and all(state_of(writer) in OVER for writer in use.writers)
            if is_over and name not in self._ended:
                self._ended.add(name)
                newly.append(name)
                (self._queues[name] if name in self._queues else self._pipes[name].writer).end()
            elif not is_over and name in self._ended and name in self._queues:
                self._ended.discard(name)
                self._queues[name].unend()
        return newly

    def _open_queue(self, name: str, letter_directory: Path) -> Queue:
        spec = self._profile.queues[name]
        letters = letter_directory / name
        letters.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Queue(
            spec.maxsize,
            name=name,
            delivery=spec.delivery,
            max_attempts=spec.max_attempts,
            spill_directory=self._spill,
            dead_letter_directory=str(letters),
            is_supervised=True,
        )

    def recover(self, worker: WorkerSpec, pid: int | None, cause: ExitCause) -> None:
        """Settle what an ended replica of `worker` had in hand: done after a clean end, else queued again."""
        for name in {*worker.reads.values(), *worker.writes.values()} & self._queues.keys():
            if pid is not None:
                self._queues[name].settle(pid, is_clean=cause.is_ok, cause=cause.text)
            self._queues[name].recover()

    def recover_all(self) -> None:
        """Queue what the dead held and what found no room before. A worker's own children die without a word to us."""
        for queue in self._queues.values():
            queue.recover()

    def queue(self, name: str) -> Queue | None:
        """The queue of this name; None where there is none."""
        return self._queues.get(name)

    def counts(self) -> list[ChannelCount]:
        """What every channel holds now."""
        counted = []
        for name, queue in self._queues.items():
            census = queue.census()
            spec = self._profile.queues[name]
            counted.append(
                ChannelCount(
                    name,
                    "queue",
                    census.depth,
                    spec.maxsize,
                    census.put_total,
                    census.got_total,
                    name in self._ended,
                    bytes_total=census.bytes_in,
                    oldest_age_s=census.oldest_age_s,
                    delivery=spec.delivery,
                    redelivered=census.redelivered,
                    dead_letters=census.dead_letters,
                    lacking=queue.lacking,
                    held=census.held,
                )
            )
        counted += [ChannelCount(name, "pipe", None, 0, 0, 0, name in self._ended) for name in self._pipes]
        return counted

    def close(self) -> None:
        """Let go of every channel and remove what big items left in the spill directory."""
        for queue in self._queues.values():
            queue.close()
        for ends in self._pipes.values():
            ends.reader.close()
            ends.writer.close()


def _use_of(name: str, profile: Profile) -> ChannelUse:
    def replicas(channels_of: Callable[[WorkerSpec], Mapping[str, str]]) -> tuple[str, ...]:
        users = [worker for worker in profile.workers.values() if name in channels_of(worker).values()]
        return tuple(replica for worker in users for replica in worker.replica_names())

    return ChannelUse(writers=replicas(lambda worker: worker.writes), readers=replicas(lambda worker: worker.reads))


def sharers_of(name: str, profile: Profile) -> ChannelUse:
    """Who shares a lock, a value or the like; they are told as its readers."""
    users = [worker for worker in profile.workers.values() if name in worker.shares.values()]
    return ChannelUse(writers=(), readers=tuple(replica for worker in users for replica in worker.replica_names()))
