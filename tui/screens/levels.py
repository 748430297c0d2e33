"""Which level the loggers of a worker are to have from now on."""

from __future__ import annotations

from typing import Final

from tui.screens.confirm import Choice, Question

LEVELS: Final[tuple[tuple[str, str, str], ...]] = (
    ("DEBUG", "d", "everything its loggers are asked to write"),
    ("INFO", "i", "what it does"),
    ("WARNING", "w", "what may be wrong, and worse"),
    ("ERROR", "e", "what has failed, and worse"),
)
"""Level, key, what is written then."""


def level_question(name: str, level: str) -> Question:
    """Which level; `level` is the one that was wished last."""
    return Question(
        title=f"Log level of {name}",
        text=f"Now {level}. It counts from the next call of its loggers on, until it is chosen again; print and stderr "
        "are not levelled.",
        choices=tuple(Choice(each, f"{each:<8} {meaning}", key) for each, key, meaning in LEVELS),
    )
