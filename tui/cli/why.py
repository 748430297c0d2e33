"""`procdeck why`: why workers do not move, in the engine's words, and an exit code for scripts."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Final

from tui.cli.exits import ExitCode
from tui.cli.hang_text import CONCERNS, counts_text, troubles_text, verdict_text, worst_first
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import narrate, tell_block, tell_json, wants_color

if TYPE_CHECKING:
    from supervisor.api.hangs import Verdict

READABLE_COLUMNS: Final = 110
_UNCONCERNED: Final = ("busy", "idle")


def show_why(project: str | None, names: tuple[str, ...], *, has_all: bool, as_json: bool) -> ExitCode:
    """Print the verdicts of `names`, or of all who wait or are stuck (`has_all`: of all), the worst first.

    What is no concern is told in short, unless it was asked for by name.

    Returns:
        STUCK where one of them is told unasked: somebody is stuck, or there is a warning.
    """
    reply = client_of(find_engine(project)).why(names)
    has_each = has_all or bool(names)
    shown = worst_first(each for each in reply.verdicts if has_each or _is_told(each))
    if as_json:
        from msgspec.structs import replace

        tell_json(replace(reply, verdicts=shown))
    else:
        now_s, colours, width = time.monotonic(), wants_color(sys.stdout), _width()
        texts = [
            verdict_text(
                each,
                now_s,
                is_brief=not names and each.severity not in CONCERNS,
                colours=colours,
                width=width,
                project=project,
            )
            for each in shown
        ]
        tell_block("\n\n".join(texts) + "\n" * bool(texts))
        for trouble in troubles_text(reply.troubles):
            narrate(f"not all could be seen: {trouble}")
        if counts := counts_text(reply.verdicts):
            narrate(counts + ("" if len(shown) == len(reply.verdicts) else "; --all shows all of them"))
        elif not reply.troubles:
            narrate("none of them has a process")
    return ExitCode.STUCK if any(each.severity in CONCERNS for each in shown) else ExitCode.OK


def _is_told(verdict: Verdict) -> bool:
    """Whether it is told without its name: it waits or is stuck, or it holds others up, whatever it does itself."""
    return verdict.severity not in _UNCONCERNED or bool(verdict.blocks)


def _width() -> int:
    """Cells after which sentences are folded; 0 where no person reads along."""
    return min(shutil.get_terminal_size().columns, READABLE_COLUMNS) if sys.stdout.isatty() else 0
