"""`procdeck why`: why workers do not move, in the engine's words, and an exit code for scripts."""

from __future__ import annotations

import sys
import time
from typing import Final

from tui.cli.exits import ExitCode
from tui.cli.hang_text import CONCERNS, counts_text, verdict_text, worst_first
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import narrate, one_line, tell_block, tell_json, wants_color

_UNCONCERNED: Final = ("busy", "idle")


def show_why(project: str | None, names: tuple[str, ...], *, has_all: bool, as_json: bool) -> ExitCode:
    """Print the verdicts of `names`, or of all who wait or are stuck (`has_all`: of all), the worst first.

    Returns:
        STUCK where one of them is told unasked: somebody is stuck, or there is a warning.
    """
    reply = client_of(find_engine(project)).why(names)
    has_each = has_all or bool(names)
    shown = worst_first(each for each in reply.verdicts if has_each or each.severity not in _UNCONCERNED)
    if as_json:
        from msgspec.structs import replace

        tell_json(replace(reply, verdicts=shown))
    else:
        now_s, colours = time.monotonic(), wants_color(sys.stdout)
        tell_block("\n\n".join(verdict_text(each, now_s, colours=colours) for each in shown) + "\n" * bool(shown))
        for trouble in reply.troubles:
            narrate(f"not all could be seen: {one_line(trouble, 2000)}")
        if counts := counts_text(reply.verdicts):
            narrate(counts + ("" if len(shown) == len(reply.verdicts) else "; --all shows all of them"))
        else:
            narrate("none of them has a process")
    return ExitCode.STUCK if any(each.severity in CONCERNS for each in shown) else ExitCode.OK
