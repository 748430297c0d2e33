"""`procdeck profiles`: what the picker lists, as a table or as JSON. Runs nothing of any profile."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.exits import ExitCode, UsageError
from tui.cli.status import table
from tui.cli.telling import narrate, one_line, tell, tell_json
from tui.profiles import Outlines, candidates

if TYPE_CHECKING:
    from tui.profiles import Card

_HEADINGS = ("NAME", "WHERE", "STATE", "CONTAINS", "PATH")


def list_profiles(directory: str, *, as_json: bool) -> ExitCode:
    """Print every profile that can be opened, with what it contains and whether it is valid."""
    if not os.path.isdir(directory):
        raise UsageError(f"there is no directory {directory}; name the one whose profiles you want to see")
    outlines = Outlines()
    found = [replace(card, outline=outlines.of(card.path)) for card in candidates(Path(directory).absolute())]
    if as_json:
        tell_json([_as_json(card) for card in found])
        return ExitCode.OK
    if not found:
        narrate("no profile was found, and none came with procdeck; `procdeck init` writes one")
        return ExitCode.OK
    tell(table(_HEADINGS, [_row(card) for card in found]))
    for card in found:
        for mistake in card.outline.mistakes if card.outline and card.is_there else ():
            narrate(one_line(mistake, longest=2000))
    return ExitCode.OK


def _row(card: Card) -> tuple[str, ...]:
    outline = card.outline
    counts = ", ".join(f"{number} {kind}{'s' if number != 1 else ''}" for kind, number in _counts(card).items())
    mistakes = len(outline.mistakes) if outline else 0
    state = "valid" if not mistakes else "1 mistake" if mistakes == 1 else f"{mistakes} mistakes"
    if card.engine is not None:
        state = "runs"
    elif not card.is_there:
        state = "gone"
    return one_line(card.name), card.group, state, counts or "-", one_line(str(card.path), longest=2000)


def _counts(card: Card) -> dict[str, int]:
    return card.outline.counts() if card.outline else {}


def _as_json(card: Card) -> dict[str, object]:
    outline = card.outline
    assert outline is not None
    return {
        "name": card.name,
        "path": str(card.path),
        "group": card.group,
        "is_there": card.is_there,
        "opened_at": card.opened_at,
        "project": card.engine.project if card.engine else None,
        "started_at": card.engine.started_at if card.engine else None,
        "description": outline.description,
        "contains": outline.counts(),
        "parts": outline.parts,
        "mistakes": outline.mistakes,
    }
