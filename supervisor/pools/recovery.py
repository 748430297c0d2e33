"""What becomes of the tasks of a dead member: the item that it died of is settled, all others are to be done again."""

from __future__ import annotations

from supervisor.pools.errors import MemberDied, TaskCancelled
from supervisor.pools.tasks import after_death

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from supervisor.pools.outcomes import Outcomes
    from supervisor.pools.tasks import Task

    Sentence = tuple[int, int, BaseException]
    """Why it was killed by the pool: task and item that are to blame, and what becomes of that item."""


def recover(
    outcomes: Outcomes,
    tasks: Sequence[Task],
    hands: Sequence[int | None],
    sentence: Sentence | None,
    how: str,
    pid: int,
    exit_code: int | None,
) -> list[Task]:
    """Settle the item that a member died of; what is to be done again, in order.

    Args:
        hands: the item of each task that the member was at, by its page; None of one that it had not begun.
        how: it ended, in words.
    """
    again: list[Task] = []
    for task, hand in zip(tasks, hands, strict=True):
        index = hand
        error: BaseException = MemberDied(f"{how} while it ran item {task.base + (hand or 0)}", pid, exit_code)
        if sentence is not None:
            number, blamed, reason = sentence
            is_blamed = number == task.number and hand in (None, blamed)
            index, error = (blamed, reason) if is_blamed else (None, error)
        if task.is_cancelled:
            outcomes.fail_all(task, TaskCancelled("the task was cancelled"))
            continue
        parts, lost = after_death(task, index)
        again += parts
        outcomes.counts["retried"] += sum(1 for part in parts if part.attempts > task.attempts)
        if lost is not None:
            outcomes.fail(task, lost, error)
        outcomes.forget_payload(task)
    return again
