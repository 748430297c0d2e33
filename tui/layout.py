"""How a person has laid out the first screen, as one value to be taken, kept and applied again. It stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from tui.situation import Pane, Place
from tui.sorting import Sort

Grouping = Literal["", "group", "kind", "state"]
"""By what the workers stand together; empty: by nothing."""
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)


def _nothing() -> Mapping[Pane, str]:
    return MappingProxyType({})


def _unsorted() -> Mapping[Place, Sort]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Layout:
    """What outlasts a session of the first screen. What it does not know stays as it is built."""

    place: Place = "workers"
    sorts: Mapping[Place, Sort] = field(default_factory=_unsorted)
    """By which column each table stands; left out: as the profile has it."""
    only_problems: frozenset[Place] = frozenset()
    """The tables that show only rows with something wrong."""
    filters: Mapping[Pane, str] = field(default_factory=_nothing)
    """What was typed as the filter of each table and of the log; left out: nothing."""
    log_level: str = ""
    """The least level that the log shows; empty: any."""
    grouping: Grouping = ""
    is_detail_open: bool | None = None
    """Whether the detail is shown; None: as the terminal's width has it."""
    table_lines: int | None = None
    """How high the table is made, its title and headings included; None: as high as its rows need."""
    detail_columns: int | None = None
    """How wide the detail is made beside the log; None: two fifths of the screen."""
    second_log_lines: int | None = None
    """How high the second log is made below the first, its title included; None: each has a half."""
