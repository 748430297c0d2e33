"""The table of all channels between workers."""

from __future__ import annotations

from supervisor.api.messages import ChannelRow
from tui.problems import is_channel_in_trouble
from tui.render.channel_rows import channel_line, channel_matches, columns_for_channels, moving_texts
from tui.render.fleet_rows import Column
from tui.render.pieces import Line
from tui.sorting import Key, channel_key
from tui.widgets.rows_table import RowsTable


class ChannelTable(RowsTable[ChannelRow]):
    """Shows channels."""

    def columns_of(self, width: int, longest_name: int, rows: tuple[ChannelRow, ...]) -> tuple[Column, ...]:
        return columns_for_channels(width, longest_name, max((len(row.kind) for row in rows), default=5))

    def line_of(self, row: ChannelRow, columns: tuple[Column, ...], width: int) -> Line:
        return channel_line(row, columns, self._glyphs, self._now_s, width)

    def beside(self, row: ChannelRow) -> tuple[object, ...]:
        return moving_texts(row, self._now_s)

    def is_found(self, row: ChannelRow, needle: str) -> bool:
        return channel_matches(row, needle)

    def key_of(self, row: ChannelRow, column: str) -> Key | None:
        return channel_key(row, column)

    def is_problem(self, row: ChannelRow) -> bool:
        return is_channel_in_trouble(row, self._now_s)
