"""The log with everything that is done in it: filters, questions, the histogram above it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from textual.app import ComposeResult

from supervisor.api.messages import LogState
from supervisor.clock import Clock
from supervisor.logs.index_file import time_us
from tui.link.log_source import LEVEL_STEPS, LogSource
from tui.render.glyphs import Glyphs
from tui.render.histogram import scale_for
from tui.render.log_words import LogFacts, log_title, lost_of
from tui.render.moments import EXAMPLES
from tui.render.pieces import plain
from tui.render.zone import Offset
from tui.screens.log_taking import TakingPane
from tui.widgets.filter_box import AskBox, Asked, FilterBox
from tui.widgets.histogram_strip import HistogramStrip
from tui.widgets.line import LineWidget
from tui.widgets.log_view import SCAN_EVERY_S, LogView
from tui.widgets.painter import Ground

FILTERS: Final = "filter the log; ! inverts; ~ fuzzy; re: regex; level: worker: field: since:"
"""What its filter understands, in 80 columns; the page of keys says what each means."""
QUESTIONS: Final = {
    "search": "search, hiding nothing; ~ fuzzy; re: regex; enter goes to the newest match",
    "time": f"go to a time: {EXAMPLES}",
    "file": "write what the log shows to a file; a name that ends in .ndjson gets the records themselves",
}


class LogPane(TakingPane):
    """A pane that shows a `LogSource`. What has to do with workers is asked of the screen around it."""

    def __init__(self, source: LogSource, project: str, glyphs: Glyphs, clock: Clock, utc_offset_s: Offset) -> None:
        super().__init__(source, clock, utc_offset_s)
        self._project = project
        self._glyphs = glyphs
        self.is_ready = False
        """Mounted: it can draw."""
        self.state = LogState(directory="")
        """What the engine says of the store."""
        self.kept_text = ""
        """The filter that was there from the start; the title says so, for nobody has typed it today."""
        self.recorded = ""
        """What the title says of the moment of a recording; empty where there is none."""
        self.recorded_us = 0
        """That moment, in µs since 1970, at which the histogram ends; 0: at the newest line."""

    def compose(self) -> ComposeResult:
        yield LineWidget(id="log-title")
        yield FilterBox("log", FILTERS)
        yield AskBox(id="log-ask")
        yield HistogramStrip(self._glyphs, self._utc_offset_s, id="histogram")
        yield LogView(self._source, utc_offset_s=self._utc_offset_s, glyphs=self._glyphs, id="log")

    def on_mount(self) -> None:
        self.view = self.query_one(LogView)
        self.box = self.query_one(FilterBox)
        self._ask = self.query_one(AskBox)
        self.box.home = self._ask.home = self.view
        self.box.hear, self._ask.hear = self._filter, self._type
        self.box.shown = self._ask.shown = self._make_way
        self._ask.answered, self._ask.declined = self._take, self._decline
        self._title = self.query_one("#log-title", LineWidget)
        self._strip = self.query_one(HistogramStrip)
        self._questing = self.set_interval(SCAN_EVERY_S, self._pursue, pause=True)
        self.is_ready = True

    # --- what is shown ---

    def facts(self) -> LogFacts:
        """What a person sees of the log now."""
        source, view = self._source, self.view
        narrowing = source.narrowing
        return LogFacts(
            worker=narrowing.worker,
            level=narrowing.level,
            needle=self._told_filter(narrowing.text),
            trouble=source.trouble,
            is_filtering=source.is_filtering,
            shown=source.line_count,
            total=source.total_count,
            sought=source.sought,
            search_trouble=source.search_trouble,
            is_seeking=source.is_seeking,
            hits=source.hit_count,
            has_older_hits=source.has_older_hits,
            hit=None if view.is_following else source.hit_place(view.cursor_number),
            waits_for=self._quest.what if self._quest else "",
            marks=len(view.marks),
            is_wrapped=view.is_wrapped,
            is_following=view.is_following,
            arrived=view.arrived_since_pause,
            recorded=self.recorded,
            store_trouble=self.state.trouble,
            lost=lost_of(self.state, narrowing.worker),
            removed_bytes=self.state.removed_bytes,
        )

    def _told_filter(self, text: str) -> str:
        if text != self.kept_text:
            self.kept_text = ""
        return f"{text} (kept)" if self.kept_text else text

    def draw(self, ground: Ground) -> None:
        """Draw title and histogram; only what differs is painted."""
        facts = self.facts()
        self._title.show(lambda width: log_title(facts, width), ground, (facts,))
        if self._strip.display and self._strip.size.width:
            self._draw_strip()

    def _draw_strip(self) -> None:
        timeline = self._source.timeline
        oldest_us, newest_us = timeline.span_us if timeline else (0, 0)
        if timeline is None or not newest_us:
            self._strip.show({}, None, 0)
            return
        stored = None if self.view.is_following else self.view.cursor_line()
        here_us = time_us(stored[9:35]) if stored else 0
        if self.recorded_us and not (self.view.is_following and self._source.line_count):
            newest_us = min(newest_us, max(self.recorded_us, here_us, oldest_us))
        scale = scale_for(oldest_us, newest_us, self._strip.most_bars)
        self._strip.show(timeline.bars(scale.step_us), scale, here_us)

    def begin_run(self) -> None:
        """The source reads another store."""
        self._end_quest()
        self.view.marks.clear()
        self.view.start_over()

    def narrow(self, text: str | None = None, worker: str | None = None, level: str | None = None) -> None:
        """Let other lines through; who has paused stays at the line under the cursor, or the next that is shown."""
        now = self._source.narrowing
        number = None if self.view.is_following else self.view.cursor_number
        if not self._source.narrow(
            now.text if text is None else text,
            now.worker if worker is None else worker,
            now.level if level is None else level,
        ):
            return
        self._end_quest()
        self.view.highlight(self._source.highlighted)
        self.view.start_over()
        if number is not None:
            self._go("line", self._reach(number), "", takes_focus=False)

    def _filter(self, text: str) -> None:
        self.narrow(text=text)
        self.post_message(self.Changed())

    def stop(self) -> bool:
        """Esc: look no further for anything; whether there was something to stop."""
        if self._quest is not None:
            self._end_quest()
            return True
        is_searching = self._source.stop_searching()
        if is_searching:
            self.app.notify("Stopped searching; what was found stays.", markup=False)
        return is_searching

    def step_back(self) -> bool:
        """Esc: take back one thing that narrows the log; whether there was one."""
        if self._source.sought:
            self._seek("")
        elif self._source.narrowing.text:
            self.box.clear_and_hide()
        elif self._source.narrowing.level:
            self.narrow(level="")
        else:
            return False
        self.post_message(self.Changed())
        return True

    # --- what is asked ---

    def do_search(self) -> None:
        """`F`"""
        self._ask.ask("search", QUESTIONS["search"], self._source.sought)

    def do_time(self) -> None:
        """`T`"""
        self._ask.ask("time", QUESTIONS["time"])

    def do_write(self) -> None:
        """`>`"""
        self._ask.ask("file", QUESTIONS["file"], f"{self._project}-log.txt")

    def _make_way(self) -> None:
        """A box lies over the first thing below the title."""
        is_covered = self.box.is_open or self._ask.is_open
        self.view.cover(is_covered=is_covered and not self._strip.display)

    def _type(self, text: str) -> None:
        if self._ask.asked == "search":
            self._seek(text)

    def _take(self, asked: Asked, text: str) -> None:
        if asked == "search":
            self._seek(text)
            if text:
                self._go("match", self._hits(self._here() + 1, -1), f'Nothing matches "{plain(text)}".')
        elif asked == "time":
            self._go_to_time(text)
        elif text.strip():
            self._write_to(Path(text.strip()).expanduser(), overwrites=False)

    def _decline(self, asked: Asked) -> None:
        if asked == "search":
            self._seek("")

    def _seek(self, text: str) -> None:
        self._source.seek(text)
        self.view.highlight(self._source.highlighted)
        self.view.pull()
        self.post_message(self.Changed())

    def on_histogram_strip_chosen(self, message: HistogramStrip.Chosen) -> None:
        message.stop()
        self.go_to_moment(message.at_us)

    def go_to_line(self, number: int) -> None:
        """Go to line `number` of the store; where it is not let through, all lines are shown again."""
        if self._source.number(self._source.index(number)) != number:
            self.box.clear_and_hide()
            self.narrow(text="", worker="", level="")
        self._go("line", iter([number]), "The line is gone.")

    # --- how it looks ---

    def do_follow(self) -> None:
        """`f`"""
        self.view.follow(is_wanted=not self.view.is_following)

    def do_level(self) -> None:
        """`L`"""
        at = LEVEL_STEPS.index(self._source.narrowing.level)
        self.narrow(level=LEVEL_STEPS[(at + 1) % len(LEVEL_STEPS)])

    def do_wrap(self) -> None:
        """`W`"""
        self.view.wrap(is_wanted=not self.view.is_wrapped)

    def do_histogram(self) -> None:
        """`H`"""
        self._strip.display = not self._strip.display
        self.post_message(self.Changed())
