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
        "waiting": "⋯",
        "scheduled": "◷",
        "starting": "▹",
        "unready": "◒",
        "running": "◉",
        "hung": "⧗",
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
)

STATE_TONES: dict[str, Tone] = {
    "waiting": Tone.PLAIN,
    "scheduled": Tone.PLAIN,
    "starting": Tone.PLAIN,
    "unready": Tone.AMBER,
    "running": Tone.GOOD,
    "hung": Tone.AMBER,
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
    "running", "failed", "stuck", "hung", "unready", "backoff", "paused", "stopping", "starting", "waiting",
    "scheduled", "skipped", "finished", "stopped",
)  # fmt: skip
"""In which order the states are counted in the header: what needs a person before what goes its way."""


def glyph_set(name: str) -> Glyphs:
    """The set called `name` (``ascii`` or anything else for Unicode), as ``PROCDECK_GLYPHS`` says it."""
    return ASCII if name.strip().lower() == "ascii" else UNICODE


def shown_state(row: ReplicaRow) -> str:
    """The state word a person sees: the replica's state, or ``hung`` where its heartbeat is missing."""
    if row.state is State.RUNNING and any(warning.startswith("no heartbeat") for warning in row.warnings):
        return "hung"
    return row.state.value
