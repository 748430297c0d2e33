"""What is asked before something is done to a pool; each question says which items that costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from supervisor.api.pools import PoolFailure, PoolMember, PoolReport, PoolRow
from tui.actions import Action
from tui.render.figures import plural
from tui.render.pieces import cut, plain
from tui.render.pool_detail import NOTED_FROM_S
from tui.render.pool_words import is_number, span
from tui.screens.confirm import CANCEL, Choice, ConfirmScreen, Question
from tui.screens.dialog_title import DialogTitle
from tui.situation import busy_members
from tui.widgets.answer_bar import TAKE, answer

CHOICES: Final = 9
"""Members that a question offers at most: one for each digit."""
ITEM_CELLS: Final = 30
MOST_MEMBERS: Final = 1024


def item_words(index: int | None, item: str) -> str:
    """``item 17 ('photos/a.jpg')``; ``item 17`` where it is called by its number alone."""
    told = f" ({cut(plain(item), ITEM_CELLS)})" if item and not is_number(index, item) else ""
    return f"item {index}{told}" if index is not None else f"its item{told}"


def kill_member_question(row: PoolRow, member: PoolMember) -> Question:
    """Before one member is killed."""
    return Question(
        title=f"Kill member {member.pid} of {plain(row.name)}?",
        text=f"SIGKILL ends this process alone, at once. {_loss(row.report, member)} Another one takes its place.",
        choices=(Choice(str(member.pid), f"Kill member {member.pid}", "K", is_dangerous=True),),
    )


def _loss(report: PoolReport, member: PoolMember) -> str:
    """What becomes of the item that a member has in hand when it dies."""
    if member.index is None:
        return "It has nothing in hand: no item is lost."
    item = f"What it has in hand, now {item_words(member.index, member.item)},"
    if report.retries is None:
        return f"{item} fails, or is tried again where the pool has retries."
    if not report.retries:
        return f"{item} fails: the pool tries nothing again."
    often = "once" if report.retries == 1 else plural(report.retries, "time")
    return f"{item} is tried again, unless it has been {often} already: then it fails."


def which_member_question(row: PoolRow, now_s: float) -> Question:
    """Which member to kill."""
    report = row.report
    busy = busy_members(row)
    shown = [*busy, *(member for member in report.members if member not in busy)][:CHOICES]
    again = "tried again, or fails" if report.retries is None else "tried again" if report.retries else "failed then"
    return Question(
        title=f"Kill which member of {plain(row.name)}?",
        text=f"SIGKILL ends that process alone, at once; what it has in hand is {again}. Another one takes its place."
        + _more(len(report.members)),
        choices=tuple(
            Choice(str(member.pid), f"{member.pid}  {_in_hand(member, now_s)}", str(number), is_dangerous=True)
            for number, member in enumerate(shown, 1)
        ),
    )


def cancel_question(row: PoolRow, member: PoolMember) -> Question:
    """Before the task of one member is cancelled."""
    item = item_words(member.index, member.item)
    return Question(
        title=f"Cancel {item} of {plain(row.name)}?",
        text=f"It fails as cancelled and is not tried again. Member {member.pid}, which works on it, is ended; another "
        "one takes its place.",
        choices=(Choice(str(member.index), f"Cancel {item_words(member.index, '')}", "C", is_dangerous=True),),
    )


def which_task_question(row: PoolRow, now_s: float) -> Question:
    """Which task to cancel."""
    busy = busy_members(row)
    return Question(
        title=f"Cancel which task of {plain(row.name)}?",
        text="It fails as cancelled and is not tried again. The member that works on it is ended; another one takes "
        f"its place.{_more(len(busy))}",
        choices=tuple(
            Choice(str(member.index), _in_hand(member, now_s), str(number), is_dangerous=True)
            for number, member in enumerate(busy[:CHOICES], 1)
        ),
    )


def _in_hand(member: PoolMember, now_s: float) -> str:
    """What a member works on, and for how long where that is worth a word."""
    if member.index is None:
        return member.state
    busy_s = 0.0 if member.since_s is None else now_s - member.since_s
    return item_words(member.index, member.item) + (f", for {span(busy_s)}" if busy_s >= NOTED_FROM_S else "")


def _more(members: int) -> str:
    return f" {members - CHOICES} more: go to one in the detail (enter)." if members > CHOICES else ""


def retry_question(row: PoolRow, failure: PoolFailure | None) -> Question:
    """Before what has failed is tried again; `failure` is the one under the cursor."""
    failed = row.report.failed
    items = "the item" if failed == 1 else f"all {failed:,} items"
    one = (Choice(str(failure.index), f"Only {item_words(failure.index, failure.item)}", "o"),) if failure else ()
    return Question(
        title=f"Try again what failed in {plain(row.name)}?",
        text=f"{_capital(plural(failed, 'item'))} failed. What is tried again is given out behind what waits already.",
        choices=(*(one if failed > 1 else ()), Choice("all", f"Try {items} again", "r")),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class SizeScreen(ConfirmScreen):
    """Asks how many members a pool should have; its result is that number, or Cancel."""

    def __init__(self, row: PoolRow) -> None:
        now = row.report.processes
        super().__init__(
            Question(
                title=f"How many members for {plain(row.name)}?",
                text=f"It has {plural(now, 'member')} now. Fewer: those too many finish what they have in hand and "
                "leave.",
                choices=(),
            )
        )
        self._now = now

    def parts(self) -> Iterator[Widget]:
        yield DialogTitle(self.question.title)
        yield Static(Content(self.question.text), classes="dialog-text")
        yield Input(str(self._now), type="integer", max_length=4, compact=True, id="size")
        yield Static(Content("enter takes the number   esc cancels"), classes="dialog-foot")

    def first(self) -> Widget:
        box = self.query_one(Input)
        box.cursor_blink = False
        return box

    def answers(self) -> tuple[Action, ...]:
        """Every other key is a figure."""
        return (answer(TAKE, "enter", "Take the number"), answer(CANCEL, "escape", "Cancel"))

    def take_marked(self) -> None:
        self._take(self.query_one(Input).value)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._take(message.value)

    def _take(self, typed: str) -> None:
        wanted = size_of(typed)
        if wanted is None:
            told = f"A pool has 1 to {MOST_MEMBERS:,} members."
            self.app.notify(told, severity="warning", markup=False)
        else:
            self.dismiss(str(wanted))


def size_of(text: str) -> int | None:
    """The number of members that was typed; None where a pool cannot have as many."""
    digits = text.strip()
    wanted = int(digits) if digits.isascii() and digits.isdigit() else 0
    return wanted if 1 <= wanted <= MOST_MEMBERS else None
