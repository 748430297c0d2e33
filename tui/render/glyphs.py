"""The signs of the screen: one cell wide everywhere, in the fonts that systems come with, an ASCII set beside them.

The word is always printed too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from supervisor.api.messages import ReplicaRow
from supervisor.lifecycle.states import State
from tui.render.pieces import Tone


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs."""

    states: dict[str, str]
    """By state word; ``hung`` and ``blocked`` are running ones that do not move."""
    ellipsis: str
    is_ascii: bool
    ring: tuple[str, str, str] = ("⎡", "⎢", "⎣")
    """The left edge of those who wait for each other: where it begins, goes on and closes."""
    branch: str = "↳"
    """Before what hangs on the line above."""
    points: str = "▸"
    bullet: str = "∙"
    joint: str = "›"
    """Between a call and the one that it made."""
    edge: str = "⎢"
    """The left edge of a block."""
    ascending: str = "▴"
    """In the heading of the column by which a table is sorted: the smallest is first."""
    descending: str = "▾"


UNICODE = Glyphs(
    states={
        "waiting": "⋯",
        "scheduled": "◷",
        "starting": "▹",
        "unready": "◒",
        "running": "◉",
        "hung": "⧗",
        "blocked": "⧖",
        "paused": "ǁ",
        "backoff": "⟳",
        "stopping": "⊘",
        "stopped": "◌",
        "finished": "✓",
        "failed": "✗",
        "skipped": "↷",
        "stuck": "⧗",
    },
    ellipsis="…",
    is_ascii=False,
)

ASCII = Glyphs(
    states={
        "waiting": ":",
        "scheduled": "@",
        "starting": ">",
        "unready": "o",
        "running": "*",
        "hung": "?",
        "blocked": "%",
        "paused": "=",
        "backoff": "~",
        "stopping": "-",
        "stopped": ".",
        "finished": "+",
        "failed": "!",
        "skipped": "/",
        "stuck": "?",
    },
    ellipsis="~",
    is_ascii=True,
    ring=("+", "|", "+"),
    branch="`-",
    points=">",
    bullet="-",
    joint=">",
    edge="|",
    ascending="^",
    descending="v",
)

STATE_TONES: dict[str, Tone] = {
    "waiting": Tone.PLAIN,
    "scheduled": Tone.PLAIN,
    "starting": Tone.PLAIN,
    "unready": Tone.AMBER,
    "running": Tone.GOOD,
    "hung": Tone.AMBER,
    "blocked": Tone.AMBER,
    "paused": Tone.COOL,
    "backoff": Tone.AMBER,
    "stopping": Tone.PLAIN,
    "stopped": Tone.DIM,
    "finished": Tone.DIM,
    "failed": Tone.RED,
    "skipped": Tone.DIM,
    "stuck": Tone.RED,
}

STATE_ORDER = (
    "running", "failed", "stuck", "hung", "blocked", "unready", "backoff", "paused", "stopping", "starting",
    "waiting", "scheduled", "skipped", "finished", "stopped",
)  # fmt: skip
"""In which order the states are counted in the header: what needs a person before what goes its way."""


def glyph_set(name: str) -> Glyphs:
    """The set called `name` (``ascii`` or anything else for Unicode), as ``PROCDECK_GLYPHS`` says it."""
    return ASCII if name.strip().lower() == "ascii" else UNICODE


# How the warnings begin that say so.
_HUNG: Final = ("no heartbeat", "HANG", "DEADLOCK", "ORPHANED LOCK", "STARVED")
_BLOCKED: Final = ("BLOCKED", "JOIN")


def shown_state(row: ReplicaRow) -> str:
    """The state word a person sees: the replica's state, or what its warnings make of it where it should be moving."""
    if row.state is State.RUNNING and row.warnings:
        if any(warning.startswith(_HUNG) for warning in row.warnings):
            return "hung"
        if any(warning.startswith(_BLOCKED) for warning in row.warnings):
            return "blocked"
    return row.state.value
