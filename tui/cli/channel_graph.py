"""`procdeck channels --graph`: the pipeline drawn as plain text, as the dashboard draws it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Final

from tui.cli.exits import ExitCode
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import narrate, tell_block
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.graph import graph_of
from tui.render.graph_drawing import drawing
from tui.render.graph_flow import flow_of, verdict
from tui.render.pieces import line_text, wrap

if TYPE_CHECKING:
    from supervisor.api.messages import Fleet

LEAST_COLUMNS: Final = 40


def show_graph(project: str | None, *, is_ascii: bool) -> ExitCode:
    """Print the pipeline of the engine that is meant, as wide as the terminal."""
    fleet = client_of(find_engine(project)).fleet()
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    is_ascii = is_ascii or os.environ.get("PROCDECK_GLYPHS", "") == "ascii" or not is_unicode
    width = max(LEAST_COLUMNS, shutil.get_terminal_size((80, 24)).columns)
    text = graph_text(fleet, width, ASCII if is_ascii else UNICODE, time.monotonic())
    if text:
        tell_block(text + "\n")
    else:
        narrate("no two workers are joined by a queue; [queues.NAME] makes one, `reads` and `writes` connect it")
    return ExitCode.OK


def graph_text(fleet: Fleet, width: int, glyphs: Glyphs, now_s: float) -> str:
    """The drawing, and below it the bottlenecks in words; empty where nothing is joined."""
    graph = graph_of(fleet.rows, fleet.channels, fleet.pools)
    if graph.is_empty:
        return ""
    flow = flow_of(graph, now_s)
    lines = [line_text(line) for line in drawing(graph, flow, width, glyphs).lines]
    sentences = [part for sentence in verdict(flow, graph) for part in wrap(sentence, width)]
    return "\n".join([*lines, "", *sentences])
