"""`procdeck down`, and the same wish inside a headless run: stops everything and says what it waits for."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from supervisor.errors import EngineUnreachable, ProcdeckError
from supervisor.lifecycle.states import AT_REST
from supervisor.paths import is_running
from tui.cli.exits import ExitCode
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import complain, narrate, one_line, tell

if TYPE_CHECKING:
    from supervisor.api.client import EngineClient
    from supervisor.api.messages import DownReply, Fleet, TreeProcess

DOWN_TIMEOUT_S: Final = 600.0
"""How long an engine may take to stop everything; every stop has deadlines of its own that are far shorter."""
GONE_TIMEOUT_S: Final = 5.0
_TELL_EVERY_S: Final = 2.0


class Ending(threading.Thread):
    """The wish that the engine stops everything, on its way while the caller goes on. Look at it after `join`."""

    def __init__(self, client: EngineClient, project: str, *, force: bool) -> None:
        super().__init__(name="ending", daemon=True)
        self._client = client
        self._project = project
        self.force = force
        self.reply: DownReply | None = None
        self.trouble: ProcdeckError | None = None
        """Why there is no reply, where that matters: an engine that is gone has no survivors to tell of."""

    def run(self) -> None:
        try:
            self.reply = self._client.down(self.force, DOWN_TIMEOUT_S)
        except ProcdeckError as trouble:
            if not wait_until_gone(self._project):
                self.trouble = trouble

    @property
    def survivors(self) -> tuple[TreeProcess, ...]:
        return self.reply.survivors if self.reply else ()


def wait_until_gone(project: str, timeout_s: float = GONE_TIMEOUT_S) -> bool:
    """Whether engine and guardian let go of the project within `timeout_s`, so that it can be started again."""
    deadline_s = time.monotonic() + timeout_s
    while is_running(project):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def waited_for(fleet: Fleet) -> str:
    """The replicas that are not at rest, for a sentence."""
    live = [row.name for row in fleet.rows if row.state not in AT_REST]
    shown = ", ".join(live[:6])
    return f"{shown} and {len(live) - 6} more" if len(live) > 6 else shown


def tell_survivors(survivors: tuple[TreeProcess, ...]) -> None:
    """Complain of processes that would not die."""
    for process in survivors:
        complain(f"process {process.pid} would not die: {one_line(process.command)}")


def bring_down(project: str | None, *, force: bool) -> ExitCode:
    """Stop everything and end the engine; waits until all is at rest."""
    note = find_engine(project)
    client = client_of(note)
    ending = Ending(client, note.project, force=force)
    ending.start()
    said = ""
    while ending.is_alive():
        ending.join(_TELL_EVERY_S if said else 0.2)
        waiting = _waited_for_now(client) if ending.is_alive() else ""
        if waiting and waiting != said:
            narrate(f"stopping {note.project}: waiting for {waiting}")
            said = waiting
    if ending.trouble is not None:
        raise ending.trouble
    tell_survivors(ending.survivors)
    if not wait_until_gone(note.project):
        complain(
            f"everything was asked to stop, but the engine of {note.project} (pid {note.engine_pid}) is still there"
        )
        return ExitCode.FAILED
    tell(f"{note.project} is down")
    return ExitCode.FAILED if ending.survivors else ExitCode.OK


def _waited_for_now(client: EngineClient) -> str:
    try:
        return waited_for(client.fleet())
    except EngineUnreachable:
        return ""
