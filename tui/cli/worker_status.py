"""`procdeck status WORKER`: one replica in full, as the dashboard's page of it says it, or the engine's own JSON."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Final

from supervisor.errors import RequestRefused
from tui.cli.exits import ExitCode
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import did_you_mean, listed, tell_block, tell_json
from tui.render.glyphs import glyph_set
from tui.render.pieces import line_text
from tui.render.worker_page import environment_lines, exit_lines, overview_lines, process_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from supervisor.api.messages import Fleet, WorkerDetail
    from tui.render.pieces import Line

UNBOUNDED_CELLS: Final = 4000
"""Where no terminal reads there is no edge at which to cut."""


def show_workers(project: str | None, names: Sequence[str], *, as_json: bool) -> ExitCode:
    """Print the replicas that `names` mean: an array of them as JSON.

    Raises:
        RequestRefused: nobody is called so.
    """
    client = client_of(find_engine(project))
    fleet = client.fleet()
    details = [client.detail(name) for name in _meant(fleet, names)]
    if as_json:
        tell_json(details)
        return ExitCode.OK
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBOUNDED_CELLS
    offset_s = time.localtime().tm_gmtoff
    parts = [worker_text(fleet, detail, width, time.time(), offset_s) for detail in details]
    tell_block("\n\n".join(parts) + "\n")
    return ExitCode.OK


def _meant(fleet: Fleet, names: Sequence[str]) -> list[str]:
    meant: dict[str, None] = {}
    for name in names:
        found = [row.name for row in fleet.rows if name in (row.name, row.worker)]
        if not found:
            known = sorted({word for row in fleet.rows for word in (row.worker, row.name)})
            raise RequestRefused(f'no worker is named "{name}"{did_you_mean(name, known)}; there are {listed(known)}')
        meant.update(dict.fromkeys(found))
    return list(meant)


def worker_text(fleet: Fleet, detail: WorkerDetail, width: int, now_at: float, utc_offset_s: int) -> str:
    """One replica as lines for people: what it is and does, its processes, environment and exits."""
    glyphs = glyph_set("")
    channels = {channel.name: channel for channel in fleet.channels}
    pool = next((pool for pool in fleet.pools if pool.replica == detail.row.name), None)
    local_offset_s = now_at - fleet.now_s + utc_offset_s
    overview = overview_lines(
        detail.row, detail, channels, glyphs, fleet.now_s, width, utc_offset_s, local_offset_s, pool
    )
    sections: tuple[tuple[str, Iterable[Line]], ...] = (
        (detail.row.name, overview),
        ("Processes", process_lines(detail.tree, width, glyphs)),
        ("Environment", environment_lines(detail, width, glyphs, is_whole=False, has_keys=False)),
        ("Exits", exit_lines(detail, width, glyphs, fleet.now_s, now_at, utc_offset_s)),
    )
    return "\n\n".join(
        "\n".join([title.upper() if index else title, *_without_blanks(lines)])
        for index, (title, lines) in enumerate(sections)
    )


def _without_blanks(lines: Iterable[Line]) -> list[str]:
    """The lines' text, no blank one first."""
    texts = [line_text(line).rstrip() for line in lines]
    while texts and not texts[0]:
        del texts[0]
    return texts
