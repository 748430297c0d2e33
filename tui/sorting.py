"""In which order the rows of a table stand: by which column, which way round, and what of a row is compared.

It knows rows and columns, not widgets. Where nobody has chosen a column, rows stand as the profile names them.

::

    rows ──> key_of(row, column) ──> in_order ──> rows, those with nothing to compare last
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from supervisor.api.messages import ChannelRow, ReplicaRow
from supervisor.api.pools import PoolRow
from tui.render.channel_words import FLOWING, state_words
from tui.render.glyphs import shown_state
from tui.render.pool_words import is_at_work, settled, slowest_first
from tui.render.pool_words import shown_state as shown_pool_state

Key = tuple[str, float]
"""What is compared of a row: a text, and where that is equal a number."""

RowT = TypeVar("RowT")

_SMALLEST_FIRST: Final = frozenset({"name", "state", "kind", "doing", "who", "error", "pid", "left"})
"""Columns that are read from the smallest on; of all others the largest is what one looks for."""

_SAME: Final = {"doing+queue": "doing", "now": "who"}
"""A column of a narrow table, and the one of a wide table that says the same."""

_URGENCY: Final = (
    "failed", "stuck", "hung", "blocked", "unready", "backoff", "ended", "paused", "stopping", "starting", "waiting",
    "scheduled", "finishing", "running", "skipped", "finished", "stopped", "at rest",
)  # fmt: skip
"""States in the order of the column for them: what needs a person first."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A column, and which way round."""

    column: str
    is_descending: bool

    def turned(self) -> Sort:
        """The other way round."""
        return replace(self, is_descending=not self.is_descending)

    def is_by(self, column_id: str) -> bool:
        """Whether the column `column_id` is the one."""
        return self.column == _SAME.get(column_id, column_id)


def sort_by(column_id: str) -> Sort:
    """By the column `column_id`, the way round in which it is mostly wanted."""
    column = _SAME.get(column_id, column_id)
    return Sort(column, column not in _SMALLEST_FIRST)


def sort_beside(sort: Sort | None, column_ids: Sequence[str], step: int) -> Sort | None:
    """What comes `step` columns after `sort`; before the first and after the last column is None: no column."""
    at = next((index for index, column_id in enumerate(column_ids, 1) if sort and sort.is_by(column_id)), 0)
    chosen = (at + step) % (len(column_ids) + 1)
    return sort_by(column_ids[chosen - 1]) if chosen else None


def in_order(rows: Iterable[RowT], key_of: Callable[[RowT], Key | None], *, is_descending: bool) -> tuple[RowT, ...]:
    """`rows` by their keys; those with equal keys stay as they stood, those without one are last either way."""
    keyed = [(key_of(row), row) for row in rows]
    with_key = [(key, row) for key, row in keyed if key is not None]
    with_key.sort(key=lambda each: each[0], reverse=is_descending)
    return (*(row for _, row in with_key), *(row for key, row in keyed if key is None))


def _number(value: float | None) -> Key | None:
    return None if value is None else ("", value)


def _text(value: str) -> Key | None:
    return (value.casefold(), 0.0) if value else None


def urgency(word: str) -> int:
    """The place of a state among all: what needs a person first."""
    return _URGENCY.index(word) if word in _URGENCY else len(_URGENCY)


def _state(word: str) -> Key:
    return ("", float(urgency(word)))


def worker_key(row: ReplicaRow, column: str, channels: Mapping[str, ChannelRow]) -> Key | None:
    """What of a replica is compared in `column`; None where it has nothing there."""
    match column:
        case "name":
            return (row.worker.casefold(), row.replica)
        case "state":
            return _state(shown_state(row))
        case "kind":
            return _text(row.kind)
        case "pid":
            return _number(row.pid)
        case "up":
            return _number(None if row.started_s is None else -row.started_s)
        case "restarts":
            return _number(row.restarts)
        case "cpu":
            return _number(row.cpu_percent)
        case "mem":
            return _number(row.rss_bytes)
        case "doing":
            said = (*row.warnings[:1], row.activity, row.waits_for, row.next_step, row.exit_cause)
            return _text(next((text for text in said if text), ""))
        case "queues":
            known = [channels[name].depth for name in {*row.reads, *row.writes} if name in channels]
            depths = [depth for depth in known if depth is not None]
            return _number(sum(depths) if depths else None)
        case "error":
            return _text(row.last_error)
    return None


def channel_key(channel: ChannelRow, column: str) -> Key | None:
    """What of a channel is compared in `column`; what is shared has nothing in the columns for what flows."""
    match column:
        case "name":
            return _text(channel.name)
        case "kind":
            return _text(channel.kind)
        case "who":
            users = (*channel.waiting, *channel.holding)
            return _text(users[0].replica if users else state_words(channel))
    if channel.kind not in FLOWING:
        return None
    figures: dict[str, float | None] = {
        "depth": channel.depth,
        "in": channel.put_rate,
        "out": channel.got_rate,
        "oldest": None if channel.oldest_s is None else -channel.oldest_s,
        "held": len(channel.holding),
        "redelivered": channel.redelivered,
        "dead": channel.dead_letters,
    }
    return _number(figures.get(column))


def pool_key(row: PoolRow, column: str, now_s: float) -> Key | None:
    """What of a pool is compared in `column`; None where it has nothing there."""
    report = row.report
    match column:
        case "name":
            return _text(row.name)
        case "state":
            return _state(shown_pool_state(row))
        case "progress":
            return _number(settled(report) / report.total if report.total else None)
        case "slowest":
            slowest = slowest_first(row, now_s)
            return _number(slowest[0][0] if slowest else None)
    figures: dict[str, float | None] = {
        "rate": report.rate if is_at_work(row) else None,
        "left": report.eta_s if is_at_work(row) else None,
        "failed": report.failed,
        "retried": report.retried,
        "hand": report.in_flight if row.is_live else None,
        "members": len(report.members) if row.is_live else None,
        "replaced": report.replaced,
    }
    return _number(figures.get(column))
