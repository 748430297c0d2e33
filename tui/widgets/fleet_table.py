"""The table of all replicas, in groups where that is wanted.

A row also shows its channels, so it is painted again when one of those moves. Headings are rows that nobody can mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType

from supervisor.api.messages import ChannelRow, ReplicaRow
from supervisor.api.pools import PoolRow
from tui.grouping import FleetRow, Heading, grouped, heading_name, key_of
from tui.layout import Grouping
from tui.problems import is_worker_in_trouble
from tui.render.fleet_rows import Column, columns_for, matches, row_line, time_texts
from tui.render.glyphs import UNICODE, Glyphs
from tui.render.headings import heading_line
from tui.render.pieces import Line
from tui.render.zone import Offset
from tui.sorting import Key, worker_key
from tui.widgets.marked_table import MarkedTable

NO_POOLS: Final[Mapping[str, PoolRow]] = {}


class FleetTable(MarkedTable[FleetRow]):
    """Shows replicas; what it says of rows it says of replicas alone, folded away or not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.act('fold')", show=False),
        Binding("right", "screen.act('unfold')", show=False),
    ]

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id, glyphs=glyphs)
        self._channels: Mapping[str, ChannelRow] = {}
        self._pools: Mapping[str, PoolRow] = {}
        self._local_offset_s: Offset = 0.0
        self._passed: tuple[ReplicaRow, ...] = ()
        self._grouping: Grouping = ""
        self._folded: frozenset[str] = frozenset()

    def show(
        self,
        rows: tuple[ReplicaRow, ...],
        channels: Mapping[str, ChannelRow],
        now_s: float,
        local_offset_s: Offset = 0.0,
        pools: Mapping[str, PoolRow] = NO_POOLS,
    ) -> None:
        """Show `rows`, their times counted at `now_s` (monotonic); only lines that differ are painted.

        `local_offset_s` makes a monotonic time a local one; `pools` are by replica.
        """
        self._channels, self._local_offset_s, self._pools = channels, local_offset_s, pools
        self.show_rows(rows, now_s)

    # --- groups ---

    @property
    def grouping(self) -> Grouping:
        """By what the rows stand together."""
        return self._grouping

    def group_by(self, grouping: Grouping) -> None:
        """Let the rows stand together by something else, all of them in sight; the cursor stays on its row."""
        if grouping != self._grouping:
            on_heading = self.heading
            self._grouping, self._folded = grouping, frozenset()
            self._arrange()
            if on_heading is not None:
                self.select(on_heading.members[0].name)

    @property
    def heading(self) -> Heading | None:
        """The heading under the cursor."""
        return next((row for row in self._rows if isinstance(row, Heading) and row.name == self._cursor), None)

    @property
    def heading_count(self) -> int:
        """How many lines are headings."""
        return sum(isinstance(row, Heading) for row in self._rows)

    def fold(self, *, is_folded: bool) -> bool:
        """Fold the group under the cursor, which goes to its heading, or unfold it; whether it was otherwise."""
        key = self._key_at_cursor()
        if key is None or is_folded == (key in self._folded):
            return False
        self._folded ^= {key}
        if is_folded and self.heading is None:
            self._move_to(next(index for index, row in enumerate(self._rows) if row.name == heading_name(key)))
        self._arrange()
        return True

    def turn_fold(self) -> None:
        """Fold the group whose heading is under the cursor, or unfold it."""
        if self.heading is not None:
            self.fold(is_folded=not self.heading.is_folded)

    def _key_at_cursor(self) -> str | None:
        if not self._grouping:
            return None
        row = next((row for row in self._rows if row.name == self._cursor), None)
        return row.key if isinstance(row, Heading) else key_of(row, self._grouping) if row is not None else None

    # --- rows, past headings ---

    @property
    def cursor_name(self) -> str | None:
        return None if self.heading is not None else super().cursor_name

    @property
    def shown_names(self) -> tuple[str, ...]:
        return tuple(row.name for row in self._passed)

    @property
    def marked(self) -> tuple[ReplicaRow, ...]:
        return tuple(row for row in super().marked if isinstance(row, ReplicaRow))

    @property
    def is_arranged(self) -> bool:
        return super().is_arranged or bool(self._grouping)

    def turn_marks(self) -> None:
        """On a heading: all below it."""
        heading = self.heading
        if heading is None:
            super().turn_marks()
        else:
            names = frozenset(row.name for row in heading.members)
            self._mark(self._marks - names if names <= self._marks else self._marks | names)

    def clicked(self, index: int, event: events.Click) -> None:
        row = self._rows[index]
        is_mark = event.x == 0 or event.ctrl or event.shift
        if isinstance(row, Heading) and not is_mark:
            self._move_to(index)
            self.turn_fold()
        else:
            super().clicked(index, event)

    def select(self, name: str) -> None:
        if self._grouping and self._folded:
            row = next((row for row in self._passed if row.name == name), None)
            if row is not None and key_of(row, self._grouping) in self._folded:
                self._folded -= {key_of(row, self._grouping)}
                self._arrange()
        super().select(name)

    def _passing(self) -> tuple[FleetRow, ...]:
        rows = self._passed = tuple(row for row in super()._passing() if isinstance(row, ReplicaRow))
        if not self._grouping:
            return rows
        everybody = [row for row in self._all if isinstance(row, ReplicaRow)]
        return grouped(rows, everybody, self._grouping, self._folded)

    # --- what a row says ---

    def columns_of(self, width: int, longest_name: int, rows: tuple[FleetRow, ...]) -> tuple[Column, ...]:
        del rows
        return columns_for(width, longest_name)

    def line_of(self, row: FleetRow, columns: tuple[Column, ...], width: int) -> Line:
        if isinstance(row, Heading):
            return heading_line(row, self._glyphs, width)
        pool = self._pools.get(row.name)
        return row_line(row, columns, self._channels, self._glyphs, self._now_s, width, self._local_offset_s, pool)

    def beside(self, row: FleetRow) -> tuple[object, ...]:
        if isinstance(row, Heading):
            return ()
        channels = (self._channels.get(name) for name in (*row.reads, *row.writes))
        return (*time_texts(row, self._now_s, self._local_offset_s), self._pools.get(row.name), *channels)

    def is_found(self, row: FleetRow, needle: str) -> bool:
        return isinstance(row, ReplicaRow) and matches(row, needle)

    def key_of(self, row: FleetRow, column: str) -> Key | None:
        return worker_key(row, column, self._channels) if isinstance(row, ReplicaRow) else None

    def is_problem(self, row: FleetRow) -> bool:
        return isinstance(row, ReplicaRow) and is_worker_in_trouble(row)
