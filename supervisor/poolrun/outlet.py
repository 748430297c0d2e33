"""Where results go, in the main thread: to the user's callback, and into a file or a queue. Then an item is done."""

from __future__ import annotations

from supervisor.channels.interrupt import StopRequested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from supervisor.poolrun.intake import Entry
    from supervisor.poolrun.journal import Journal


class Outlet:
    """The way out of a run.

    Args:
        on_result: called first: an item whose callback has raised is not done.
        journal: the results file; None where there is none.
        queue: what results are put into, as they are; None where there is none.
        is_over: whether nobody waits for room in the queue any more.
    """

    def __init__(
        self,
        on_result: Callable[[Any], object] | None,
        journal: Journal | None,
        queue: Any,
        is_over: Callable[[], bool],
    ) -> None:
        self._on_result = on_result
        self._journal = journal
        self._queue = queue
        self._is_over = is_over

    def pass_on(self, entry: Entry, result: Any, took_s: float) -> None:
        """An item has its result. Waits while the queue is full.

        Raises what the callback raises, and OSError when the disk takes no more.
        """
        if self._on_result is not None:
            self._on_result(result)
        if self._queue is not None:
            self._put(result)
        if self._journal is not None:
            self._journal.write(entry.index, entry.item, result, entry.attempts + 1, took_s)

    def _put(self, result: Any) -> None:
        """Put it though the worker is asked to stop meanwhile: what is done is not thrown away."""
        while True:
            try:
                self._queue.put(result)
            except StopRequested:
                if self._is_over():
                    raise
            else:
                return
