"""The workers by group, by kind or by state: which heading stands before whom. It knows rows, not widgets.

::

    rows, in order ──> grouped ──> heading, its rows, heading (folded), heading, its rows
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final

from supervisor.api.messages import ReplicaRow
from tui.layout import GROUPINGS, Grouping
from tui.render.glyphs import STATE_ORDER, shown_state
from tui.sorting import urgency

NOT_A_NAME: Final = "\0"
"""No worker's name begins so: by it a heading is told from a worker."""
NO_GROUP: Final = "no group"


def heading_name(key: str) -> str:
    """What the heading of the group `key` is called among the rows of a table."""
    return NOT_A_NAME + key


@dataclass(frozen=True, slots=True)
class Heading:
    """A row above those of one group."""

    key: str
    """The group, kind or state; empty for workers that are in no group."""
    members: tuple[ReplicaRow, ...]
    """Those that stand below it, or would if it were not folded."""
    is_folded: bool

    @property
    def name(self) -> str:
        """Its name among the rows of a table."""
        return heading_name(self.key)

    @property
    def label(self) -> str:
        """As a person reads it."""
        return self.key or NO_GROUP

    @property
    def states(self) -> tuple[tuple[str, int], ...]:
        """How many members are in which state, in the order of the header."""
        counts = Counter(shown_state(row) for row in self.members)
        return tuple((word, counts[word]) for word in STATE_ORDER if counts[word])

    @property
    def cpu_percent(self) -> float | None:
        """Of all members together; None where nobody has a process."""
        known = [row.cpu_percent for row in self.members if row.cpu_percent is not None]
        return sum(known) if known else None

    @property
    def rss_bytes(self) -> int | None:
        """Of all members together; None where nobody has a process."""
        known = [row.rss_bytes for row in self.members if row.rss_bytes is not None]
        return sum(known) if known else None


FleetRow = ReplicaRow | Heading
"""What the table of workers has lines for."""


def next_grouping(grouping: Grouping) -> Grouping:
    """What comes after `grouping`; after the last: none."""
    return GROUPINGS[(GROUPINGS.index(grouping) + 1) % len(GROUPINGS)]


def key_of(row: ReplicaRow, grouping: Grouping) -> str:
    """In which group `row` is."""
    match grouping:
        case "group":
            return row.group
        case "kind":
            return row.kind
        case "state":
            return shown_state(row)
    return ""


def grouped(
    rows: Sequence[ReplicaRow], everybody: Sequence[ReplicaRow], grouping: Grouping, folded: Container[str]
) -> tuple[FleetRow, ...]:
    """`rows` below their headings, each group in the order that they have; those in no group are last.

    Groups and kinds stand as the profile has them, which `everybody` is in the order of; states by their urgency.
    """
    members: dict[str, list[ReplicaRow]] = {}
    for row in rows:
        members.setdefault(key_of(row, grouping), []).append(row)
    order = {key: place for place, key in enumerate(dict.fromkeys(key_of(row, grouping) for row in everybody))}
    lines: list[FleetRow] = []
    for key in sorted(members, key=lambda key: (not key, urgency(key) if grouping == "state" else order.get(key, 0))):
        heading = Heading(key, tuple(members[key]), key in folded)
        lines.append(heading)
        if not heading.is_folded:
            lines += heading.members
    return tuple(lines)
