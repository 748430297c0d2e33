"""The table of all replicas. A row also shows its channels, so it is painted again when one of those moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from supervisor.api.messages import ChannelRow, ReplicaRow
from supervisor.api.pools import PoolRow
from tui.problems import is_worker_in_trouble
from tui.render.fleet_rows import Column, columns_for, matches, row_line, time_texts
from tui.render.glyphs import UNICODE, Glyphs
from tui.render.pieces import Line
from tui.sorting import Key, worker_key
from tui.widgets.marked_table import MarkedTable

NO_POOLS: Final[Mapping[str, PoolRow]] = {}


class FleetTable(MarkedTable[ReplicaRow]):
    """Shows replicas."""

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id, glyphs=glyphs)
        self._channels: Mapping[str, ChannelRow] = {}
        self._pools: Mapping[str, PoolRow] = {}
        self._local_offset_s = 0.0

    def show(
        self,
        rows: tuple[ReplicaRow, ...],
        channels: Mapping[str, ChannelRow],
        now_s: float,
        local_offset_s: float = 0.0,
        pools: Mapping[str, PoolRow] = NO_POOLS,
    ) -> None:
        """Show `rows`, their times counted at `now_s` (monotonic); only lines that differ are painted.

        `local_offset_s` makes a monotonic time a local one; `pools` are by replica.
        """
        self._channels, self._local_offset_s, self._pools = channels, local_offset_s, pools
        self.show_rows(rows, now_s)

    def columns_of(self, width: int, longest_name: int, rows: tuple[ReplicaRow, ...]) -> tuple[Column, ...]:
        del rows
        return columns_for(width, longest_name)

    def line_of(self, row: ReplicaRow, columns: tuple[Column, ...], width: int) -> Line:
        pool = self._pools.get(row.name)
        return row_line(row, columns, self._channels, self._glyphs, self._now_s, width, self._local_offset_s, pool)

    def beside(self, row: ReplicaRow) -> tuple[object, ...]:
        channels = (self._channels.get(name) for name in (*row.reads, *row.writes))
        return (*time_texts(row, self._now_s, self._local_offset_s), self._pools.get(row.name), *channels)

    def is_found(self, row: ReplicaRow, needle: str) -> bool:
        return matches(row, needle)

    def key_of(self, row: ReplicaRow, column: str) -> Key | None:
        return worker_key(row, column, self._channels)

    def is_problem(self, row: ReplicaRow) -> bool:
        return is_worker_in_trouble(row)
