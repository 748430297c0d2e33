"""The signs of the screen: one cell wide everywhere, an ASCII set beside them; the word is always printed too."""

from __future__ import annotations

from dataclasses import dataclass

from supervisor.api.messages import ReplicaRow
from supervisor.lifecycle.states import State
from tui.render.pieces import Tone


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs."""

    states: dict[str, str]
    """By state word; ``hung`` is a running replica without a heartbeat."""
    ellipsis: str
    is_ascii: bool


UNICODE = Glyphs(
    states={
        "starting": "▹",
        "running": "◉",
        "hung": "⧗",
        "backoff": "⟳",
        "stopping": "⊘",
        "stopped": "◌",
        "finished": "✓",
        "failed": "✗",
        "stuck": "⧗",
    },
    ellipsis="…",
    is_ascii=False,
)

ASCII = Glyphs(
    states={
        "starting": ">",
        "running": "*",
        "hung": "?",
        "backoff": "~",
        "stopping": "-",
        "stopped": ".",
        "finished": "+",
        "failed": "!",
        "stuck": "?",
    },
    ellipsis="~",
    is_ascii=True,
)

STATE_TONES: dict[str, Tone] = {
    "starting": Tone.PLAIN,
    "running": Tone.GOOD,
    "hung": Tone.AMBER,
    "backoff": Tone.AMBER,
    "stopping": Tone.PLAIN,
    "stopped": Tone.DIM,
    "finished": Tone.DIM,
    "failed": Tone.RED,
    "stuck": Tone.RED,
}

STATE_ORDER = ("running", "starting", "hung", "backoff", "stopping", "stuck", "failed", "finished", "stopped")
"""In which order the states are counted in the header."""


def glyph_set(name: str) -> Glyphs:
    """The set called `name` (``ascii`` or anything else for Unicode), as ``PROCDECK_GLYPHS`` says it."""
    return ASCII if name.strip().lower() == "ascii" else UNICODE


def shown_state(row: ReplicaRow) -> str:
    """The state word a person sees: the replica's state, or ``hung`` where its heartbeat is missing."""
    if row.state is State.RUNNING and any(warning.startswith("no heartbeat") for warning in row.warnings):
        return "hung"
    return row.state.value
