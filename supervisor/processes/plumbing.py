"""The engine's hold on the channels between workers: makes them, hands out their ends, says when a stream has ended.

The engine keeps every end open, so a worker that is started again finds its queues and pipes as they were, items
included. A queue ends when each of its writers has finished or failed for good; starting one of them takes that back.
A pipe ends in the same way, for both of its sides; who starts after that gets a new pipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from supervisor.channels import Pipe, PipeConnection, Queue
from supervisor.errors import RequestRefused
from supervisor.lifecycle.events import ExitCause
from supervisor.lifecycle.states import AT_REST, LIVE, State
from supervisor.processes.orders import ChannelEnd
from supervisor.profile.model import Profile, WorkerSpec

Users = Mapping[str, tuple[WorkerSpec, tuple[str, ...]]]
"""Each worker by name, with the names of the replicas that it has now."""

OVER: Final = frozenset({State.FINISHED, State.FAILED, State.SKIPPED})
"""States in which a writer puts nothing more unless somebody starts it."""


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """Who uses a channel, by replica name."""

    writers: tuple[str, ...]
    readers: tuple[str, ...]


NOBODY: Final = ChannelUse((), ())


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
class _Side:
    """One end of a pipe, and what has become of those who had it."""

    connection: PipeConnection
    is_taken: bool = False
    """Whether somebody was given it."""
    is_over: bool = False
    """Whether all who may have it have ended for good."""


@dataclass(slots=True)
class _PipeEnds:
    reader: _Side
    writer: _Side


class Plumbing:
    """All queues and pipes of a run.

    Attributes:
        uses: who uses each channel, by its name.
    """

    def __init__(self, profile: Profile, spill_directory: Path, letter_directory: Path) -> None:
        self._profile = profile
        self._spill = spill_directory
        self._letters = letter_directory
        self._state_of: Callable[[str], State] = lambda _: State.STOPPED
        self._leaving: dict[str, set[str]] = {}
        self._ended: set[str] = set()
        self._queues: dict[str, Queue] = {}
        self._pipes: dict[str, _PipeEnds] = {}
        self.uses: dict[str, ChannelUse] = {}
        self._open_all()
        self.set_users({worker.name: (worker, tuple(worker.replica_names())) for worker in profile.workers.values()})

    # --- who uses what, and which version of it ---

    def set_users(self, workers: Users) -> None:
        """Say which replicas there are now, after scaling or a reload.

        A writer that is gone from `workers` is waited for until it has ended: it may still write.
        """
        before = self.uses
        self.uses = {name: _use_of(name, workers) for name in (*self._queues, *self._pipes)}
        for name, use in self.uses.items():
            former = set(before[name].writers if name in before else ()) | self._leaving.get(name, set())
            self._leaving[name] = former - set(use.writers)

    def refusals(self, profile: Profile) -> list[str]:
        """Why the channels cannot become those of `profile` now, a sentence each: what differs and is in use."""
        sentences = []
        for name, old in {**self._profile.queues, **self._profile.pipes}.items():
            new = profile.queues.get(name) or profile.pipes.get(name)
            if new is None or new == old:
                continue
            named = dict.fromkeys((*self._use(name).writers, *self._use(name).readers))
            users = [user for user in named if self._state_of(user) in LIVE]
            if users:
                sentences.append(
                    f"{name} cannot change while {' and '.join(users)} {'use' if len(users) > 1 else 'uses'} it; "
                    f"first: procdeck stop {' '.join(users)}"
                )
            elif name in self._queues and (kept := _kept_in(self._queues[name])):
                sentences.append(f"{name} cannot change while it holds {kept}; see: procdeck channels {name}")
        return sentences

    def change(self, profile: Profile) -> None:
        """Open the channels that `profile` adds, close those that it drops, make those anew that differ.

        Tell `set_users` afterwards.

        Raises:
            RequestRefused: one that differs is in use; nothing has changed.
        """
        refusals = self.refusals(profile)
        if refusals:
            raise RequestRefused("; ".join(refusals))
        before, self._profile = self._profile, profile
        for name, queue in list(self._queues.items()):
            if profile.queues.get(name) != before.queues.get(name):
                del self._queues[name]
                queue.close()
                self._forget(name)
        for name, ends in list(self._pipes.items()):
            if profile.pipes.get(name) != before.pipes.get(name):
                del self._pipes[name]
                _close(ends)
                self._forget(name)
        self._open_all()

    def _forget(self, name: str) -> None:
        self._ended.discard(name)
        self._leaving.pop(name, None)
        self.uses.pop(name, None)

    def _use(self, name: str) -> ChannelUse:
        """Who uses a channel; nobody yet when it was just opened."""
        return self.uses.get(name, NOBODY)

    def _open_all(self) -> None:
        profile = self._profile
        if profile.queues or profile.pipes:
            self._spill.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in profile.queues.keys() - self._queues.keys():
            self._queues[name] = self._open_queue(name)
        for name in profile.pipes.keys() - self._pipes.keys():
            self._pipes[name] = self._open_pipe(name)
        self._queues = {name: self._queues[name] for name in profile.queues}
        self._pipes = {name: self._pipes[name] for name in profile.pipes}

    def _open_pipe(self, name: str) -> _PipeEnds:
        duplex, spill = self._profile.pipes[name].duplex, str(self._spill)
        reader, writer = Pipe(duplex, name=name, spill_directory=spill, is_supervised=True)
        return _PipeEnds(_Side(reader), _Side(writer))

    # --- what workers are given, and when it ends ---

    def ends_for(self, worker: WorkerSpec) -> tuple[ChannelEnd, ...]:
        """The channel ends that a replica of `worker` is given."""
        ends = [self._end(parameter, name, "read") for parameter, name in worker.reads.items()]
        ends += [self._end(parameter, name, "write") for parameter, name in worker.writes.items()]
        return tuple(ends)

    def _end(self, parameter: str, name: str, mode: Literal["read", "write"]) -> ChannelEnd:
        if name in self._queues:
            queue = self._queues[name]
            return ChannelEnd(parameter, mode, queue.describe(mode), tuple(queue.fds(mode)))
        side = self._side(name, mode)
        if side.is_over:  # the other side has been told that nobody is here any more: that cannot be taken back
            _close(self._pipes[name])
            self._pipes[name] = self._open_pipe(name)
            side = self._side(name, mode)
        side.is_taken = True
        return ChannelEnd(parameter, mode, side.connection.describe(), tuple(side.connection.fds()))

    def _side(self, name: str, mode: Literal["read", "write"]) -> _Side:
        ends = self._pipes[name]
        return ends.reader if mode == "read" else ends.writer

    def settle(self, state_of: Callable[[str], State]) -> list[str]:
        """End the streams whose writers are over, and reopen those whose writers are not; the names newly ended.

        A pipe whose reader is over ends as well: who writes to it gets BrokenPipeError.
        """
        self._state_of = state_of
        newly = [name for name in self._queues if self._settle_queue(name)]
        return newly + [name for name in self._pipes if self._settle_pipe(name)]

    def _settle_queue(self, name: str) -> bool:
        is_over = self._are_over(self._use(name).writers) and not self._is_anyone_leaving(name)
        if is_over and name not in self._ended:
            self._ended.add(name)
            self._queues[name].end()
            return True
        if not is_over and name in self._ended:
            self._ended.discard(name)
            self._queues[name].unend()
        return False

    def _settle_pipe(self, name: str) -> bool:
        ends, use = self._pipes[name], self._use(name)
        was_over = ends.writer.is_over
        for side, users in ((ends.writer, use.writers), (ends.reader, use.readers)):
            if side.is_taken and not side.is_over and self._are_over(users):
                side.is_over = True
                side.connection.hang_up()
        return ends.writer.is_over and not was_over

    def _are_over(self, users: tuple[str, ...]) -> bool:
        return bool(users) and all(self._state_of(user) in OVER for user in users)

    def _is_anyone_leaving(self, name: str) -> bool:
        """Whether a writer that was scaled or reloaded away has not ended yet."""
        leaving = self._leaving.get(name, set())
        leaving.difference_update([writer for writer in leaving if self._state_of(writer) in AT_REST])
        return bool(leaving)

    def _open_queue(self, name: str) -> Queue:
        spec = self._profile.queues[name]
        letters = self._letters / name
        letters.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Queue(
            spec.maxsize,
            name=name,
            delivery=spec.delivery,
            max_attempts=spec.max_attempts,
            spill_directory=str(self._spill),
            dead_letter_directory=str(letters),
            is_supervised=True,
        )

    def recover(self, worker: WorkerSpec, pid: int | None, cause: ExitCause) -> tuple[str, ...]:
        """Settle what an ended replica of `worker` had in hand: done after a clean end, else queued again.

        Returns the queues of which it had an item in hand.
        """
        held = []
        for name in sorted({*worker.reads.values(), *worker.writes.values()} & self._queues.keys()):
            if pid is not None:
                if any(holder == pid for holder, _ in self._queues[name].census().held):
                    held.append(name)
                self._queues[name].settle(pid, is_clean=cause.is_ok, cause=cause.text)
            self._queues[name].recover()
        return tuple(held)

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
        for name, ends in self._pipes.items():
            counted.append(ChannelCount(name, "pipe", None, 0, 0, 0, ends.writer.is_over))
        return counted

    def close(self) -> None:
        """Let go of every channel and remove what big items left in the spill directory."""
        for queue in self._queues.values():
            queue.close()
        for ends in self._pipes.values():
            _close(ends)


def _close(ends: _PipeEnds) -> None:
    ends.reader.connection.close()
    ends.writer.connection.close()


def _kept_in(queue: Queue) -> str:
    """What would be lost with a queue, in words; "" when it is empty."""
    census = queue.census()
    kept = {"items": census.depth + len(census.held), "dead letters": census.dead_letters}
    return " and ".join(f"{count} {what if count > 1 else what[:-1]}" for what, count in kept.items() if count)


def _use_of(name: str, workers: Users) -> ChannelUse:
    def replicas(channels_of: Callable[[WorkerSpec], Mapping[str, str]]) -> tuple[str, ...]:
        users = [replicas for worker, replicas in workers.values() if name in channels_of(worker).values()]
        return tuple(replica for replicas in users for replica in replicas)

    return ChannelUse(writers=replicas(lambda worker: worker.writes), readers=replicas(lambda worker: worker.reads))
