"""The end of a run: everything stopped in reverse order, survivors told, and who has ended it.

::

    down, SIGTERM, a significant worker's end ─► stop_all ─► all at rest ─► survivors ─► is_over
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Final

from supervisor import proctable
from supervisor.api.messages import DownReply, TreeProcess
from supervisor.conducting import Conductor
from supervisor.driving import Driver
from supervisor.lifecycle.events import WishStop
from supervisor.lifecycle.life import Life, Wish
from supervisor.lifecycle.states import AT_REST, State
from supervisor.masking import mask_text
from supervisor.replica import Replica

Tell = Callable[[str, str, str], None]
"""level, subject, sentence"""

LINGER_S: Final = 1.0
"""How long a run that a significant worker has ended can still be asked how it ended."""
ANSWER_S: Final = 0.05
"""How long the answer to whoever asked for the end may take."""

_OVER: Final = AT_REST | {State.STUCK}


class Curtain:
    """Falls once."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        driver: Driver,
        conductor: Conductor,
        tell: Tell,
        notify: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._driver = driver
        self._conductor = conductor
        self._tell = tell
        self._notify = notify
        self._all_down = asyncio.Event()
        self._ending: asyncio.Task[DownReply] | None = None
        self.is_falling = False
        self.is_over = asyncio.Event()
        self.exit_code: int | None = None
        """Of the significant worker whose end has ended the run."""
        self.ended_by = ""

    def changed(self, replica: Replica, before: Life) -> None:
        """A replica's life went on."""
        if self.is_falling:
            self._stop_manager()
            if self._driver.is_all(_OVER):
                self._all_down.set()
        elif replica.worker.significant and replica.life.state is not before.state:
            self._judge_significant(replica)

    def _judge_significant(self, replica: Replica) -> None:
        """End the run with the worker that it is for: at its failure, or when all its replicas have finished."""
        lives = [other.life for other in self._driver.of_worker(replica.worker.name)]
        has_failed = replica.life.state in {State.FAILED, State.SKIPPED}
        if not has_failed and not all(life.state is State.FINISHED for life in lives):
            return
        cause = replica.life.cause
        code = cause.exit_code if cause is not None and cause.exit_code is not None else int(has_failed)
        self.exit_code = int(code) if code >= 0 else 128 - code
        self.ended_by = f"{replica.name} has ended, for which the run is: {cause.text if cause else 'no cause'}"
        self._tell("ERROR" if has_failed else "INFO", "engine", self.ended_by)
        self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        """Stop everything, in reverse order, unless that is under way."""
        if not self.is_falling:
            self.is_falling = True
            self._tell("INFO", "engine", "stopping everything")
            self._conductor.stop_all(but=self._driver.manager_name)
            self._stop_manager()
        if self._ending is None:
            self._ending = self._loop.create_task(self._end())

    async def down(self, force: bool) -> DownReply:
        """Stop everything; a second call, or `force`, kills what still stops."""
        self._begin()
        if force:
            self._conductor.force_all()
        self._notify()
        assert self._ending is not None
        return await asyncio.shield(self._ending)  # whoever asked may go away; the end comes all the same

    async def _end(self) -> DownReply:
        if not self._driver.is_all(_OVER):
            await self._all_down.wait()
        survivors = self._survivors()
        for process in survivors:
            self._tell("ERROR", "engine", f"still alive: {process.pid} {process.command}")
        self._loop.call_later(ANSWER_S if self.exit_code is None else LINGER_S, self.is_over.set)
        return DownReply(survivors=survivors)

    def _stop_manager(self) -> None:
        """Stop the worker that keeps dicts and lists once nobody is left who may use them."""
        manager = self._driver.replicas.get(self._driver.manager_name)
        if manager is not None and manager.life.wish is Wish.RUN and self._driver.is_all(_OVER, but=manager.name):
            self._driver.apply(manager, WishStop(self._driver.now_s()))

    def _survivors(self) -> tuple[TreeProcess, ...]:
        return tuple(
            TreeProcess(pid=pid, parent_pid=os.getpid(), command=mask_text(proctable.command_line(pid)))
            for pid in self._driver.survivors()
        )

    def listen_to_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP stop everything; again: at once."""
        tasks: set[asyncio.Task[DownReply]] = set()

        def stop() -> None:
            task = self._loop.create_task(self.down(force=self.is_falling))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self._loop.add_signal_handler(number, stop)
