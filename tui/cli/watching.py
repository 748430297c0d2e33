"""`procdeck status --watch`: what changes, a plain line each, for screen readers, pipes and slow terminals.

::

    fleet, fleet, fleet ... (one each second) ── changes ──► lines: time, who, what
    events since the last one ── states passed through ──┘
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from supervisor.api.messages import ChannelRow, Event, Fleet, ReplicaRow
from supervisor.errors import EngineUnreachable
from supervisor.lifecycle.states import AT_REST
from tui.cli.ending import wait_until_gone
from tui.cli.exits import ExitCode
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import narrate, one_line, tell_block
from tui.render.figures import count, duration, percent, rate, size
from tui.render.life_words import next_words, waiting_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from supervisor.api.client import EngineClient
    from supervisor.api.pools import PoolRow

EVERY_S: Final = 1.0
FULL_SHARE: Final = 0.9
"""Of a queue: full enough to be told."""
NOT_FULL_SHARE: Final = 0.5
"""Before it is told again."""
MOST_TRIES: Final = 3
"""To see a fleet in which nothing has happened that was not told; one that never rests is taken as it is."""
_POOL_STEPS: Final = 10
"""A pool is told of at each tenth of its items."""


def watch_status(project: str | None) -> ExitCode:
    """Print every worker once, then what changes, until the engine has ended or somebody interrupts."""
    note = find_engine(project)
    client = client_of(note)
    watcher = Watcher(time.time() - time.monotonic() + time.localtime().tm_gmtoff)
    follower: Follower | None = None
    while True:
        try:
            follower = follower or Follower(client)
            lines = watcher.lines(*follower.look())
        except EngineUnreachable:
            if not wait_until_gone(note.project):
                raise
            narrate(f"{note.project} has ended")
            return ExitCode.OK
        if lines:
            clock = time.strftime("%H:%M:%S")
            tell_block("".join(f"{clock} {line}\n" for line in lines))
            sys.stdout.flush()
        time.sleep(EVERY_S)


class Follower:
    """Asks an engine how its fleet is, and what has happened since it was asked last. Tells nothing itself.

    Raises:
        EngineUnreachable: here and in `look`, none answers.
    """

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._cursor = 0
        self._since()  # what happened before is not news

    def look(self) -> tuple[Fleet, list[Event]]:
        """The fleet, and all that has led to it since the last look, oldest first."""
        happened = self._since()
        fleet = self._client.fleet()
        for _ in range(MOST_TRIES):
            later = self._since()
            happened += later
            if not later:
                break
            fleet = self._client.fleet()
        return fleet, happened

    def _since(self) -> list[Event]:
        """All events after the cursor, which goes on to the last of them."""
        found: list[Event] = []
        while (reply := self._client.events(self._cursor)).events:
            found += reply.events
            self._cursor = reply.next_cursor
        return found


class Watcher:
    """Remembers what it has told.

    Args:
        local_offset_s: makes a time of the monotonic clock one that people read off the wall.
    """

    def __init__(self, local_offset_s: float = 0.0) -> None:
        self._local_offset_s = local_offset_s
        self._told: dict[str, tuple[object, ...]] = {}
        self._full: set[str] = set()
        self._phase = ""
        self._lost = 0

    def lines(self, fleet: Fleet, happened: Sequence[Event] = ()) -> list[str]:
        """What is new since the last look, with the states that were passed through; at the first one everybody."""
        found = [*self._of_workers(fleet, happened), *self._of_channels(fleet.channels), *self._of_pools(fleet.pools)]
        if fleet.log.lost > self._lost:
            found.append(f"log: {fleet.log.lost - self._lost:,} records could not be stored, {fleet.log.lost:,} in all")
        self._lost = fleet.log.lost
        if fleet.phase != self._phase:
            outcome = f": {one_line(fleet.outcome)}" if fleet.outcome else ""
            found.append(f"{fleet.project}: {fleet.phase}{outcome}")
            self._phase = fleet.phase
        return found

    def _of_workers(self, fleet: Fleet, happened: Sequence[Event]) -> Iterator[str]:
        rows = {row.name: row for row in fleet.rows}
        for gone in [key for key in self._told if key.startswith("worker ") and key[7:] not in rows]:
            del self._told[gone]
            yield f"{gone[7:]}: is no more"
        last: dict[str, Event] = {event.subject: event for event in happened if event.to_state}
        for event in happened if self._told else ():
            row = rows.get(event.subject)
            is_as_now = row is not None and event is last.get(event.subject) and event.to_state == row.state
            if row is not None and event.to_state and not is_as_now:
                yield f"{event.subject}: {one_line(event.what)}"
        for row in fleet.rows:
            if row.name in last:
                self._told.pop(f"worker {row.name}", None)
            warnings = tuple(_kind_of(warning) for warning in row.warnings)
            if self._is_new(f"worker {row.name}", (row.state, row.incarnation, warnings, row.waits_for, row.next_step)):
                yield f"{row.name}: {replica_words(row, fleet.now_s, self._local_offset_s)}"

    def _of_channels(self, channels: Iterable[ChannelRow]) -> Iterator[str]:
        for channel in channels:
            share = (channel.depth or 0) / channel.maxsize if channel.maxsize else 0.0
            if share >= FULL_SHARE and channel.name not in self._full:
                self._full.add(channel.name)
                yield f"{channel.name}: nearly full, {channel.depth:,} of {channel.maxsize:,} items"
            elif share <= NOT_FULL_SHARE and channel.name in self._full:
                self._full.discard(channel.name)
                yield f"{channel.name}: has room again, {channel.depth:,} of {channel.maxsize:,} items"
            if self._is_new(f"channel {channel.name}", (channel.is_ended, channel.dead_letters)):
                words = ["ended, every writer has completed"] if channel.is_ended else []
                words += [f"{channel.dead_letters:,} dead letters"] if channel.dead_letters else []
                yield from [f"{channel.name}: {', '.join(words)}"] if words else []

    def _of_pools(self, pools: Iterable[PoolRow]) -> Iterator[str]:
        for pool in pools:
            report = pool.report
            done = report.done + report.failed
            step = done * _POOL_STEPS // report.total if report.total else None
            if self._is_new(
                f"pool {pool.name}", (report.state, report.processes, report.failed > 0, step, pool.is_live)
            ):
                total = f" of {report.total:,}" if report.total is not None else ""
                failed = f", {report.failed:,} failed" if report.failed else ""
                eta = f", {duration(report.eta_s)} left" if report.eta_s is not None else ""
                yield (
                    f"{pool.name}: pool {report.state}, {report.done:,}{total} done{failed}, {rate(report.rate)} a "
                    f"second{eta}, {count(report.processes)} processes"
                )

    def _is_new(self, key: str, now: tuple[object, ...]) -> bool:
        before = self._told.get(key)
        self._told[key] = now
        return before != now


def replica_words(row: ReplicaRow, now_s: float, local_offset_s: float = 0.0) -> str:
    """A replica in a sentence: ``running, pid 4711, 2.1 % of a core, 14 M``."""
    words = [row.state.value]
    if row.state in AT_REST:
        words += [row.exit_cause]
    else:
        words += [f"pid {row.pid}" if row.pid is not None else ""]
        words += [f"{percent(row.cpu_percent)} % of a core" if row.cpu_percent else ""]
        words += [size(row.rss_bytes) if row.rss_bytes else ""]
    words += [waiting_words(row), next_words(row, now_s, local_offset_s)]
    words += [f"warning: {warning}" for warning in row.warnings]
    return ", ".join(one_line(word) for word in words if word)


def _kind_of(warning: str) -> str:
    """A warning without its figures, which grow each second: ``no heartbeat for 12 s`` is told once."""
    return "".join(letter for letter in warning if not letter.isdigit())
