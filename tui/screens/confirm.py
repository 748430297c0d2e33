"""The question before something that cannot be taken back. Cancel is what Enter and Esc mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from tui.actions import Action, key_of
from tui.render.channel_words import dead_letters
from tui.render.figures import plural
from tui.render.pieces import plain
from tui.screens.dialog_title import DialogTitle
from tui.screens.upper import UpperScreen
from tui.widgets.answer_bar import TAKE, AnswerBar, answer

CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: what is returned, what is said, and the key that gives it."""

    id: str
    label: str
    key: str
    is_dangerous: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. A Cancel is added as the last answer and is the default."""

    title: str
    text: str
    choices: tuple[Choice, ...]
    is_quit: bool = False


class ChoiceLine(Static, can_focus=True):
    """One answer, as a line that can be gone to, entered and clicked."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "choose", show=False)]

    class Chosen(Message):
        """This answer was given."""

        def __init__(self, choice_id: str) -> None:
            super().__init__()
            self.choice_id = choice_id

    def __init__(self, choice: Choice) -> None:
        super().__init__(Content(f"{choice.key}   {choice.label}"), id=f"choice-{choice.id}")
        self.set_class(choice.is_dangerous, "-danger")
        self._choice = choice

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self._choice.id))

    def on_click(self) -> None:
        self.action_choose()


class ConfirmScreen(UpperScreen[str]):
    """Asks a `Question`; its result is the id of a choice, or `CANCEL`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", f"choose('{CANCEL}')", show=False),
        Binding("down,j,tab", "app.focus_next", show=False),
        Binding("up,k,shift+tab", "app.focus_previous", show=False),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question
        self.choices = (*question.choices, Choice(CANCEL, "Cancel", "c"))
        for choice in self.choices:
            self._bindings.bind(choice.key, f"choose('{choice.id}')", show=False)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield from self.parts()
        yield AnswerBar(self.answers())

    def parts(self) -> Iterator[Widget]:
        """What is in the dialog, from top to bottom."""
        yield DialogTitle(self.question.title)
        yield Static(Content(self.question.text), classes="dialog-text")
        for choice in self.choices:
            yield ChoiceLine(choice)
        yield Static(Content("enter chooses the marked line   esc cancels"), classes="dialog-foot")

    def answers(self) -> tuple[Action, ...]:
        """What the bottom line offers."""
        return tuple(answer(choice.id, choice.key, choice.label) for choice in self.choices)

    def on_mount(self) -> None:
        self.first().focus()

    def first(self) -> Widget:
        """What gets the keys when the question opens."""
        return self.query_one(f"#choice-{CANCEL}", ChoiceLine)

    def action_choose(self, choice_id: str) -> None:
        self.dismiss(choice_id)

    def on_choice_line_chosen(self, message: ChoiceLine.Chosen) -> None:
        self.dismiss(message.choice_id)

    def on_hint_bar_chosen(self, message: AnswerBar.Chosen) -> None:
        if message.action_id == TAKE:
            self.take_marked()
        else:
            self.dismiss(message.action_id)

    def take_marked(self) -> None:
        """Do what Enter does."""
        if isinstance(self.focused, ChoiceLine):
            self.focused.action_choose()


def kill_question(name: str, processes: int) -> Question:
    """Before a kill."""
    below = "process" if processes == 2 else f"{processes - 1} processes"
    whole = f" and the {below} below it" if processes > 1 else ""
    return Question(
        title=f"Kill {name}?",
        text=f"SIGKILL ends {name}{whole} at once; it cannot clean up. It stays down until you start it "
        f"({key_of('start')}).",
        choices=(Choice("kill", f"Kill {name}", "K", is_dangerous=True),),
    )


SIGNALS: tuple[tuple[str, str, str], ...] = (
    ("HUP", "h", "often: read the configuration again"),
    ("USR1", "1", "whatever the program makes of it"),
    ("USR2", "2", "whatever the program makes of it"),
    ("WINCH", "w", "the terminal has another size"),
    ("INT", "I", "what Ctrl-C sends"),
    ("QUIT", "Q", "what Ctrl-\\ sends; often ends with a core"),
    ("TERM", "T", "end, please"),
    ("ABRT", "A", "ends at once; with faulthandler, tells every stack"),
)
"""Signal, key, meaning. The keys of those that mostly end a program are capitals: nobody types them on the way out."""
_ENDING = frozenset({"INT", "QUIT", "TERM", "ABRT"})


def signal_question(name: str, pid: int | None) -> Question:
    """Which signal to send."""
    return Question(
        title=f"Send {name} a signal",
        text=f"It goes to process {pid}, the first of its tree. When it ends by it, the restart policy decides.",
        choices=tuple(
            Choice(signal, f"{signal:<6} {meaning}", key, is_dangerous=signal in _ENDING)
            for signal, key, meaning in SIGNALS
        ),
    )


def restart_all_question(names: Sequence[str]) -> Question:
    """Before a restart of everything."""
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return Question(
        title=f"Restart all {len(names)} workers?",
        text=f"Each is stopped, then started again: {shown}.",
        choices=(Choice("restart", f"Restart all {len(names)}", "R", is_dangerous=True),),
    )


def drain_question(channel: str, depth: int | None) -> Question:
    """Before what waits in a queue is thrown away."""
    what = "all items" if depth is None else plural(depth, "item")
    return Question(
        title=f"Drain {channel}?",
        text=f"What waits in {channel} is thrown away for good ({what} now). Its workers go on.",
        choices=(Choice("drain", f"Throw {what} away", "D", is_dangerous=True),),
    )


def discard_question(channel: str, number: int, preview: str = "") -> Question:
    """Before dead letters are thrown away: one of them, which `preview` describes, or all `number`."""
    what = dead_letters(number)
    item = f": {preview}" if preview else ""
    return Question(
        title=f"Discard {what} of {channel}?",
        text=f"Thrown away for good{item}. Requeueing (p, P) would put it back."
        if number == 1
        else f"All {number:,} are thrown away for good. Requeueing (P) would put them back.",
        choices=(Choice("discard", f"Throw {what} away", "X", is_dangerous=True),),
    )


def quit_question(live_workers: int, *, is_stopping: bool, opening: str = "") -> Question:
    """Before leaving. Detaching changes nothing for the workers; nor does either for a project that is `opening`."""
    running = "No worker is running." if not live_workers else f"{live_workers} workers are running."
    if live_workers == 1:
        running = "1 worker is running."
    if opening:
        running += f" {plain(opening)} is being opened, and will run whatever you choose."
    if is_stopping:
        return Question(
            title="Still stopping",
            text=f"{running} They get SIGTERM, then SIGKILL, at their own deadlines. ctrl+c kills them now.",
            choices=(
                Choice("force", "Kill all now and quit", "s", is_dangerous=True),
                Choice("detach", "Detach: the stop goes on without this screen", "d"),
            ),
            is_quit=True,
        )
    return Question(
        title="Quit procdeck?",
        text=running,
        choices=(
            Choice("stop", "Stop all and quit", "s", is_dangerous=live_workers > 0),
            Choice("detach", "Detach: workers keep running", "d"),
        ),
        is_quit=True,
    )
