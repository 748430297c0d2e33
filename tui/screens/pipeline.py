"""The pipeline, live: workers and queues as they are joined, who holds up whom, and what the cursor is on.

It asks the engine nothing: all it draws from is what the dashboard has heard anyway.
"""

from __future__ import annotations

from typing import Final

from textual.app import ComposeResult

from tui.actions import Action
from tui.hang_actions import PIPELINE_ACTIONS
from tui.hang_desk import HangDesk
from tui.link.view import FleetView, LinkState
from tui.render.figures import duration, plural
from tui.render.glyphs import shown_state
from tui.render.graph import Graph, Key, graph_of
from tui.render.graph_drawing import LOOKS, Drawing, Look, drawing
from tui.render.graph_flow import Flow, flow_of, verdict
from tui.render.graph_told import TOLD_LINES, no_pipeline_lines, told
from tui.render.pieces import Line, Tone, plain, wrap
from tui.screens.asking import AskingScreen
from tui.widgets.graph_view import GraphView
from tui.widgets.hint_bar import HintBar
from tui.widgets.line import LineWidget
from tui.widgets.lines_view import LinesView

EVERY_S: Final = 0.25
MOST_SENTENCES: Final = 3
MARGIN: Final = 1
"""Blank columns at the left of the drawing; a blank line above it only where there is room for all of it."""


