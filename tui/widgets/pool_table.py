"""The table of all pools."""

from __future__ import annotations

from supervisor.api.pools import PoolRow
from tui.problems import is_pool_in_trouble
from tui.render.fleet_rows import Column
from tui.render.pieces import Line
from tui.render.pool_rows import columns_for_pools, moving_texts, pool_line, pool_matches
from tui.sorting import Key, pool_key
from tui.widgets.rows_table import RowsTable


class PoolTable(RowsTable[PoolRow]):
    """Shows pools."""

    def columns_of(self, width: int, longest_name: int, rows: tuple[PoolRow, ...]) -> tuple[Column, ...]:
        del rows
        return columns_for_pools(width, longest_name)

    def line_of(self, row: PoolRow, columns: tuple[Column, ...], width: int) -> Line:
        return pool_line(row, columns, self._glyphs, self._now_s, width)

    def beside(self, row: PoolRow) -> tuple[object, ...]:
        return moving_texts(row, self._now_s)

    def is_found(self, row: PoolRow, needle: str) -> bool:
        return pool_matches(row, needle)

    def key_of(self, row: PoolRow, column: str) -> Key | None:
        return pool_key(row, column, self._now_s)

    def is_problem(self, row: PoolRow) -> bool:
        return is_pool_in_trouble(row)
