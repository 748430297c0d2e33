"""Which rows of a table pass its filter; a regular expression that takes for ever lets all pass, and is said to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from tui.link.patience import TooSlow, patience
from tui.needles import needle_of

RowT = TypeVar("RowT")

TOO_SLOW: Final = "it takes too long"


class Finder:
    """What is typed in a table's filter, and what it does.

    Attributes:
        typed: as a person typed it; empty: no filter.
        trouble: why it cannot be used; empty where it can.
    """

    def __init__(self) -> None:
        self.typed = ""
        self.trouble = ""

    def use(self, typed: str) -> None:
        """Filter by `typed` from now on."""
        self.typed, self.trouble = typed, needle_of(typed).trouble

    def found(self, rows: tuple[RowT, ...], is_found: Callable[[RowT, str], bool]) -> tuple[RowT, ...]:
        """Those of `rows` that pass, in order."""
        if not self.typed or self.trouble:
            return rows
        if needle_of(self.typed).pattern is None:
            return tuple(row for row in rows if is_found(row, self.typed))
        try:
            with patience():
                return tuple(row for row in rows if is_found(row, self.typed))
        except TooSlow:
            self.trouble = TOO_SLOW
            return rows
