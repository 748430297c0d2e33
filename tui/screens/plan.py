"""What a reload would do, with the question whether to do it; and the mistakes of a profile that was not taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from supervisor.api.requests import ReloadReply
from tui.render.figures import plural
from tui.render.pieces import Line, Tone, plain, wrap
from tui.render.plan import is_harmless, plan_lines, plan_summary
from tui.screens.confirm import Choice, ChoiceLine, ConfirmScreen, Question
from tui.screens.dialog_title import DialogTitle
from tui.screens.reading import ReadingScreen
from tui.widgets.lines_view import LinesView

APPLY = "apply"
_AROUND_LINES = 9
"""What a dialog has beside the plan: its edges, title, summary, answers and foot."""


class PlanScreen(ConfirmScreen):
    """Shows a plan; its result is `APPLY` or `CANCEL`. Nothing has changed while it is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "scroll_plan(-1)", show=False),
        Binding("pagedown", "scroll_plan(1)", show=False),
    ]

    def __init__(self, profile: str, reply: ReloadReply) -> None:
        self._plan = reply.plan
        apply = Choice(APPLY, "Apply it", "a", is_dangerous=not is_harmless(reply.plan))
        super().__init__(Question(f"Reload {plain(profile)}?", plan_summary(reply.plan), (apply,)))

    def parts(self) -> Iterator[Widget]:
        yield DialogTitle(self.question.title)
        yield Static(Content(self.question.text), classes="dialog-text")
        view = LinesView(id="plan")
        view.can_focus = False
        yield view
        for choice in self.choices:
            yield ChoiceLine(choice)
        yield Static(Content("enter chooses the marked line   esc cancels   pgup pgdn scroll"), classes="dialog-foot")

    def on_resize(self, _: events.Resize) -> None:
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        view = self.query_one("#plan", LinesView)
        lines = plan_lines(self._plan, view.size.width - 1)
        view.styles.height = max(min(len(lines), self.size.height * 9 // 10 - _AROUND_LINES), 1)
        view.show(lines)

    def action_scroll_plan(self, pages: int) -> None:
        self.query_one("#plan", LinesView).action_page(pages)


class MistakesScreen(ReadingScreen):
    """Every mistake of a profile."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__(f"Not reloaded: {plural(len(mistakes), 'mistake')}; nothing was changed")
        self._mistakes = mistakes

    def lines(self, width: int) -> list[Line]:
        folded: list[Line] = []
        for mistake in self._mistakes:
            first, *more = wrap(plain(mistake), width - 2)
            folded += [((first, Tone.RED),), *(((f"  {text}", Tone.RED),) for text in more)]
        return folded
