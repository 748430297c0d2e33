"""The table of all errors, grouped by type and place. Its times are wall times: what failed may be of another boot."""

from __future__ import annotations

from typing import ClassVar

from tui.render.errors import ErrorRow, age_texts, columns_for_errors, error_line, error_matches
from tui.render.fleet_rows import Column
from tui.render.pieces import Line
from tui.widgets.rows_table import RowsTable


class ErrorTable(RowsTable[ErrorRow]):
    """Shows groups of errors, in the order that they have."""

    IS_SORTABLE: ClassVar[bool] = False

    def columns_of(self, width: int, longest_name: int, rows: tuple[ErrorRow, ...]) -> tuple[Column, ...]:
        del longest_name
        return columns_for_errors(width, rows)

    def line_of(self, row: ErrorRow, columns: tuple[Column, ...], width: int) -> Line:
        return error_line(row, columns, self._glyphs, self._now_s, width)

    def beside(self, row: ErrorRow) -> tuple[object, ...]:
        return age_texts(row, self._now_s)

    def is_found(self, row: ErrorRow, needle: str) -> bool:
        return error_matches(row, needle)
