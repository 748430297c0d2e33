"""Notes each second what every worker, queue and pool is at, and gives it to clients as figures over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from supervisor.api.history import MINUTES_MOST, SECONDS_MOST, UNITS, Figure, HistoryReply, Series, SubjectHistory
from supervisor.api.messages import ChannelRow, ReplicaRow
from supervisor.api.pools import PoolRow
from supervisor.history import MINUTE_S, History

Kind = Literal["worker", "channel", "pool"]


@dataclass(frozen=True, slots=True)
class Look:
    """What the second's look has found."""

    rows: Sequence[ReplicaRow]
    channels: Sequence[ChannelRow]
    pools: Sequence[PoolRow]
    log_bytes: Mapping[str, int]
    """Of each replica, since the engine began."""


class HistoryDesk:
    """The history of one run. Subjects are told apart by kind: a pool may be called as its worker is."""

    def __init__(self) -> None:
        self._histories: dict[Kind, History] = {"worker": History(), "channel": History(), "pool": History()}
        self._log_bytes: dict[str, int] = {}
        self._pool_done: dict[str, int] = {}
        self._second = 0

    def note(self, now_at: float, look: Look) -> None:
        """Take one look. `now_at` counts seconds; a look that comes two seconds after the last one is of both."""
        before, self._second = self._second, int(now_at)
        seconds = range(before + 1 if before == self._second - 2 else self._second, self._second + 1)
        for kind, name, figures in self._figures(look, len(seconds)):
            for second in seconds:
                self._histories[kind].note(second, name, figures)

    def _figures(self, look: Look, seconds: int) -> Iterator[tuple[Kind, str, dict[str, float | None]]]:
        """Of each subject; what has grown since the last look is spread over so many seconds."""
        for row in look.rows:
            written = self._grown(row.name, look.log_bytes)
            log = None if written is None else written / seconds
            yield "worker", row.name, {"cpu": row.cpu_percent, "memory": row.rss_bytes, "log": log}
        for channel in look.channels:
            if channel.depth is not None:
                figures = {"depth": channel.depth, "put": channel.put_rate, "got": channel.got_rate}
                yield "channel", channel.name, {**figures}
        for pool in look.pools:
            if pool.is_live:
                done = pool.report.done + pool.report.failed
                before = self._pool_done.get(pool.name, done)
                self._pool_done[pool.name] = done
                yield "pool", pool.name, {"done": max(0, done - before) / seconds, "failed": pool.report.failed}

    def _grown(self, name: str, log_bytes: Mapping[str, int]) -> int | None:
        """What a replica has written to its log since the last look."""
        now = log_bytes.get(name)
        if now is None:
            return None
        before = self._log_bytes.get(name, now)
        self._log_bytes[name] = now
        return max(0, now - before)

    def forget(self, name: str) -> None:
        """There is no such replica any more."""
        self._histories["worker"].forget(name)
        self._log_bytes.pop(name, None)

    def names(self) -> set[str]:
        """Of whom something is known."""
        return {name for history in self._histories.values() for name in history.subjects()}

    def reply(self, names: Iterable[str], seconds: int, now_at: float) -> HistoryReply:
        """The figures of some subjects, or of all without names, over so many seconds up to now.

        Ten minutes at most are told second by second; more than that minute by minute, 12 hours at most.
        """
        wanted = set(names)
        is_fine = seconds <= SECONDS_MOST
        subjects = [
            SubjectHistory(name=name, kind=kind, series=tuple(self._series(history, name, seconds, is_fine=is_fine)))
            for kind, history in self._histories.items()
            for name in history.subjects()
            if not wanted or name in wanted
        ]
        return HistoryReply(now_at=now_at, step_s=1.0 if is_fine else float(MINUTE_S), subjects=tuple(subjects))

    def _series(self, history: History, name: str, seconds: int, *, is_fine: bool) -> Iterable[Series]:
        for figure, track in history.tracks(name):
            if is_fine:
                values = track.last_seconds(max(1, seconds), self._second)
            else:
                values = track.last_minutes(min(MINUTES_MOST, -(-seconds // MINUTE_S)), self._second)
            known: Figure = figure  # type: ignore[assignment]  # `note` gives no others
            yield Series(figure=known, unit=UNITS[known], values=values)