class PipelineScreen(AskingScreen[FleetView]):
    """Draws itself anew while it is on top, when something has changed."""

    ROWS = PIPELINE_ACTIONS

    def __init__(self, desk: HangDesk, name: str = "") -> None:
        super().__init__(desk)
        self._wanted = name
        """What the cursor is to be on at first."""
        self._graph, self._flow = Graph(), Flow()
        self._drawn_s = 0.0
        self._drawn: tuple[object, ...] = ()
        self._way: Look = "as fits"
        self._shown = Drawing((), ())

    def compose(self) -> ComposeResult:
        yield LineWidget(id="asking-title", ground="title-focused")
        flow = LinesView(id="pipeline-flow")
        flow.can_focus = False
        yield flow
        yield GraphView(id="asking")
        told_view = LinesView(id="pipeline-told")
        told_view.can_focus = False
        yield told_view
        yield HintBar(id="asking-hints")

    def on_mount(self) -> None:
        self.graph_view = self.query_one(GraphView)
        self._flow_view = self.query_one("#pipeline-flow", LinesView)
        self._told_view = self.query_one("#pipeline-told", LinesView)
        self._flow_view.styles.height, self._told_view.styles.height = 1, TOLD_LINES

    async def ask(self) -> FleetView:
        return self.desk.view()

    def heading(self) -> str:
        return "Pipeline"

    def notes(self) -> str:
        view, graph = self.desk.view(), self._graph
        if view.state is LinkState.LOST and view.heard_s is not None:
            return f"as it was {duration(self.desk.now_s() - view.heard_s)} ago"
        workers, queues = sum(stage.is_connected for stage in graph.stages.values()), len(graph.channels)
        return f"{plural(workers, 'worker')}, {plural(queues, 'queue')}   {self._way}"

    def tick(self) -> None:
        if self.app.screen is self and self.desk.now_s() - self._drawn_s >= EVERY_S:
            self.fill()

    def fill(self) -> None:
        """Draw what the engine said last, if it differs from what is shown."""
        width = self.view.text_width
        if width < 1:
            return
        view, now_s = self.desk.view(), self.desk.now_s()
        if view.state is LinkState.LOST and view.heard_s is not None:
            now_s = view.heard_s
        self._drawn_s = self.desk.now_s()
        chosen = self.graph_view.chosen
        state = (view.fleet, int(now_s), width, chosen, self._way, self.desk.glyphs)
        if state != self._drawn:
            if not self._drawn or view.fleet is not self._drawn[0]:
                self._graph = graph_of(view.rows, tuple(view.channels.values()), tuple(view.pools.values()))
            self._flow = flow_of(self._graph, now_s)
            self._draw(width, now_s)
            self._drawn = state
        self._draw_title()
        self._hint()

    def _draw(self, width: int, now_s: float) -> None:
        graph, flow, glyphs = self._graph, self._flow, self.desk.glyphs
        if graph.is_empty:
            self._say(())
            waiting: list[Line] = [(), ((f" Waiting for the engine of {plain(self.desk.wording.project)}", Tone.DIM),)]
            is_known = self.desk.view().fleet is not None
            self.graph_view.show_drawing(no_pipeline_lines(width, glyphs.ellipsis) if is_known else waiting, ())
            self._told_view.show([()] * TOLD_LINES)
            return
        self._choose_first()
        chosen = self.graph_view.chosen
        self._shown = drawing(graph, flow, width - MARGIN, glyphs, chosen, self._way)
        lines: list[Line] = [((" " * MARGIN, Tone.PLAIN), *line) if line else () for line in self._shown.lines]
        above = 1 if len(lines) < self.graph_view.size.height else 0
        self.graph_view.show_drawing(
            [()] * above + lines, tuple(spot.moved(above, MARGIN) for spot in self._shown.spots)
        )
        self._say(verdict(flow, graph))
        self._told_view.show(told(graph, flow, chosen, glyphs, now_s, width))

    def _choose_first(self) -> None:
        """Where the cursor is when the screen opens: on the channel that it was opened from, else on a bottleneck, else
        on the worker that it was opened from, else on the first that is joined."""
        graph, wanted = self._graph, self._wanted
        there = {*graph.stages, *graph.channels, *(channel.name for channel in graph.shared)}
        if self.graph_view.chosen is not None and self.graph_view.chosen.name in there:
            return
        row = self.desk.row(wanted)
        worker = row.worker if row is not None else wanted
        joined = [stage.name for stage in graph.stages.values() if stage.is_connected]
        if wanted in there and wanted not in graph.stages:
            self.graph_view.chosen = Key("channel", wanted)
        else:
            first = next(iter(self._flow.reasons), worker if worker in joined else joined[0])
            self.graph_view.chosen = Key("worker", first)
        self.call_after_refresh(self.graph_view.reveal)

    def _say(self, sentences: tuple[str, ...]) -> None:
        """Above the drawing: the bottlenecks, or that there is none."""
        width = self.view.text_width
        tone = Tone.AMBER if self._flow.sentences else Tone.DIM
        lines: list[Line] = [
            ((f" {part}", tone),) for each in sentences[:MOST_SENTENCES] for part in wrap(each, width - 2)
        ]
        if len(sentences) > MOST_SENTENCES:
            lines.append(((f" and {len(sentences) - MOST_SENTENCES} more", tone),))
        self._flow_view.styles.height = max(len(lines), 1)
        self._flow_view.show(lines)

    def on_graph_view_chosen(self, message: GraphView.Chosen) -> None:
        self.fill()
        self.graph_view.reveal()
        if message.is_opened:
            self.do_go()

    def may(self, action: Action) -> bool:
        key = self.graph_view.chosen if not self._graph.is_empty else None
        if action.id in ("why", "stacks"):
            return key is not None and key.kind == "worker"
        if action.id == "plots":
            return key is not None and (key.kind == "worker" or key.name in self._graph.channels)
        return action.id not in ("go", "look") or key is not None

    def why_not(self, action: Action) -> str:
        if self._graph.is_empty:
            return "Nothing is drawn yet that this could be done to."
        return f"{action.label}: of workers only; the cursor is on a channel."

    def _subject(self) -> str:
        """Of what is under the cursor: of several replicas the one that needs a person most."""
        key = self.graph_view.chosen
        if key is None or key.kind == "channel":
            return key.name if key else ""
        rows = self._graph.stages[key.name].rows
        worst = min(rows, key=lambda row: _WORST.get(shown_state(row), len(_WORST)))
        return worst.name

    def do_look(self) -> None:
        """`v`"""
        self._way = LOOKS[(LOOKS.index(self._way) + 1) % len(LOOKS)]
        self.fill()
        self.call_after_refresh(self.graph_view.reveal)

    def do_go(self) -> None:
        """`enter`"""
        key = self.graph_view.chosen
        if key is None:
            return
        place = "channels" if key.kind == "channel" else "workers"
        name = self._subject()
        if place == "workers" and self._graph.stages[key.name].pool is not None:
            place, name = "pools", key.name
        self.app.call_later(self.app.run_action, f"leave_for({place!r}, {name!r})")

    def do_why(self) -> None:
        """`w`"""
        self.desk.open("why", self._subject())

    def do_stacks(self) -> None:
        """`t`"""
        self.desk.open("stacks", self._subject())

    def do_plots(self) -> None:
        """`i`"""
        self.desk.open("plots", self._subject())


_WORST: Final = {
    word: index
    for index, word in enumerate(("stuck", "failed", "hung", "blocked", "backoff", "unready", "paused", "running"))
}
"""Whose turn it is of several replicas, in this order; others come last."""
