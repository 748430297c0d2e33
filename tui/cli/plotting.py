"""`procdeck plot`: figures of the last minutes or hours as plots of text."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING, Final

from tui.cli.exits import ExitCode, UsageError
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import narrate, tell, tell_json
from tui.render.plot import plot

if TYPE_CHECKING:
    from supervisor.api.history import HistoryReply

HEIGHT: Final = 6
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_LONGEST_S: Final = 12 * 3600
_SPAN: Final = re.compile(r"(\d{1,6})\s*([smh])")


def show_plot(project: str | None, names: tuple[str, ...], *, last: str, as_json: bool) -> ExitCode:
    """Print the figures of `names`, or of all, over the time `last`: ``5m``."""
    seconds = seconds_of(last)
    reply = client_of(find_engine(project)).history(names, seconds)
    if as_json:
        tell_json(reply)
        return ExitCode.OK
    width = max(40, shutil.get_terminal_size((80, 24)).columns)
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    is_ascii = os.environ.get("PROCDECK_GLYPHS", "") == "ascii" or not is_unicode
    text = plots_text(reply, width, is_ascii=is_ascii)
    if not text:
        narrate("nothing has been measured yet")
        return ExitCode.OK
    tell(text)
    return ExitCode.OK


def seconds_of(text: str) -> int:
    """``90s`` ``10m`` ``2h`` in seconds.

    Raises:
        UsageError: it is no such time, or longer than is kept.
    """
    found = _SPAN.fullmatch(text.strip())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= seconds <= _LONGEST_S:
        raise UsageError(f'--last is a time such as 90s, 10m or 2h, up to 12h, not "{text[:20]}"')
    return seconds


def plots_text(reply: HistoryReply, width: int, *, is_ascii: bool = False) -> str:
    """A plot for each figure that is not nothing all the time, under its name."""
    parts = []
    for subject in reply.subjects:
        for series in subject.series:
            if any(series.values):
                span = len(series.values) * reply.step_s
                lines = plot(series.values, series.unit, width, HEIGHT, seconds=span, is_ascii=is_ascii)
                head = f"{subject.name}: {series.figure}, {series.unit}"
                parts.append("\n".join([head, *(line.rstrip() for line in lines)]))
    return "\n\n".join(parts)
