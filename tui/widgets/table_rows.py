"""What a table has: rows, each with a name, and the lines that were made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from tui.render.pieces import Line


class Named(Protocol):
    """What a row of a table has at least."""

    @property
    def name(self) -> str: ...


RowT = TypeVar("RowT", bound=Named)


@dataclass(frozen=True, slots=True)
class Painted:
    """A line on the screen, and what it was made of."""

    row: object
    beside: tuple[object, ...]
    line: Line
